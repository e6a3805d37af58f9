"""Where a campaign stands."""

import pytest

from labagent.campaigns import Spending
from labagent.experiments import StepState
from labagent.review import spent, summarise
from tests.records import goal_campaign, objective, prediction, record

CAMPAIGN = goal_campaign(objective("stiff"))


def test_summary_counts_states_and_finds_the_best() -> None:
    records = [
        record(1, {"stiff": 1.0}, source="old.csv"),
        record(2, {"stiff": 9.0}, [prediction("stiff", 1, 1)]),
        record(3),
    ]
    found = summarise(CAMPAIGN, records)
    assert (found.total, found.imported, found.measured) == (3, 1, 2)
    assert found.states == {StepState.PROPOSED: 1, StepState.MEASURED: 2}
    assert [r.number for r in found.best] == [2]
    assert found.last_advance is not None
    assert found.last_advance.number == 2
    assert [s.sigmas for s in found.surprises] == [8.0]
    assert [c.quantity for c in found.calibration] == [None, "stiff"]


def test_summary_of_nothing_is_empty() -> None:
    found = summarise(CAMPAIGN, [])
    assert (found.total, found.best, found.last_advance) == (0, (), None)
    assert found.spent == Spending(0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (StepState.PROPOSED, 0),
        (StepState.APPROVED, 0),
        (StepState.REJECTED, 0),
        (StepState.RUNNING, 1),
        (StepState.FAILED, 1),
        (StepState.UNKNOWN, 1),
        (StepState.CANCELLED, 1),
    ],
)
def test_what_was_begun_is_paid_for(state: StepState, count: int) -> None:
    assert spent(CAMPAIGN, [record(1, state=state)]) == Spending(
        count, 12.0 * count, 0.5 * count
    )


def test_imported_experiments_cost_nothing() -> None:
    imported = record(1, {"stiff": 1.0}, source="old.csv")
    assert spent(CAMPAIGN, [imported]).experiments == 0
