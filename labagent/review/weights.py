"""Whether every sealed weight follows from what was known when it was sealed.

The chain says which results a decision knew and which densities had been sealed before
them; :mod:`labagent.weighing` says what weights follow. These, and the densities
themselves, are compared with the rows of ``prediction``. Nothing is fitted. So whoever
rewrites a prediction has to rewrite the weights of every later one, too.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

from labagent.experiments import Basis, ExperimentRecord, Member, Prediction
from labagent.ports import EventRow, Fault
from labagent.review.knowledge import Moment, Seal, moments
from labagent.weighing import (
    Result,
    Weights,
    begin,
    carried,
    member_at,
    starting_shares,
)

TOLERANCE = 1e-9
"""Difference of weights, and share of densities, put down to rounding."""

_UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError)


def weight_faults(
    events: Iterable[EventRow], records: Iterable[ExperimentRecord]
) -> Iterator[Fault]:
    """Yield every member of a sealed prediction that is not what it must be.

    Args:
        events: The whole chain.
        records: Experiments of all campaigns.
    """
    by_id = {record.id: record for record in records}
    courses: dict[tuple[int, str, tuple[str, ...]], _Course] = defaultdict(_Course)
    try:
        for moment in moments(events):
            for experiment in moment.experiments:
                if record := by_id.get(experiment):
                    yield from _faults(moment, record, courses)
    except _UNREADABLE as error:  # only a changed event tells of such rows
        yield Fault("weights", f"cannot be computed from the chain: {error!r}")


def count_weights(records: Iterable[ExperimentRecord]) -> int:
    """Return how many weights were sealed."""
    return sum(len(s.prediction.members) for r in records for s in r.predictions)


def _faults(
    moment: Moment,
    record: ExperimentRecord,
    courses: Mapping[tuple[int, str, tuple[str, ...]], "_Course"],
) -> Iterator[Fault]:
    for sealed in record.predictions:
        stored = sealed.prediction
        seal = moment.seals[record.id].get(stored.quantity)
        if seal is None:
            continue  # a row the chain knows nothing of is told elsewhere
        names = tuple(m.name for m in seal.prediction.members)
        course = courses[moment.campaign, stored.quantity, names]
        shares = course.shares(moment, stored.quantity, names)
        for problem in _problems(stored, seal, shares):
            yield Fault(
                f"{moment.name} experiment {record.number}",
                f"{stored.quantity}: {problem}",
            )


@dataclass
class _Course:
    """Weights while results come in: goes on from where it was, where it can."""

    known: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    first: Weights | None = None
    weights: Weights | None = None

    def shares(
        self, moment: Moment, quantity: str, names: Iterable[str]
    ) -> dict[str, float]:
        """Return the weights that a prediction of these entries has at a moment."""
        history = _history(moment, quantity)
        entries = list(names)
        spoke = {m.name for _, (_, members) in history for m in members}
        first = begin(starting_shares(entries), spoke)
        known = [(experiment, value) for experiment, (value, _) in history]
        weights, done = self.weights, len(self.known)
        if weights is None or first != self.first or known[:done] != self.known:
            weights, done = first, 0  # a result came late, or a member is new
        weights = carried(weights, [r for _, r in history[done:]], first.inside)
        self.known, self.first, self.weights = known, first, weights
        return weights.shares(entries)


def _history(moment: Moment, quantity: str) -> list[tuple[int, Result]]:
    """Return experiment, result and the densities sealed before, by experiment."""
    found: list[tuple[int, Result]] = []
    for experiment, value in sorted(moment.results.get(quantity, {}).items()):
        seal = moment.seals.get(experiment, {}).get(quantity)
        if experiment in moment.states_set or seal is None:
            continue  # predictions are of what recipes alone give
        if seal.prediction.basis is Basis.MODEL:
            found.append((experiment, (value, seal.prediction.members)))
    return found


def _problems(
    stored: Prediction, seal: Seal, shares: Mapping[str, float]
) -> Iterator[str]:
    """Yield what is wrong with a prediction as its row holds it."""
    odd = list(_changed(stored, seal.prediction)) or list(_torn(stored))
    wrong = list(_wrong_weights(stored, shares))
    yield from (*odd, *wrong)
    if odd or wrong:
        return  # mean and std of the mixture follow from these
    told = ("mean", stored.mean, seal.mean), ("std", stored.std, seal.std)
    for name, value, was in told:
        if not _close(value, was, stored.std):
            yield f"{name} was sealed as {was:.10g}, its members say {value:.10g}"


def _changed(stored: Prediction, sealed: Prediction) -> Iterator[str]:
    """Tell of densities that are not what the chain says was sealed."""
    were = {m.name: m for m in sealed.members}
    for gone in sorted(were.keys() - {m.name for m in stored.members}):
        yield f"member {gone} was sealed and is gone"
    for m in stored.members:
        was = were.get(m.name)
        if was is None:
            yield f"member {m.name} was never sealed"
            continue
        for what, now, then in (("mean", m.mean, was.mean), ("std", m.std, was.std)):
            if now != then:
                yield _told(what, m.name, now, "sealed as", then)


def _torn(stored: Prediction) -> Iterator[str]:
    """Tell of members that are not the same as at their other widths."""
    families: dict[str, list[tuple[Member, float]]] = defaultdict(list)
    for member in stored.members:
        name, width = member_at(member.name)
        families[name].append((member, width))
    for family in families.values():
        mean = median(m.mean for m, _ in family)
        std = median(m.std / width for m, width in family)
        for m, width in family:
            pairs = ("mean", m.mean, mean), ("std", m.std, width * std)
            for what, now, right in pairs:
                if not _close(now, right, std):
                    yield _told(what, m.name, now, "by its other widths", right)


def _wrong_weights(stored: Prediction, shares: Mapping[str, float]) -> Iterator[str]:
    """Tell of the weight that is furthest off, and how many others are."""
    off = {
        m: abs(m.weight - shares[m.name]) for m in stored.members if m.name in shares
    }
    wrong = sorted((m for m in off if not off[m] <= TOLERANCE), key=lambda m: -off[m])
    if wrong:
        m = wrong[0]
        said = _told("weight", m.name, m.weight, "recomputed", shares[m.name])
        yield said + (f"; {len(wrong) - 1} others differ" if len(wrong) > 1 else "")


def _told(what: str, member: str, stored: float, why: str, right: float) -> str:
    return f"{what} of {member} is {stored:.10g}, {why} {right:.10g}"


def _close(stored: float, right: float, scale: float) -> bool:
    return math.isclose(stored, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE * scale)
