"""How close a campaign came, in a small world that is known."""

import pytest

from labagent.campaigns import Direction, Objective, OutcomeLimit
from labagent.review.truth import Recipe, compare
from tests.records import goal_campaign, objective, record

LIMIT = OutcomeLimit("hull", "<=", 0.5)
CAMPAIGN = goal_campaign(objective("stiff"), limits=[LIMIT])
WORLD = [
    Recipe({"x": n / 100}, {"stiff": float(n), "hull": 1.0 if n > 90 else 0.0})
    for n in range(1, 101)
]
"""Stiffness 1 to 100; above 90 the limit is broken."""


def measured(*values: float) -> list[object]:
    return [
        record(n, {"stiff": v, "hull": 1.0 if v > 90 else 0.0})
        for n, v in enumerate(values, 1)
    ]


@pytest.mark.parametrize(
    ("values", "rank", "draws"),
    [([3, 90], 1, 50), ([95, 80, 10], 11, 6), ([20], 71, 1), ([99, 98], None, None)],
    ids=["best", "eleventh", "poor", "nothing allowed"],
)
def test_what_was_found_has_its_place(
    values: list[float], rank: int | None, draws: int | None
) -> None:
    found = compare(CAMPAIGN, measured(*values), WORLD)  # type: ignore[arg-type]
    assert (found.recipes, found.allowed, found.rank) == (100, 90, rank)
    assert found.best.results["stiff"] == 90.0
    assert found.draws == draws


def test_the_search_is_told_over_time_beside_chance() -> None:
    values = [10.0, 95.0, 40.0, 30.0, 60.0, 90.0, 1.0]
    found = compare(CAMPAIGN, measured(*values), WORLD, every=2)  # type: ignore[arg-type]
    assert [m.results for m in found.moments] == [2, 4, 6, 7]
    assert [m.found for m in found.moments] == [10.0, 40.0, 90.0, 90.0]
    # 7 of 100: the best allowed one is among them with probability 7 %
    assert found.as_good == pytest.approx(0.07)
    low, middle, high = found.moments[-1].chance
    assert low is not None
    assert middle is not None
    assert low < middle < 90.0
    assert high == 90.0


def test_chance_may_find_nothing_allowed() -> None:
    strict = goal_campaign(
        objective("stiff"), limits=[OutcomeLimit("stiff", ">=", 99.0)]
    )
    found = compare(strict, [record(1, {"stiff": 5.0})], WORLD)
    assert found.moments[-1].chance == (None, None, None)
    assert found.rank is None


def test_a_target_is_compared_by_its_distance() -> None:
    target = Objective("stiff", "GPa", Direction.TARGET, target=50.0)
    records = [record(1, {"stiff": 70.0}), record(2, {"stiff": 52.0})]
    found = compare(goal_campaign(target), records, WORLD)
    assert found.best.results["stiff"] == 50.0
    assert found.rank == 4  # 50, 49 and 51 are nearer; 48 is as near
