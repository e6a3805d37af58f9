"""``labagent history``: all experiments, as a table, CSV or JSON."""

import csv
import io
from typing import Annotated

import typer

from labagent.app.book import Book
from labagent.app.cells import csv_rows
from labagent.app.options import Reference
from labagent.app.printing import say
from labagent.app.screen import Column, table
from labagent.app.session import Session, with_session
from labagent.app.text import expected, measured, settings, sigmas, units_of
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
        Column("set", share=3),
        Column("expected", share=2),
        Column("measured", share=2),
    ]
    return table(columns, [_line(book, r, units) for r in records])


def _line(book: Book, record: ExperimentRecord, units: dict[str, str]) -> list[str]:
    off = surprise(record)
    seen = [
        f"{name} {measured(value, _unit(book, name))}"
        + (f" ({sigmas(off[name])})" if name in off else "")
        for name, value in record.results.items()
    ]
    seen += [f"{name} {value}" for name, value in context(record).items()]
    if message(record):
        seen.append(message(record))
    state = record.state.value
    return [
        str(record.number),
        f"{state} (past)" if is_imported(record) else state,
        settings(record.intervention, units),
        "\n".join(f"{s.prediction.quantity} {expected(s.prediction)}"
                  for s in record.predictions),
        "\n".join(seen),
    ]  # fmt: skip


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
