"""URLs, secrets, and what opening costs."""

import subprocess
import sys

import pytest

from db import open_logbook
from db.engine import read_url, shown
from labagent.errors import LogbookError
from tests.db.histories import filled


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///a.db", "sqlite+pysqlite"),
        ("sqlite://", "sqlite+pysqlite"),
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg"),
    ],
)
def test_urls_get_their_driver(given: str, driver: str) -> None:
    assert read_url(given).drivername == driver


@pytest.mark.parametrize("given", ["mysql://u:hunter2@h/d", "u:hunter2", "", "a.db"])
def test_other_urls_are_refused_without_their_password(given: str) -> None:
    with pytest.raises(LogbookError, match=r"must be.*sqlite") as refusal:
        open_logbook(given)
    assert "hunter2" not in str(refusal.value)


def test_an_unreachable_server_is_a_clear_error_without_the_password() -> None:
    url = "postgresql://ada:hunter2@127.0.0.1:1/lab"
    with pytest.raises(
        LogbookError, match=r"ada:\*\*\*@127.0.0.1:1/lab.*failed"
    ) as error:
        open_logbook(url)
    said = f"{error.value!r} {error.value.__cause__!r}"
    assert "hunter2" not in said
    assert "hunter2" not in shown(read_url(url))


def test_opening_what_is_up_to_date_loads_no_alembic(database_url: str) -> None:
    filled(database_url)
    program = (
        "import sys; from db import open_logbook; book = open_logbook(sys.argv[1]); "
        "book.trials(1); book.close(); "
        "heavy = {'alembic', 'torch', 'pandas', 'prefect'} & set(sys.modules); "
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(  # our own interpreter and program
        [sys.executable, "-c", program, database_url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
