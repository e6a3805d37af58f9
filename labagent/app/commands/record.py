"""``labagent record``: what a person measured, or saw go wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labagent.app.book import Book
from labagent.app.commands.show import one_id
from labagent.app.entries import (
    NOT_MEASURED,
    known_variables,
    missing,
    read_entries,
)
from labagent.app.options import ByOption
from labagent.app.session import Session, split_words, who, with_session, wrong_words
from labagent.app.tasks import waiting_step
from labagent.app.text import measured
from labagent.campaigns import Campaign
from labagent.errors import DataError, StateError
from labagent.experiments import ExperimentRecord, Measurement, StepRecord, StepState
from labagent.variables import Role

if TYPE_CHECKING:
    from adapters.forms import Form

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[CAMPAIGN] ID [QUANTITY=VALUE]...",
        show_default=False,
        help='Such as: 7 plqy=33percent "grain_size=0.2 um" operator=ada',
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="FORM",
        help="Read a filled-in result form (CSV, JSON or XLSX).",
    ),
]
FailedOption = Annotated[
    str | None, typer.Option("--failed", metavar="WHY", help="It failed: say why.")
]
RedoOption = Annotated[
    str | None,
    typer.Option(
        "--redo", metavar="WHY", help="Nothing happened: run it again, and say why."
    ),
]


@dataclass(frozen=True)
class Outcome:
    """What became of a step, as a person tells it."""

    state: StepState
    message: str


@with_session
def record(
    session: Session,
    words: Words,
    file: FileOption = None,
    failed: FailedOption = None,
    redo: RedoOption = None,
    by: ByOption = None,
) -> None:
    """Record what a person measured; values in other units are converted.

    What is recorded cannot be changed later.
    """
    entries = [w for w in words if "=" in w]
    ids, reference = split_words([w for w in words if "=" not in w])
    number = one_id(ids)
    outcome = _outcome(failed, redo)
    session = session.of(reference)
    with session.book() as book:
        [experiment] = book.records([number])
        step = _step(experiment)
        found, outcome = _read(book, step, entries, file, outcome)
        book.logbook.record(step.id, outcome.state, found, outcome.message, who(by))
    session.answer(
        _plain(number, step, outcome, found), _lines(number, step, outcome, found)
    )


def _outcome(failed: str | None, redo: str | None) -> Outcome:
    if failed is not None and redo is not None:
        raise wrong_words("got --failed and --redo", "must be one of them")
    for option, reason in (("--failed", failed), ("--redo", redo)):
        if reason is not None and not reason.strip():
            raise wrong_words(f"got an empty {option}", "must say why")
    if failed is not None:
        return Outcome(StepState.FAILED, failed)
    if redo is not None:
        return Outcome(StepState.APPROVED, redo)
    return Outcome(StepState.MEASURED, "")


def _step(experiment: ExperimentRecord) -> StepRecord:
    step = waiting_step(experiment)
    if step is None:
        raise StateError(
            f"experiment {experiment.number}: is {experiment.state.value}, must wait "
            "for a person's result; `labagent next` shows which do, and `labagent run` "
            "hands approved ones over"
        )
    return step


def _read(
    book: Book,
    step: StepRecord,
    entries: list[str],
    file: Path | None,
    outcome: Outcome,
) -> tuple[tuple[Measurement, ...], Outcome]:
    """Return what was typed and filed, and the outcome; a form may say it failed."""
    campaign = book.campaign
    typed = read_entries(campaign, entries, step.stage)
    if file is not None:
        form = _form(campaign, file, step)
        if form.failure and outcome.state is StepState.MEASURED:
            outcome = Outcome(StepState.FAILED, form.failure)
        return (*form.measurements, *typed.measurements), outcome
    absent = missing(campaign, step.stage, typed)
    if absent and outcome.state is StepState.MEASURED:
        raise DataError(
            f"results of {step.stage}: got no {', '.join(absent)}, must have all; type "
            f"{absent[0]}={NOT_MEASURED} where there is none; nothing was recorded"
        )
    return typed.measurements, outcome


def _form(campaign: Campaign, file: Path, step: StepRecord) -> "Form":
    # openpyxl takes 0.15 s to import: not where no file is read
    from adapters.forms import read_form  # noqa: PLC0415

    known = known_variables(campaign, step.stage).values()
    controls = [v for v in known if v.role is Role.CONTROL]
    results = [v for v in known if v.role is not Role.CONTROL]
    try:
        return read_form(file, controls, results)
    except DataError as error:
        raise DataError(f"file {file}: {error}; nothing was recorded") from error


def _plain(
    number: int, step: StepRecord, outcome: Outcome, found: Sequence[Measurement]
) -> dict[str, object]:
    return {
        "id": number,
        "stage": step.stage,
        "status": outcome.state.value,
        "message": outcome.message,
        "recorded": {
            m.quantity: m.value if m.label is None else m.label for m in found
        },
    }


def _lines(
    number: int, step: StepRecord, outcome: Outcome, found: Sequence[Measurement]
) -> list[str]:
    verb = {StepState.MEASURED: "measured", StepState.FAILED: "failed"}
    said = verb.get(outcome.state, "to be run again")
    lines = [f"Experiment {number}, {step.stage}: {said}. {outcome.message}".rstrip()]
    for m in found:
        value = m.label if m.value is None else measured(m.value, m.unit)
        lines.append(f"  {m.quantity} = {value}")
    return lines
