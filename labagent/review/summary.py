"""Where a campaign stands, in one value."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labagent.campaigns import Campaign
from labagent.experiments import ExperimentRecord, StepRecord, StepState
from labagent.review.best import Advance, best, trace
from labagent.review.calibration import Calibration, calibration, calibrations
from labagent.review.surprises import Surprise, surprises

_SPENT = frozenset(
    {StepState.RUNNING, StepState.MEASURED, StepState.FAILED, StepState.UNKNOWN}
)


@dataclass(frozen=True)
class Spending:
    """What a campaign has used of its budget.

    Attributes:
        experiments: Number of experiments that were dispatched.
        cost: In the campaign's currency.
        hours: Declared hours of the dispatched steps.
    """

    experiments: int
    cost: float
    hours: float


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
    stages = {s.name: s for s in campaign.stages}
    own = [r for r in records if not is_imported(r)]
    steps = [s for r in own for s in r.steps if _was_run(s)]
    known = [stages[s.stage] for s in steps if s.stage in stages]
    return Spending(
        experiments=sum(any(_was_run(s) for s in r.steps) for r in own),
        cost=sum(stage.cost for stage in known),
        hours=sum(stage.hours for stage in known),
    )


def is_imported(record: ExperimentRecord) -> bool:
    """Return whether an experiment came from a table of past ones."""
    return record.batch is None and record.source not in ("agent", "person")


def _was_run(step: StepRecord) -> bool:
    # A cancelled step counts only where somebody had begun it.
    if step.state is StepState.CANCELLED:
        return step.attempts > 0
    return step.state in _SPENT
