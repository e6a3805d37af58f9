import pytest

from db import SqlLogbook
from flows.dispatch import run_step
from flows.harvest import collect
from flows.signals import Stop
from flows.steps import Fate
from labagent.experiments import StepState
from labagent.ports import Report, RunStatus, Sighting
from tests.factories import hardness
from tests.flows.bench import GOOD, Bench, Place, make_place


@pytest.fixture
def place(book: SqlLogbook) -> Place:
    """Return a place where a person has experiment 1 in hand."""
    place = make_place(book, Bench(by_person=True, sighting=Sighting.SEEN))
    (step,) = place.propose(5.0)
    run_step(place, step, Stop())
    return place


def test_what_a_person_filed_is_recorded_once(place: Place) -> None:
    (driven,) = collect(place)
    assert (driven.fate, driven.number) == (Fate.MEASURED, 1)
    assert place.step().state is StepState.MEASURED
    assert len(place.step().measurements) == len(GOOD)
    assert collect(place) == ()


def test_a_step_nobody_filed_waits_and_says_what_for(place: Place) -> None:
    place.bench.reports = (Report(RunStatus.RUNNING, "waiting for 1.csv"),)
    (driven,) = collect(place)
    assert (driven.fate, driven.message) == (Fate.HANDED_OVER, "waiting for 1.csv")
    assert place.step().handed_over


def test_a_failure_is_recorded_with_what_was_seen(place: Place) -> None:
    place.bench.reports = (Report(RunStatus.FAILED_PARTIAL, "spilled"),)
    place.bench.seen = (hardness(),)
    (driven,) = collect(place)
    assert (driven.fate, place.step().message) == (Fate.FAILED, "spilled")
    assert [m.quantity for m in place.step().measurements] == ["hardness"]


@pytest.mark.parametrize("sighting", [Sighting.NOT_SEEN, Sighting.CANNOT_TELL])
def test_a_step_the_executor_does_not_know_is_left_to_the_person(
    place: Place, sighting: Sighting
) -> None:
    place.bench.sighting = sighting
    assert collect(place) == ()
    assert place.step().handed_over


def test_a_form_that_is_hardly_to_be_expected_waits_for_a_word(place: Place) -> None:
    place.bench.seen = (hardness(5e3),)
    (driven,) = collect(place)
    assert driven.fate is Fate.HANDED_OVER
    assert "the form says 5000 GPa" in driven.message
    assert "--sure" in driven.message
    assert place.step().handed_over
