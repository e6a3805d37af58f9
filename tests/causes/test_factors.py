import pytest

from labagent.causes import ProcessGraph, effect, mix
from labagent.causes.effects import enter
from labagent.causes.factors import Obstacle, read, set_given, solve, tells
from tests.causes.worlds import process, sources

CONFOUNDED = process("x>z z>y", "x~y")


@pytest.mark.parametrize(
    ("graph", "done", "of", "given", "text"),
    [
        (process("x>z z>y"), "", "y", "x z", "P(y | z)"),
        (process("x>z z>y"), "x", "y", "z", "P(y | z)"),
        (CONFOUNDED, "x", "y", "z", "P(y | do(x), z)"),
        (CONFOUNDED, "x", "y", "", "P(y | do(x))"),
        (CONFOUNDED, "z", "x", "", "P(x)"),
        (CONFOUNDED, "z", "x", "y", "P(x | do(z), y)"),
    ],
    ids="markov unset kept cause effect selected".split(),
)
def test_a_probability_says_no_more_than_matters(
    graph: ProcessGraph, done: str, of: str, given: str, text: str
) -> None:
    at_hand = sources("x y z", done)
    regime = enter(mix(graph), at_hand, frozenset(done.split()))
    term = read(regime, of, given.split())
    assert str(term) == text
    assert term.regime == frozenset(done.split())


def test_a_condition_that_might_as_well_be_set_is_set() -> None:
    graph = mix(process("x>w w>y", "x~w"))
    assert set_given(graph, effect("x", "y", ["w"])) == effect(["x", "w"], "y")
    tied = mix(process("x>w w>y", "w~y"))
    assert set_given(tied, effect("x", "y", ["w"])) == effect("x", "y", ["w"])


@pytest.mark.parametrize(
    ("done", "right"),
    [("", True), ("y", False), ("spare", True), ("lost", False)],
    ids="observed outcome spare cause".split(),
)
def test_a_regime_tells_only_what_it_left_alone(done: str, right: bool) -> None:
    graph = mix(process("x>y lost>y y>spare"))
    at_hand = sources("x y spare")
    regime = enter(graph, at_hand, frozenset(done.split()))
    assert tells(graph, frozenset({"x", "y"}), frozenset({"y"}), regime) == right


def test_an_obstacle_has_a_hedge_for_each_source() -> None:
    graph = mix(process("c>x x>y", "x~y"))
    found = solve(graph, effect("x", "y"), sources("c x y", "", "c", "y"))
    assert isinstance(found, Obstacle)
    assert found.district == {"y"}
    assert [hedge.regime.done for hedge in found.hedges] == [set(), {"c"}]
    assert {hedge.outer for hedge in found.hedges} == {frozenset({"x", "y"})}
