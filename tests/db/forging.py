"""A forger who knows how the chain is made, and writes it anew."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table, select, update

from db.chain import GENESIS, Link, canonical
from db.schema import chain_head, event

Edit = Callable[[dict[str, Any]], None]


def forge(c: Connection, table: Table, row_id: int, edit: Edit) -> None:
    """Edit a row's fields in its table and in the chain, which is hashed again."""
    before, head = GENESIS, None
    for row in c.execute(select(event).order_by(event.c.seq)).all():
        content = json.loads(row.payload)
        for change in content["changes"]:
            if (change["table"], int(change["id"])) == (table.name, row_id):
                edit(change["set"])
        payload = canonical(content)
        told = Link(row.seq, row.campaign_id, row.at, row.kind, row.actor, payload)
        before, head = told.hash(before), row.seq
        fields = {"payload": payload, "hash": before}
        c.execute(update(event).where(event.c.seq == row.seq).values(fields))
    c.execute(update(chain_head).where(chain_head.c.seq == head).values(hash=before))
    stored = c.execute(select(table).where(table.c.id == row_id)).mappings().one()
    fields = dict(stored)
    edit(fields)
    c.execute(update(table).where(table.c.id == row_id).values(fields))
