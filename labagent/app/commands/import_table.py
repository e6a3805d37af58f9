"""``labagent import``: past experiments from a table."""

from pathlib import Path
from typing import Annotated

import typer

from db import open_logbook
from labagent import config
from labagent.app.options import ByOption
from labagent.app.progress import bar
from labagent.app.session import Session, who, with_session, wrong_words
from labagent.campaigns import Campaign
from labagent.config.rows import read_history, read_rows
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
        found, name = _rows(campaign, file, source, sheet)
    rows = [
        row for row in found if any(m.kind is Kind.RESULT for m in row.measurements)
    ]
    if found and not rows:
        names = ", ".join(v.name for v in campaign.measured)
        raise DataError(f"table {name}: got no result, must have a column for {names}")
    logbook = open_logbook(session.url)
    try:
        row = logbook.open_campaign(campaign, who(by))
        with bar("Importing", shown=not session.json):
            new, known = logbook.import_rows(row.id, rows, name, who(by))
    finally:
        logbook.close()
    empty = len(found) - len(rows)
    already = f", {known} were there already" if known else ""
    left_out = f", {empty} without a result left out" if empty else ""
    session.answer(
        {"source": name, "new": new, "known": known, "without_result": empty},
        [f"Imported {plural(new, 'experiment')} from {name}{already}{left_out}."],
    )


def _rows(
    campaign: Campaign, file: Path, source: Path | None, sheet: str | None
) -> tuple[tuple[ImportedRow, ...], str]:
    """Return the table's rows and the name they are kept under."""
    past = campaign.history
    if source is None and past is not None:
        return read_history(campaign, file.resolve().parent), past.file
    table = source or file
    columns = past.columns if past is not None else ()
    return read_rows(table, columns, campaign, sheet), table.name
