from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.causes import mix, separated
from tests.causes.worlds import draw_graph, draw_sets, process

SEEDS = st.integers(0, 2**32 - 1)
ABCDE = frozenset("abcde")


@pytest.mark.parametrize(
    ("edges", "hidden", "arrows", "doubles"),
    [
        ("x>l l>y", "", "x>y", ""),
        ("l>x l>y", "", "", "x~y"),
        ("l>y", "l~x", "", "x~y"),
        ("x>l y>l", "", "", ""),
        ("l>m m>x m>y", "", "m>x m>y", ""),
        ("x>l l>y l>z", "", "x>y x>z", "y~z"),
    ],
    ids="chain fork half-hidden collider spare both".split(),
)
def test_an_unmeasured_variable_leaves_its_marks(
    edges: str, hidden: str, arrows: str, doubles: str
) -> None:
    graph = mix(process(edges, *hidden.split()))
    left = graph.project(graph.vertices - {"l"})
    assert {f"{a}>{b}" for a, b in left.arrows} == set(arrows.split())
    assert {"~".join(sorted(pair)) for pair in left.doubles} == set(doubles.split())


@given(SEEDS)
def test_projection_keeps_ancestors_and_separations(seed: int) -> None:
    random = Random(seed)  # noqa: S311  # not for secrets
    graph = mix(draw_graph(random, 5), ABCDE)
    first, second, behind, _lost = draw_sets(random, ABCDE, 1, 1, 1, 2)
    seen = first | second | behind
    left = graph.project(seen)
    assert left.ancestors(first) == graph.ancestors(first) & seen
    whole = separated(graph, first, second, behind)
    assert separated(left, first, second, behind) == whole


def test_districts_are_tied_by_hidden_causes() -> None:
    graph = mix(process("a>b b>c c>d", "a~c", "c~d"))
    assert graph.districts() == (frozenset("acd"), frozenset("b"))
    assert graph.order == ("a", "b", "c", "d")


def test_setting_a_variable_cuts_what_causes_it() -> None:
    graph = mix(process("a>b b>c", "b~c")).cut_into(frozenset("b"))
    assert graph.arrows == {("b", "c")}
    assert not graph.doubles


def test_a_path_goes_through_what_is_allowed() -> None:
    graph = mix(process("a>b b>d a>c c>e e>d"))
    assert graph.path("a", "d", frozenset("ce")) == tuple("aced")
    assert graph.path("a", "d", frozenset("bce")) == tuple("abd")
    assert graph.path("d", "a", frozenset("bce")) == ()
