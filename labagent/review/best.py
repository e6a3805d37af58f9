"""Which experiments are best so far, and when each advance came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, pstdev

from labagent.campaigns import Campaign, Goal
from labagent.experiments import ExperimentRecord


@dataclass(frozen=True)
class Advance:
    """Where the search stood after one experiment.

    Attributes:
        number: The experiment.
        at: When its result came, UTC.
        improved: Whether it became the best, or entered the Pareto front.
        best: Numbers of the best so far, this one included where it is among them.
        value: Measured value of the best so far, in the objective's unit; None where
            there are several objectives, or none keeps the limits yet.
    """

    number: int
    at: datetime | None
    improved: bool
    best: tuple[int, ...]
    value: float | None


def allowed(goal: Goal, record: ExperimentRecord) -> bool:
    """Return whether every objective and limit was measured, and every limit holds.

    Where a state was set its recipe alone did not make the material: it is no answer.
    """
    results = record.results
    return (
        not record.was_set
        and all(o.name in results for o in goal.objectives)
        and all(
            limit.name in results and limit.holds(results[limit.name])
            for limit in goal.limits
        )
    )


def utilities(goal: Goal, record: ExperimentRecord) -> tuple[float, ...]:
    """Return one number per objective, larger where better, in its unit."""
    results = record.results
    return tuple(o.utility(results[o.name]) for o in goal.objectives)


def front(
    goal: Goal, records: Sequence[ExperimentRecord]
) -> tuple[ExperimentRecord, ...]:
    """Return the experiments no other one beats in every objective, by number."""
    rated = [_Rated(utilities(goal, r), r) for r in records if allowed(goal, r)]
    return tuple(sorted((x.record for x in _unbeaten(rated)), key=_number))


def best(
    campaign: Campaign, records: Sequence[ExperimentRecord]
) -> tuple[ExperimentRecord, ...]:
    """Return the best experiment so far, or the Pareto front of several objectives.

    Objectives that all carry a weight are standardised over the experiments and
    summed. Experiments that break an outcome limit do not count. Empty where no
    experiment counts; of equals, the first is the best.
    """
    leaders = _leaders(campaign.goal, _rate(campaign.goal, records))
    return tuple(sorted((x.record for x in leaders), key=_number))


def trace(
    campaign: Campaign, records: Sequence[ExperimentRecord]
) -> tuple[Advance, ...]:
    """Return how the best changed with every experiment that brought a result."""
    goal = campaign.goal
    rated = {x.record.number: x for x in _rate(goal, records)}
    leaders: list[_Rated] = []
    found: list[Advance] = []
    for record in sorted((r for r in records if r.results), key=_arrival):
        here = rated.get(record.number)
        if here is not None:
            leaders = _leaders(goal, [*leaders, here])
        found.append(
            Advance(
                number=record.number,
                at=measured_at(record),
                improved=here in leaders,
                best=tuple(sorted(x.record.number for x in leaders)),
                value=_value(goal, leaders),
            )
        )
    return tuple(found)


def measured_at(record: ExperimentRecord) -> datetime | None:
    """Return when the last step of an experiment reached its final state, UTC."""
    times = [s.finished_at for s in record.steps if s.finished_at is not None]
    return max(times, default=None)


@dataclass(frozen=True)
class _Rated:
    """An experiment that counts, with numbers that are larger where it is better."""

    rating: tuple[float, ...]
    record: ExperimentRecord


def _is_front(goal: Goal) -> bool:
    return len(goal.objectives) > 1 and any(o.weight is None for o in goal.objectives)


def _rate(goal: Goal, records: Sequence[ExperimentRecord]) -> list[_Rated]:
    """Rate the experiments that count: per objective for a front, else in one sum."""
    candidates = [r for r in records if allowed(goal, r)]
    rows = [utilities(goal, r) for r in candidates]
    if len(goal.objectives) > 1 and not _is_front(goal):
        rows = _weighted(goal, rows)
    return [_Rated(row, r) for row, r in zip(rows, candidates, strict=True)]


def _weighted(goal: Goal, rows: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    columns = list(zip(*rows, strict=True))
    means = [fmean(c) for c in columns]
    spreads = [pstdev(c) or 1.0 for c in columns]
    weights = [o.weight or 0.0 for o in goal.objectives]
    scales = list(zip(means, spreads, weights, strict=False))
    return [
        (sum(w * (u - m) / s for u, (m, s, w) in zip(row, scales, strict=True)),)
        for row in rows
    ]


def _leaders(goal: Goal, rated: Sequence[_Rated]) -> list[_Rated]:
    leaders = _unbeaten(rated)
    if _is_front(goal):
        return leaders
    return sorted(leaders, key=lambda x: x.record.number)[:1]


def _unbeaten(rated: Sequence[_Rated]) -> list[_Rated]:
    kept: list[_Rated] = []
    # In this order only an earlier row can beat a later one.
    for row in sorted(rated, key=lambda x: x.rating, reverse=True):
        if not any(_beats(other.rating, row.rating) for other in kept):
            kept.append(row)
    return kept


def _beats(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x >= y for x, y in zip(a, b, strict=True))


def _number(record: ExperimentRecord) -> int:
    return record.number


def _arrival(record: ExperimentRecord) -> tuple[float, int]:
    at = measured_at(record)
    return (at.timestamp() if at else 0.0), record.number


def _value(goal: Goal, leaders: Sequence[_Rated]) -> float | None:
    if len(goal.objectives) != 1 or not leaders:
        return None
    return leaders[0].record.results[goal.objectives[0].name]
