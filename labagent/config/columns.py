"""Which column of a table holds which variable."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labagent.campaigns import ColumnMap
from labagent.config import units
from labagent.config.fields import Fields
from labagent.config.names import unknown_name
from labagent.config.nodes import Node, Place, Report, shortened
from labagent.config.regimes import WORDS
from labagent.config.tables import Table
from labagent.variables import Choice, Composition, Label, Variable

_KEYS = ("column", "unit")
_FIRST_ROWS = 20  # searched for the headings where a title stands above them
_UNIT_IN_HEADING = re.compile(r".*[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*")


@dataclass(frozen=True)
class Schema:
    """The variables a table may hold.

    Attributes:
        controls: What was set.
        quantities: What was measured or observed.
    """

    controls: tuple[Variable, ...]
    quantities: tuple[Variable, ...] = ()

    @property
    def variables(self) -> dict[str, Variable]:
        """All of them by name."""
        return {v.name: v for v in (*self.controls, *self.quantities)}

    @property
    def words(self) -> tuple[str, ...]:
        """Columns that say what was set, where no variable has their name.

        Only what was measured was made, so candidates have none.
        """
        if not self.quantities:
            return ()
        return tuple(word for word in WORDS if word not in self.variables)

    @property
    def units(self) -> dict[str, str | None]:
        """Column variable to unit of its numbers; None for labels, formulas, words."""
        found: dict[str, str | None] = {}
        for variable in (*self.controls, *self.quantities):
            match variable.domain:
                case Composition(species=members):
                    found[variable.name] = None
                    found |= {f"{variable.name}.{s.symbol}": "" for s in members}
                case Choice() | Label():
                    found[variable.name] = None
                case _:
                    found[variable.name] = variable.unit
        return found | dict.fromkeys(self.words)


def read_columns(node: Node | None, schema: Schema, report: Report) -> list[ColumnMap]:
    """Return what ``columns:`` says, whatever the table holds.

    Args:
        node: Mapping of variable to heading, or to ``{column: ..., unit: ...}``.
        schema: The variables there are.
        report: Receives what is wrong.
    """
    if node is None:
        return []
    if not isinstance(node.value, Mapping):
        report.add(
            node.place,
            f"columns: got {node.shown}",
            "must be a mapping of names to headings",
        )
        return []
    found: list[ColumnMap] = []
    known = schema.units
    for name, value in node.fields.items():
        if name not in known:
            report.add(value.key, *unknown_name("columns", name, list(known)))
            continue
        column = _column(name, value, known[name], report)
        found += [column] if column else []
    return found


def _column(
    name: str, node: Node, unit: str | None, report: Report
) -> ColumnMap | None:
    if isinstance(node.value, str) and node.value.strip():
        _check_unit(name, node.value, unit, node.place, report)
        return ColumnMap(name, node.value.strip(), unit or "")
    fields = Fields(node, f"column of {name}", "columns", _KEYS, report)
    column, given = fields.text("column"), fields.unit()
    if column is None or given is None:
        if isinstance(node.value, Mapping) and "column" not in fields:
            fields.missing("column", "must be the column's heading")
        return None
    if not given:
        _check_unit(name, column, unit, node.place, report)
    elif unit is None:
        fields.useless("unit", "must not be given for labels and formulas")
    elif not units.compatible(given, unit):
        fields.wrong("unit", f"must convert to {unit or 'a plain number'}")
        return None
    return ColumnMap(name, column, "" if unit is None else given or unit)


def match_columns(
    given: Sequence[ColumnMap],
    places: Mapping[str, Place],
    table: Table,
    schema: Schema,
    report: Report,
) -> tuple[ColumnMap, ...]:
    """Return the columns to read: those given, and headings that equal a name.

    Args:
        given: What the campaign or command line says.
        places: Where it says so, by variable; and the table's under ``""``.
        table: The table.
        schema: The variables there are.
        report: Receives what is wrong.
    """
    if _title(given, table, schema, report):
        return ()
    table.check_widths(report)
    columns = list(given)
    taken = {c.variable for c in columns}
    for name, unit in schema.units.items():
        if name not in taken and name in table.header:
            columns.append(ColumnMap(name, name, unit or ""))
    for column in columns:
        place = places.get(column.variable, places[""])
        _check_heading(column, table, place, report)
    _check_controls(columns, schema, places[""], report)
    return tuple(columns)


def _title(
    given: Sequence[ColumnMap], table: Table, schema: Schema, report: Report
) -> bool:
    """Report a title where the headings should be; they stand on a later line."""
    wanted = {*schema.units, *(c.column for c in given)}
    if wanted.intersection(table.header):
        return False
    for row in table.rows[:_FIRST_ROWS]:
        texts = {cell.strip() for cell in row.cells if isinstance(cell, str)}
        if len(wanted.intersection(texts)) > 1 or (texts and texts <= wanted):
            title = next(heading for heading in table.header if heading)
            report.add(
                Place(table.file, table.line),
                f"table: got the line {shortened(title)!r} where the headings belong",
                "must begin with the headings",
                f"delete the lines above line {row.line}",
            )
            return True
    return False


def _check_heading(
    column: ColumnMap, table: Table, place: Place, report: Report
) -> None:
    count = table.header.count(column.column)
    if count == 0:
        headings = [h for h in table.header if h]
        report.add(place, *unknown_name(table.file, column.column, headings))
    elif count > 1:
        report.add(
            place,
            f"{table.file}: has {count} columns {column.column!r}",
            "must have one",
        )


def _check_unit(
    name: str, heading: str, unit: str | None, place: Place, report: Report
) -> None:
    """Refuse a heading such as ``T (K)`` for something in degC, without a unit."""
    found = _UNIT_IN_HEADING.fullmatch(heading)
    if unit is None or not found or not units.known(found[1]):
        return
    written = found[1]
    meant = units.MIXED_UP.get(written, (written,))[0]
    if units.compatible(meant, unit):
        written = meant  # T (C)
    same = units.compatible(written, unit) and units.affine(written, unit) == (1, 0)
    if not same:
        report.add(
            place,
            f"column {heading!r}: got {written}, but {name} is in "
            f"{unit or 'plain numbers'}",
            "must say its unit where the two differ",
            f"write {{column: {heading!r}, unit: {written}}}",
        )


def _check_controls(
    columns: Sequence[ColumnMap], schema: Schema, place: Place, report: Report
) -> None:
    have = {c.variable for c in columns}
    for control in schema.controls:
        parts: list[str] = []
        if isinstance(control.domain, Composition):
            parts = [f"{control.name}.{s}" for s in control.domain.symbols]
        if control.name not in have and not have.intersection(parts):
            example = parts[0] if parts else control.name
            report.add(
                place,
                f"columns: no column for control {control.name}",
                "must have one for every control",
                f'write columns: {{{example}: "its heading"}}',
            )
