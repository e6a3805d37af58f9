from collections.abc import Callable
from dataclasses import replace

import pytest

from db import SqlLogbook
from flows.dispatch import run_step, seed_of
from flows.signals import Stop
from flows.steps import Driven, Fate, Patience
from labagent.campaigns import Campaign, ExecutorSpec
from labagent.errors import ExecutorError
from labagent.experiments import Kind, Measurement, StepState
from labagent.ports import Abort, Report, Request, RunStatus, Sighting
from labagent.variables import Constraint, Term
from tests.factories import changed, decision, hardness, make_campaign
from tests.flows.bench import GOOD, Bench, Place, make_place

RUNNING = Report(RunStatus.RUNNING)
SUCCEEDED = Report(RunStatus.SUCCEEDED)
NO_EFFECT = Report(RunStatus.FAILED_NO_EFFECT, "no power")


HURRIED = Patience(pause=0.0, overtime=0.1)
"""As long as a test should wait for what never comes."""


def drive(place: Place, step: int, stop: Stop | None = None) -> Driven:
    return run_step(place, step, stop or Stop(), HURRIED)


def raising(error: Exception) -> Callable[..., None]:
    def raise_it(*_: object) -> None:
        raise error

    return raise_it


def interrupted(place: Place, step: int) -> None:
    """Claim a step as a worker that dies would."""
    place.logbook.claim(place.campaign_id, "dead:1:1", 60.0, step)
    place.logbook.lapse("dead:1:1")


def with_timeout(seconds: float) -> Campaign:
    campaign = make_campaign()
    spec = ExecutorSpec("furnace", "callable", {}, seconds)
    return replace(campaign, executors=(spec,))


def test_a_step_is_measured_with_its_provenance(book: SqlLogbook) -> None:
    bench = Bench(reports=(RUNNING, RUNNING, SUCCEEDED))
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    driven = drive(place, step)
    found = place.step()
    assert (driven.fate, driven.number) == (Fate.MEASURED, 1)
    assert found.state is StepState.MEASURED
    assert {m.quantity: m.value for m in found.measurements} == {
        m.quantity: m.value for m in GOOD
    }
    expected = {
        "firmware": "1.2",
        "executor": "furnace",
        "capabilities": "0" * 64,
        "seed": seed_of(found.key),
        "handle": found.key,
        "worker": "here:1:1",
    }
    assert expected.items() <= found.provenance.items()


def test_the_request_has_the_stages_own_controls_and_their_units(
    book: SqlLogbook,
) -> None:
    asked: list[Request] = []
    place = make_place(book, Bench(on_submit=asked.append))
    (step,) = place.propose(5.0)
    drive(place, step)
    (request,) = asked
    assert request.key == place.step().key
    assert request.parameters == request.intervention == place.record().intervention
    assert request.units["anneal.hold"] == "min"


@pytest.mark.parametrize(
    ("reports", "fate", "tries"),
    [
        ((NO_EFFECT, SUCCEEDED), Fate.MEASURED, 2),
        ((NO_EFFECT,), Fate.FAILED, HURRIED.attempts),
        ((Report(RunStatus.FAILED_PARTIAL, "cracked"),), Fate.FAILED, 1),
        ((Report(RunStatus.ABORTED, "button"),), Fate.FAILED, 1),
        ((Report(RunStatus.UNKNOWN, "no idea"),), Fate.UNKNOWN, 1),
    ],
    ids=["once", "always", "partial", "aborted", "unknown"],
)
def test_only_what_had_no_effect_is_tried_again(
    book: SqlLogbook, reports: tuple[Report, ...], fate: Fate, tries: int
) -> None:
    bench = Bench(reports=reports)
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is fate
    assert place.step().state.value == fate.value
    assert bench.effects.total() == tries


def test_what_was_seen_before_a_failure_is_kept(book: SqlLogbook) -> None:
    bench = Bench(reports=(Report(RunStatus.FAILED_PARTIAL, "cracked"),))
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    drive(place, step)
    found = place.step()
    assert (found.state, found.message) == (StepState.FAILED, "cracked")
    assert len(found.measurements) == len(GOOD)


@pytest.mark.parametrize(
    ("sighting", "idempotent", "fate", "submits"),
    [
        (Sighting.SEEN, False, Fate.MEASURED, 0),
        (Sighting.NOT_SEEN, False, Fate.MEASURED, 1),
        (Sighting.CANNOT_TELL, False, Fate.UNKNOWN, 0),
        (Sighting.SEEN, True, Fate.MEASURED, 0),
        (Sighting.CANNOT_TELL, True, Fate.MEASURED, 1),
    ],
)
def test_after_a_crash_the_executor_is_asked_first(
    book: SqlLogbook, sighting: Sighting, idempotent: bool, fate: Fate, submits: int
) -> None:
    bench = Bench(sighting=sighting, idempotent=idempotent)
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    interrupted(place, step)
    assert drive(place, step).fate is fate
    assert bench.effects.total() == submits


@pytest.mark.parametrize(
    ("sighting", "idempotent", "fate"),
    [
        (Sighting.SEEN, False, Fate.MEASURED),
        (Sighting.NOT_SEEN, False, Fate.FAILED),
        (Sighting.CANNOT_TELL, False, Fate.UNKNOWN),
        (Sighting.CANNOT_TELL, True, Fate.FAILED),
    ],
)
def test_a_submit_that_crashes_is_looked_up(
    book: SqlLogbook, sighting: Sighting, idempotent: bool, fate: Fate
) -> None:
    bench = Bench(
        sighting=sighting,
        idempotent=idempotent,
        on_submit=raising(OSError("cable out")),
    )
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is fate
    if fate is not Fate.MEASURED:
        assert "Traceback" in place.step().message
        assert "cable out" in place.step().message


def test_a_refused_submit_fails_with_the_reason(book: SqlLogbook) -> None:
    bench = Bench(on_submit=raising(ExecutorError("door open")))
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is Fate.FAILED
    assert place.step().message == "door open"


@pytest.mark.parametrize(
    ("idempotent", "fate"), [(False, Fate.UNKNOWN), (True, Fate.FAILED)]
)
def test_a_step_that_takes_too_long_is_stopped(
    book: SqlLogbook, idempotent: bool, fate: Fate
) -> None:
    bench = Bench(reports=(RUNNING,), idempotent=idempotent)
    place = make_place(book, bench, with_timeout(0.05))
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is fate
    assert bench.aborted == [Abort.GRACEFUL]
    if not idempotent:
        assert "no result after 0.05 s" in place.step().message


def test_polls_may_fail_twice_but_not_for_ever(book: SqlLogbook) -> None:
    answers = iter([OSError("lost"), OSError("lost"), None, None])

    def stumble() -> None:
        if error := next(answers):
            raise error

    place = make_place(book, Bench(on_poll=stumble))
    first, second = place.propose(5.0, 6.0)
    assert drive(place, first).fate is Fate.MEASURED
    place.bench.on_poll = raising(OSError("gone"))
    assert drive(place, second).fate is Fate.UNKNOWN


def test_the_envelope_stops_a_step_before_the_driver_sees_it(book: SqlLogbook) -> None:
    rule = Constraint("anneal.hold <= 4", (Term(1.0, "anneal.hold"),), 4.0)
    campaign = replace(make_campaign(), safety=(rule,))
    place = make_place(book, Bench(), campaign)
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is Fate.FAILED
    assert not place.bench.effects
    assert "anneal.hold <= 4" in place.step().message
    (finding,) = book.findings(place.campaign_id)
    assert (finding.kind, finding.experiment) == ("envelope", 1)


@pytest.mark.parametrize(
    "bad",
    [hardness(float("inf")), Measurement("colour", 1.0, "", kind=Kind.RESULT)],
    ids=["infinite", "undeclared"],
)
def test_results_that_cannot_be_are_failures(
    book: SqlLogbook, bad: Measurement
) -> None:
    place = make_place(book, Bench(seen=(bad,)))
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is Fate.FAILED
    assert bad.quantity in place.step().message
    assert place.step().measurements == ()


def test_a_person_gets_the_step_and_no_lease_ends_it(book: SqlLogbook) -> None:
    place = make_place(book, Bench(by_person=True))
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is Fate.HANDED_OVER
    assert place.step().handed_over
    assert book.runnable(place.campaign_id) == ()


def test_a_step_that_somebody_else_has_is_left_alone(book: SqlLogbook) -> None:
    place = make_place(book, Bench())
    (step,) = place.propose(5.0)
    book.claim(place.campaign_id, "you:1:1", 60.0, step)
    assert drive(place, step).fate is Fate.TAKEN
    assert not place.bench.effects


def test_a_result_that_comes_after_the_lease_was_lost_is_not_written(
    book: SqlLogbook,
) -> None:
    place = make_place(book, Bench())
    (step,) = place.propose(5.0)

    def taken_over() -> None:
        book.lapse(place.worker)
        book.claim(place.campaign_id, "you:1:1", 60.0, step)

    place.bench.on_poll = taken_over
    assert drive(place, step).fate is Fate.TAKEN
    assert place.step().state is StepState.RUNNING


def test_nothing_begins_after_a_stop(book: SqlLogbook) -> None:
    place = make_place(book, Bench())
    (step,) = place.propose(5.0)
    stop = Stop()
    stop.press()
    assert drive(place, step, stop).fate is Fate.SKIPPED
    assert book.runnable(place.campaign_id) == (step,)


@pytest.mark.parametrize(
    ("idempotent", "fate", "aborted"),
    [(True, Fate.LEFT, []), (False, Fate.FAILED, [Abort.GRACEFUL])],
    ids=["simulation", "instrument"],
)
def test_insisting_stops_instruments_and_leaves_simulations(
    book: SqlLogbook, idempotent: bool, fate: Fate, aborted: list[Abort]
) -> None:
    place = make_place(book, Bench(reports=(RUNNING,), idempotent=idempotent))
    (step,) = place.propose(5.0)
    stop = Stop()

    def insist() -> None:
        if not stop.now:
            stop.press()
            stop.press()

    place.bench.on_poll = insist
    assert drive(place, step, stop).fate is fate
    assert place.bench.aborted == aborted


def test_a_stage_that_left_the_campaign_is_not_run(book: SqlLogbook) -> None:
    place = make_place(book, Bench())
    (step,) = place.propose(5.0)
    place.campaign = replace(place.campaign, stages=())
    assert drive(place, step).fate is Fate.FAILED
    assert "has no stage experiment" in place.step().message
    assert not place.bench.effects


def test_a_seed_follows_from_the_key() -> None:
    assert seed_of("a") == seed_of("a") != seed_of("b")
    assert 0 <= seed_of("a") < 2**31
    assert decision().seed != seed_of("a")


@pytest.mark.parametrize(
    ("store", "idempotent", "fate", "times"),
    [
        ("here", False, Fate.MEASURED, 1),
        ("elsewhere", False, Fate.UNKNOWN, 0),
        ("elsewhere", True, Fate.MEASURED, 1),
    ],
)
def test_whoever_looks_into_another_store_cannot_tell_what_happened(
    book: SqlLogbook, store: str, idempotent: bool, fate: Fate, times: int
) -> None:
    bench = Bench(idempotent=idempotent, sighting=Sighting.NOT_SEEN)
    place = make_place(book, bench)
    place.worker = "me:1:1@here"
    (step,) = place.propose(5.0)
    dead = f"dead:1:1@{store}"
    book.claim(place.campaign_id, dead, 60.0, step)
    book.lapse(dead)
    assert drive(place, step).fate is fate
    assert sum(bench.effects.values()) == times


def test_a_step_that_had_begun_when_its_executor_was_renamed_is_unclear(
    book: SqlLogbook,
) -> None:
    place = make_place(book, Bench())
    (step,) = place.propose(5.0)
    interrupted(place, step)
    stages = (replace(place.campaign.stages[0], executor="oven"),)
    place.campaign = replace(place.campaign, stages=stages, executors=())
    driven = drive(place, step)
    assert driven.fate is Fate.UNKNOWN
    assert "nobody can be asked how it ended" in place.step().message


def test_nothing_begins_under_a_goal_that_was_changed(book: SqlLogbook) -> None:
    bench = Bench()
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    book.open_campaign(changed(place.campaign), "ada")
    assert drive(place, step).fate is Fate.SKIPPED
    assert not bench.effects
    assert place.step().state is StepState.APPROVED


@pytest.mark.parametrize("text", ["bad \x00", "half a pair \udcff"])
def test_an_error_no_database_can_hold_is_recorded_all_the_same(
    book: SqlLogbook, text: str
) -> None:
    place = make_place(book, Bench(on_submit=raising(ValueError(text))))
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is Fate.FAILED
    assert "ValueError" in place.step().message


def test_a_step_done_again_is_another_run_for_its_executor(book: SqlLogbook) -> None:
    bench = Bench(reports=(Report(RunStatus.UNKNOWN),))
    place = make_place(book, bench)
    (step,) = place.propose(5.0)
    assert drive(place, step).fate is Fate.UNKNOWN
    book.record(step, StepState.APPROVED, (), "nothing had happened", "ada")
    bench.reports = (SUCCEEDED,)
    assert drive(place, step).fate is Fate.MEASURED
    assert sorted(bench.effects.values()) == [1, 1]
