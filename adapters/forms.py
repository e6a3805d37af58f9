"""Reading the result form a person filled in."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from adapters.cards import FAILED, HEADER, NOT_MEASURED
from adapters.matching import paths_of
from adapters.tables import as_number, read_table
from labagent.config.nodes import did_you_mean
from labagent.config.units import affine
from labagent.errors import DataError
from labagent.experiments import Kind, Measurement
from labagent.variables import Choice, Label, Role, Variable

SUFFIXES = (".csv", ".json", ".xlsx")
"""Kinds of forms we read."""

Line = Mapping[str, object]
"""One row of a form: quantity, value, unit, sigma, comment."""


@dataclass(frozen=True)
class Form:
    """What a form says.

    Attributes:
        measurements: In the declared units.
        failure: Why the experiment failed; empty if it did not.
    """

    measurements: tuple[Measurement, ...]
    failure: str


def read_form(
    path: Path, controls: Sequence[Variable], results: Sequence[Variable]
) -> Form:
    """Read a form.

    Args:
        path: A file of one of the ``SUFFIXES``.
        controls: What may be read back.
        results: What must be there, if only as ``n/a``.

    Raises:
        DataError: It is not complete, or something in it cannot be understood.
    """
    lines = _json_lines(path) if path.suffix == ".json" else _table_lines(path)
    declared = {r.name: r for r in results}
    readable = {path: c for c in controls for path in paths_of(c)}
    measurements: list[Measurement] = []
    answered: set[str] = set()
    failure = ""
    for line in lines:
        name = str(line.get("quantity") or "").strip()
        if _empty(line.get("value")):
            continue
        answered.add(name)
        if name == FAILED:
            failure = str(line["value"])
        elif line["value"] != NOT_MEASURED:
            variable = declared.get(name) or readable.get(name)
            if variable is None:
                raise _unknown(name, [*declared, *readable])
            measurements.append(_measurement(name, variable, line))
    missing = [n for n in declared if n not in answered]
    if missing and not failure:
        raise DataError(
            f"got no value for {', '.join(missing)}, must have one; write "
            f"{NOT_MEASURED} where nothing was measured"
        )
    return Form(tuple(measurements), failure)


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _unknown(name: str, known: Sequence[str]) -> DataError:
    hint = did_you_mean(name, known)
    return DataError(
        f"quantity {name!r}: must be one of {', '.join([*known, FAILED])}"
        f"{'; ' + hint if hint else ''}"
    )


def _measurement(name: str, variable: Variable, line: Line) -> Measurement:
    value = line["value"]
    kind = {Role.CONTROL: Kind.READBACK, Role.CONTEXT: Kind.CONTEXT}.get(
        variable.role, Kind.RESULT
    )
    if isinstance(variable.domain, (Label, Choice)):
        text = f"{value:g}" if isinstance(value, (int, float)) else str(value)
        return Measurement(name, None, label=text.strip(), kind=kind)
    unit = str(line.get("unit") or variable.unit).strip()
    slope, offset = affine(unit, variable.unit)
    sigma = line.get("sigma")
    return Measurement(
        quantity=name,
        value=slope * _number(name, value, unit) + offset,
        unit=variable.unit,
        sigma=None
        if _empty(sigma)
        else abs(slope * _number(f"{name} sigma", sigma, unit)),
        kind=kind,
    )


def _number(name: str, value: object, unit: str) -> float:
    if isinstance(value, float) and not math.isfinite(value):
        raise DataError(f"{name}: got {value!r}, must be finite")
    try:
        return as_number(value, unit)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error


def _table_lines(path: Path) -> list[Line]:
    table = read_table(path)
    for needed in HEADER[:2]:
        if needed not in table.columns:
            raise DataError(
                f"got the columns {', '.join(table.columns)}, must be "
                f"{', '.join(HEADER)}"
            )
    return [row.cells for row in table.rows]


def _json_lines(path: Path) -> list[Line]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError("must be an object of quantity to value")
    lines: list[Line] = []
    for name, value in cast("dict[str, object]", content).items():
        if isinstance(value, dict):
            lines.append({**cast("dict[str, object]", value), "quantity": name})
        else:
            lines.append({"quantity": name, "value": value})
    return lines
