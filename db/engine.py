"""Connections: one code path for SQLite and PostgreSQL.

SQLite runs with a write-ahead log, every commit on disk (``synchronous=FULL``), foreign
keys on, and writers that take the lock when they begin, so that no transaction fails
half-way. PostgreSQL runs through psycopg. Both are read in one snapshot.
"""

import re
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from threading import RLock
from typing import Any, cast

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Row,
    StaticPool,
    create_engine,
    event,
    func,
    make_url,
    select,
    type_coerce,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
)

from db.chain import canonical
from db.columns import Utc
from labagent.errors import LogbookError, SchemaError, SealError, StateError

BUSY_SECONDS = 60.0
"""How long a SQLite connection waits for another process's write, in seconds."""

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns are told by the query."""

_WRITING = "labagent_writing"

_PRIMARY = 0xFF
"""Bits of a SQLite error code that say what kind it is."""

_GUARD = re.compile(r"labagent (?P<word>\w+): (?P<said>.*)")
"""A trigger's message."""

_FAMILY: dict[str, type[LogbookError]] = {"seal": SealError, "state": StateError}
"""Word in a trigger's message to the error it becomes."""


def read_url(url: str) -> URL:
    """Return a database URL with its driver named.

    Raises:
        LogbookError: It is no URL, or of a database we do not know.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LogbookError(
            "database: got no URL, must be like sqlite:///labagent.db or "
            "postgresql://user@host/name"
        ) from error
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise LogbookError(
                f"database: got {other}, must be sqlite or postgresql; "
                "e.g. sqlite:///labagent.db"
            )


def shown(url: URL) -> str:
    """Return a URL as it may be printed: a file as its path, nothing with passwords."""
    if url.get_backend_name() == "sqlite":
        return "in memory" if in_memory(url) else str(url.database)
    hidden = {k: "***" for k in url.query if "password" in k.lower()}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def in_memory(url: URL) -> bool:
    """Return whether a SQLite database lives in this process only."""
    sqlite = url.get_backend_name() == "sqlite"
    return sqlite and url.database in (None, "", ":memory:")


def _make_engine(url: URL) -> Engine:
    common = {"json_serializer": canonical, "hide_parameters": True}
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,  # the server may have been restarted meanwhile
            max_overflow=20,
            **common,
        )
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    if in_memory(url):
        engine = create_engine(
            url, poolclass=StaticPool, connect_args=arguments, **common
        )
    else:
        engine = create_engine(
            url, connect_args=arguments, max_overflow=-1, **common
        )  # a thread that waits for the write lock must not use up the pool
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: DBAPIConnection, _record: object) -> None:
    raw = cast("sqlite3.Connection", connection)
    raw.isolation_level = None  # we say BEGIN ourselves, see _begin
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute("PRAGMA recursive_triggers=ON")  # REPLACE then fires DELETE triggers
    _use_write_ahead_log(raw)
    raw.execute("PRAGMA synchronous=FULL")


def _use_write_ahead_log(raw: sqlite3.Connection) -> None:
    """Switch the journal; SQLite's busy timeout does not cover this, so wait here."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


class Database:
    """An engine that hands out transactions and speaks our errors."""

    def __init__(self, url: str) -> None:
        self.url = read_url(url)
        try:
            self._engine = _make_engine(self.url)
        except (ImportError, NoSuchModuleError) as error:
            raise LogbookError(
                f"database {shown(self.url)}: its driver is not installed; "
                "install labagent[postgres]"
            ) from error
        # The threads of a process share the one connection of a memory database.
        self._turn = RLock() if in_memory(self.url) else nullcontext()

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """Give a connection whose queries all see the same moment."""
        with self._turn, self._speaking(), self._engine.connect() as plain:
            connection = plain
            if self.dialect == "postgresql":
                connection = plain.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Give a connection in one write transaction: all of it or nothing."""
        with self._turn, self._speaking(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection

    @contextmanager
    def migrating(self) -> Generator[Connection]:
        """Give a connection for changing tables, in one write transaction.

        SQLite alters a table by building it anew, during which rows that refer to it
        would seem lost. Foreign keys can only be switched off outside a transaction;
        they are checked as a whole before it ends.
        """
        with self._turn, self._speaking(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITING: True})
            sqlite = self.dialect == "sqlite"
            raw = cast("sqlite3.Connection", plain.connection.driver_connection)
            if sqlite:
                raw.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    if sqlite:
                        _check_references(connection, shown(self.url))
            finally:
                if sqlite:
                    raw.execute("PRAGMA foreign_keys=ON")

    @contextmanager
    def _speaking(self) -> Generator[None]:
        try:
            yield
        except DBAPIError as error:
            raise _translated(error, shown(self.url)) from error

    def close(self) -> None:
        """Release all connections; safe to repeat."""
        self._engine.dispose()


def _check_references(connection: Connection, place: str) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise SchemaError(
            f"database {place}: a row of {broken[0]} refers to nothing in {broken[2]}, "
            "must not; the upgrade was taken back"
        )


def clock(connection: Connection) -> datetime:
    """Return the database's clock, UTC; it goes on inside a transaction."""
    if connection.dialect.name == "postgresql":
        now = func.clock_timestamp(type_=Utc())
    else:
        now = type_coerce(func.strftime("%Y-%m-%d %H:%M:%f", "now"), Utc())
    return connection.execute(select(now)).scalar_one()


def _translated(error: DBAPIError, place: str) -> LogbookError:
    """Return a driver's error as one of the family; triggers name theirs."""
    text = str(error.orig).split("\n", maxsplit=1)[0]
    guard = _GUARD.match(text)
    if guard is not None:
        return _FAMILY.get(guard["word"], LogbookError)(guard["said"])
    if isinstance(error.orig, sqlite3.DatabaseError):
        code = getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY
        if code == sqlite3.SQLITE_NOTADB:
            return SchemaError(f"database {place}: the file is no SQLite database")
        if code == sqlite3.SQLITE_BUSY:
            return LogbookError(
                f"database {place}: another process has been writing for over "
                f"{BUSY_SECONDS:g} s, must let others write; end it and try again"
            )
    if isinstance(error, IntegrityError):
        return LogbookError(f"database {place}: refused a row: {text}")
    kind = "refused" if isinstance(error, DatabaseError) else "failed"
    return LogbookError(f"database {place}: {kind}: {text}")
