"""Putting the triggers into a database, and seeing whether they are still there."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from db import triggers_postgresql, triggers_sqlite

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
_TYPES = {
    "ROW": 1,
    "BEFORE": 2,
    "INSERT": 4,
    "DELETE": 8,
    "UPDATE": 16,
    "TRUNCATE": 32,
}
"""Bits of pg_trigger.tgtype by the word in the statement."""


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
