from dataclasses import replace

import pytest

from labagent.campaigns import (
    Budget,
    Campaign,
    Find,
    Goal,
    NoImprovement,
    OutcomeLimit,
    Reached,
    Stage,
)
from labagent.errors import DataError
from labagent.experiments import Basis, Decision, Trial, Trials
from labagent.loop import budget_left, decision_seed, predict, propose, stop_reason
from labagent.planning import count_keys, sample
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Continuous, DesignSpace, intervention_key
from labagent.world.devices import seeded
from tests.spaces import ALLOY, GRID, PLANE, Y, branin, campaign, control, trials

NOTHING = Trials(0, ())


def seen(n: int, seed: int = 0) -> Trials:
    points = sample(SpaceEncoder(PLANE), n, seed)
    return trials([(p, {"y": branin(p)}) for p in points])


def test_without_data_the_space_is_filled_and_the_prior_sealed() -> None:
    decision = propose(campaign(PLANE), NOTHING, 0)
    assert (decision.strategy, decision.acquisition) == ("space-filling", "Sobol")
    assert len(decision.proposals) == 2
    bases = {p.basis for q in decision.proposals for p in q.predictions}
    assert bases == {Basis.PRIOR}


def test_with_enough_data_the_model_is_asked() -> None:
    decision = propose(campaign(PLANE), seen(5), 5)
    assert (decision.strategy, decision.acquisition) == ("model", "qLogNEI")
    assert decision.trained_on == 5
    for proposal in decision.proposals:
        assert PLANE.violations(proposal.intervention) == []
        assert [p.basis for p in proposal.predictions] == [Basis.MODEL]
        assert proposal.score > proposal.runners_up[-1].score


LIMITED = campaign(PLANE, limits=(OutcomeLimit("y", "<=", 50.0),))
MANY = replace(campaign(PLANE), goal=Goal("Many.", Find.MANY, (Y,), top=0.1))


@pytest.mark.parametrize(
    "asked", [campaign(PLANE), LIMITED, MANY], ids=["best", "limit", "many"]
)
@pytest.mark.parametrize("batch", [6, 7])
def test_a_decision_is_a_function_of_its_rows(asked: Campaign, batch: int) -> None:
    found: list[Decision] = []
    for state in (1, 2):  # whatever the program drew before
        with seeded(state):
            found.append(propose(asked, seen(6), batch))
    assert found[0] == found[1]


@pytest.mark.filterwarnings("error")
def test_a_limit_nothing_keeps_yet_is_no_reason_to_warn() -> None:
    asked = campaign(PLANE, limits=(OutcomeLimit("y", "<=", -1000.0),))
    assert propose(asked, seen(6), 6).acquisition == "qLogNEI"


@pytest.mark.parametrize("space", [GRID, PLANE], ids=["finite", "infinite"])
def test_where_many_are_wanted_batches_take_turns(space: DesignSpace) -> None:
    points = sample(SpaceEncoder(space), 8, 0)
    rows = trials([(p, {"y": float(i)}) for i, p in enumerate(points)])
    goal = Goal("Many.", Find.MANY, (Y,), top=0.1)
    asked = replace(campaign(space), goal=goal)
    decisions = [propose(asked, rows, batch) for batch in (8, 9)]
    assert [d.acquisition for d in decisions] == ["qLogNEI", "TopFraction"]
    for decision in decisions:
        found = [p.intervention for p in decision.proposals]
        assert len(count_keys(found)) == 2
        assert not any(space.violations(i) for i in found)


def test_another_batch_number_is_another_seed() -> None:
    assert decision_seed(0, 1) != decision_seed(0, 2) != decision_seed(1, 2)


def test_what_is_pending_is_neither_repeated_nor_forgotten() -> None:
    rows = seen(6)
    first = propose(campaign(PLANE), rows, 6, 1).proposals[0]
    waiting = Trial(7, first.intervention, open=True, batch=6)
    more = Trials(7, (*rows.rows, waiting))
    decision = propose(campaign(PLANE), more, 6, 1)
    assert decision.pending == (7,)
    again = decision.proposals[0]
    assert intervention_key(again.intervention) != intervention_key(first.intervention)


def test_failed_experiments_are_not_proposed_again() -> None:
    points = list(GRID.points())
    rows = [Trial(i, p, failed=True, batch=0) for i, p in enumerate(points[:-3], 1)]
    decision = propose(campaign(GRID), Trials(9, tuple(rows)), 1, 5)
    found = count_keys([p.intervention for p in decision.proposals])
    assert found == count_keys(points[-3:])


def test_a_used_up_space_gives_no_proposals() -> None:
    points = list(GRID.points())
    rows = trials([(p, {"y": float(i)}) for i, p in enumerate(points)])
    assert propose(campaign(GRID), rows, 99).proposals == ()


def test_a_limit_that_was_never_measured_keeps_the_model_out() -> None:
    asked = campaign(PLANE, limits=(OutcomeLimit("s", "<=", 1.0),))
    assert propose(asked, seen(8), 8).strategy == "space-filling"


def test_imported_history_replaces_the_space_filling_start() -> None:
    rows = tuple(replace(t, batch=None) for t in seen(6).rows)
    assert propose(campaign(PLANE), Trials(6, rows), 0).strategy == "model"


def test_the_best_alloy_is_found_in_a_finite_space() -> None:
    """A smooth target with its top inside the simplex; random needs ~97 of 194."""
    best = {"Al": 0.25, "Cu": 0.5, "Ni": 0.0, "Pt": 0.25}

    def value(i: object) -> float:
        return -sum((i["alloy"][s] - x) ** 2 for s, x in best.items())  # type: ignore[index]

    asked = campaign(ALLOY, batch=1)
    rows: list[tuple[object, dict[str, float]]] = []
    for batch in range(25):
        done = trials(rows)  # type: ignore[arg-type]
        point = propose(asked, done, batch).proposals[0].intervention
        rows.append((point, {"y": value(point)}))
    assert max(r["y"] for _, r in rows) == 0.0


def test_predictions_for_any_intervention() -> None:
    rows = seen(12)
    point = rows.rows[0].intervention
    (row,) = predict(campaign(PLANE), rows, [point])
    assert row[0].interval(0.99)[0] < branin(point) < row[0].interval(0.99)[1]


def test_predictions_outside_the_space_are_refused() -> None:
    with pytest.raises(DataError, match="control x: got 99"):
        predict(campaign(PLANE), seen(5), [{"x": 99.0, "z": 1.0}])


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        (Budget(experiments=10), 7),
        (Budget(experiments=2), 0),
        (Budget(), float("inf")),
    ],
    ids=["some", "none", "unlimited"],
)
def test_the_budget_counts_what_the_agent_started(budget: Budget, left: float) -> None:
    rows = (*seen(3).rows, Trial(9, {"x": 0.0, "z": 0.0}, {"y": 1.0}))
    assert budget_left(campaign(PLANE, budget=budget), Trials(9, rows)) == left


@pytest.mark.parametrize(
    ("used", "left"),
    [((), 3), (("make",), 2), (("make", "test"), 2), (None, 2)],
    ids=["rejected", "half", "whole", "untold"],
)
def test_what_was_never_begun_leaves_the_budget_as_it_is(
    used: tuple[str, ...] | None, left: float
) -> None:
    asked = campaign(PLANE, budget=Budget(experiments=3))
    row = Trial(1, {"x": 0.0, "z": 0.0}, batch=0, used=used)
    assert budget_left(asked, Trials(1, (row,))) == left


def test_money_and_hours_count_stage_by_stage() -> None:
    stages = (
        Stage("make", (), (), "me", cost=2.0, hours=1.0),
        Stage("test", (), ("y",), "me", cost=8.0, hours=1.0),
    )
    failed = Trial(1, {"x": 0.0, "z": 0.0}, failed=True, batch=0, used=("make",))
    for budget, left in ((Budget(cost=22.0), 2), (Budget(hours=4.5), 1)):
        asked = campaign(PLANE, budget=budget, stages=stages)
        assert budget_left(asked, Trials(1, (failed,))) == left


def test_stop_once_the_limits_are_reached_together() -> None:
    rule = Reached(
        "y >= 1 and s <= 2", (OutcomeLimit("y", ">=", 1), OutcomeLimit("s", "<=", 2))
    )
    asked = campaign(PLANE, stop=(rule,))
    x = {"x": 0.0, "z": 0.0}
    apart = trials([(x, {"y": 5.0, "s": 3.0}), (x, {"y": 0.0, "s": 1.0})])
    assert stop_reason(asked, apart) is None
    together = trials([(x, {"y": 1.0, "s": 2.0})])
    assert stop_reason(asked, together) == "reached: y >= 1 and s <= 2"


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ([1, 2, 3, 4], False),
        ([3, 2, 1], True),
        ([1, 3, 2], False),
        ([3, 1, 1, 4], False),
    ],
)
def test_stop_when_nothing_improves(values: list[float], stops: bool) -> None:
    rule = NoImprovement("no improvement in 2 batches", 2)
    rows = trials([({"x": 0.0, "z": 0.0}, {"y": float(v)}) for v in values])
    reason = stop_reason(campaign(PLANE, stop=(rule,)), rows)
    assert (reason is not None) is stops


def test_a_line_without_noise_is_searched_without_a_warning() -> None:
    """Rows side by side that lie on a line: their joint covariance is singular."""
    space = DesignSpace((control("x", Continuous(0, 1, step=0.001)),))
    points = [{"x": 0.5 + 0.001 * i} for i in range(30)]
    seen = trials([(p, {"y": p["x"]}) for p in points])
    assert len(propose(campaign(space), seen, 30).proposals) == 2
