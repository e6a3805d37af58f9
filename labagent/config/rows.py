"""Tables of past experiments and of candidates to values in declared units.

A missing measurement is normal; a missing control is a mistake. Values of the past may
lie outside today's ranges, but must be of the right kind.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from labagent.campaigns import Campaign, ColumnMap
from labagent.config import units
from labagent.config.columns import Schema, match_columns
from labagent.config.nodes import Place, Report, did_you_mean
from labagent.config.tables import Row, Table, blank, read_table
from labagent.errors import DataError
from labagent.experiments import Kind, Measurement
from labagent.ports import ImportedRow
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    Integer,
    Intervention,
    Label,
    Role,
    Value,
    Variable,
)

_T = TypeVar("_T")
_MISSING = frozenset({"", "-", "na", "n/a", "nan", "none", "null", "#n/a"})
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_COMMA_NUMBER = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_FORMULA_PART = re.compile(r"([A-Z][a-z]?)(\d+\.?\d*|\.\d+)?")
_ROUNDING = 0.01  # how far rounded fractions may sum from one
_MOST = 50  # mistakes listed of one table


def schema_of(campaign: Campaign) -> Schema:
    """Return the variables a campaign's tables may hold."""
    return Schema(campaign.space.controls, (*campaign.measured, *campaign.context))


def read_history(campaign: Campaign, folder: Path) -> tuple[ImportedRow, ...]:
    """Return the past experiments the campaign names; none where it names none.

    Args:
        campaign: With its column map.
        folder: The campaign file's folder.

    Raises:
        ConfigurationError: The table cannot be read; all bad cells are listed.
    """
    history = campaign.history
    if history is None:
        return ()
    return read_rows(folder / history.file, history.columns, campaign, history.sheet)


def read_rows(
    path: Path,
    columns: Sequence[ColumnMap],
    campaign: Campaign,
    sheet: str | None = None,
) -> tuple[ImportedRow, ...]:
    """Return a table's past experiments, converted to declared units.

    Headings that equal a variable's name need no column map.

    Args:
        path: A CSV or XLSX file.
        columns: Which column holds which variable, and in which unit.
        campaign: Declares the variables.
        sheet: Name of the sheet; None means the first.

    Raises:
        ConfigurationError: All bad headings and cells, with file, line and column.
    """
    report = Report()
    place = Place(str(path))
    schema = schema_of(campaign)
    table = read_table(path, sheet, place, report)
    rows: tuple[ImportedRow, ...] = ()
    if table is not None:
        matched = match_columns(columns, {"": place}, table, schema, report)
        if report.count == 0:
            rows = imported(table, matched, schema, report)
    report.close()
    return rows


def imported(
    table: Table, columns: Sequence[ColumnMap], schema: Schema, report: Report
) -> tuple[ImportedRow, ...]:
    """Return a table's rows as past experiments; bad cells go into the report."""
    reader = _RowReader(table, columns, schema, report)
    rows = [
        ImportedRow(reader.intervention(row), reader.measurements(row))
        for row in table.rows
    ]
    reader.finish()
    return tuple(rows)


def interventions(
    table: Table, columns: Sequence[ColumnMap], schema: Schema, report: Report
) -> tuple[tuple[Place, Intervention], ...]:
    """Return a table's rows as interventions, each with its place."""
    reader = _RowReader(table, columns, schema, report)
    rows = [
        (Place(table.file, row.line), reader.intervention(row)) for row in table.rows
    ]
    reader.finish()
    return tuple(rows)


def read_formula(text: str) -> dict[str, float] | None:
    """Return mole fractions of ``Al0.25Cu0.75`` or ``AlCu3``; None if it is none."""
    parts = list(_FORMULA_PART.finditer(text))
    if not parts or "".join(p[0] for p in parts) != text:
        return None
    amounts: dict[str, float] = {}
    for part in parts:
        amounts[part[1]] = amounts.get(part[1], 0.0) + float(part[2] or 1)
    total = sum(amounts.values())
    return {s: x / total for s, x in amounts.items()} if total > 0 else None


class _CellError(Exception):
    """What a cell must be, and what to do."""

    def __init__(self, rule: str, suggestion: str = "") -> None:
        self.rule, self.suggestion = rule, suggestion
        super().__init__(rule)


@dataclass
class _RowReader:
    """Reads cells by variable; counts and reports the bad ones."""

    table: Table
    columns: Sequence[ColumnMap]
    schema: Schema
    report: Report
    _index: Mapping[str, tuple[int, ColumnMap]] = field(init=False)
    _bad: int = 0

    def __post_init__(self) -> None:
        header = self.table.header
        self._index = {c.variable: (header.index(c.column), c) for c in self.columns}

    def intervention(self, row: Row) -> dict[str, Value]:
        """Return what was set; wrong cells are left out and reported."""
        found: dict[str, Value] = {}
        for control in self.schema.controls:
            value = self._control(row, control)
            if value is not None:
                found[control.name] = value
        return found

    def measurements(self, row: Row) -> tuple[Measurement, ...]:
        """Return what was seen; empty cells are missing values."""
        found: list[Measurement] = []
        for variable in self.schema.quantities:
            if variable.name in self._index and not self._empty(row, variable.name):
                seen = self._seen(row, variable)
                found += [seen] if seen else []
        return tuple(found)

    def finish(self) -> None:
        """Say how many more bad cells there are than were listed."""
        if self._bad > _MOST:
            self.report.add(
                Place(self.table.file, self.table.rows[-1].line + 1),
                f"{self._bad - _MOST} more cells are wrong",
                "must be right as well",
            )

    def _cell(self, row: Row, name: str) -> object:
        at = self._index[name][0]
        return row.cells[at] if at < len(row.cells) else None

    def _empty(self, row: Row, name: str) -> bool:
        cell = self._cell(row, name)
        if isinstance(cell, float) and math.isnan(cell):
            return True
        return blank(cell) or str(cell).strip().lower() in _MISSING

    def _control(self, row: Row, control: Variable) -> Value | None:
        domain = control.domain
        if isinstance(domain, Composition):
            return self._composition(row, control.name, domain)
        name = control.name
        if isinstance(domain, Choice):
            return self._read(row, name, lambda cell: _option(cell, domain))
        if self._empty(row, name):
            return self._wrong(row, name, _CellError("must have a value"))
        value = self._number(row, name, control.unit)
        if value is None:
            return None
        if isinstance(domain, Integer) and abs(value - round(value)) < 1e-9:  # noqa: PLR2004 rounding
            return round(value)
        return self._kind(row, name, domain, value)

    def _kind(self, row: Row, name: str, domain: object, value: float) -> float | None:
        if isinstance(domain, Integer):
            return self._wrong(row, name, _CellError("must be a whole number"))
        if isinstance(domain, Continuous) and domain.log and value <= 0:
            return self._wrong(row, name, _CellError("must be above 0 (log scale)"))
        return value

    def _composition(
        self, row: Row, name: str, domain: Composition
    ) -> dict[str, float] | None:
        if name in self._index:
            return self._read(row, name, lambda cell: _fractions(cell, domain))
        paths = {
            s: f"{name}.{s}" for s in domain.symbols if f"{name}.{s}" in self._index
        }
        found = {
            s: 0.0 if self._empty(row, path) else self._number(row, path, "")
            for s, path in paths.items()
        }
        known = {s: x for s, x in found.items() if x is not None}
        if len(known) < len(found):
            return None
        total = sum(known.values())
        last = next(reversed(paths.values()))
        if any(x < 0 for x in known.values()):
            return self._wrong(row, last, _CellError("must not be negative"))
        if abs(total - 1) > _ROUNDING:
            rule = f"must make {name} sum to 1, but it sums to {total:g}"
            hint = "say unit: percent for percent" if 99 <= total <= 101 else ""  # noqa: PLR2004 percent
            return self._wrong(row, last, _CellError(rule, hint))
        return {s: known.get(s, 0.0) / total for s in domain.symbols}

    def _seen(self, row: Row, variable: Variable) -> Measurement | None:
        kind = Kind.CONTEXT if variable.role is Role.CONTEXT else Kind.RESULT
        name = variable.name
        if isinstance(variable.domain, Label):
            label = str(self._cell(row, name)).strip()
            return Measurement(name, None, label=label, kind=kind)
        value = self._number(row, name, variable.unit)
        if value is None:
            return None
        return Measurement(name, value, variable.unit, kind=kind)

    def _number(self, row: Row, name: str, unit: str) -> float | None:
        written = self._index[name][1].unit
        comma = self.table.decimal_comma

        def read(cell: object) -> float:
            return units.convert(_number(cell, written, comma=comma), written, unit)

        return self._read(row, name, read)

    def _read(self, row: Row, name: str, read: Callable[[object], _T]) -> _T | None:
        try:
            return read(self._cell(row, name))
        except (_CellError, DataError) as error:
            return self._wrong(row, name, error)

    def _wrong(self, row: Row, name: str, error: Exception) -> None:
        self._bad += 1
        if self._bad > _MOST:
            return
        cell = self._cell(row, name)
        self.report.add(
            Place(self.table.file, row.line),
            f"column {self._index[name][1].column!r}: got "
            + ("nothing" if blank(cell) else repr(cell)),
            str(error),
            error.suggestion if isinstance(error, _CellError) else "",
        )


def _number(cell: object, unit: str, *, comma: bool) -> float:
    wanted = f"must be a number in {unit}" if unit else "must be a number"
    if isinstance(cell, bool):
        raise _CellError(wanted)
    if isinstance(cell, (int, float)) and math.isfinite(cell):
        return float(cell)
    text = str(cell).strip()
    if comma and _COMMA_NUMBER.fullmatch(text):
        text = text.replace(",", ".")
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    hint = "write a decimal point" if _COMMA_NUMBER.fullmatch(text) else ""
    raise _CellError(wanted, hint)


def _option(cell: object, domain: Choice) -> str:
    text = "" if cell is None else str(cell).strip()
    if text in domain.options:
        return text
    if _NUMBER.fullmatch(text):
        # spreadsheets turn the label 1.0 into the number 1
        numbers = {o: float(o) for o in domain.options if _NUMBER.fullmatch(o)}
        same = [o for o, number in numbers.items() if number == float(text)]
        if same:
            return same[0]
    raise _CellError(
        f"must be one of {', '.join(domain.options)}",
        did_you_mean(text, domain.options),
    )


def _fractions(cell: object, domain: Composition) -> dict[str, float]:
    found = read_formula(str(cell).strip()) if cell is not None else None
    if found is None:
        raise _CellError("must be a formula such as Al0.25Cu0.75")
    strange = [s for s in found if s not in domain.symbols]
    if strange:
        raise _CellError(f"must be made of {', '.join(domain.symbols)}")
    return {s: found.get(s, 0.0) for s in domain.symbols}
