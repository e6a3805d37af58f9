"""Measured tables, CSV or XLSX, row by row; read as the campaign file's tables are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labagent.config import cells, tables
from labagent.config.cells import CellError, Marks, Percent
from labagent.config.nodes import Place, Report
from labagent.errors import ConfigurationError, DataError, Mistake

Cell = float | str | Percent | None
"""A number, a text, a number shown as percent, or nothing."""

_UNCLEAR = Marks(";", comma=True, point=True)  # what was clear is a number already
_SHOWN = 5  # mistakes of one table that a message names


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        number: As spreadsheets count: the header is row 1.
        cells: Column to content.
    """

    number: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """A header and the rows below it."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, sheet: str | None = None) -> Table:
    """Read a table.

    Args:
        path: A ``.csv``, ``.tsv``, ``.txt`` or ``.xlsx`` file.
        sheet: Name of the sheet; the first one by default.

    Raises:
        DataError: The file is missing or is no table, or a number in it has two
            readings.
    """
    report = Report()
    table = tables.read_table(path, sheet, Place(str(path)), report)
    names: list[str] = []
    rows: list[Row] = []
    if table is not None:
        table.check_widths(report)
        names = [heading for heading in table.header if heading]
        for doubled in sorted({name for name in names if names.count(name) > 1}):
            report.add(
                Place(str(path), table.line),
                f"got the column {doubled!r} twice",
                "must be named once",
            )
        rows = [_row(table, row) for row in table.rows]
    _close(path, report)
    return Table(tuple(names), tuple(rows))


def as_number(cell: object, unit: str) -> float:
    """Return a cell's number in a unit.

    Args:
        cell: As a row holds it, or as JSON says it.
        unit: Of the column; a cell shown as percent is converted to it.

    Raises:
        DataError: It holds no number, or one with two readings.
    """
    try:
        return cells.number(cell, unit, _UNCLEAR)
    except CellError as error:
        advice = f"; {error.suggestion}" if error.suggestion else ""
        shown = cells.shown(cell)
        raise DataError(f"got {shown}, {error.rule}{advice}") from error


def _close(path: Path, report: Report) -> None:
    """Raise what is wrong with a table, in one line.

    Raises:
        DataError: Something is.
    """
    try:
        report.close()
    except ConfigurationError as error:
        told = [_said(path, mistake) for mistake in error.mistakes]
        more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
        raise DataError(
            f"table {path.name}: {'; '.join(told[:_SHOWN])}{more}"
        ) from error


def _said(path: Path, mistake: Mistake) -> str:
    line = mistake.place.removeprefix(str(path)).strip(":")
    text = str(mistake).removeprefix(f"{mistake.place}: ")
    text = text.removeprefix(f"table {path.name}: ")
    return f"line {line}: {text}" if line else text


def _row(table: tables.Table, row: tables.Row) -> Row:
    line = dict(zip(table.header, row.cells, strict=False))
    return Row(
        row.line,
        {name: _cell(line.get(name), table) for name in table.header if name},
    )


def _cell(cell: object, table: tables.Table) -> Cell:
    """Return a cell as a number where it is one; unclear numbers stay texts."""
    if cells.blank(cell) or str(cell).strip().lower() == "nan":
        return None
    if isinstance(cell, Percent):
        return cell
    try:
        return cells.number(cell, "", table.marks)
    except CellError:
        return cells.text_of(cell)
