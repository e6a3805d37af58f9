"""CSV and XLSX files as plain rows of cells."""

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from labagent.config.nodes import Place, Report, did_you_mean

_SHEETS = (".xlsx", ".xlsm")
_TEXTS = (".csv", ".tsv", ".txt")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Row:
    """One line of a table that is not blank."""

    line: int
    cells: tuple[object, ...]


@dataclass(frozen=True)
class Table:
    """A table: names of its columns, then rows.

    Attributes:
        file: Path as messages show it.
        header: Names of the columns, as written in the first line.
        rows: All lines after it that are not blank.
        decimal_comma: Whether numbers are written 3,5 (a file separated by ;).
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    decimal_comma: bool = False


def read_table(
    path: Path, sheet: str | None, place: Place, report: Report
) -> Table | None:
    """Return a file's table, or None where it cannot be read.

    Args:
        path: A ``.csv``, ``.tsv`` or ``.xlsx`` file.
        sheet: Name of the sheet; None means the first one.
        place: Where the file was named.
        report: Receives what is wrong.
    """
    if path.suffix.lower() not in (*_SHEETS, *_TEXTS):
        report.add(
            place,
            f"table {path.name}: got the ending {path.suffix!r}",
            "must be .csv, .tsv or .xlsx",
            "save the table as CSV",
        )
        return None
    try:
        if path.suffix.lower() in _SHEETS:
            return _read_sheet(path, sheet, place, report)
        return _read_text(path, sheet, place, report)
    except FileNotFoundError:
        report.add(
            place, f"table {path.name}: no such file at {path}", "must be a file"
        )
    except OSError as error:
        report.add(
            place,
            f"table {path.name}: cannot be read ({error.strerror})",
            "must be a readable file",
        )
    return None


def _read_text(
    path: Path, sheet: str | None, place: Place, report: Report
) -> Table | None:
    if sheet is not None:
        report.add(
            place,
            f"table {path.name}: got the sheet {sheet!r}",
            "must be XLSX for that",
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        report.add(
            Place(str(path), line),
            f"got the byte 0x{error.object[error.start]:02x}",
            "must be UTF-8 text",
            "save the table as CSV UTF-8",
        )
        return None
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    start = 1
    try:
        for cells in reader:
            rows.append(Row(start, tuple(cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        report.add(
            Place(str(path), reader.line_num), f"cannot be read: {error}", "must be CSV"
        )
        return None
    return _table(path, rows, report, comma=delimiter == ";")


def _read_sheet(
    path: Path, sheet: str | None, place: Place, report: Report
) -> Table | None:
    # openpyxl takes 0.3 s to import, and most campaigns have no sheet
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        report.add(
            place, f"table {path.name}: cannot be read ({error})", "must be XLSX"
        )
        return None
    try:
        names = [str(name) for name in book.sheetnames]
        if sheet is not None and sheet not in names:
            report.add(
                place,
                f"table {path.name}: got the sheet {sheet!r}",
                f"must be one of {', '.join(names)}",
                did_you_mean(sheet, names),
            )
            return None
        lines = book[sheet or names[0]].iter_rows(values_only=True)
        rows = [Row(line, tuple(cells)) for line, cells in enumerate(lines, 1)]
    finally:
        book.close()
    return _table(path, rows, report, comma=False)


def _table(path: Path, rows: list[Row], report: Report, *, comma: bool) -> Table | None:
    full = [row for row in rows if any(not blank(cell) for cell in row.cells)]
    if not full:
        report.add(
            Place(str(path), 1), "the table is empty", "must have a line of headings"
        )
        return None
    header = tuple("" if blank(c) else str(c).strip() for c in full[0].cells)
    return Table(str(path), header, tuple(full[1:]), comma)


def blank(cell: object) -> bool:
    """Return whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())
