"""Which results are doubted."""

from dataclasses import replace

import pytest

from labagent.experiments import Basis, Kind, Measurement
from labagent.review import doubts
from labagent.variables import Real
from tests.records import goal_campaign, objective, prediction, record

OPEN = goal_campaign(objective("stiff"))
EXPECTED = replace(
    OPEN, measured=(replace(OPEN.measured[0], domain=Real(0.0, 60.0)),)
)  # so that -60 to 120 raises no doubt


@pytest.mark.parametrize(
    ("value", "doubted"),
    [(26.9, False), (0.3, False), (119.0, False), (121.0, True), (-61.0, True)],
)
def test_with_a_range_both_it_and_the_prediction_must_be_far(
    value: float, doubted: bool
) -> None:
    asked = record(1, None, [prediction("stiff", 26.9, 3.1)])
    found = doubts(EXPECTED, asked, [Measurement("stiff", value, "GPa")])
    assert bool(found) is doubted
    wide = record(1, None, [prediction("stiff", 26.9, 31.0)])
    assert doubts(EXPECTED, wide, [Measurement("stiff", value, "GPa")]) == ()


@pytest.mark.parametrize(
    ("value", "basis", "doubted"),
    [
        (49.0, Basis.MODEL, False),
        (51.0, Basis.MODEL, True),
        (1e6, Basis.PRIOR, False),
    ],
)
def test_without_a_range_only_a_model_doubts(
    value: float, basis: Basis, doubted: bool
) -> None:
    asked = record(1, None, [prediction("stiff", 10.0, 2.0, basis)])
    found = doubts(OPEN, asked, [Measurement("stiff", value, "GPa")])
    assert [d.sigmas for d in found] == ([20.5] if doubted else [])


def test_only_results_with_a_prediction_are_doubted() -> None:
    asked = record(1, None, [prediction("stiff", 10.0, 2.0)])
    context = Measurement("stiff", 1e6, "GPa", kind=Kind.CONTEXT)
    assert doubts(OPEN, asked, [context]) == ()
    unforeseen = record(1, None)
    assert doubts(OPEN, unforeseen, [Measurement("stiff", 1e6, "GPa")]) == ()


def test_nothing_was_predicted_of_what_was_set() -> None:
    asked = record(1, None, [prediction("stiff", 10.0, 2.0)])
    by_hand = replace(asked, was_set=frozenset({"grain"}))
    assert doubts(OPEN, by_hand, [Measurement("stiff", 1e6, "GPa")]) == ()
