"""One Prefect server for all tests of this folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import SqlLogbook, open_logbook
from flows.server import Server


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """Serve Prefect for the session; return the address of its API."""
    with Server() as server:
        server.ready()
        yield os.environ["PREFECT_API_URL"]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[SqlLogbook]:
    """Return an empty memory in a file, as it is used by several threads."""
    logbook = open_logbook(f"sqlite:///{tmp_path / 'book.db'}")
    yield logbook
    logbook.close()
