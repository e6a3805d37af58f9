"""Logbooks with something in them, and a way behind their backs."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection

from db import SqlLogbook, open_logbook
from db.engine import Database
from db.guards import drop_guards
from db.schema import HEAD
from labagent.experiments import StepState
from labagent.ports import Finding, ImportedRow
from tests import factories as make


@contextmanager
def raw(url: str, *, unguarded: bool = False) -> Generator[Connection]:
    """Give a writing connection that no logbook knows of."""
    database = Database(url)
    try:
        with database.writing() as connection:
            if unguarded:
                drop_guards(connection)
            yield connection
    finally:
        database.close()


def fill(book: SqlLogbook, *, schema: str = HEAD) -> int:
    """Write at least one row into every table; return the campaign's id.

    Args:
        book: An empty logbook.
        schema: Only what a database of this revision can hold: corrections came with
            0002, regimes with 0003.
    """
    campaign = book.open_campaign(make.make_campaign(), "ada").id
    past = ImportedRow(make.intervention(9.0), (make.hardness(1.5, sigma=0.1),))
    book.import_rows(campaign, [past, past], "past.csv", "ada")
    book.register_executor(campaign, "furnace", {"version": "1"})
    first = book.add_decision(campaign, make.decision(0), make.ONE_STAGE, "agent")
    book.decide(first, True, "ada", "fine")
    for value in (3.0, 4.0):
        claim = book.claim(campaign, "w1", 60.0)
        assert claim is not None
        seen = [make.hardness(value), make.resistivity(), make.humidity()]
        book.complete(claim, StepState.MEASURED, seen, "", {"version": "1"})
    if schema >= "0002":
        book.correct(first[0], [], [make.hardness(2.5)], "typo", "ada")
    if schema >= "0003":
        book.correct(1, [], [], "nobody", "ada", {"layers": False})
        book.correct(3, [], [], "annealed in air", "ada", {"resistivity": True})
    second = book.add_decision(
        campaign, make.decision(1, holds=(2.0, 3.0), as_of=4), make.ROUTE, "agent"
    )
    book.decide(second[:1], True, "ada", "")
    claim = book.claim(campaign, "w2", 60.0)
    assert claim is not None
    book.complete(claim, StepState.FAILED, [], "crucible broke", {})
    book.add_finding(campaign, Finding("surprise", "harder than thought", 3))
    book.open_campaign(make.changed(make.make_campaign()), "ada")
    return campaign


def filled(url: str, *, schema: str = HEAD) -> int:
    """Fill a database and close it; return the campaign's id."""
    book = open_logbook(url)
    try:
        return fill(book, schema=schema)
    finally:
        book.close()
