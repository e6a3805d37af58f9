"""Which revision a database has, and bringing it to ours.

Opening a database that is up to date costs one query and no Alembic. Otherwise the
upgrade runs in one transaction that only one process at a time can be in: SQLite's
write lock, or an advisory lock on PostgreSQL.
"""

from importlib import import_module
from typing import Protocol, cast

from sqlalchemy import Connection, func, inspect, select, table
from sqlalchemy.sql import column

from db.engine import Database, shown
from db.schema import HEAD, REVISIONS
from labagent.errors import SchemaError

_LOCK = 0x6C_61_62_61_67_65_6E_74
"""Key of the advisory lock: ``labagent`` in ASCII."""

_VERSION = table("alembic_version", column("version_num"))


class _Migrate(Protocol):
    def upgrade_connection(self, connection: Connection, target: str = ...) -> None:
        """Upgrade inside the connection's transaction."""
        ...


def found_revision(connection: Connection, place: str) -> str | None:
    """Return a database's revision; None where it is empty.

    Raises:
        SchemaError: It is newer than this program, or not one of ours.
    """
    names = set(inspect(connection).get_table_names())
    if "alembic_version" not in names:
        if names:
            raise SchemaError(
                f"database {place}: holds {', '.join(sorted(names)[:5])}, must be "
                "empty or labagent's; name another database"
            )
        return None
    found = connection.execute(select(_VERSION.c.version_num)).scalars().all()
    if not found and names == {"alembic_version"}:
        return None  # downgraded to nothing
    if len(found) != 1 or found[0] not in REVISIONS:
        raise SchemaError(
            f"database {place}: has schema {', '.join(found) or 'none'}, must be at "
            f"most {HEAD}; it was made by a newer labagent (update yours) "
            "or by another program"
        )
    return found[0]


def bring_up(database: Database) -> None:
    """Create or upgrade the schema where it is not at our revision."""
    place = shown(database.url)
    with database.reading() as connection:
        if found_revision(connection, place) == HEAD:
            return
    with database.migrating() as connection:
        if database.dialect == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        if found_revision(connection, place) == HEAD:
            return  # another process was faster
        # By name, so that a database which is up to date never loads Alembic.
        migrate = cast("_Migrate", import_module("db.migrate"))
        migrate.upgrade_connection(connection)
