"""CSV and XLSX files as plain rows of cells."""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labagent.config.cells import Marks, Percent, blank, marks_of
from labagent.config.nodes import Place, Report, did_you_mean

_SHEETS = (".xlsx", ".xlsm")
_TEXTS = (".csv", ".tsv", ".txt")
_DELIMITERS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_LITERAL = re.compile(r'"[^"]*"|\\.')  # of a number format: text that is only shown
_FIRST_LINES = 20  # searched for a delimiter where the first line has none
_MOST = 10  # rows of a wrong length that are listed


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
        marks: How its numbers are written.
        line: The line of the headings.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    marks: Marks
    line: int = 1

    def check_widths(self, report: Report) -> None:
        """Report rows of a text with more cells than headings: none is cut silently.

        In a spreadsheet a cell beside the table cannot be taken for another column.
        """
        separator = self.marks.separator
        headings = max((i for i, h in enumerate(self.header, 1) if h), default=0)
        wrong = [
            (row, len(row.cells))
            for row in self.rows
            if any(not blank(cell) for cell in row.cells[headings:])
            or (separator == "," and len(row.cells) > len(self.header))
        ]
        if not separator or not wrong:
            return
        for row, count in wrong[:_MOST]:
            report.add(
                Place(self.file, row.line),
                f"row: got {count} cells under {headings} heading"
                + ("s" if headings > 1 else ""),
                "must have one cell for each heading",
                _too_long(separator, headings),
            )
        if len(wrong) > _MOST:
            report.add(
                Place(self.file, wrong[_MOST][0].line),
                f"{len(wrong) - _MOST} more rows are too long",
                "must be right as well",
            )


def _too_long(separator: str, headings: int) -> str:
    if headings == 1:
        return "begin the file with the line of headings"
    if separator == ",":
        return 'quote decimal commas ("100,5"), or write a decimal point'
    return "give every column a heading, or leave out what is beside the table"


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
    return _parse(path, text, report)


def _parse(path: Path, text: str, report: Report) -> Table | None:
    head, _, rest = text.partition("\n")
    named = _SEPARATOR_LINE.fullmatch(head.strip("\r "))  # Excel writes and obeys it
    delimiter = named[1] if named else _delimiter(text)
    content = rest if named else text
    reader = csv.reader(
        io.StringIO(content, newline=""), delimiter=delimiter, strict=True
    )
    rows: list[Row] = []
    skipped = 1 if named else 0
    start = 1
    try:
        for cells in reader:
            rows.append(Row(start + skipped, tuple(cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        report.add(
            Place(str(path), reader.line_num + skipped),
            f"cannot be read: {error}",
            "must be CSV",
        )
        return None
    return _table(path, rows, report, delimiter)


def _delimiter(text: str) -> str:
    """Return what separates the headings, or the lines below a title."""
    lines = [_QUOTED.sub("", line) for line in text.split("\n")[:_FIRST_LINES]]
    for line in lines:
        counts = {mark: line.count(mark) for mark in _DELIMITERS}
        if any(counts.values()):
            return max(_DELIMITERS, key=lambda mark: counts[mark])
    return ","


def _read_sheet(
    path: Path, sheet: str | None, place: Place, report: Report
) -> Table | None:
    # openpyxl takes 0.3 s to import, and most campaigns have no sheet
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about drop-down lists and the like
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
        rows = list(_rows(book[sheet or names[0]]))
    finally:
        book.close()
    return _table(path, rows, report, "")


def _rows(page: Any) -> Iterator[Row]:  # noqa: ANN401 openpyxl has no types
    for line, cells in enumerate(page.iter_rows(), 1):
        yield Row(line, tuple(_value(cell) for cell in cells))


def _value(cell: Any) -> object:  # noqa: ANN401 openpyxl has no types
    """Return a cell's value; a number shown as percent keeps that."""
    value: object = cell.value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and "%" in _LITERAL.sub("", cell.number_format or ""):
        return Percent(float(cell.value))
    return value


def _table(path: Path, rows: list[Row], report: Report, separator: str) -> Table | None:
    full = [row for row in rows if any(not blank(cell) for cell in row.cells)]
    if not full:
        report.add(Place(str(path), 1), "the table is empty", "must have a header line")
        return None
    header = tuple("" if blank(c) else str(c).strip() for c in full[0].cells)
    below = full[1:]
    marks = marks_of((cell for row in below for cell in row.cells), separator)
    return Table(str(path), header, tuple(below), marks, full[0].line)
