"""Collecting what people have filed since the last look.

A step in a person's hands has no lease. Its result comes by ``labagent record``, or by
a file that its executor finds; then it is written here.
"""

from collections.abc import Sequence

from flows.endings import Ending, ended, judge, storable
from flows.steps import Driven, Fate, Workplace
from labagent.campaigns import Stage
from labagent.errors import StateError
from labagent.experiments import ExperimentRecord, StepRecord, StepState
from labagent.ports import Observation, Report, RunStatus, Sighting
from labagent.review.plausible import Doubt, doubts


def collect(place: Workplace) -> tuple[Driven, ...]:
    """Record the results that people have handed in as files.

    Returns:
        What was recorded now, and what an executor says of files it cannot take.
    """
    found: list[Driven] = []
    for record in place.logbook.experiments(place.campaign_id):
        for step in record.steps:
            if step.state is StepState.RUNNING and step.handed_over:
                found += _collect_step(place, record, step)
    return tuple(found)


def _collect_step(
    place: Workplace, record: ExperimentRecord, step: StepRecord
) -> list[Driven]:
    executor = place.executor(step.executor)
    sighting, handle = executor.lookup(step.key)
    if sighting is not Sighting.SEEN:
        return []
    report = executor.poll(handle)
    if not report.status.final or report.status is RunStatus.UNKNOWN:
        told = Driven(Fate.HANDED_OVER, record.number, step.stage, report.message)
        return [told] if report.message else []
    stage = next((s for s in place.campaign.stages if s.name == step.stage), None)
    if stage is None:  # the goal was edited since; `labagent record` still takes it
        return []
    ending = _ending(place, stage, report, executor.observations(handle))
    if doubted := doubts(place.campaign, record, ending.measurements):
        text = "; ".join(map(_doubt, doubted))
        how = f"look at it, then type `labagent record {record.number} NAME=VALUE`"
        message = f"{text}: {how}, with --sure if it is right"
        return [Driven(Fate.HANDED_OVER, record.number, step.stage, message)]
    try:
        place.logbook.record(
            step.id, ending.state, ending.measurements, ending.message, step.executor
        )
    except StateError:  # somebody else was quicker
        return []
    return [Driven(Fate(ending.state.value), record.number, step.stage, ending.message)]


def _doubt(found: Doubt) -> str:
    """Return why a filed result is not taken as it is."""
    m, expected = found.measurement, found.prediction
    return (
        f"{m.quantity}: the form says {m.value:g} {m.unit}, expected "
        f"{expected.centre:.4g} ± {expected.spread:.2g}"
    )


def _ending(
    place: Workplace, stage: Stage, report: Report, observations: Sequence[Observation]
) -> Ending:
    """Return what a person says became of a step."""
    if report.status is RunStatus.SUCCEEDED:
        return ended(place.campaign, stage, observations, {})
    kept, _ = judge(place.campaign, stage, observations)
    message = storable(report.message or report.status.value)
    return Ending(StepState.FAILED, message, kept)
