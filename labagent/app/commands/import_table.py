"""``labagent import``: past experiments from a table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from db import open_logbook
from labagent import config
from labagent.app.layout import paragraph
from labagent.app.options import ByOption
from labagent.app.progress import bar
from labagent.app.regimes import read_regime
from labagent.app.session import Session, who, with_session, wrong_words
from labagent.campaigns import Campaign
from labagent.config import Past, read_past
from labagent.errors import DataError
from labagent.experiments import ExperimentRecord, Kind, Regime
from labagent.ports import ImportedRow
from labagent.review.wording import plural

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="STATE",
        help="A measured state that somebody set in every row, so that the recipe did "
        "not make it. May be repeated.",
    ),
]
ObservedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--observed",
        metavar="CONTROL",
        help="A control that took its own course in every row and was only written "
        "down. May be repeated.",
    ),
]


@with_session
def import_table(  # noqa: PLR0913, PLR0917 a command's options are its arguments
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
    was_set: SetOption = None,
    observed: ObservedOption = None,
    by: ByOption = None,
) -> None:
    """Import past experiments into the database, to learn from.

    Columns are found by the variables' names, or by the `columns` of the campaign's
    `history`. Columns `set` and `observed` say row by row what `--set` and `--observed`
    say of all rows: names, with `;` between them. Importing a table twice adds nothing
    but what it now says of that.
    """
    campaign = config.load(file)
    _check_source(campaign, file, source)
    session = session.of(str(file))
    session.check()
    with bar("Reading the table", shown=not session.json):
        said = read_regime(campaign, was_set or [], observed or [])
        past, name = _rows(campaign, file, source, sheet, said)
    rows = _with_results(campaign, past, name)
    logbook = open_logbook(session.url)
    try:
        row = logbook.open_campaign(campaign, who(by))
        with bar("Importing", shown=not session.json):
            new, known = logbook.import_rows(row.id, rows, name, who(by))
        there = [r for r in logbook.experiments(row.id) if r.source == name]
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
            "set": Counter(n for r in there for n in sorted(r.was_set)),
            "observed": Counter(n for r in there for n in sorted(r.observed)),
            "notes": list(past.notes),
        },
        [
            *(paragraph(f"Note: {note}") for note in past.notes),
            f"Imported {plural(new, 'experiment')} from {name}{already}{left_out}.",
            *_regimes(there),
        ],
    )


def _check_source(campaign: Campaign, file: Path, source: Path | None) -> None:
    """Refuse a command that names no table that is there."""
    if source is None and campaign.history is None:
        raise wrong_words(
            f"got no --source, and {file} names no history",
            "must say which table to read",
            "add --source TABLE",
        )
    if source is not None and not source.is_file():
        problem = f"got --source {source}, where there is no file"
        raise wrong_words(problem, "must be a CSV or XLSX table", "check its name")


def _regimes(records: Sequence[ExperimentRecord]) -> Iterator[str]:
    """Yield what was set in past experiments, where that is anything unusual."""
    if not any(r.was_set or r.observed for r in records):
        return
    done = Counter(name for r in records for name in sorted(r.was_set))
    free = Counter(name for r in records for name in sorted(r.observed))
    words = [f"{name} was set in {count}" for name, count in done.items()]
    words += [f"{name} took its own course in {count}" for name, count in free.items()]
    rest = [name for name in records[0].intervention if name not in free]
    always = f" Set in all: {', '.join(rest)}." if rest else ""
    head = f"Of {plural(len(records), 'experiment')} from there"
    yield paragraph(f"{head}: {'; '.join(words)}.{always}")


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
    campaign: Campaign,
    file: Path,
    source: Path | None,
    sheet: str | None,
    said: Regime,
) -> tuple[Past, str]:
    """Return the table's rows and the name they are kept under."""
    own = campaign.history
    if source is None and own is not None:
        path = file.resolve().parent / own.file
        return read_past(path, own.columns, campaign, own.sheet, said), own.file
    table = source or file
    columns = own.columns if own is not None else ()
    return read_past(table, columns, campaign, sheet, said), table.name
