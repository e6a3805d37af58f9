"""The SVG is valid XML, names everything, and says with words what colours say."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from labagent.review import svg
from labagent.review.drawing import LOOKS, draw_svg
from labagent.review.graphs import LEFT_OUT, Picture
from labagent.review.placing import place
from tests.review.pictures import ALLOY, PEROVSKITE, pictures

NS = {"s": "http://www.w3.org/2000/svg"}


def root_of(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - written by us


def texts(root: ET.Element, tag: str) -> list[str]:
    return [x.text or "" for x in root.iterfind(f".//s:{tag}", NS)]


@settings(max_examples=40, deadline=None)
@given(pictures())
def test_any_process_becomes_valid_xml_that_names_everything(shown: Picture) -> None:
    root = root_of(draw_svg(shown))
    tips = texts(root, "title")
    for vertex in shown.vertices:
        name = svg.clean(vertex.name)
        assert any(tip == name or tip.startswith(f"{name} (") for tip in tips)
    for link in shown.links:
        assert any(tip.startswith(svg.clean(str(link))) for tip in tips)
    assert float(root.get("width") or 0) >= place(shown).width - 0.1


def test_it_has_a_title_and_a_description_for_those_who_cannot_see() -> None:
    root = root_of(draw_svg(PEROVSKITE))
    assert root.get("role") == "img"
    title, description = root[0], root[1]
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Process graph of perovskite-anneal"
    for part in ("spin.site -> plqy", "spin.speed -> grain_size ? 0.5", "plqy <-> t85"):
        assert part in (description.text or "")


@pytest.mark.parametrize(
    ("kind", "heads", "dashed"),
    [("cause", 1, False), ("doubtful", 1, True), ("hidden", 2, True)],
)
def test_doubt_is_dashed_and_hidden_causes_point_both_ways(
    kind: str, heads: int, dashed: bool
) -> None:
    root = root_of(draw_svg(PEROVSKITE))
    group = root.findall(f".//s:g[@class='{kind}']", NS)
    assert group
    for one in group:
        line, *arrowheads = one.findall("s:path", NS)
        assert len(arrowheads) == heads
        assert (line.get("stroke-dasharray") is not None) == dashed


def test_a_probability_stands_at_its_link_and_colours_are_explained() -> None:
    words = texts(root_of(draw_svg(PEROVSKITE)), "text")
    assert words.count("0.5") == 1
    for look in LOOKS.values():
        assert look.meaning in words
    assert "share a cause that nobody observes" in words
    assert "Forbidden: operator -> plqy." in words
    assert {"degC", "rpm", "choice", "temperature"} <= set(words)


def test_without_causes_only_the_order_is_drawn() -> None:
    text = draw_svg(ALLOY)
    assert f"{LEFT_OUT.capitalize()}." in text
    assert not root_of(text).findall(".//s:g[@class='cause']", NS)
    assert "experiment" in texts(root_of(text), "text")


def test_lines_are_wrapped_at_words() -> None:
    assert list(svg.wrapped("one two three", 50, 10)) == ["one two", "three"]
    assert list(svg.wrapped("", 50, 10)) == []
