"""What a person has to do now, with the commands that do it."""

from collections.abc import Sequence
from dataclasses import dataclass

from labagent.app.session import Session
from labagent.app.text import numbers, setting, units_of
from labagent.campaigns import Campaign, Stage
from labagent.experiments import ExperimentRecord, StepRecord, StepState
from labagent.review.wording import plural

APPROVE, MEASURE, RESOLVE = "approve", "measure", "resolve"


@dataclass(frozen=True)
class Task:
    """One thing only a person can do.

    Attributes:
        kind: ``approve``, ``measure`` or ``resolve`` (an unclear outcome).
        ids: Numbers of the experiments it is about.
        headline: One line that says what to do.
        details: What a person needs to know to do it: label and text.
        commands: What to type when it is done, or to answer.
    """

    kind: str
    ids: tuple[int, ...]
    headline: str
    details: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]

    def plain(self) -> dict[str, object]:
        """Return the task as plain data."""
        return {
            "task": self.kind,
            "ids": list(self.ids),
            "text": self.headline,
            "details": dict(self.details),
            "commands": list(self.commands),
        }


def tasks(
    campaign: Campaign, records: Sequence[ExperimentRecord], session: Session
) -> list[Task]:
    """Return what waits for a person: unclear outcomes, work cards, approvals."""
    found: list[Task] = []
    for record in records:
        step = waiting_step(record)
        if step is not None:
            make = _resolve if step.state is StepState.UNKNOWN else _measure
            found.append(make(campaign, record, step, session))
    found.sort(key=lambda task: task.kind != RESOLVE)
    proposed = [r for r in records if r.state is StepState.PROPOSED]
    if proposed:
        found.append(_approve(proposed, session))
    return found


def waiting_step(record: ExperimentRecord) -> StepRecord | None:
    """Return the step of an experiment whose outcome a person has to tell."""
    for step in record.steps:
        if step.state is StepState.UNKNOWN or step.handed_over:
            return step
    return None


def _approve(proposed: Sequence[ExperimentRecord], session: Session) -> Task:
    ids = [r.number for r in proposed]
    shown = numbers(ids)
    return Task(
        kind=APPROVE,
        ids=tuple(ids),
        headline=f"say yes or no to {plural(len(ids), 'proposal')}: {shown}",
        details=(),
        commands=(
            session.command("approve", *shown.split()),
            session.command("reject", *shown.split(), "--reason", "why not"),
        ),
    )


def _measure(
    campaign: Campaign, record: ExperimentRecord, step: StepRecord, session: Session
) -> Task:
    stage = stage_of(campaign, step)
    return Task(
        kind=MEASURE,
        ids=(record.number,),
        headline=f"do {_what(campaign, record, stage)}",
        details=_card(campaign, record, stage),
        commands=_answers(campaign, record, stage, session),
    )


def _resolve(
    campaign: Campaign, record: ExperimentRecord, step: StepRecord, session: Session
) -> Task:
    stage = stage_of(campaign, step)
    why = step.message or "the executor cannot tell"
    return Task(
        kind=RESOLVE,
        ids=(record.number,),
        headline=f"find out what became of {_what(campaign, record, stage)}",
        details=(("Unclear", why), *_card(campaign, record, stage)),
        commands=(
            *_answers(campaign, record, stage, session),
            session.command("record", record.number, "--redo", "nothing had happened"),
        ),
    )


def _what(campaign: Campaign, record: ExperimentRecord, stage: Stage) -> str:
    """Return what is to be done; a one-stage campaign needs no name of its stage."""
    of = f"{stage.name} of " if len(campaign.stages) > 1 else ""
    return f"{of}experiment {record.number}"


def _card(
    campaign: Campaign, record: ExperimentRecord, stage: Stage
) -> tuple[tuple[str, str], ...]:
    units = units_of(campaign.space)
    fixed = [
        (name, setting(record.intervention[name], units.get(name, "")))
        for name in stage.controls
        if name in record.intervention
    ]
    seen = [_asked(campaign, name) for name in stage.measures]
    noted = [_asked(campaign, v.name) for v in campaign.context]
    return (
        ("Set", "\n".join(f"{name} = {value}" for name, value in fixed)),
        ("Measure", ", ".join(seen) or "nothing; say --done when it is done"),
        ("Note down", ", ".join(noted)),
    )


def _asked(campaign: Campaign, name: str) -> str:
    unit = campaign.quantity(name).unit
    return f"{name} ({unit})" if unit else name


def _answers(
    campaign: Campaign, record: ExperimentRecord, stage: Stage, session: Session
) -> tuple[str, ...]:
    asked = [*stage.measures, *(v.name for v in campaign.context)]
    blanks = [f"{name}=..." for name in asked]
    if not stage.measures:
        blanks.insert(0, "--done")
    return (
        session.command("record", record.number, *blanks),
        session.command("record", record.number, "--failed", "what went wrong"),
    )


def stage_of(campaign: Campaign, step: StepRecord) -> Stage:
    """Return the stage a step runs."""
    for stage in campaign.stages:
        if stage.name == step.stage:
            return stage
    # The goal was edited since: what is left of the stage is its name.
    return Stage(step.stage, (), (), step.executor)
