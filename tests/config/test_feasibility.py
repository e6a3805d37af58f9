"""Whether rules leave anything to try."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from labagent.config.feasibility import impossible_rules, impossible_together
from labagent.variables import (
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
    assert impossible_together(space) == (bool(rows) and truth.status == 2)


def test_a_rule_that_no_setting_keeps_is_found_alone() -> None:
    rules = (_rule((1, 1, 1), -4), _rule((1, 1, 1), -3))
    assert impossible_rules(DesignSpace(BOX, rules)) == [rules[0]]


@pytest.mark.parametrize(("low", "possible"), [(0.5, True), (0.51, False)])
def test_fractions_sum_to_one(low: float, possible: bool) -> None:
    members = tuple(Species(s) for s in ("Al", "Cu", "Ni"))
    alloy = Variable("x", Role.CONTROL, Composition(members))
    rules = tuple(Constraint("", (Term(-1, "x", s),), -low) for s in ("Al", "Cu"))
    assert impossible_together(DesignSpace((alloy,), rules)) is not possible


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
    assert impossible_together(both)
