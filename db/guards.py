"""Putting the triggers into a database, and seeing whether they are still there."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from db import triggers_postgresql, triggers_sqlite
from labagent.ports import Fault

_POSTGRES_FOUND = text(
    """
    SELECT t.tgname AS name, c.relname AS owner, p.proname AS function,
        t.tgtype AS type, t.tgenabled::text AS enabled,
        t.tgqual IS NULL AND t.tgattr = ''::int2vector AS unconditional
    FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)
    """
)
_POSTGRES_BODIES = text(
    """
    SELECT proname AS name, prosrc AS body FROM pg_proc
    WHERE proname LIKE 'labagent\\_%' AND pg_function_is_visible(oid)
    """
)
_SQLITE_FOUND = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
_BITS: Mapping[str, int] = {
    "EACH ROW": 1,
    "BEFORE": 2,
    "INSERT": 4,
    "DELETE": 8,
    "UPDATE": 16,
    "TRUNCATE": 32,
}
"""Bits of pg_trigger.tgtype by the words in the statement."""


def drop_guards(connection: Connection) -> None:
    """Take every trigger away, so that a migration may change tables."""
    sqlite = connection.dialect.name == "sqlite"
    for statement in (triggers_sqlite if sqlite else triggers_postgresql).DROPS:
        connection.exec_driver_sql(statement)


def place_guards(connection: Connection) -> None:
    """Create every trigger anew."""
    if connection.dialect.name == "sqlite":
        for statement in triggers_sqlite.TRIGGERS.values():
            connection.exec_driver_sql(statement.strip())
        return
    for name, body in triggers_postgresql.BODIES.items():
        connection.exec_driver_sql(triggers_postgresql.function(name, body))
    for statement in triggers_postgresql.TRIGGERS.values():
        connection.exec_driver_sql(statement)


def guard_faults(connection: Connection) -> Iterator[Fault]:
    """Yield every trigger that is missing, switched off or not as it was placed."""
    if connection.dialect.name == "sqlite":
        placed = {n: s.strip() for n, s in triggers_sqlite.TRIGGERS.items()}
        found = {row.name: str(row.sql) for row in connection.execute(_SQLITE_FOUND)}
        yield from _differences("trigger", placed, found)
        return
    bodies = {row.name: row.body for row in connection.execute(_POSTGRES_BODIES)}
    yield from _differences("function", triggers_postgresql.BODIES, bodies)
    placed = {n: _described(s) for n, s in triggers_postgresql.TRIGGERS.items()}
    found = {
        row.name: f"{row.type} {row.owner} {row.function} {row.enabled}"
        if row.unconditional
        else "conditional"
        for row in connection.execute(_POSTGRES_FOUND)
    }
    yield from _differences("trigger", placed, found)


def _described(statement: str) -> str:
    """Return a trigger's events, table and function as pg_trigger has them."""
    bits = sum(bit for words, bit in _BITS.items() if words in statement)
    rest = statement.partition(" ON ")[2].split()
    return f"{bits} {rest[0]} {rest[-1].removesuffix('()')} O"


def _differences(
    what: str, placed: Mapping[str, str], found: Mapping[str, str]
) -> Iterator[Fault]:
    for name, wanted in placed.items():
        if name not in found:
            yield Fault(f"{what} {name}", "is missing: rows are not protected by it")
        elif found[name] != wanted:
            yield Fault(f"{what} {name}", "is not as it was placed, or switched off")
    for name in sorted(found.keys() - placed.keys()):
        yield Fault(f"{what} {name}", "is not one of ours")
