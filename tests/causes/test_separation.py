from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.causes import Sources, mix, separated
from labagent.causes.mixed import MixedGraph, Names
from labagent.causes.separation import smallest_separator
from tests.causes.worlds import draw_graph, draw_sets, make_world, process, settings

SEEDS = st.integers(0, 2**32 - 1)
ABCDE = frozenset("abcde")


@given(SEEDS)
def test_separated_means_independent(seed: int) -> None:
    random = Random(seed)  # noqa: S311  # not for secrets
    graph = draw_graph(random, 5)
    one, two, behind = draw_sets(random, ABCDE, 1, 1, random.randint(0, 2))
    counts = make_world(graph, random, ABCDE).counts(Sources(ABCDE))
    nothing = frozenset[str]()
    largest = max(
        abs(
            counts.weigh(nothing, at)
            * counts.weigh(nothing, {k: at[k] for k in behind})
            - counts.weigh(nothing, {k: at[k] for k in one | behind})
            * counts.weigh(nothing, {k: at[k] for k in two | behind})
        )
        for at in settings(one | two | behind)
    )
    # Random mechanisms that only happen to look independent have chance zero.
    assert separated(mix(graph, ABCDE), one, two, behind) == (largest < 1e-12)


@pytest.mark.parametrize(
    ("given_", "apart"),
    [("", True), ("z", False), ("below", False), ("z v", True)],
    ids="closed collider below reclosed".split(),
)
def test_a_collider_opens_when_it_is_seen(given_: str, apart: bool) -> None:
    graph = mix(process("x>z v>z v>y z>below"))
    behind = frozenset(given_.split())
    assert separated(graph, frozenset("x"), frozenset("y"), behind) == apart


def fewest(graph: MixedGraph, one: Names, two: Names, allowed: Names) -> int | None:
    """The size of the smallest separator, all sets tried."""
    for size in range(len(allowed) + 1):
        for some in combinations(sorted(allowed), size):
            if separated(graph, one, two, frozenset(some)):
                return size
    return None


@given(SEEDS)
def test_the_smallest_separator_is_the_smallest(seed: int) -> None:
    random = Random(seed)  # noqa: S311  # not for secrets
    graph = mix(draw_graph(random, 5), ABCDE)
    one, two, lost = draw_sets(random, ABCDE, random.randint(1, 2), 1, 1)
    allowed = ABCDE - one - two - lost
    found = smallest_separator(graph, one, two, allowed)
    assert (None if found is None else len(found)) == fewest(graph, one, two, allowed)
    assert found is None or (found <= allowed and separated(graph, one, two, found))


def test_of_equal_separators_the_one_near_the_outcome_is_taken() -> None:
    graph = mix(process("a>x a>b b>c c>y"))
    found = smallest_separator(graph, frozenset("x"), frozenset("y"), frozenset("abc"))
    assert found == {"c"}


def test_a_path_found_first_gives_way_to_two() -> None:
    graph = mix(process("x>a a>b b>y x>c c>d d>b a>e e>f f>y"))
    one, two = frozenset("x"), frozenset("y")
    found = smallest_separator(graph, one, two, frozenset("abcdef"))
    assert found is not None
    assert len(found) == fewest(graph, one, two, frozenset("abcdef")) == 2
