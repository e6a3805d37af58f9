"""The best so far, the Pareto front, and when it advanced."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.campaigns import Direction, Objective, OutcomeLimit
from labagent.review import best, front, trace
from tests.records import goal_campaign, objective, record

STIFF, TOUGH = objective("stiff"), objective("tough")


@pytest.mark.parametrize(
    ("direction", "target", "expected"),
    [
        (Direction.MAXIMIZE, None, 3),
        (Direction.MINIMIZE, None, 1),
        (Direction.TARGET, 2.2, 2),
    ],
    ids=["maximize", "minimize", "target"],
)
def test_best_follows_the_direction(
    direction: Direction, target: float | None, expected: int
) -> None:
    campaign = goal_campaign(Objective("stiff", "GPa", direction, target))
    records = [record(n, {"stiff": float(n)}) for n in (1, 2, 3)]
    assert [r.number for r in best(campaign, records)] == [expected]


@pytest.mark.parametrize(
    "results",
    [{"stiff": 9.0, "hull": 0.2}, {"stiff": 9.0}, {"hull": 0.0}],
    ids=["breaks the limit", "limit not measured", "objective not measured"],
)
def test_what_does_not_count_is_never_best(results: dict[str, float]) -> None:
    campaign = goal_campaign(STIFF, limits=[OutcomeLimit("hull", "<=", 0.1)])
    records = [record(1, {"stiff": 1.0, "hull": 0.1}), record(2, results)]
    assert [r.number for r in best(campaign, records)] == [1]
    assert best(campaign, records[1:]) == ()


def test_of_equals_the_first_is_best() -> None:
    records = [record(n, {"stiff": 5.0}) for n in (3, 1, 2)]
    assert [r.number for r in best(goal_campaign(STIFF), records)] == [1]


def test_weighted_objectives_are_standardised_before_they_are_summed() -> None:
    campaign = goal_campaign(objective("stiff", 1.0), objective("tough", 1.0))
    # tough varies 1000 times less, yet weighs the same.
    values = [(0.0, 0.0), (1000.0, 0.0), (900.0, 1.0)]
    records = [record(n, dict(zip(("stiff", "tough"), v, strict=True)))
               for n, v in enumerate(values, 1)]  # fmt: skip
    assert [r.number for r in best(campaign, records)] == [3]


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


@given(PAIRS)
def test_front_holds_exactly_what_nothing_beats(pairs: list[tuple[int, int]]) -> None:
    records = [
        record(n, {"stiff": float(a), "tough": float(b)})
        for n, (a, b) in enumerate(pairs, 1)
    ]
    expected = [
        n
        for n, (a, b) in enumerate(pairs, 1)
        if not any((c >= a and d >= b) and (c, d) != (a, b) for c, d in pairs)
    ]
    campaign = goal_campaign(STIFF, TOUGH)
    assert [r.number for r in front(campaign.goal, records)] == expected
    assert [r.number for r in best(campaign, records)] == expected


def test_trace_says_which_experiments_improved_the_best() -> None:
    values = [2.0, 1.0, 3.0, 3.0]
    records = [record(n, {"stiff": v}) for n, v in enumerate(values, 1)]
    steps = trace(goal_campaign(STIFF), [*records, record(9)])
    assert [s.improved for s in steps] == [True, False, True, False]
    assert [s.value for s in steps] == [2.0, 2.0, 3.0, 3.0]
    assert [s.best for s in steps] == [(1,), (1,), (3,), (3,)]


def test_trace_of_a_front_ends_in_the_front() -> None:
    campaign = goal_campaign(STIFF, TOUGH)
    pairs = [(1.0, 1.0), (0.0, 2.0), (2.0, 2.0), (3.0, 0.0)]
    records = [record(n, {"stiff": a, "tough": b}) for n, (a, b) in enumerate(pairs, 1)]
    steps = trace(campaign, records)
    assert [s.best for s in steps] == [(1,), (1, 2), (3,), (3, 4)]
    assert steps[-1].value is None


def test_what_was_set_by_hand_is_never_best() -> None:
    lucky = replace(record(2, {"stiff": 9.0}), was_set=frozenset({"grain"}))
    records = [record(1, {"stiff": 1.0}), lucky]
    assert [r.number for r in best(goal_campaign(STIFF), records)] == [1]
    assert [a.improved for a in trace(goal_campaign(STIFF), records)] == [True, False]
