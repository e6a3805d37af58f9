"""Events are in order of time even where the clock is not."""

from datetime import timedelta

from sqlalchemy import select, update

from db import open_logbook
from db.guards import place_guards
from db.schema import chain_head
from labagent.ports import Finding
from tests.db.histories import filled, raw


def test_an_event_is_later_than_the_last_one_though_the_clock_went_back(
    database_url: str,
) -> None:
    campaign = filled(database_url)
    with raw(database_url, unguarded=True) as connection:
        future = connection.scalars(select(chain_head.c.at)).one() + timedelta(days=1)
        connection.execute(update(chain_head).values(at=future))
        place_guards(connection)
    book = open_logbook(database_url)
    book.add_finding(campaign, Finding("note", "after the clock was set back"))
    assert book.events()[-1].at == future + timedelta(microseconds=1)
    book.close()
