"""Write transactions: rows and the one event that tells of them, or nothing.

Every write path goes through :class:`Transaction`, so none can forget its event.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    func,
    insert,
    select,
    update,
)

from db.chain import Link, canonical, storable, written
from db.engine import AnyRow, Database, clock
from db.schema import OUTSIDE, chain_head, event, step, step_state
from labagent.experiments import OPEN_STATES, StepState

_TICK = timedelta(microseconds=1)

Fields = Mapping[str, object]


class Transaction:
    """One write transaction in the making.

    Attributes:
        connection: For reading inside the transaction.
        seq: Number its event will have; the chain's head is locked until it ends.
        now: Its time, UTC: the database's clock, but always later than the event
            before, so that "earlier" can be told even where two events share a clock
            tick, or the clock was set back.
        clock: The database's clock as it is, for leases.
        campaign: The campaign the event belongs to, if any.
    """

    def __init__(self, connection: Connection, kind: str, actor: str) -> None:
        self.connection = connection
        self.campaign: int | None = None
        self._kind = kind
        self._actor = actor
        self._changes: list[dict[str, object]] = []
        self._notes: dict[str, object] = {}
        self._next: dict[str, int] = {}
        head = connection.execute(select(chain_head).with_for_update()).one()
        self._previous: str = head.hash
        self.seq: int = head.seq + 1
        self.clock: datetime = clock(connection)
        self.now: datetime = max(self.clock, head.at + _TICK)

    def insert(self, table: Table, rows: Sequence[Fields]) -> list[int]:
        """Add rows and return their ids; ``id`` and ``event_seq`` are filled in."""
        if not rows:
            return []
        first = self._reserve(table, len(rows))
        full = [
            self._complete(table, row, first + offset)
            for offset, row in enumerate(rows)
        ]
        self.connection.execute(insert(table), full)
        for row in full:
            self._note_change(table, row)
        return list(range(first, first + len(rows)))

    def add(self, table: Table, **fields: object) -> int:
        """Add one row and return its id."""
        return self.insert(table, [fields])[0]

    def update(
        self, table: Table, condition: ColumnElement[bool], fields: Fields
    ) -> Sequence[AnyRow]:
        """Change the rows that meet a condition, in one statement; return them."""
        values = {
            name: value if computed(value) else storable(table.c[name], value)
            for name, value in fields.items()
        }
        statement = update(table).where(condition).values(values).returning(*table.c)
        rows = self.connection.execute(statement).all()
        for row in rows:
            self._note_change(table, {k: getattr(row, k) for k in ("id", *values)})
        return rows

    def move(
        self, condition: ColumnElement[bool], state: StepState, **fields: object
    ) -> Sequence[AnyRow]:
        """Move the steps that meet a condition to a state; return their rows."""
        over = state not in OPEN_STATES
        values: dict[str, object] = {"state": state.value, **fields}
        if state is not StepState.RUNNING:
            idle = {"worker": None, "lease_until": None, "handed_over": False}
            values |= idle | {"finished_at": self.now if over else None}
        rows = self.update(step, condition, values)
        self.insert(step_state, [self._entry(row) for row in rows])
        return rows

    def begin_steps(self, rows: Sequence[Fields]) -> list[int]:
        """Add steps in their first state and return their ids."""
        ids = self.insert(step, rows)
        chosen = select(step).where(step.c.id.between(ids[0], ids[-1]))
        added = self.connection.execute(chosen.order_by(step.c.id)).all()
        self.insert(step_state, [self._entry(row) for row in added])
        return ids

    def note(self, name: str, value: object) -> None:
        """Add something to the event that is in no row."""
        self._notes[name] = value

    def finish(self) -> None:
        """Write the event, if there is anything to tell."""
        if not self._changes and not self._notes:
            return
        payload = canonical({"changes": self._changes, **self._notes})
        told = Link(self.seq, self.campaign, self.now, self._kind, self._actor, payload)
        hashed = told.hash(self._previous)
        self.connection.execute(
            insert(event).values(
                seq=self.seq,
                campaign_id=self.campaign,
                at=self.now,
                kind=self._kind,
                actor=self._actor,
                payload=payload,
                hash=hashed,
            )
        )
        self.connection.execute(
            update(chain_head).values(seq=self.seq, hash=hashed, at=self.now)
        )

    def _entry(self, row: AnyRow) -> Fields:
        return {
            "step_id": row.id,
            "state": row.state,
            "token": row.token,
            "worker": row.worker,
            "message": row.message,
            "entered_at": self.now,
        }

    def _reserve(self, table: Table, count: int) -> int:
        """Return the first of the next free ids; the locked head makes this safe."""
        if table.name not in self._next:
            newest = self.connection.execute(select(func.max(table.c.id))).scalar()
            self._next[table.name] = (newest or 0) + 1
        first = self._next[table.name]
        self._next[table.name] += count
        return first

    def _complete(self, table: Table, row: Fields, row_id: int) -> dict[str, object]:
        filled = {**row, "id": row_id}
        if "event_seq" in table.c:
            filled["event_seq"] = self.seq
        return {
            column.name: storable(column, filled.get(column.name)) for column in table.c
        }

    def _note_change(self, table: Table, row: Fields) -> None:
        kept = {
            name: written(value)
            for name, value in row.items()
            if name != "id" and f"{table.name}.{name}" not in OUTSIDE
        }
        self._changes.append({"table": table.name, "id": row["id"], "set": kept})


def computed(value: object) -> bool:
    """Return whether a value is an expression that the database computes."""
    return isinstance(value, ColumnElement)


@contextmanager
def transaction(
    database: Database, kind: str, actor: str, campaign: int | None = None
) -> Generator[Transaction]:
    """Give a write transaction that ends with exactly one event, or leaves nothing."""
    with database.writing() as connection:
        writer = Transaction(connection, kind, str(storable(event.c.actor, actor)))
        writer.campaign = campaign
        yield writer
        writer.finish()
