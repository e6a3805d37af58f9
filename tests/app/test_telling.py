"""What another program tells of an experiment, stage by stage."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from labagent.app.agent import Agent, Told
from labagent.app.telling import LARGEST, as_number
from labagent.errors import DataError
from tests.doors import records, written
from tests.lab import Lab

ROUTE = """\
labagent: 1
name: route
goal: Hard and conducting.
objectives: {hardness: {unit: GPa, goal: maximize, expect: [0, 20]}}
measured: {resistivity: {unit: ohm*m, expect: [0, 1]}}
stages:
  mix: {executor: me, controls: {copper: {range: [0, 1]}}}
  anneal: {executor: me, measures: [resistivity], controls: {time: {range: [1, 9]}}}
  press: {executor: me, measures: [hardness]}
  clean: {executor: me, controls: {soak: {range: [1, 5]}}}
executors: {me: manual}
budget: {experiments: 9}
leash: approve_each
"""


@pytest.fixture
def route(lab: Lab) -> Iterator[Agent]:
    """An agent of a campaign with four stages; the first and last measure nothing."""
    lab.file.write_text(ROUTE, encoding="utf-8")
    with Agent.open(lab.file, lab.url) as found:
        yield found


def states(agent: Agent, number: int = 1) -> str:
    """Return the states of an experiment's steps, a letter each."""
    steps = records(agent)[number - 1].steps
    return "".join(step.state.value[0] for step in steps)


def test_a_route_is_told_at_once_or_stage_by_stage(route: Agent) -> None:
    route.ask(2)
    route.tell(1, {"hardness": 9, "resistivity": 0.1})
    assert states(route, 1) == "mmmm"
    route.tell(2, {"resistivity": 0.2})
    assert states(route, 2) == "mmaa"
    with pytest.raises(
        DataError, match="got resistivity of experiment 2, must be told"
    ):
        route.tell(2, {"resistivity": 0.3})
    route.tell(2, {"hardness": 7})
    assert states(route, 2) == "mmmm"
    assert records(route)[1].results == {"resistivity": 0.2, "hardness": 7.0}


def test_a_later_stage_waits_for_the_earlier(route: Agent) -> None:
    [suggestion] = route.ask()
    before = written(route)
    rule = r"must be told once, stage by stage: anneal \(resistivity\), then press"
    with pytest.raises(DataError, match=rule):
        route.tell(suggestion, {"hardness": 9})
    assert (written(route), states(route)) == (before, "aaaa")


def test_the_stage_that_comes_next_is_the_one_that_failed(route: Agent) -> None:
    route.ask()
    route.tell(1, {"resistivity": 0.1})
    route.tell(1, failed="it broke")
    assert states(route) == "mmfc"
    assert records(route)[0].steps[2].message == "it broke"
    with pytest.raises(DataError, match="which is failed"):
        route.tell(1, {"hardness": 9})


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (-0.25, -0.25),
        (np.float32(1.5), 1.5),
        (np.int64(7), 7.0),
        (Fraction(1, 4), 0.25),
        (-LARGEST, -LARGEST),
        (1.1 * LARGEST, None),
        (10**400, None),
        (math.nan, None),
        (-math.inf, None),
        (True, None),
        (np.bool_(True), None),
        ("3", None),
        (None, None),
        (3j, None),
        ([3], None),
    ],
    ids=str,
)
def test_numbers_of_any_kind_are_told_from_what_is_none(
    value: object, number: float | None
) -> None:
    assert as_number(value) == number


SETTABLE = ROUTE.replace("expect: [0, 1]}", "expect: [0, 1], settable: [0.1, 0.9]}")
MIXED = {"mix.copper": 0.5, "anneal.time": 3.0, "clean.soak": 2.0}


@pytest.fixture
def able(lab: Lab) -> Iterator[Agent]:
    """An agent of the same route, whose state can be set."""
    lab.file.write_text(SETTABLE, encoding="utf-8")
    with Agent.open(lab.file, lab.url) as found:
        yield found


def test_a_state_set_by_hand_is_told_so(able: Agent) -> None:
    able.ask(2)
    able.tell(1, {"hardness": 9, "resistivity": 0.4}, was_set=["resistivity"])
    able.tell(2, {"resistivity": 0.4}, was_set=("resistivity",))
    able.tell(2, {"hardness": 9})
    seen = {"hardness": 9.0, "resistivity": 0.3}
    free = ["mix.copper", "anneal.time"]
    able.tell(MIXED, seen, was_set=["resistivity"], observed=free)
    assert [set(r.was_set) for r in records(able)] == [{"resistivity"}] * 3
    assert records(able)[2].observed == set(free)
    assert list(able.history()["set"]) == ["resistivity"] * 3
    assert list(able.history()["observed"]) == ["", "", "anneal.time; mix.copper"]


BOTH = {"hardness": 9.0, "resistivity": 0.4}


@pytest.mark.parametrize(
    ("what", "results", "words", "said"),
    [
        (1, BOTH, {"was_set": ["hardness"]}, "tell was_set: .* is an objective"),
        (1, BOTH, {"was_set": ["mix.copper"]}, "mix.copper is a control"),
        (1, BOTH, {"was_set": "resistivity"}, "must be names in a list"),
        (1, BOTH, {"observed": ["mix.copper"]}, "tell observed: .* as was suggested"),
        (1, {"hardness": 9.0}, {"was_set": ["resistivity"]}, "got nothing, must have"),
        (
            MIXED,
            {"resistivity": 2.0},
            {"was_set": ["resistivity"]},
            r"got 2 ohm\*m, must lie in \[0.1, 0.9\] ohm\*m, where it may be set",
        ),
        (MIXED, BOTH, {"observed": ["copper"]}, "did you mean 'mix.copper'"),
        (MIXED, BOTH, {"observed": [["time"]]}, "tell observed: got"),
    ],
    ids=str,
)
def test_words_that_cannot_be_true_are_refused(
    able: Agent,
    what: Told,
    results: dict[str, float],
    words: dict[str, Any],
    said: str,
) -> None:
    able.ask()
    before = written(able)
    with pytest.raises(DataError, match=said):
        able.tell(what, results, **words)
    assert written(able) == before
