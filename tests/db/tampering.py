"""A hundred ways to change memory behind the program's back."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Double,
    Integer,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from db.chain import Link, canonical
from db.columns import Utc
from db.schema import CHAINED, OUTSIDE, chain_head, event

Row = Mapping[str, object]

_MADE_UP: Mapping[type[object], object] = {
    Integer: 1,
    Double: 1.5,
    Text: "forged",
    Utc: datetime(2020, 1, 1, tzinfo=UTC),
}
"""What to put where nothing was, by the column's type."""


class NothingToDoError(Exception):
    """This kind of tampering finds nothing to change here; try another."""


def _pick(c: Connection, rng: Random, table: Table) -> Row:
    rows = c.execute(select(table)).mappings().all()
    if not rows:
        raise NothingToDoError
    return {str(name): value for name, value in rng.choice(rows).items()}


def _key(table: Table, row: Row) -> ColumnElement[bool]:
    (key,) = table.primary_key.columns
    return key == row[key.name]


def _columns(table: Table) -> list[Column[object]]:
    return [
        c
        for c in table.c
        if not c.primary_key and f"{table.name}.{c.name}" not in OUTSIDE
    ]


def other_value(value: object, column: Column[object]) -> object:
    """Return a value that is a little different."""
    found: object
    match value:
        case bool():
            found = not value
        case int():
            found = value + 1
        case float():
            found = math.nextafter(value, math.inf)
        case datetime():
            found = value + timedelta(milliseconds=1)
        case dict():
            found = {**value, "forged": 1}
        case list():
            found = [*value, 1]
        case str():
            found = value + "x"
        case _:
            found = _MADE_UP[type(column.type)]
    return found


def change_field(c: Connection, rng: Random) -> str:
    """Change one field of one row a little."""
    table = rng.choice([*CHAINED, event, chain_head])
    row, column = _pick(c, rng, table), rng.choice(_columns(table))
    new = other_value(row[column.name], column)
    c.execute(update(table).where(_key(table, row)).values({column.name: new}))
    return f"{table.name}.{column.name} of {dict(row)} became {new!r}"


def remove_row(c: Connection, rng: Random) -> str:
    """Remove one row of any table."""
    table = rng.choice([*CHAINED, event, chain_head])
    row = _pick(c, rng, table)
    c.execute(delete(table).where(_key(table, row)))
    return f"removed {dict(row)} of {table.name}"


def forge_row(c: Connection, rng: Random) -> str:
    """Add a row that looks like another."""
    table = rng.choice(CHAINED)
    row = dict(_pick(c, rng, table))
    newest = c.execute(select(func.max(table.c.id))).scalar_one()
    row["id"] = newest + rng.choice([1, 2])
    for column in _columns(table):
        if isinstance(row[column.name], str) and rng.random() < 0.5:
            row[column.name] = f"{row[column.name]}x"
        if column.name in ("number", "position", "version", "batch"):
            row[column.name] = 77
    c.execute(insert(table).values(row))
    return f"forged {row} in {table.name}"


def swap_times(c: Connection, rng: Random) -> str:
    """Swap two different times, of two rows or of one."""
    table = rng.choice([t for t in (*CHAINED, event) if _times(t)])
    column, other = rng.choice(_times(table)), rng.choice(_times(table))
    first, second = _pick(c, rng, table), _pick(c, rng, table)
    if None in (first[column], second[other]) or first[column] == second[other]:
        raise NothingToDoError
    for row, name, at in (
        (first, column, second[other]),
        (second, other, first[column]),
    ):
        c.execute(update(table).where(_key(table, row)).values({name: at}))
    return f"swapped {first[column]} and {second[other]} of {table.name}"


def _times(table: Table) -> list[str]:
    return [c.name for c in _columns(table) if isinstance(c.type, Utc)]


def swap_values(c: Connection, rng: Random) -> str:
    """Swap the same field of two rows."""
    table = rng.choice(CHAINED)
    first, second = _pick(c, rng, table), _pick(c, rng, table)
    name = rng.choice(_columns(table)).name
    if canonical(str(first[name])) == canonical(str(second[name])):
        raise NothingToDoError
    for row, value in ((first, second[name]), (second, first[name])):
        c.execute(update(table).where(_key(table, row)).values({name: value}))
    return f"swapped {name} of two rows of {table.name}"


def _edited(payload: str, rng: Random) -> str:
    digits = [i for i, letter in enumerate(payload) if letter.isdigit()]
    place = rng.choice(digits)
    digit = str((int(payload[place]) + 1) % 10)
    return payload[:place] + digit + payload[place + 1 :]


def edit_event(c: Connection, rng: Random) -> str:
    """Change one digit of an event's payload."""
    row = _pick(c, rng, event)
    new = _edited(str(row["payload"]), rng)
    c.execute(update(event).where(event.c.seq == row["seq"]).values(payload=new))
    return f"edited event {row['seq']}"


def rehash_event(c: Connection, rng: Random) -> str:
    """Change an event and give it a hash that fits, but not the events after it."""
    rows = c.execute(select(event).order_by(event.c.seq)).all()
    place = rng.randrange(len(rows))
    row, before = rows[place], rows[place - 1].hash if place else "0" * 64
    payload = canonical(json.loads(row.payload) | {"forged": rng.random()})
    told = Link(row.seq, row.campaign_id, row.at, row.kind, row.actor, payload)
    fields = {"payload": payload, "hash": told.hash(before)}
    c.execute(update(event).where(event.c.seq == row.seq).values(fields))
    return f"changed and hashed event {row.seq}"


def remove_last_event(c: Connection, rng: Random) -> str:
    """Remove the last event; perhaps set the head back, too."""
    *_, before, last = c.execute(select(event).order_by(event.c.seq)).all()
    c.execute(delete(event).where(event.c.seq == last.seq))
    back = rng.random() < 0.5
    if back:
        fields = {"seq": before.seq, "hash": before.hash, "at": before.at}
        c.execute(update(chain_head).values(fields))
    return f"removed event {last.seq}, head set back: {back}"


def swap_events(c: Connection, rng: Random) -> str:
    """Swap the content of two events."""
    first, second = _pick(c, rng, event), _pick(c, rng, event)
    if first == second:
        raise NothingToDoError
    for row, other in ((first, second), (second, first)):
        fields = {k: v for k, v in other.items() if k != "seq"}
        c.execute(update(event).where(event.c.seq == row["seq"]).values(fields))
    return f"swapped events {first['seq']} and {second['seq']}"


KINDS: tuple[Callable[[Connection, Random], str], ...] = (
    change_field,
    change_field,
    remove_row,
    forge_row,
    swap_times,
    swap_values,
    edit_event,
    rehash_event,
    remove_last_event,
    swap_events,
)
