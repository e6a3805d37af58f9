"""``labagent show``: everything about one experiment."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from labagent.app.book import Book
from labagent.app.layout import fields
from labagent.app.screen import Column, table
from labagent.app.session import Session, split_words, with_session, wrong_words
from labagent.app.text import (
    amount,
    expected,
    measured,
    moment,
    number,
    setting,
    sigmas,
    units_of,
)
from labagent.experiments import ExperimentRecord, Kind, Measurement, StepRecord
from labagent.ports import Correction
from labagent.review import Row, dispatched_at, history_row, iso, predicted_at, surprise

OneWord = Annotated[
    list[str],
    typer.Argument(
        metavar="[CAMPAIGN] ID",
        show_default=False,
        help="Id as `labagent history` shows it.",
    ),
]


@with_session
def show(session: Session, words: OneWord) -> None:
    """Show one experiment: settings, sealed prediction, result, provenance."""
    ids, reference = split_words(words)
    session = session.of(reference)
    with session.book() as book:
        [record] = book.records([one_id(ids)])
        corrected = [
            c
            for c in book.logbook.corrections(book.row.id)
            if c.experiment == record.number
        ]
        data = plain(record, corrected)
        lines = list(screen(book, record, corrected))
    session.answer(data, lines)


def one_id(ids: list[int]) -> int:
    """Return the one id that was named.

    Raises:
        ConfigurationError: None was named, or several.
    """
    if len(ids) != 1:
        raise wrong_words(
            f"got {len(ids)} ids", "must name one experiment", "such as 3"
        )
    return ids[0]


def plain(record: ExperimentRecord, corrected: Sequence[Correction]) -> Row:
    """Return an experiment as plain data, its steps with provenance included."""
    approval = record.approval
    return {
        **history_row(record),
        "goal_version": record.goal_version,
        "approval": None
        if approval is None
        else {
            "by": approval.by,
            "at": iso(approval.at),
            "approved": approval.approved,
            "reason": approval.reason,
        },
        "steps": [_plain_step(s) for s in record.steps],
        "corrections": [
            {
                "stage": c.stage,
                "quantity": c.quantity,
                "reason": c.reason,
                "by": c.by,
                "at": iso(c.at),
            }
            for c in corrected
        ],
    }


def _plain_step(step: StepRecord) -> Row:
    return {
        "stage": step.stage,
        "state": step.state.value,
        "executor": step.executor,
        "key": step.key,
        "attempts": step.attempts,
        "dispatched_at": iso(step.dispatched_at),
        "finished_at": iso(step.finished_at),
        "message": step.message,
        "provenance": dict(step.provenance),
        "measurements": [_plain_measurement(m) for m in step.measurements],
    }


def _plain_measurement(m: Measurement) -> Row:
    return {
        "quantity": m.quantity,
        "value": m.value if m.label is None else m.label,
        "unit": m.unit,
        "sigma": m.sigma,
        "quality": m.quality,
        "kind": m.kind.value,
        "raw": m.raw,
    }


def screen(
    book: Book, record: ExperimentRecord, corrected: Sequence[Correction]
) -> Iterator[str]:
    """Yield an experiment as lines for people."""
    yield f"Experiment {record.number} of {book.row.name}: {record.state.value}"
    told = "\n".join(
        f"{moment(c.at)} by {c.by}: {c.quantity}: {c.reason}" for c in corrected
    )
    yield fields([*_life(record), ("corrected", told)])
    yield "Set"
    units = units_of(book.campaign.space)
    yield fields(
        [(n, setting(v, units.get(n, ""))) for n, v in record.intervention.items()]
    )
    if record.predictions or record.results:
        yield ""
        yield _comparison(book, record)
    for step in record.steps:
        yield ""
        yield f"Stage {step.stage}: {step.state.value}"
        yield fields(_step_fields(step))


def _life(record: ExperimentRecord) -> Iterator[tuple[str, str]]:
    batch = "" if record.batch is None else f", batch {record.batch}"
    origin = f"{record.source}{batch}, goal version {record.goal_version}"
    yield "proposed", f"{moment(record.proposed_at)} by {origin}"
    if record.predictions:
        yield "predicted", f"{moment(predicted_at(record))}, sealed"
    if record.approval is not None:
        word = "approved" if record.approval.approved else "rejected"
        why = f": {record.approval.reason}" if record.approval.reason else ""
        yield word, f"{moment(record.approval.at)} by {record.approval.by}{why}"
    if dispatched_at(record) is not None:
        yield "dispatched", moment(dispatched_at(record))
    yield "set by hand", ", ".join(sorted(record.was_set))
    yield "only observed", ", ".join(sorted(record.observed))


def _comparison(book: Book, record: ExperimentRecord) -> str:
    columns = [
        Column("quantity"),
        Column("expected", share=2),
        Column("90 % interval", share=2),
        Column("measured", right=True),
        Column("surprise", right=True),
    ]
    results, off = record.results, surprise(record)
    sealed = {s.prediction.quantity: s.prediction for s in record.predictions}
    units = {v.name: v.unit for v in book.campaign.measured}
    rows: list[list[str]] = []
    for name in dict.fromkeys([*sealed, *results]):
        prediction, unit = sealed.get(name), units.get(name, "")
        low, high = prediction.interval(0.9) if prediction else (0.0, 0.0)
        rows.append(
            [
                name,
                expected(prediction) if prediction else "-",
                f"{number(low)} to {amount(high, unit)}" if prediction else "-",
                measured(results[name], unit) if name in results else "-",
                sigmas(off[name]) if name in off else "-",
            ]
        )
    return table(columns, rows)


def _step_fields(step: StepRecord) -> Iterator[tuple[str, str]]:
    yield "executor", step.executor
    if step.attempts:
        yield "dispatched", f"{moment(step.dispatched_at)}, attempt {step.attempts}"
    if step.finished_at is not None:
        yield "finished", moment(step.finished_at)
    yield "message", step.message
    yield "seen", "\n".join(_seen(m) for m in step.measurements)
    yield "key", step.key if step.attempts else ""
    yield "provenance", "\n".join(flat(step.provenance))


def _seen(m: Measurement) -> str:
    value = m.label if m.value is None else measured(m.value, m.unit)
    sigma = "" if m.sigma is None else f" ± {amount(m.sigma, m.unit, 2)}"
    notes = [m.kind.value] if m.kind is not Kind.RESULT else []
    notes += [m.quality] if m.quality != "good" else []
    notes += [m.raw] if m.raw else []
    tail = f" ({', '.join(notes)})" if notes else ""
    return f"{m.quantity} = {value}{sigma}{tail}"


def flat(data: Mapping[str, object], head: str = "") -> Iterator[str]:
    """Yield a nested mapping as ``a.b = value`` lines, lists of them numbered."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{head}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield from flat(
                {str(i): v for i, v in enumerate(value, 1)}, f"{head}{name}."
            )
        else:
            yield f"{head}{name} = {_short(value)}"


def _short(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(_short(v) for v in value)
    return str(value)
