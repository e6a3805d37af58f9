"""Make every decision again from the database's rows, and compare."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from labagent.campaigns import Campaign
from labagent.experiments import Decision, Proposal
from labagent.loop.deciding import propose
from labagent.ports import DecisionRecord, Logbook
from labagent.variables import intervention_key

TOLERANCE = 1e-6
"""Relative difference of predictions put down to another machine's arithmetic."""


@dataclass(frozen=True)
class ReplayRow:
    """One decision made again.

    Attributes:
        batch: Number of the batch.
        ok: Whether the same proposals with the same predictions came out.
        bitwise: Whether predictions agree to the last bit.
        details: What differs; empty where nothing does.
    """

    batch: int
    ok: bool
    bitwise: bool
    details: tuple[str, ...]


def replay(
    logbook: Logbook,
    campaign: int,
    read: Callable[[str], Campaign],
    progress: Callable[[int, int], None] = lambda done, of: None,  # noqa: ARG005
) -> Iterator[ReplayRow]:
    """Make each decision of a campaign again from rows alone.

    Args:
        logbook: The database.
        campaign: Row id.
        read: Turns a stored document into a campaign (``labagent.config``).
        progress: Told how many decisions are done, of how many.
    """
    records = logbook.decisions(campaign)
    versions: dict[int, Campaign] = {}
    for done, record in enumerate(records):
        goal = record.goal_version
        if goal not in versions:
            versions[goal] = read(logbook.document(campaign, goal))
        trials = logbook.trials(campaign, record.decision.as_of)
        asked = record.decision
        again = propose(versions[goal], trials, asked.batch, len(asked.proposals))
        yield _compare(record, again)
        progress(done + 1, len(records))


def _compare(record: DecisionRecord, again: Decision) -> ReplayRow:
    then = record.decision
    details: list[str] = []
    if (then.strategy, then.acquisition) != (again.strategy, again.acquisition):
        details.append(
            f"chosen by {then.strategy} {then.acquisition}, "
            f"now by {again.strategy} {again.acquisition}"
        )
    if then.seed != again.seed:
        details.append(f"seed was {then.seed}, is now {again.seed}")
    if len(then.proposals) != len(again.proposals):
        details.append(f"{len(then.proposals)} proposals, now {len(again.proposals)}")
    worst = 0.0
    for i, (a, b) in enumerate(zip(then.proposals, again.proposals, strict=False), 1):
        if intervention_key(a.intervention) != intervention_key(b.intervention):
            details.append(
                f"proposal {i} was {a.intervention}, is now {b.intervention}"
            )
            continue
        off, changes = _differences(i, a, b)
        worst = max(worst, off)
        details += changes
    if details:
        details += _changes(then.versions, again.versions)
    return ReplayRow(
        then.batch, not details, not details and worst == 0.0, tuple(details)
    )


def _differences(number: int, then: Proposal, now: Proposal) -> tuple[float, list[str]]:
    """Return the largest relative difference of two predictions, and those told."""
    worst = 0.0
    details: list[str] = []
    for p, r in zip(then.predictions, now.predictions, strict=True):
        scale = max(abs(p.mean), abs(p.std))
        off = max(abs(p.mean - r.mean), abs(p.std - r.std)) / scale
        worst = max(worst, off)
        if off > TOLERANCE:
            details.append(
                f"proposal {number}: {p.quantity} was {p.mean:.6g} ± {p.std:.3g}, "
                f"is now {r.mean:.6g} ± {r.std:.3g}"
            )
    return worst, details


def _changes(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{name} was {then.get(name)}, is now {now.get(name)}"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
