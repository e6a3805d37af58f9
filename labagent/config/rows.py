"""Tables of past experiments and of candidates to values in declared units.

A missing measurement is normal; a missing control is a mistake. Values of the past may
lie outside today's ranges, but must be of the right kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from labagent.campaigns import Campaign, ColumnMap
from labagent.config import cells, units
from labagent.config.cells import CellError
from labagent.config.columns import Schema, match_columns
from labagent.config.nodes import Place, Report
from labagent.config.regimes import OBSERVED, SET, may_name, read_words, wrong_value
from labagent.config.tables import Row, Table, read_table
from labagent.errors import DataError
from labagent.experiments import USUAL, Kind, Measurement, Regime
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
_ROUNDING = 0.01  # how far rounded fractions may sum from one
_MOST = 50  # mistakes listed of one table
_MOST_NOTES = 5  # notes listed of one table


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
    """Return the rows of :func:`read_past`."""
    return read_past(path, columns, campaign, sheet).rows


@dataclass(frozen=True)
class Past:
    """A table of past experiments.

    Attributes:
        rows: In declared units.
        notes: What is allowed in it and perhaps not meant, each with its place.
    """

    rows: tuple[ImportedRow, ...]
    notes: tuple[str, ...] = ()


def read_past(
    path: Path,
    columns: Sequence[ColumnMap],
    campaign: Campaign,
    sheet: str | None = None,
    said: Regime = USUAL,
) -> Past:
    """Return a table's past experiments, converted to declared units.

    Headings that equal a variable's name need no column map.

    Args:
        path: A CSV or XLSX file.
        columns: Which column holds which variable, and in which unit.
        campaign: Declares the variables.
        sheet: Name of the sheet; None means the first.
        said: What was set in all of its rows, and what took its own course.

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
        _check_said(matched, said, place, report)
        if report.count == 0:
            rows = imported(table, matched, schema, report, said)
    report.close()
    return Past(rows, report.notes)


def _check_said(
    columns: Sequence[ColumnMap], said: Regime, place: Place, report: Report
) -> None:
    """Report what is said of a whole table that its columns do not bear out."""
    have = {c.variable for c in columns}
    for word, done in ((SET, True), (OBSERVED, False)):
        named = ", ".join(n for n, was_set in said.items() if was_set == done)
        if named and word in have:
            report.add(
                place,
                f"--{word}: got {named} beside a column {word!r}",
                "must be one of the two",
                f"leave --{word} out",
            )
    for name in (n for n, done in said.items() if done and n not in have):
        report.add(
            place,
            f"--{SET}: got {name}, of which there is no column",
            "must have the values it was set to",
            f'add a column {name}, or write columns: {{{name}: "its heading"}}',
        )


def imported(
    table: Table,
    columns: Sequence[ColumnMap],
    schema: Schema,
    report: Report,
    said: Regime = USUAL,
) -> tuple[ImportedRow, ...]:
    """Return a table's rows as past experiments; bad cells go into the report."""
    if not table.rows:
        place = Place(table.file, table.line)
        report.note(place, "the table has no rows below its headings")
    reader = _RowReader(table, columns, schema, report)
    rows = [reader.past(row, said) for row in table.rows]
    outside = [
        (Place(table.file, row.line), what)
        for row, past in zip(table.rows, rows, strict=True)
        for what in outside_limits(schema.controls, past.intervention)
    ]
    for place, what in outside[:_MOST_NOTES]:
        report.note(place, f"{what}; it is learned from, and never proposed")
    if len(outside) > _MOST_NOTES:
        more = len(outside) - _MOST_NOTES
        report.note(outside[_MOST_NOTES][0], f"{more} more values lie outside")
    reader.finish()
    return tuple(rows)


def outside_limits(
    controls: Sequence[Variable], intervention: Intervention
) -> list[str]:
    """Return which values of the past lie outside today's limits.

    Args:
        controls: With their limits; steps do not count here.
        intervention: What was set.
    """
    found: list[str] = []
    for control in controls:
        match control.domain, intervention.get(control.name):
            case (Continuous() | Integer()) as domain, (int() | float()) as value:
                gridless = Continuous(domain.low, domain.high)
                said = gridless.violations(value)
            case Composition() as domain, Mapping() as value:
                said = replace(domain, step=None).violations(value)
            case _:
                said = []
        unit = f" {control.unit}" if control.unit else ""
        found += [
            f"control {control.name}: {one.replace(', must ', ', does not ')}{unit}"
            for one in said
        ]
    return found


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

    def past(self, row: Row, said: Regime) -> ImportedRow:
        """Return a past experiment.

        Args:
            row: The row.
            said: What is said of all rows.
        """
        seen = self.measurements(row)
        words = dict(said)
        for word in self.schema.words:
            if word in self._index:
                read = partial(read_words, column=word, known=self.schema.variables)
                words |= self._read(row, word, read) or {}
        for name in may_name(SET, self.schema.variables):
            if words.get(name):
                self._check_set(row, name, seen)
        return ImportedRow(self.intervention(row), seen, words)

    def _check_set(self, row: Row, name: str, seen: Sequence[Measurement]) -> None:
        """Report a state that was set to no value, or to one it may not be set to."""
        value = next((m.value for m in seen if m.quantity == name), None)
        if value is None and name in self._index and not self._empty(row, name):
            return  # the cell itself is wrong
        if wrong := wrong_value(self.schema.variables[name], value):
            place = name if name in self._index else SET
            self._wrong(row, place, CellError(*wrong))

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
        return cells.missing(self._cell(row, name))

    def _control(self, row: Row, control: Variable) -> Value | None:
        domain = control.domain
        if isinstance(domain, Composition):
            return self._composition(row, control.name, domain)
        name = control.name
        if isinstance(domain, Choice):
            return self._read(row, name, lambda cell: cells.option(cell, domain))
        if self._empty(row, name):
            return self._wrong(row, name, CellError("must have a value"))
        value = self._number(row, name, control.unit)
        if value is None:
            return None
        if isinstance(domain, Integer) and abs(value - round(value)) < 1e-9:  # noqa: PLR2004 rounding
            return round(value)
        return self._kind(row, name, domain, value)

    def _kind(self, row: Row, name: str, domain: object, value: float) -> float | None:
        if isinstance(domain, Integer):
            return self._wrong(row, name, CellError("must be a whole number"))
        if isinstance(domain, Continuous) and domain.log and value <= 0:
            return self._wrong(row, name, CellError("must be above 0 (log scale)"))
        return value

    def _composition(
        self, row: Row, name: str, domain: Composition
    ) -> dict[str, float] | None:
        if name in self._index:
            return self._read(row, name, lambda cell: cells.fractions(cell, domain))
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
            return self._wrong(row, last, CellError("must not be negative"))
        if abs(total - 1) > _ROUNDING:
            rule = f"must make {name} sum to 1, but it sums to {total:g}"
            hint = "say unit: percent for percent" if 99 <= total <= 101 else ""  # noqa: PLR2004 percent
            return self._wrong(row, last, CellError(rule, hint))
        return {s: known.get(s, 0.0) / total for s in domain.symbols}

    def _seen(self, row: Row, variable: Variable) -> Measurement | None:
        kind = Kind.CONTEXT if variable.role is Role.CONTEXT else Kind.RESULT
        name = variable.name
        if isinstance(variable.domain, Label):
            label = cells.text_of(self._cell(row, name))
            return Measurement(name, None, label=label, kind=kind)
        value = self._number(row, name, variable.unit)
        if value is None:
            return None
        return Measurement(name, value, variable.unit, kind=kind)

    def _number(self, row: Row, name: str, unit: str) -> float | None:
        written = self._index[name][1].unit

        def read(cell: object) -> float:
            number = cells.number(cell, written, self.table.marks)
            return units.convert(number, written, unit)

        return self._read(row, name, read)

    def _read(self, row: Row, name: str, read: Callable[[object], _T]) -> _T | None:
        try:
            return read(self._cell(row, name))
        except (CellError, DataError) as error:
            return self._wrong(row, name, error)

    def _wrong(self, row: Row, name: str, error: Exception) -> None:
        self._bad += 1
        if self._bad > _MOST:
            return
        advice = error.suggestion if isinstance(error, CellError) else ""
        if not advice and any(v.name == name for v in self.schema.quantities):
            advice = "leave the cell empty where there is no value"
        self.report.add(
            Place(self.table.file, row.line),
            f"column {self._index[name][1].column!r}: got "
            + cells.shown(self._cell(row, name)),
            str(error),
            advice,
        )
