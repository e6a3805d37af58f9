"""Finding an intervention among the rows of a measured table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from adapters.tables import Cell, Row, Table, as_number
from labagent.config.nodes import did_you_mean
from labagent.config.units import affine
from labagent.errors import DataError
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    Integer,
    Label,
    Value,
    Variable,
)


@dataclass(frozen=True)
class Source:
    """The column that holds a variable, or a species of a composition.

    Attributes:
        path: Name of the variable, or ``variable.species``.
        column: Name of the column.
        slope: Declared value = slope * column + offset.
        offset: In the declared unit.
        text: Whether the column holds labels.
        unit: The column's unit.
    """

    path: str
    column: str
    slope: float = 1.0
    offset: float = 0.0
    text: bool = False
    unit: str = ""

    def read(self, row: Row) -> float | str | None:
        """Return a row's value in the declared unit; None where the cell is empty.

        Raises:
            DataError: The cell holds a text where a number must be.
        """
        cell: Cell = row.cells[self.column]
        if cell is None:
            return None
        if self.text:
            return f"{cell:g}" if isinstance(cell, float) else str(cell)
        try:
            return self.slope * as_number(cell, self.unit) + self.offset
        except DataError as error:
            raise DataError(
                f"row {row.number}, column {self.column!r}: {error}"
            ) from error


@dataclass(frozen=True)
class Recipe:
    """A row of the table: what was set, and what came out.

    Attributes:
        row: Number of the row as spreadsheets count.
        intervention: Control name to value.
        results: Quantity to value; what was not measured is absent.
    """

    row: int
    intervention: Mapping[str, Value]
    results: Mapping[str, float | str]


@dataclass(frozen=True)
class Match:
    """The rows nearest to what was asked for.

    Attributes:
        recipes: Replicates: rows with the same controls.
        distance: As a share of the control's range; infinite for another label.
    """

    recipes: tuple[Recipe, ...]
    distance: float


def paths_of(variable: Variable) -> tuple[str, ...]:
    """Return the names under which columns hold a variable."""
    if isinstance(variable.domain, Composition):
        return tuple(f"{variable.name}.{s}" for s in variable.domain.symbols)
    return (variable.name,)


def make_sources(
    variables: Sequence[Variable], columns: Mapping[str, object], table: Table
) -> tuple[dict[str, Source], list[str]]:
    """Return the source of every path, and what is wrong with the mapping.

    Args:
        variables: Controls and results.
        columns: Path to column, or to ``{column, unit}``.
        table: What was read.
    """
    problems: list[str] = []
    sources: dict[str, Source] = {}
    units = {path: v for v in variables for path in paths_of(v)}
    for path in columns:
        if path not in units:
            hint = did_you_mean(path, list(units))
            problems.append(
                f"columns: got {path!r}, must be one of {', '.join(units)}"
                f"{'; ' + hint if hint else ''}"
            )
    for path, variable in units.items():
        try:
            sources[path] = _source(path, variable, columns.get(path, path), table)
        except DataError as error:
            problems.append(f"columns: {error}")
    return sources, problems


def _source(path: str, variable: Variable, entry: object, table: Table) -> Source:
    """Read one entry of the mapping.

    Raises:
        DataError: Not a column, or not a unit that converts.
    """
    column, unit = entry, variable.unit
    if isinstance(entry, Mapping):
        given = cast("Mapping[object, object]", entry)
        if unknown := [k for k in given if k not in ("column", "unit")]:
            raise DataError(f"{path}: got {unknown[0]!r}, must be column or unit")
        column, unit = given.get("column", path), str(given.get("unit", unit))
    if not isinstance(column, str) or column not in table.columns:
        hint = did_you_mean(str(column), table.columns)
        raise DataError(
            f"{path}: got the column {column!r}, must be one of "
            f"{', '.join(table.columns)}{'; ' + hint if hint else ''}"
        )
    text = isinstance(variable.domain, (Choice, Label))
    slope, offset = (1.0, 0.0) if text else affine(unit, variable.unit)
    return Source(path, column, slope, offset, text, unit)


def read_recipes(
    controls: Sequence[Variable],
    results: Sequence[Variable],
    sources: Mapping[str, Source],
    table: Table,
) -> tuple[list[Recipe], list[str]]:
    """Return the rows that set every control, and the cells that cannot be read."""
    recipes: list[Recipe] = []
    problems: list[str] = []
    for row in table.rows:
        try:
            found = {path: source.read(row) for path, source in sources.items()}
        except DataError as error:
            problems.append(str(error))
            continue
        intervention = {c.name: _value(c, found) for c in controls}
        if any(v is None for v in intervention.values()):
            continue  # an unfinished row: it says nothing about any intervention
        measured = {r.name: found[r.name] for r in results}
        recipes.append(
            Recipe(
                row.number,
                {k: v for k, v in intervention.items() if v is not None},
                {k: v for k, v in measured.items() if v is not None},
            )
        )
    return recipes, problems


def _value(control: Variable, found: Mapping[str, float | str | None]) -> Value | None:
    if not isinstance(control.domain, Composition):
        return found[control.name]
    cells = {s: found[f"{control.name}.{s}"] for s in control.domain.symbols}
    numbers = {s: x for s, x in cells.items() if isinstance(x, float)}
    return {s: numbers.get(s, 0.0) for s in cells} if numbers else None


def _difference(control: Variable, a: Value, b: Value) -> float:
    """Return how far two values lie apart, as a share of the control's range."""
    match control.domain:
        case Composition():
            if not isinstance(a, Mapping) or not isinstance(b, Mapping):
                return math.inf
            return max(abs(a.get(s, 0.0) - b.get(s, 0.0)) for s in {*a, *b})
        case Continuous(low=low, high=high) | Integer(low=low, high=high):
            if not isinstance(a, (int, float)) or not isinstance(b, (int, float)):
                return math.inf
            return abs(a - b) / ((high - low) or 1.0)
        case _:
            return 0.0 if a == b else math.inf


def find(
    recipes: Sequence[Recipe],
    controls: Sequence[Variable],
    parameters: Mapping[str, Value],
) -> Match:
    """Return the rows nearest to some parameters, replicates together.

    Args:
        recipes: At least one.
        controls: Those that count.
        parameters: Control name to value.
    """
    distances = [
        max(
            (_difference(c, r.intervention[c.name], parameters[c.name]))
            for c in controls
        )
        for r in recipes
    ]
    least = min(distances)
    near = [r for r, d in zip(recipes, distances, strict=True) if d <= least + 1e-12]
    same = [
        r
        for r in near
        if all(
            _difference(c, r.intervention[c.name], near[0].intervention[c.name]) == 0.0
            for c in controls
        )
    ]
    return Match(tuple(same), least)
