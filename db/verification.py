"""Whether memory is what was written: chain, rows, seals, gaps, guards.

The chain is recomputed from the first event to its head, then folded into the rows it
says there are, and these are compared with the rows there are. What this cannot show is
a forger who rewrites the rows *and* every event from there to the head; keep the head's
hash elsewhere (it is printed by ``labagent verify``) to see even that.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import Connection, RowMapping, Table, select
from sqlalchemy.exc import DBAPIError

from db.chain import GENESIS, Link, canonical, written
from db.engine import AnyRow
from db.guards import guard_faults
from db.schema import CHAINED, OUTSIDE, chain_head, event
from db.sealing import seal_faults
from db.views import view_faults
from labagent.errors import DataError, LabagentError
from labagent.ports import Fault

Fields = dict[str, object]

_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    DBAPIError,
    LabagentError,
)
"""What a driver raises on a stored value that its column's type cannot hold."""


@dataclass
class Fold:
    """What the chain says memory holds.

    Attributes:
        rows: Table to row id to fields.
        faults: What is wrong with the chain itself.
        seq: Last event seen.
        hash: Its hash.
        at: Its time as text.
    """

    rows: dict[str, dict[int, Fields]] = field(
        default_factory=lambda: {table.name: {} for table in CHAINED}
    )
    faults: list[Fault] = field(default_factory=list[Fault])
    seq: int = 0
    hash: str = GENESIS
    at: str = ""

    def blame(self, place: str, problem: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(place, problem))


def find_faults(connection: Connection) -> tuple[Fault, ...]:
    """Return everything wrong with memory, in an order a person can read."""
    fold = _fold_chain(connection)
    return (
        *fold.faults,
        *(f for table in CHAINED for f in _row_faults(connection, table, fold)),
        *_sense_faults(fold),
        *guard_faults(connection),
        *_view_faults(connection),
    )


def _view_faults(connection: Connection) -> list[Fault]:
    """Return what is wrong with the views, where the rows under them make sense."""
    try:
        return list(view_faults(connection))
    except _UNREADABLE as error:
        return [Fault("views", f"cannot be compared: {error}")]


def _sense_faults(fold: Fold) -> list[Fault]:
    """Return what is wrong with the rows the chain tells of."""
    try:
        return [*seal_faults(fold.rows), *_gaps(fold.rows)]
    except _UNREADABLE as error:  # only a changed event tells of such rows
        return [Fault("chain", f"tells of rows that make no sense: {error!r}")]


def _fold_chain(connection: Connection) -> Fold:
    """Recompute the chain, head included, and collect the rows it tells of."""
    fold = Fold()
    try:
        for row in connection.execute(select(event).order_by(event.c.seq)):
            _check_event(row, fold)
            _apply(row.payload, fold)
        _check_head(connection, fold)
    except _UNREADABLE as error:
        fold.blame(f"event {fold.seq + 1}", f"cannot be read: {error}")
    return fold


def _check_event(row: AnyRow, fold: Fold) -> None:
    place = f"event {row.seq}"
    if row.seq != fold.seq + 1:
        fold.blame(place, f"follows event {fold.seq}: one is missing or was added")
    at = str(written(row.at))
    if at <= fold.at:
        fold.blame(place, f"its time {at} is not later than the event before")
    told = Link(row.seq, row.campaign_id, row.at, row.kind, row.actor, row.payload)
    if row.hash != told.hash(fold.hash):
        fold.blame(place, "its hash does not follow from its content: it was changed")
    fold.seq, fold.hash, fold.at = row.seq, row.hash, at


def _check_head(connection: Connection, fold: Fold) -> None:
    heads = connection.execute(select(chain_head)).all()
    if len(heads) != 1:
        fold.blame("chain head", f"got {len(heads)} rows, must be one")
        return
    head = heads[0]
    if (head.seq, head.hash) != (fold.seq, fold.hash):
        fold.blame(
            "chain head",
            f"points at event {head.seq}, the last event is {fold.seq}: events were "
            "removed, added or changed",
        )
    if fold.seq and written(head.at) != fold.at:
        fold.blame("chain head", f"has time {written(head.at)}, not {fold.at}")


def _apply(payload: str, fold: Fold) -> None:
    """Add one event's changes to the rows the chain tells of."""
    place = f"event {fold.seq}"
    try:
        for change in json.loads(payload)["changes"]:
            rows = fold.rows[change["table"]]
            rows.setdefault(int(change["id"]), {}).update(change["set"])
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        fold.blame(place, f"its payload tells of no rows we know: {error!r}")


def _row_faults(connection: Connection, table: Table, fold: Fold) -> Iterator[Fault]:
    expected = fold.rows[table.name]
    try:
        found = connection.execute(select(table)).mappings()
        actual = {row["id"]: row for row in found}
    except _UNREADABLE as error:
        yield Fault(table.name, f"holds a value that cannot be read: {error}")
        return
    for row_id in sorted(expected.keys() - actual.keys()):
        yield Fault(f"{table.name} {row_id}", "was removed")
    for row_id in sorted(actual.keys() - expected.keys(), key=str):
        yield Fault(f"{table.name} {row_id}", "was added without an event")
    for row_id in sorted(actual.keys() & expected.keys()):
        yield from _field_faults(table, row_id, actual[row_id], expected[row_id])


def _field_faults(
    table: Table, row_id: int, actual: RowMapping, expected: Fields
) -> Iterator[Fault]:
    for column in table.c:
        if column.name == "id" or f"{table.name}.{column.name}" in OUTSIDE:
            continue
        found = _text(actual[column.name])
        told = _text(expected.get(column.name))
        if found != told:
            yield Fault(
                f"{table.name} {row_id}",
                f"{column.name} is {found}, but the chain says {told}",
            )


def _text(value: object) -> str:
    try:
        return canonical(written(value))
    except DataError:
        return repr(value)


def _gaps(rows: Mapping[str, Mapping[int, Fields]]) -> Iterator[Fault]:
    for name, table in rows.items():
        yield from _gap(f"{name} id", list(table), 1)
    numbers: dict[object, list[int]] = defaultdict(list)
    for row in rows["experiment"].values():
        numbers[row.get("campaign_id")].append(cast("int", row.get("number")))
    for owner, found in numbers.items():
        yield from _gap(f"campaign {owner} experiment", found, 1)
    batches: dict[object, list[int]] = defaultdict(list)
    for row in rows["decision"].values():
        batches[row.get("campaign_id")].append(cast("int", row.get("batch")))
    for owner, found in batches.items():
        yield from _gap(f"campaign {owner} batch", found, 0)


def _gap(place: str, found: list[int], first: int) -> Iterator[Fault]:
    """Tell of numbers that do not count up from the first by one."""
    for number in sorted(set(range(first, first + len(found))) - set(found)):
        yield Fault(f"{place} {number}", "is missing from its row of numbers")
