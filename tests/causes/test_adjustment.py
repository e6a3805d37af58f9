from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.causes import (
    Effect,
    Probability,
    Product,
    Sources,
    Sum,
    evaluate,
    is_adjustment,
    mix,
)
from labagent.causes.adjustment import find_adjustment, find_front_door
from labagent.causes.mixed import Names
from tests.causes.worlds import (
    World,
    draw_graph,
    draw_sets,
    make_world,
    process,
    settings,
)

SEEDS = st.integers(0, 2**32 - 1)
ABCD = frozenset("abcd")
X, Y = frozenset("x"), frozenset("y")


def adjusting_is_true(world: World, x: Names, y: Names, by: Names) -> bool:
    term = Probability(tuple(sorted(y)), tuple(sorted(by | x)))
    weights = Probability(tuple(sorted(by)))
    formula = Sum(tuple(sorted(by)), Product((term, weights)))
    counts = world.counts(Sources(ABCD))
    return all(
        evaluate(formula, counts, at) == pytest.approx(world.truth(Effect(x, y), at))
        for at in settings(x | y)
    )


@given(SEEDS)
def test_the_criterion_accepts_just_the_sets_that_are_right(seed: int) -> None:
    random = Random(seed)  # noqa: S311  # not for secrets
    graph = draw_graph(random, 4)
    x, y = draw_sets(random, ABCD, random.randint(1, 2), 1)
    world, causes = make_world(graph, random, ABCD), mix(graph, ABCD)
    rest = sorted(ABCD - x - y)
    right: list[int] = []
    for some in (s for n in range(len(rest) + 1) for s in combinations(rest, n)):
        accepted = is_adjustment(causes, x, y, frozenset(some))
        assert accepted == adjusting_is_true(world, x, y, frozenset(some))
        right += [len(some)] if accepted else []
    found = find_adjustment(causes, x, y)
    assert (None if found is None else len(found)) == min(right, default=None)


@pytest.mark.parametrize(
    ("edges", "hidden", "door"),
    [
        ("x>m m>y", ["x~y"], "m"),
        ("x>a a>b b>y", ["x~y"], "a"),
        ("x>a x>b a>y b>y", ["x~y"], "ab"),
        ("x>m m>y x>y", ["x~y"], None),
        ("x>m m>y", ["x~y", "x~m"], None),
        ("x>m m>y", ["x~y", "m~y"], None),
    ],
    ids="one first both direct upper lower".split(),
)
def test_a_front_door_has_nothing_beside_it(
    edges: str, hidden: list[str], door: str | None
) -> None:
    found = find_front_door(mix(process(edges, *hidden)), X, Y)
    assert found == (None if door is None else frozenset(door))
