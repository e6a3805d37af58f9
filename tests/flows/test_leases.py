import time

import pytest

from db import SqlLogbook
from flows.leases import Heartbeat
from labagent.errors import LeaseLostError
from tests.flows.bench import Bench, Place, make_place


@pytest.fixture
def place(book: SqlLogbook) -> Place:
    return make_place(book, Bench())


def test_a_beating_lease_outlasts_its_time(place: Place) -> None:
    (step,) = place.propose(1.0)
    claim = place.logbook.claim(place.campaign_id, "me:1:1", 0.4, step)
    assert claim is not None
    with Heartbeat(place.logbook, claim, every=0.05) as lease:
        time.sleep(0.6)
        assert place.logbook.runnable(place.campaign_id) == ()
        lease.check()


def test_a_lost_lease_is_noticed(place: Place) -> None:
    (step,) = place.propose(1.0)
    claim = place.logbook.claim(place.campaign_id, "me:1:1", 60.0, step)
    place.logbook.lapse("me:1:1")
    place.logbook.claim(place.campaign_id, "you:1:1", 60.0, step)
    assert claim is not None
    with Heartbeat(place.logbook, claim, every=0.01) as lease:
        time.sleep(0.5)
        with pytest.raises(LeaseLostError, match=f"step {step}"):
            lease.check()
