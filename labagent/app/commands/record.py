"""``labagent record``: what a person measured, or saw go wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labagent.app.book import CAMPAIGN, Book
from labagent.app.commands.show import one_id
from labagent.app.correcting import Right, correct, refuse_doubtful
from labagent.app.entries import (
    NOT_MEASURED,
    known_variables,
    missing,
    nothing_recorded,
    read_entries,
)
from labagent.app.options import ByOption
from labagent.app.regimes import read_regime, refuse_unset
from labagent.app.session import Session, split_words, who, with_session, wrong_words
from labagent.app.tasks import stage_of, waiting_step
from labagent.app.text import measured
from labagent.campaigns import Campaign
from labagent.errors import ConfigurationError, DataError, Mistake, StateError
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


WrongOption = Annotated[
    str | None,
    typer.Option(
        "--wrong",
        metavar="WHY",
        help="What was recorded is wrong: say why, and give what is right where it is "
        "known. The old value stays in the database and counts no more.",
    ),
]
DoneOption = Annotated[
    bool, typer.Option("--done", help="A stage that measures nothing was done.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="STATE",
        help="This measured state was set by hand, so the recipe alone did not make "
        "it. May be repeated.",
    ),
]
ObservedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--observed",
        metavar="NAME",
        help="With --wrong: nobody set this, it took its own course. May be repeated.",
    ),
]
SureOption = Annotated[
    bool, typer.Option("--sure", help="It is right, however unlikely it looks.")
]


@dataclass(frozen=True)
class Outcome:
    """What became of a step, as a person tells it.

    Attributes:
        state: Measured, failed, or approved to be run again.
        message: Why.
        done: Whether a person said that it was done.
        sure: Whether values are right however unlikely.
        was_set: Measured states that somebody set.
    """

    state: StepState
    message: str
    done: bool = False
    sure: bool = False
    was_set: tuple[str, ...] = ()


@with_session
def record(  # noqa: PLR0913, PLR0917 a command's options are its arguments
    session: Session,
    words: Words,
    file: FileOption = None,
    failed: FailedOption = None,
    redo: RedoOption = None,
    wrong: WrongOption = None,
    done: DoneOption = False,
    sure: SureOption = False,
    was_set: SetOption = None,
    observed: ObservedOption = None,
    by: ByOption = None,
) -> None:
    """Record what a person measured; values in other units are converted.

    What was recorded stays; `--wrong WHY` adds what is right, which counts from then
    on. Values far from what was expected need `--sure`.
    """
    _check_options(
        {"--file": file, "--failed": failed, "--redo": redo, "--wrong": wrong}
    )
    _check_words(redo, wrong, was_set, observed)
    entries = [w for w in words if "=" in w]
    number, reference = _which([w for w in words if "=" not in w])
    session = session.of(reference)
    try:
        with session.book() as book:
            [experiment] = book.records([number])
            if wrong is not None:
                right = Right(entries, was_set or [], observed or [], sure=sure)
                answer = correct(book, experiment, right, wrong, who(by))
            else:
                outcome = _outcome(failed, redo, done=done, sure=sure)
                outcome = replace(outcome, was_set=tuple(was_set or []))
                answer = _recorded(book, experiment, entries, file, outcome, by)
    except ConfigurationError as error:
        raise _about_words(error, reference) from error
    session.answer(*answer)


def _check_options(given: dict[str, object]) -> None:
    """Refuse options that contradict each other, or reasons that say nothing."""
    used = [name for name, value in given.items() if value is not None]
    if len(used) > 1 and used != ["--file", "--failed"]:
        raise wrong_words(f"got {' and '.join(used)}", "must be one of them")
    for name in used:
        if not str(given[name]).strip():
            raise wrong_words(f"got an empty {name}", "must say why")


def _check_words(
    redo: str | None,
    wrong: str | None,
    was_set: list[str] | None,
    observed: list[str] | None,
) -> None:
    """Refuse words on what was set where nothing can have been set."""
    if observed and wrong is None:
        raise wrong_words(
            f"got --observed {observed[0]}",
            "must go with --wrong WHY, as nothing else was said yet",
            "leave it out where nobody set it",
        )
    if was_set and redo is not None:
        raise wrong_words("got --redo and --set", "must have none to be run again")


def _which(words: list[str]) -> tuple[int, str | None]:
    """Return the experiment's number, and the campaign where one is named.

    Raises:
        ConfigurationError: A value without its name is among the words.
    """
    numeric = [w for w in words if w.lstrip("+-#")[:1].isdigit()]
    if len(numeric) > 1:
        first, second = numeric[:2]
        raise wrong_words(
            f"got {second!r} beside experiment {first}",
            "must name one experiment, and each value's quantity",
            f"write QUANTITY={second}, such as plqy={second}",
        )
    ids, reference = split_words(words)
    return one_id(ids), reference


def _about_words(
    error: ConfigurationError, reference: str | None
) -> ConfigurationError:
    """Return an error that says of a word which names no campaign what it may be."""
    if reference is None or error.mistakes[0].place != CAMPAIGN:
        return error
    return wrong_words(
        f"got {reference!r}, which is no campaign",
        "must be a campaign, or a quantity with its value",
        f"write {reference}=33 where it was measured",
    )


def _recorded(
    book: Book,
    experiment: ExperimentRecord,
    entries: list[str],
    file: Path | None,
    outcome: Outcome,
    by: str | None,
) -> tuple[dict[str, object], list[str]]:
    """Write what a person says of an experiment; return the answer."""
    step, number = _step(experiment), experiment.number
    found, outcome = _read(book, step, entries, file, outcome)
    regime = read_regime(book.campaign, outcome.was_set)
    refuse_unset(book.campaign, regime, {m.quantity: m.value for m in found})
    if not outcome.sure and not regime:
        refuse_doubtful(book.campaign, experiment, found)
    book.logbook.record(step.id, outcome.state, found, outcome.message, who(by), regime)
    lines = _lines(number, step, outcome, found)
    noted = {m.quantity for m in found}
    left = [v.name for v in book.campaign.context if v.name not in noted]
    if left and outcome.state is StepState.MEASURED:
        lines.append(f"Not noted down: {', '.join(left)}.")
    return _plain(number, step, outcome, found), lines


def _outcome(
    failed: str | None, redo: str | None, *, done: bool, sure: bool
) -> Outcome:
    if failed is not None:
        return Outcome(StepState.FAILED, failed, sure=sure)
    if redo is not None:
        return Outcome(StepState.APPROVED, redo)
    return Outcome(StepState.MEASURED, "", done, sure)


def _step(experiment: ExperimentRecord) -> StepRecord:
    step = waiting_step(experiment)
    if step is None:
        over = experiment.state in (StepState.MEASURED, StepState.FAILED)
        remedy = (
            f"to correct it: labagent record {experiment.number} --wrong WHY NAME=VALUE"
            if over
            else "`labagent next` shows which do, and `labagent run` hands approved "
            "ones over"
        )
        raise StateError(
            f"experiment {experiment.number}: is {experiment.state.value}, must wait "
            f"for a person's result; {remedy}"
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
    typed = read_entries(known_variables(campaign, step.stage), entries)
    if file is not None:
        form = _form(campaign, file, step)
        if form.failure and outcome.state is StepState.MEASURED:
            outcome = Outcome(StepState.FAILED, form.failure, sure=outcome.sure)
        return (*form.measurements, *typed.measurements), outcome
    if outcome.state is StepState.MEASURED:
        _check_complete(campaign, step, typed.answered, outcome)
    if outcome.state is StepState.APPROVED and entries:
        raise wrong_words("got --redo and results", "must have none to be run again")
    return typed.measurements, outcome


def _check_complete(
    campaign: Campaign, step: StepRecord, answered: frozenset[str], outcome: Outcome
) -> None:
    """Refuse results that leave something out, or a stage that nobody said was done."""
    absent = missing(campaign, step.stage, answered)
    if absent:
        mistake = Mistake(
            f"results of {step.stage}",
            f"got no {', '.join(absent)}",
            "must have all",
            f"type {absent[0]}={NOT_MEASURED} where there is none",
        )
        raise nothing_recorded([mistake])
    if not stage_of(campaign, step).measures and not outcome.done:
        mistake = Mistake(
            f"stage {step.stage}",
            "got no word that it was done",
            "must be told, as it measures nothing",
            "add --done, or --failed WHY",
        )
        raise nothing_recorded([mistake])


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
        "set": list(outcome.was_set),
    }


def _lines(
    number: int, step: StepRecord, outcome: Outcome, found: Sequence[Measurement]
) -> list[str]:
    verb = {StepState.MEASURED: "measured", StepState.FAILED: "failed"}
    said = verb.get(outcome.state, "to be run again")
    lines = [f"Experiment {number}, {step.stage}: {said}. {outcome.message}".rstrip()]
    for m in found:
        value = m.label if m.value is None else measured(m.value, m.unit)
        by_hand = " (set)" if m.quantity in outcome.was_set else ""
        lines.append(f"  {m.quantity} = {value}{by_hand}")
    return lines
