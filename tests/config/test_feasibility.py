"""Whether rules leave anything to try."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from labagent.config.feasibility import impossible_rules, impossible_together
from labagent.variables import (
    Choice,
    Composition,
    Condition,
    Constraint,
    Continuous,
    DesignSpace,
    Integer,
    Role,
    Species,
    Term,
    Variable,
)

BOX = tuple(Variable(n, Role.CONTROL, Continuous(-1, 2)) for n in "abc")
_NUMBERS = st.integers(-3, 3).map(float)
_ROWS = st.lists(st.tuples(_NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS), max_size=8)


def _rule(coefficients: tuple[float, ...], bound: float) -> Constraint:
    pairs = zip(coefficients, "abc", strict=True)
    return Constraint("", tuple(Term(c, n) for c, n in pairs), bound)


@settings(max_examples=200, deadline=None)
@given(_ROWS)
def test_linear_rules_contradict_exactly_where_linprog_says_so(
    rows: list[tuple[float, ...]],
) -> None:
    space = DesignSpace(BOX, tuple(_rule(row[:3], row[3]) for row in rows))
    truth = linprog(
        [0, 0, 0],
        A_ub=[row[:3] for row in rows] or None,
        b_ub=[row[3] for row in rows] or None,
        bounds=[(-1, 2)] * 3,
    )
    assert bool(impossible_together(space)) == (bool(rows) and truth.status == 2)


_CHOICE = Variable("d", Role.CONTROL, Choice(("x", "y", "z")))
_CONDITIONS = st.lists(
    st.one_of(
        st.builds(
            Condition,
            st.sampled_from("abc"),
            st.none(),
            st.sampled_from(["<=", ">="]),
            st.sampled_from([-0.5, 0.3, 1.2]),
        ),
        st.builds(
            Condition,
            st.just("d"),
            st.none(),
            st.sampled_from(["==", "!="]),
            st.sampled_from("xyz"),
        ),
    ),
    max_size=2,
)
_CONDITIONAL = st.lists(
    st.tuples(st.tuples(_NUMBERS, _NUMBERS, _NUMBERS), _NUMBERS, _CONDITIONS),
    max_size=6,
)


def _solution(rules: list[Constraint]) -> bool:
    """Search every label and every way to keep or to escape each rule."""
    ways: list[list[Condition | None]] = [[None, *rule.when] for rule in rules]
    every = itertools.product("xyz", itertools.product(*ways))
    for label, escapes in every:
        rows: list[list[float]] = []
        held = True
        for rule, missed in zip(rules, escapes, strict=True):
            if missed is None:
                rows.append([*(t.coefficient for t in rule.terms), rule.bound])
            elif isinstance(missed.value, str):
                held &= not missed.holds({"d": label})
            else:
                sign = -1.0 if missed.relation == "<=" else 1.0
                at = [sign * (missed.variable == n) for n in "abc"]
                rows.append([*at, sign * missed.value - 1e-5])
        if held and _has_point(rows):
            return True
    return False


def _has_point(rows: list[list[float]]) -> bool:
    result = linprog(
        [0, 0, 0],
        A_ub=[row[:3] for row in rows] or None,
        b_ub=[row[3] for row in rows] or None,
        bounds=[(-1, 2)] * 3,
    )
    return bool(result.status == 0)


@settings(max_examples=60, deadline=None)
@given(_CONDITIONAL)
def test_conditional_rules_contradict_exactly_where_all_branches_do(
    rows: list[tuple[tuple[float, ...], float, list[Condition]]],
) -> None:
    rules = [replace(_rule(row, b), when=tuple(when)) for row, b, when in rows]
    told = impossible_together(DesignSpace((*BOX, _CHOICE), tuple(rules)))
    assert bool(told) == (not _solution(rules))
    if told:  # and each of them is needed
        assert not _solution(told)
        for rule in told:
            assert _solution([r for r in told if r is not rule])


def test_a_question_that_takes_too_long_stays_open() -> None:
    names = [f"n{i}" for i in range(5)]
    box = tuple(Variable(n, Role.CONTROL, Continuous(0, 1)) for n in names)
    # each is 0 or above 0.9, so no sum is 2.2: all branches together say so
    rules = [
        Constraint("", (Term(1, n),), 0.0, (Condition(n, None, "<=", 0.9),))
        for n in names
    ]
    rules.append(Constraint("", tuple(Term(1, n) for n in names), 2.3))
    rules.append(Constraint("", tuple(Term(-1, n) for n in names), -2.1))
    space = DesignSpace(box, tuple(rules))
    assert impossible_together(space) == rules
    assert impossible_together(space, most_tries=10) == []


def test_tiny_units_are_as_strict() -> None:
    tiny = Variable("p", Role.CONTROL, Continuous(1e-12, 1e-9))
    rules = [Constraint("", (Term(1, "p"),), 2e-10)]
    assert impossible_together(DesignSpace((tiny,), tuple(rules))) == []
    rules.append(Constraint("", (Term(-1, "p"),), -3e-10))
    assert impossible_together(DesignSpace((tiny,), tuple(rules))) == rules


def test_a_rule_that_no_setting_keeps_is_found_alone() -> None:
    rules = (_rule((1, 1, 1), -4), _rule((1, 1, 1), -3))
    assert impossible_rules(DesignSpace(BOX, rules)) == [rules[0]]


@pytest.mark.parametrize(("low", "possible"), [(0.5, True), (0.51, False)])
def test_fractions_sum_to_one(low: float, possible: bool) -> None:
    members = tuple(Species(s) for s in ("Al", "Cu", "Ni"))
    alloy = Variable("x", Role.CONTROL, Composition(members))
    rules = tuple(Constraint("", (Term(-1, "x", s),), -low) for s in ("Al", "Cu"))
    told = impossible_together(DesignSpace((alloy,), rules))
    assert told == ([] if possible else list(rules))


def test_small_grids_are_tried_conditions_included() -> None:
    n, m = (Variable(name, Role.CONTROL, Integer(1, 3)) for name in "nm")
    when = (Condition("m", None, ">=", 1.0),)
    rules = [Constraint("", (Term(1, "n"), Term(-2, "m")), -4.5, when)]
    assert not impossible_together(DesignSpace((n, m), tuple(rules)))
    rules.append(Constraint("", (Term(-1, "n"),), -1.5, when))
    both = DesignSpace((n, m), tuple(rules))
    kept = [
        p for p in itertools.product((1, 2, 3), repeat=2) if p[0] - 2 * p[1] <= -4.5
    ]
    assert kept == [(1, 3)]
    assert impossible_together(both) == rules
