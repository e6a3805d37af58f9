"""Where a campaign stands, in one value."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labagent.campaigns import Campaign, Spending
from labagent.experiments import ExperimentRecord, StepState, uses_budget
from labagent.review.best import Advance, best, trace
from labagent.review.calibration import Calibration, calibration, calibrations
from labagent.review.surprises import Surprise, surprises


@dataclass(frozen=True)
class Summary:
    """Where a campaign stands.

    Attributes:
        campaign: The campaign.
        total: Number of experiments, imported ones included.
        imported: How many came from a table of past experiments.
        measured: How many have all their results.
        states: State to number of experiments, only those that occur.
        spent: What was used of the budget.
        best: The best so far, or the Pareto front.
        last_advance: The last experiment that improved the best; None if none did.
        calibration: All quantities pooled, then one per quantity.
        surprises: Largest first.
    """

    campaign: Campaign
    total: int
    imported: int
    measured: int
    states: Mapping[StepState, int]
    spent: Spending
    best: tuple[ExperimentRecord, ...]
    last_advance: Advance | None
    calibration: tuple[Calibration, ...]
    surprises: tuple[Surprise, ...]


def summarise(campaign: Campaign, records: Sequence[ExperimentRecord]) -> Summary:
    """Return where a campaign stands."""
    states = Counter(r.state for r in records)
    advances = [a for a in trace(campaign, records) if a.improved]
    return Summary(
        campaign=campaign,
        total=len(records),
        imported=sum(is_imported(r) for r in records),
        measured=states[StepState.MEASURED],
        states={state: states[state] for state in StepState if states[state]},
        spent=spent(campaign, records),
        best=best(campaign, records),
        last_advance=advances[-1] if advances else None,
        calibration=(calibration(records), *calibrations(records)),
        surprises=surprises(records),
    )


def spent(campaign: Campaign, records: Sequence[ExperimentRecord]) -> Spending:
    """Return what was used of the budget; imported experiments cost nothing."""
    return campaign.spending(
        [s.stage for s in r.steps if uses_budget(s.state, s.attempts > 0)]
        for r in records
        if not is_imported(r)
    )


def is_imported(record: ExperimentRecord) -> bool:
    """Return whether an experiment came from a table of past ones."""
    return record.batch is None and record.source not in ("agent", "person")
