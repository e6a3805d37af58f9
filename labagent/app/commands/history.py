"""``labagent history``: all experiments, as a table, CSV or JSON."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated

import typer

from labagent.app.book import Book
from labagent.app.cells import csv_rows
from labagent.app.options import Reference
from labagent.app.printing import say
from labagent.app.screen import Column, table
from labagent.app.session import Session, with_session, wrong_words
from labagent.app.text import amount, expected, measured, settings, sigmas, units_of
from labagent.experiments import ExperimentRecord
from labagent.review import context, history_rows, is_imported, message, surprise


@with_session
def history(
    session: Session,
    reference: Reference = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Answer as CSV, one experiment a line.")
    ] = False,
) -> None:
    """List all experiments: what was set, expected and measured."""
    if as_csv and session.json:
        raise wrong_words("got --csv and --json", "must be one of them")
    session = session.of(reference)
    with session.book() as book:
        records = book.records()
        if as_csv:
            say([_csv(book, records)])
            return
        lines = [screen(book, records)] if not session.json else []
    session.answer(history_rows(records) if session.json else None, lines)


def screen(book: Book, records: tuple[ExperimentRecord, ...]) -> str:
    """Return the experiments as a table for people."""
    if not records:
        return "No experiments yet."
    units = units_of(book.campaign.space)
    columns = [
        Column("id", right=True),
        Column("status"),
        Column("set", share=1),
        Column("measured (expected)", share=1),
    ]
    return table(columns, [_line(book, r, units) for r in records])


def _line(book: Book, record: ExperimentRecord, units: dict[str, str]) -> list[str]:
    state = record.state.value
    return [
        str(record.number),
        "past" if is_imported(record) else state,
        settings(record.intervention, units),
        "\n".join(_seen(book, record)),
    ]


def _seen(book: Book, record: ExperimentRecord) -> Iterator[str]:
    """Yield each quantity with its result and what was expected, then the rest."""
    sealed = {s.prediction.quantity: s.prediction for s in record.predictions}
    off = surprise(record)
    for name in dict.fromkeys([*sealed, *record.results]):
        text = name
        if name in record.results:
            text += f" {measured(record.results[name], _unit(book, name))}"
            text += " set" if name in record.was_set else ""
        if name in sealed:
            shift = f", {sigmas(off[name])}" if name in off else ""
            text += f" ({expected(sealed[name])}{shift})"
        yield text
    for name, value in context(record).items():
        unit = _unit(book, name)
        yield f"{name} {amount(value, unit) if isinstance(value, float) else value}"
    if record.observed:
        yield f"{', '.join(sorted(record.observed))} only observed"
    if message(record):
        yield message(record)


def _unit(book: Book, name: str) -> str:
    try:
        return book.campaign.quantity(name).unit
    except KeyError:  # measured under an earlier version of the goal
        return ""


def _csv(book: Book, records: tuple[ExperimentRecord, ...]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows(csv_rows(book.campaign, records))
    return file.getvalue().rstrip("\n")
