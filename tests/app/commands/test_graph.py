"""``labagent graph``."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from labagent.review.graphs import LEFT_OUT
from tests.lab import Lab

PEROVSKITE = Path(__file__).resolve().parents[3] / "campaigns" / "perovskite.yaml"
CAUSES = """\
causes:
  - temperature, humidity -> grain_size
  - grain_size -> plqy ? 0.7
  - humidity <-> plqy
forbid_causes: [operator -> plqy]
"""


@pytest.fixture
def known(lab: Lab) -> Lab:
    """A laboratory whose campaign declares causes."""
    with lab.file.open("a", encoding="utf-8") as file:
        file.write(CAUSES)
    return lab


def test_it_draws_every_variable_and_every_cause(known: Lab) -> None:
    result = known("graph", "films.yaml")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines == [
        "context",
        "  humidity     percent  ──●─────◆",
        "  operator     label      │     ┊",
        "stage experiment          │     ┊",
        "  temperature  degC     ──●     ┊",
        "  solvent      choice     │     ┊",
        "  grain_size   nm       ──◀──○  ┊",
        "outcomes                     │  ┊",
        "  plqy         percent  ─────◀──◆",
        "",
        *lines[10:12],
        "Causes     grain_size <- temperature, humidity",
        "           plqy <- grain_size ?0.7",
        "           plqy <-> humidity",
        "Forbidden  operator -> plqy",
    ]


def test_where_lines_find_no_room_causes_stand_below(known: Lab) -> None:
    result = known("graph", str(PEROVSKITE), COLUMNS="50")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 50
    assert "      plqy <- grain_size, spin.site" in result.output.splitlines()
    assert "●" not in result.output
    for name in ("humidity", "spin.speed", "drip.antisolvent", "characterise", "t85"):
        assert name in result.output


def test_without_causes_the_order_is_told(lab: Lab) -> None:
    result = lab("graph", "films.yaml")
    assert result.exit_code == 0
    assert LEFT_OUT in result.output
    assert "context -> experiment -> outcomes" in result.output


def test_json_has_nodes_and_edges(known: Lab) -> None:
    found = known.answer("graph", "films.yaml")
    assert found["nodes"][0] == {
        "name": "humidity",
        "role": "context",
        "stage": None,
        "unit": "percent",
    }
    assert [n["name"] for n in found["nodes"]] == [
        *("humidity", "operator", "temperature", "solvent", "grain_size", "plqy")
    ]
    assert found["edges"][-1] == {
        "parent": "grain_size",
        "child": "plqy",
        "probability": 0.7,
    }
    assert found["hidden"] == [["humidity", "plqy"]]
    assert found["forbidden"] == [{"parent": "operator", "child": "plqy"}]
    checked = known.answer("check", "films.yaml")
    assert checked["causes"] == found["edges"]
    assert checked["hidden"] == found["hidden"]


def test_svg_is_written_where_asked(known: Lab) -> None:
    result = known("graph", "films.yaml", "--svg", "films.svg")
    assert result.exit_code == 0
    assert "Drawn into films.svg." in result.output
    text = (known.folder / "films.svg").read_text(encoding="utf-8")
    assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - written by us
    assert known.answer("graph", "films.yaml", "--svg", "b.svg")["svg"] == "b.svg"


def test_a_drawing_replaces_no_campaign(lab: Lab) -> None:
    before = lab.file.read_text(encoding="utf-8")
    result = lab("graph", "films.yaml", "--svg", "films.yaml")
    assert result.exit_code == 2
    assert "write --svg films.svg" in result.stderr
    assert lab.file.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("extra", [[], ["--json"]], ids=["words", "json"])
def test_mistakes_are_told_as_check_tells_them(extra: list[str], known: Lab) -> None:
    text = known.file.read_text(encoding="utf-8")
    known.file.write_text(text.replace("-> plqy ?", "-> plqi ?"), encoding="utf-8")
    told = known("graph", "films.yaml", *extra)
    checked = known("check", "films.yaml", *extra)
    assert told.exit_code == checked.exit_code == 2
    assert (told.stdout, told.stderr) == (checked.stdout, checked.stderr)
    assert "did you mean 'plqy'?" in told.output
    assert not extra or json.loads(told.stdout)["ok"] is False


def test_check_tells_the_causes_as_the_file_does(known: Lab) -> None:
    words = " ".join(known("check", "films.yaml").output.split())
    assert (
        "temperature, humidity -> grain_size grain_size -> plqy ? 0.7 "
        "humidity <-> plqy operator -> plqy: forbidden" in words
    )
