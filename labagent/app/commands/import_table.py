"""``labagent import``: past experiments from a table."""

from pathlib import Path
from typing import Annotated

import typer

from db import open_logbook
from labagent import config
from labagent.app.layout import paragraph
from labagent.app.options import ByOption
from labagent.app.progress import bar
from labagent.app.session import Session, who, with_session, wrong_words
from labagent.campaigns import Campaign
from labagent.config import Past, read_past
from labagent.errors import DataError
from labagent.experiments import Kind
from labagent.ports import ImportedRow
from labagent.review.wording import plural


@with_session
def import_table(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaign file.")],
    source: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="A CSV or XLSX file; without it, the campaign's own history.",
        ),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of an XLSX file; else the first.")
    ] = None,
    by: ByOption = None,
) -> None:
    """Import past experiments into the database, to learn from.

    Columns are found by the variables' names, or by the `columns` of the campaign's
    `history`. Importing a table twice adds nothing.
    """
    campaign = config.load(file)
    if source is None and campaign.history is None:
        raise wrong_words(
            f"got no --source, and {file} names no history",
            "must say which table to read",
            "add --source TABLE",
        )
    if source is not None and not source.is_file():
        problem = f"got --source {source}, where there is no file"
        raise wrong_words(problem, "must be a CSV or XLSX table", "check its name")
    session = session.of(str(file))
    session.check()
    with bar("Reading the table", shown=not session.json):
        past, name = _rows(campaign, file, source, sheet)
    rows = _with_results(campaign, past, name)
    logbook = open_logbook(session.url)
    try:
        row = logbook.open_campaign(campaign, who(by))
        with bar("Importing", shown=not session.json):
            new, known = logbook.import_rows(row.id, rows, name, who(by))
    finally:
        logbook.close()
    empty = len(past.rows) - len(rows)
    already = f", {known} were there already" if known else ""
    left_out = f", {empty} without a result left out" if empty else ""
    session.answer(
        {
            "source": name,
            "new": new,
            "known": known,
            "without_result": empty,
            "notes": list(past.notes),
        },
        [
            *(paragraph(f"Note: {note}") for note in past.notes),
            f"Imported {plural(new, 'experiment')} from {name}{already}{left_out}.",
        ],
    )


def _with_results(campaign: Campaign, past: Past, name: str) -> list[ImportedRow]:
    """Return the rows that hold a result.

    Raises:
        DataError: There are rows, and none holds one.
    """
    rows = [r for r in past.rows if any(m.kind is Kind.RESULT for m in r.measurements)]
    if past.rows and not rows:
        names = ", ".join(v.name for v in campaign.measured)
        raise DataError(
            f"table {name}: got no result in any row, must have one of {names}; see "
            "that the columns have these names and are not empty"
        )
    return rows


def _rows(
    campaign: Campaign, file: Path, source: Path | None, sheet: str | None
) -> tuple[Past, str]:
    """Return the table's rows and the name they are kept under."""
    own = campaign.history
    if source is None and own is not None:
        path = file.resolve().parent / own.file
        return read_past(path, own.columns, campaign, own.sheet), own.file
    table = source or file
    columns = own.columns if own is not None else ()
    return read_past(table, columns, campaign, sheet), table.name
