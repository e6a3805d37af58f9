"""Nothing overlaps, links touch what they join and run through nothing else."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labagent.review.graphs import Group, Picture, Vertex
from labagent.review.layering import arrange
from labagent.review.placing import Box, Layout, place, spread
from labagent.variables import Role
from tests.review.pictures import PEROVSKITE, pictures

TOLERANCE = 1e-6


def overlap(one: Box, other: Box) -> bool:
    beside = one.right <= other.x + TOLERANCE or other.right <= one.x + TOLERANCE
    above = one.bottom <= other.y + TOLERANCE or other.bottom <= one.y + TOLERANCE
    return not beside and not above


def hits(layout: Layout) -> list[tuple[str, str]]:
    """Return links and the boxes they run through."""
    found: list[tuple[str, str]] = []
    for path in layout.paths:
        for i, ((x, y), (end, last)) in enumerate(pairwise(path.points)):
            high, low = min(y, last), max(y, last)
            left, right = (x, max(x, end) + path.arc) if path.arc else (x, end)
            for name, box in layout.boxes.items():
                across = left < box.right - TOLERANCE and box.x + TOLERANCE < right
                # a curve keeps to the gap between columns, so its height says nothing
                down = high < box.bottom - TOLERANCE and box.y + TOLERANCE < low
                level = box.y < y < box.bottom
                if across and (down if i % 2 == 0 else level):
                    found.append((str(path.track.link), name))
    return found


@settings(max_examples=80, deadline=None)
@given(pictures())
def test_boxes_keep_apart_and_inside_their_frames(shown: Picture) -> None:
    layout = place(shown)
    assert set(layout.boxes) == {v.name for v in shown.vertices}
    assert not any(overlap(a, b) for a, b in combinations(layout.boxes.values(), 2))
    for one, other in pairwise(layout.frames):
        assert one.x + one.width < other.x
    for frame in layout.frames:
        assert frame.y + frame.height < layout.height
        for vertex in frame.group.vertices:
            box = layout.boxes[vertex.name]
            assert frame.x < box.x
            assert box.right < frame.x + frame.width
            assert frame.y < box.y
            assert box.bottom < frame.y + frame.height


@settings(max_examples=80, deadline=None)
@given(pictures())
def test_links_touch_their_ends_and_nothing_else(shown: Picture) -> None:
    layout = place(shown)
    assert [path.track.link for path in layout.paths] == list(shown.links)
    for path in layout.paths:
        first, *_, last = (layout.boxes[str(x)] for x in ends(path.track.items))
        (x, y), *_, (end, height) = path.points
        assert x == pytest.approx(first.right)
        assert first.y < y < first.bottom
        assert end == pytest.approx(last.right if path.arc else last.x)
        assert last.y < height < last.bottom
        link = path.track.link
        names = [link.parent, link.child]
        order = [first.vertex.name, last.vertex.name]
        assert order == (names[::-1] if path.track.backward else names)
    assert not hits(layout)


def ends(items: tuple[object, ...]) -> tuple[object, object]:
    return items[0], items[-1]


def test_a_link_through_a_box_is_seen() -> None:
    layout = place(PEROVSKITE)
    moved = {
        name: Box(box.vertex, box.x, 0.0, box.width, layout.height)
        for name, box in layout.boxes.items()
    }
    assert hits(Layout(moved, layout.frames, layout.paths, 0.0, 0.0))


def test_what_is_linked_stands_on_one_height() -> None:
    layout = place(PEROVSKITE)
    delay, grain = layout.boxes["drip.delay"], layout.boxes["grain_size"]
    assert abs(delay.y - grain.y) < 150


def test_links_to_several_effects_share_their_lanes() -> None:
    layers = arrange(PEROVSKITE)
    lanes = [item for column in layers.members for item in column]
    assert len(lanes) == len(set(lanes))
    site = [t for t in layers.tracks if t.link.parent == "spin.site"]
    assert site[0].items[1:-1] == site[1].items[1:-1]


def test_a_crossing_that_need_not_be_is_undone() -> None:
    controls = tuple(Vertex(f"s.{x}", Role.CONTROL, "s") for x in "abc")
    outcomes = tuple(Vertex(x, Role.OUTCOME, "s") for x in "xyz")
    groups = (Group("s", True, controls), Group("outcomes", False, outcomes))
    edges = PEROVSKITE.graph.edges[0]
    links = tuple(type(edges)(f"s.{a}", x) for a, x in zip("abc", "zyx", strict=True))
    shown = Picture("p", groups, type(PEROVSKITE.graph)(links))
    (left, right) = arrange(shown).members
    linked = [next(e.child for e in links if e.parent == name) for name in left]
    assert linked == list(right)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 50)), min_size=1))
def test_places_keep_their_distances_and_their_mean(
    rows: list[tuple[float, float]],
) -> None:
    wanted = [place_wanted for place_wanted, _ in rows]
    apart = [distance for _, distance in rows[1:]]
    found = spread(wanted, apart)
    for (one, other), distance in zip(pairwise(found), apart, strict=True):
        assert other - one >= distance - 1e-6
    assert sum(found) == pytest.approx(sum(wanted), abs=1e-5)
