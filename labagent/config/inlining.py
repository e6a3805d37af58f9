"""``candidates:`` and ``history:``: tables that belong to a campaign.

What they say of the tables goes into the stored document, so that reading it again
needs no file: candidates row by row, history as settled columns (its rows are imported
into the database).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labagent.campaigns import ColumnMap, History
from labagent.config.cells import read_formula
from labagent.config.columns import Schema, match_columns, read_columns
from labagent.config.controls import label_of
from labagent.config.fields import Fields, amount
from labagent.config.names import unknown_name
from labagent.config.nodes import Node, Place, Report
from labagent.config.rows import imported, interventions
from labagent.config.tables import Table, read_table
from labagent.variables import (
    Choice,
    Composition,
    DesignSpace,
    Integer,
    Intervention,
    Value,
    Variable,
)

_KEYS = ("file", "sheet", "columns")
_MOST = 50  # rows listed


@dataclass(frozen=True)
class _Candidate:
    """A row of candidates, and whether all of it could be read."""

    place: Place
    values: Intervention
    sound: bool


def read_candidates(
    root: Fields, space: DesignSpace, folder: Path | None, report: Report
) -> tuple[Intervention, ...] | None:
    """Return the only interventions allowed; None where all are.

    Equal rows stay: a table that lists a recipe three times holds three replicates, so
    it may be proposed three times.

    Args:
        root: The whole file.
        space: The controls and rules that candidates keep.
        folder: Where files are looked for; None where there are none.
        report: Receives what is wrong.
    """
    node = root.node_of("candidates")
    if node is None:
        return None
    if isinstance(node.value, Mapping):
        rows = _from_table(node, space, folder, report)
    else:
        rows = [_inline(item, space, report) for item in root.items("candidates")]
    if rows is None:
        return ()
    _check(rows, space, report)
    if not rows and (root.is_list("candidates") or root.is_mapping("candidates")):
        root.wrong("candidates", "must have at least one row")
    return tuple(row.values for row in rows)


def _from_table(
    node: Node, space: DesignSpace, folder: Path | None, report: Report
) -> Sequence[_Candidate] | None:
    source = _source("candidates", node, Schema(space.controls), folder, report)
    if source is None or source.table is None or source.columns is None:
        return None
    rows = interventions(source.table, source.columns, Schema(space.controls), report)
    return [_Candidate(at, row, len(row) == len(space.names)) for at, row in rows]


def _check(rows: Sequence[_Candidate], space: DesignSpace, report: Report) -> None:
    """Report the rows that break a limit or a rule; of others the values that do."""
    found: list[tuple[Place, int, list[str]]] = []
    for number, row in enumerate(rows, 1):
        check = space.violations if row.sound else space.value_violations
        if violations := check(row.values):
            found.append((row.place, number, violations))
    for place, number, violations in found[:_MOST]:
        report.add(
            place,
            f"candidate {number}: {'; '.join(violations)}",
            "must keep the limits and rules",
        )
    if len(found) > _MOST:
        more = len(found) - _MOST
        report.add(
            found[_MOST][0], f"{more} more candidates are wrong", "must be right too"
        )


def _inline(node: Node, space: DesignSpace, report: Report) -> _Candidate:
    if not isinstance(node.value, Mapping):
        report.add(
            node.place,
            f"candidate: got {node.shown}",
            f"must be a mapping of {', '.join(space.names)} to values",
        )
    row: dict[str, Value] = {}
    sound = isinstance(node.value, Mapping)
    for name, value in node.fields.items():
        if name not in space.names:
            problem = unknown_name("candidate", name, list(space.names))
            report.add(value.key, *problem)
            sound = False
            continue
        found = _value(space[name], value, report)
        if found is None:
            sound = False
        else:
            row[name] = found
    return _Candidate(node.place, row, sound)


def _value(control: Variable, node: Node, report: Report) -> Value | None:
    what = f"candidate: {control.name}"
    match control.domain:
        case Choice():
            label = label_of(node)
            if label is None:
                report.add(node.place, f"{what}: got {node.shown}", "must be a text")
            return label
        case Composition() as domain:
            return _composition(node, domain, what, report)
        case Integer():
            number = amount(node, control.unit, what, report)
            whole = number is not None and number == round(number)
            return round(number) if number is not None and whole else number
        case _:
            return amount(node, control.unit, what, report)


def _composition(
    node: Node, domain: Composition, what: str, report: Report
) -> dict[str, float] | None:
    if isinstance(node.value, str):
        found = read_formula(node.value.strip())
        if found is None:
            report.add(
                node.place,
                f"{what}: got {node.shown}",
                "must be a formula such as Al0.25Cu0.75",
            )
            return None
        parts: dict[str, float | None] = dict(found)
    else:
        parts = {s: amount(x, "", what, report) for s, x in node.fields.items()}
        if not parts:
            report.add(
                node.place, f"{what}: got {node.shown}", "must give its fractions"
            )
            return None
    known = {s: x for s, x in parts.items() if x is not None}
    if len(known) < len(parts):
        return None
    # strangers stay in, for the check of limits to name them
    return {s: known.get(s, 0.0) for s in (*domain.symbols, *known)}


def read_history(
    root: Fields, schema: Schema, folder: Path | None, report: Report
) -> History | None:
    """Return the table of past experiments, all its cells checked.

    Args:
        root: The whole file.
        schema: The variables the table may hold.
        folder: Where files are looked for; None where only the document is at hand.
        report: Receives what is wrong.
    """
    node = root.node_of("history")
    if node is None:
        return None
    source = _source("history", node, schema, folder, report)
    if source is None:
        return None
    measured = {v.name for v in schema.quantities}
    columns = source.columns or ()
    if source.columns and not measured.intersection(c.variable for c in columns):
        report.add(
            node.place,
            "history: no column is a measured quantity",
            "must have at least one",
            "write columns: {name: heading}",
        )
    if source.table and source.columns:
        imported(source.table, columns, schema, report)
    return History(source.file, source.sheet, tuple(columns))


@dataclass(frozen=True)
class _Source:
    """A table that is named by the file, as far as it could be read."""

    file: str
    sheet: str | None
    table: Table | None
    columns: tuple[ColumnMap, ...] | None


def _source(
    what: str, node: Node, schema: Schema, folder: Path | None, report: Report
) -> _Source | None:
    fields = Fields(node, what, what, _KEYS, report)
    file, sheet = fields.text("file"), fields.text("sheet")
    entries = fields.node_of("columns")
    before = report.count
    given = read_columns(entries, schema, report)
    if file is None:
        if isinstance(node.value, Mapping) and "file" not in fields:
            fields.missing("file", "must name a CSV or XLSX file")
        return None
    if folder is None:
        return _Source(file, sheet, None, tuple(given))
    place = fields.place_of("file")
    table = read_table(folder / file, sheet, place, report)
    if table is None or report.count > before:
        return _Source(file, sheet, None, None)
    places = {"": place}
    if entries is not None:
        places |= {name: entry.place for name, entry in entries.fields.items()}
    columns = match_columns(given, places, table, schema, report)
    if report.count > before:
        return _Source(file, sheet, None, None)
    return _Source(file, sheet, table, columns)
