"""A table of candidates as a campaign, for programs that have nothing else."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labagent.app.telling import as_number
from labagent.campaigns import Campaign
from labagent.config import from_document
from labagent.config.nodes import did_you_mean
from labagent.errors import DataError
from labagent.variables import Value

MOST_LABELS = 1000
"""Different labels of a column: each takes one number in the encoding of every row."""

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_NO_NUMBER = re.compile(r"-|n/?a|#n/a|none|null|[-+]?(nan|inf|infinity)", re.IGNORECASE)


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
    find: str = "many",
) -> Pool:
    """Return a CSV file's rows as a campaign.

    Columns in which all rows are equal tell nothing and are left out.

    Args:
        path: The table.
        columns: Columns that describe a candidate.
        categorical: Those among them that are labels, told apart as they are written;
            columns with text always are.
        goal: ``max`` or ``min``.
        seed: Of all randomness.
        find: ``many``: collect the table's top 5 %; ``best``: look for its best row.

    Raises:
        DataError: The file or a column is missing, a cell is empty, or no number in a
            column of numbers, or no row differs from another.
    """
    _check(columns, categorical, goal, find)
    table = _read(path, columns)
    values = {c: table.values(c, label=c in categorical) for c in columns}
    telling = {c: v for c, v in values.items() if len(set(v)) > 1}
    if not telling:
        raise DataError(f"{table.name}: all rows are equal, must differ in a column")
    names = {column: f"c{i}" for i, column in enumerate(columns)}
    rows: list[dict[str, Value]] = [
        {names[c]: v[i] for c, v in telling.items()} for i in range(len(table.lines))
    ]
    document = {
        "labagent": 1,
        "name": "pool",
        "goal": f"{goal} over the rows of {path.name}",
        "find": find,
        "objectives": {"target": {"unit": "", "goal": f"{goal}imize"}},
        "controls": {names[c]: _control(v) for c, v in telling.items()},
        "candidates": rows,
        "budget": {"experiments": len(rows)},
        "executors": {"caller": "manual"},
        "leash": "autonomous",
        "batch": 1,
        "initial": min(5, len(rows)),
        "seed": seed,
    }
    return Pool(from_document(json.dumps(document)), tuple(rows), "target")


def _check(
    columns: Sequence[str], categorical: Sequence[str], goal: str, find: str
) -> None:
    if goal not in ("max", "min"):
        raise DataError(f"goal: got {goal!r}, must be 'max' or 'min'")
    if find not in ("many", "best"):
        raise DataError(f"find: got {find!r}, must be 'many' or 'best'")
    if not columns:
        raise DataError("columns: got none, must name at least one")
    strange = [c for c in categorical if c not in columns]
    if strange:
        raise DataError(
            f"categorical: got {', '.join(strange)}, must be among the columns "
            f"{', '.join(columns)}"
        )


@dataclass(frozen=True)
class _Table:
    """Cells as they are written, the blanks around them left out.

    Attributes:
        name: What messages call the file.
        lines: Line of the file on which each row ends.
        cells: Column to its cells, none of them empty.
    """

    name: str
    lines: Sequence[int]
    cells: Mapping[str, Sequence[str]]

    def values(self, column: str, *, label: bool) -> Sequence[Value]:
        """Return a column as numbers, or as labels if it is said to hold them.

        Raises:
            DataError: A cell among numbers holds none, or there are too many labels.
        """
        texts = self.cells[column]
        numbers = [] if label else [_number(text) for text in texts]
        found = [number for number in numbers if number is not None]
        if found and len(found) == len(texts):
            return found
        if found:
            self._refuse_gaps(column, numbers)
        kinds = len(set(texts))
        if kinds > MOST_LABELS:
            raise DataError(
                f"{self.name} column {column}: got {kinds} different labels, must have "
                f"at most {MOST_LABELS}; leave the column out if it only names the rows"
            )
        return texts

    def _refuse_gaps(self, column: str, numbers: Sequence[float | None]) -> None:
        """Refuse a missing or endless number; other texts make the column labels."""
        for line, text, number in zip(
            self.lines, self.cells[column], numbers, strict=True
        ):
            if number is None and (
                _NUMBER.fullmatch(text) or _NO_NUMBER.fullmatch(text)
            ):
                raise DataError(
                    f"{self.name} line {line}: got {column} = {text}, must be a finite "
                    "number; leave the row out, or name the column in categorical"
                )


def _read(path: Path, columns: Sequence[str]) -> _Table:
    name = f"pool {path}"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            table = [(reader.line_num, row) for row in reader if not _blank(row)]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{name}: cannot be read: {error}") from error
    if len(table) < 2:  # noqa: PLR2004 the headings and one row
        raise DataError(f"{name}: got no rows, must have headings and at least one")
    header = [heading.strip() for heading in table[0][1]]
    places = {column: _place(name, header, column) for column in columns}
    for line, row in table[1:]:
        empty = [c for c, at in places.items() if at >= len(row) or not row[at].strip()]
        if empty:
            raise DataError(
                f"{name} line {line}: has no {', '.join(empty)}, must have all columns"
            )
        if any(cell.strip() for cell in row[len(header) :]):
            raise DataError(
                f"{name} line {line}: got {len(row)} cells, must have {len(header)}; "
                "put texts with commas in quotes"
            )
    return _Table(
        name=name,
        lines=[line for line, _ in table[1:]],
        cells={
            c: [row[at].strip() for _, row in table[1:]] for c, at in places.items()
        },
    )


def _blank(row: Sequence[str]) -> bool:
    """Return whether a line holds nothing, not even an empty text in quotes."""
    return not row or (len(row) == 1 and row[0].isspace())


def _place(name: str, header: Sequence[str], column: str) -> int:
    times = header.count(column.strip())
    if times == 1:
        return header.index(column.strip())
    if times:
        raise DataError(f"{name}: got {times} columns {column}, must have one")
    hint = did_you_mean(column, header)
    raise DataError(
        f"{name}: got no column {column}, must be among {', '.join(header)}"
        f"{'; ' + hint if hint else ''}"
    )


def _number(text: str) -> float | None:
    return as_number(float(text)) if _NUMBER.fullmatch(text) else None


def _control(values: Sequence[Value]) -> dict[str, object]:
    labels = [v for v in values if isinstance(v, str)]
    if labels:
        return {"choices": sorted(set(labels))}
    numbers = [v for v in values if isinstance(v, float)]
    return {"range": [min(numbers), max(numbers)]}
