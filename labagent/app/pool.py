"""A table of candidates as a campaign, for programs that have nothing else."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labagent.campaigns import Campaign
from labagent.config import from_document
from labagent.errors import DataError
from labagent.variables import Value


@dataclass(frozen=True)
class Pool:
    """Rows of a table, each an intervention that may be asked for.

    Attributes:
        campaign: A campaign whose candidates are the rows.
        rows: The interventions, in the table's order; equal rows are replicates.
        target: Name of the measured quantity inside the campaign.
    """

    campaign: Campaign
    rows: tuple[Mapping[str, Value], ...]
    target: str


def read_pool(
    path: Path,
    columns: Sequence[str],
    categorical: Sequence[str],
    goal: str,
    seed: int,
) -> Pool:
    """Return a CSV file's rows as a campaign.

    Args:
        path: The table.
        columns: Columns that describe a candidate.
        categorical: Those among them that are labels; columns with text always are.
        goal: ``max`` or ``min``.
        seed: Of all randomness.

    Raises:
        DataError: The file or a column is missing, or a cell is empty.
    """
    if goal not in ("max", "min"):
        raise DataError(f"goal: got {goal!r}, must be 'max' or 'min'")
    if not columns:
        raise DataError("columns: got none, must name at least one")
    table = _read(path, columns)
    names = {column: f"c{i}" for i, column in enumerate(columns)}
    labels = {c for c in columns if c in categorical or not _numeric(table, c)}
    rows = [
        {names[c]: row[c] if c in labels else float(row[c]) for c in columns}
        for row in table
    ]
    document = {
        "labagent": 1,
        "name": "pool",
        "goal": f"{goal} over the rows of {path.name}",
        "objectives": {"target": {"unit": "", "goal": f"{goal}imize"}},
        "controls": {n: _control(rows, n, c in labels) for c, n in names.items()},
        "candidates": rows,
        "budget": {"experiments": len(rows)},
        "executors": {"caller": "manual"},
        "leash": "autonomous",
        "batch": 1,
        "initial": min(5, len(rows)),
        "seed": seed,
    }
    return Pool(from_document(json.dumps(document)), tuple(rows), "target")


def _read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            found = reader.fieldnames or []
            table = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"pool {path}: cannot be read: {error}") from error
    missing = [c for c in columns if c not in found]
    if missing:
        raise DataError(
            f"pool {path}: got no column {', '.join(missing)}, "
            f"must be among {', '.join(found)}"
        )
    for number, row in enumerate(table):
        empty = [c for c in columns if not (row[c] or "").strip()]
        if empty:
            raise DataError(f"pool {path}: row {number} has no {', '.join(empty)}")
    if not table:
        raise DataError(f"pool {path}: got no rows, must have at least one")
    return table


def _numeric(table: Sequence[Mapping[str, str]], column: str) -> bool:
    try:
        for row in table:
            float(row[column])
    except ValueError:
        return False
    return True


def _control(
    rows: Sequence[Mapping[str, Value]], name: str, label: bool
) -> dict[str, object]:
    values = [row[name] for row in rows]
    if label:
        return {"choices": sorted({str(v) for v in values})}
    numbers = [float(v) for v in values if isinstance(v, (int, float))]
    return {"range": [min(numbers), max(numbers)]}
