"""What every test may rely on."""

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from db import SqlLogbook, open_logbook
from tests.databases import empty_schema, postgres

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


# The same examples on every machine, and none that fails because the machine is slow.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")


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
    """Return the URL of a PostgreSQL server of the session's own."""
    with postgres() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty place on a real PostgreSQL server."""
    with empty_schema(postgres_server) as url:
        yield url


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
