"""Whatever was done behind the program's back shows."""

from random import Random

import pytest
from sqlalchemy import Connection, text, update
from sqlalchemy.exc import IntegrityError

from db import open_logbook
from db.guards import drop_guards
from db.schema import measurement, regime, step
from db.verification import find_faults
from labagent.ports import Fault
from tests.db.histories import filled, raw
from tests.db.tampering import KINDS, NothingToDoError


@pytest.fixture
def url(database_url: str) -> str:
    filled(database_url)
    return database_url


def faults(url: str) -> tuple[Fault, ...]:
    book = open_logbook(url)
    try:
        return book.verify()
    finally:
        book.close()


def test_an_untouched_database_has_no_faults(url: str) -> None:
    assert faults(url) == ()


def _defy(connection: Connection) -> None:
    """Switch off what would refuse the tampering, as its forger would."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
    else:
        connection.execute(text("SET LOCAL session_replication_role = replica"))


def _tamper(connection: Connection, seed: int) -> tuple[str, list[Fault]]:
    """Tamper in one random way, look for faults, and take it back."""
    rng = Random(seed)  # noqa: S311  # not for secrets
    while True:
        with connection.begin_nested() as attempt:
            try:
                deed = rng.choice(KINDS)(connection, rng)
            except (NothingToDoError, IntegrityError):
                attempt.rollback()
                continue
            found = _besides_guards(connection)
            attempt.rollback()
            return deed, found


def _besides_guards(connection: Connection) -> list[Fault]:
    guards = ("trigger", "function")
    return [f for f in find_faults(connection) if not f.place.startswith(guards)]


def test_each_of_a_hundred_tamperings_is_found(url: str) -> None:
    missed: list[str] = []
    with raw(url, unguarded=True) as connection:
        _defy(connection)
        for seed in range(100):
            deed, found = _tamper(connection, seed)
            if not found:
                missed.append(deed)
        assert _besides_guards(connection) == []
    assert missed == []


def test_a_fault_says_what_was_changed(url: str) -> None:
    with raw(url, unguarded=True) as connection:
        forged = update(measurement).where(measurement.c.id == 1).values(value=9.5)
        connection.execute(forged)
    assert Fault("measurement 1", "value is 9.5, but the chain says 1.5") in faults(url)


def test_a_tampered_mask_is_found(url: str) -> None:
    with raw(url, unguarded=True) as connection:
        connection.execute(update(regime).where(regime.c.id == 1).values(was_set=True))
    said = "was_set is true, but the chain says false"
    assert Fault("regime 1", said) in faults(url)


def test_missing_guards_are_found(url: str) -> None:
    with raw(url) as connection:
        drop_guards(connection)
    assert {f.place.split()[0] for f in faults(url)} <= {"trigger", "function"}
    assert any("rows are not protected" in f.problem for f in faults(url))


@pytest.mark.parametrize(
    "deed",
    [
        "ALTER TABLE prediction DISABLE TRIGGER prediction_append_only",
        "DROP TRIGGER step_rules ON step",
        "CREATE OR REPLACE FUNCTION labagent_step() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NEW; END'",
    ],
    ids=["disabled", "dropped", "replaced"],
)
def test_weakened_guards_are_found_on_postgresql(postgres_url: str, deed: str) -> None:
    filled(postgres_url)
    with raw(postgres_url) as connection:
        connection.execute(text(deed))
    assert len(faults(postgres_url)) == 1


def test_leases_are_outside_the_chain(url: str) -> None:
    with raw(url) as connection:
        connection.execute(update(step).values(lease_until=step.c.dispatched_at))
    assert faults(url) == ()


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE experiment SET intervention = '{broken' WHERE id = 1",
        "UPDATE event SET payload = '[1, 2]' WHERE seq = 2",
        "UPDATE event SET payload = '{' WHERE seq = 2",
        "UPDATE event SET at = 'yesterday' WHERE seq = 2",
        "UPDATE measurement SET value = 'much' WHERE id = 1",
        "UPDATE step SET dispatched_at = 'soon' WHERE id = 3",
    ],
)
def test_values_that_cannot_be_read_are_faults_on_sqlite(
    tmp_path_factory: pytest.TempPathFactory, deed: str
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'memory.db'}"
    filled(url)
    with raw(url, unguarded=True) as connection:
        connection.execute(text(deed))
    assert [f for f in faults(url) if "trigger" not in f.place]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("DROP VIEW campaign_alloys", "is gone"),
        (
            "DROP VIEW campaign_alloys; "
            "CREATE VIEW campaign_alloys AS SELECT 1 AS experiment, 99.0 AS hardness",
            "shows something else",
        ),
    ],
)
def test_a_view_that_shows_something_else_is_found(
    url: str, deed: str, said: str
) -> None:
    with raw(url) as connection:
        for statement in deed.split("; "):
            connection.execute(text(statement))
    assert any(
        f.place == "view campaign_alloys" and said in f.problem for f in faults(url)
    )
