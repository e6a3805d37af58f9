"""Measured tables, CSV or XLSX, row by row."""

import csv
import math
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from labagent.errors import DataError

Cell = float | str | None
"""A number, a text, or nothing."""

_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")


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
        DataError: The file is missing or is no table.
    """
    try:
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return _table(path, _xlsx_lines(path, sheet))
        return _table(path, _csv_lines(path))
    except FileNotFoundError as error:
        raise DataError(f"table {path}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise DataError(f"table {path}: is not UTF-8 text; save it as UTF-8") from error
    except (InvalidFileException, BadZipFile, OSError, KeyError, csv.Error) as error:
        raise DataError(f"table {path}: cannot be read: {error}") from error


def _table(path: Path, lines: Iterable[list[Cell]]) -> Table:
    rows: list[Row] = []
    columns: list[str] = []
    for number, line in enumerate(lines, start=1):
        if all(cell is None for cell in line):
            continue
        if not columns:
            columns = [str(cell).strip() if cell is not None else "" for cell in line]
            continue
        cells = dict(zip(columns, line, strict=False))
        rows.append(Row(number, {c: cells.get(c) for c in columns if c}))
    names = [c for c in columns if c]
    if not names:
        raise DataError(f"table {path}: is empty, must have a header line")
    if doubled := sorted({c for c in names if names.count(c) > 1}):
        raise DataError(
            f"table {path}: got the column {doubled[0]!r} twice, must be named once"
        )
    return Table(tuple(names), tuple(rows))


def _csv_lines(path: Path) -> list[list[Cell]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        delimiter = max((",", ";", "\t"), key=first.count)
        file.seek(0)
        comma = delimiter != ","
        return [
            [_cell(text, decimal_comma=comma) for text in line]
            for line in csv.reader(file, delimiter=delimiter)
        ]


def _cell(text: str, *, decimal_comma: bool) -> Cell:
    text = text.strip()
    if not text:
        return None
    if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return text
    return None if math.isnan(number) else number


def _xlsx_lines(path: Path, sheet: str | None) -> list[list[Cell]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drop-down lists and the like
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            page = book[sheet] if sheet else book.worksheets[0]
            return [
                [_excel(v) for v in row] for row in page.iter_rows(values_only=True)
            ]
        finally:
            book.close()


def _excel(value: object) -> Cell:
    if isinstance(value, bool) or value is None:
        return None if value is None else str(value)
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip() or None
