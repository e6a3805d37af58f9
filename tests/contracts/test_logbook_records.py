"""What every logbook promises about people, imports and its chain of events."""

import time
from itertools import pairwise

import pytest

from db import SqlLogbook
from labagent.errors import DataError, GoalChangedError, LeaseLostError, StateError
from labagent.experiments import Measurement, StepState
from labagent.ports import CampaignRow, Finding, ImportedRow, Logbook
from tests import factories as make
from tests.logbooks import (
    approved,
    claimed,
    finish,
    states,
)


@pytest.fixture
def campaign(logbook: Logbook) -> CampaignRow:
    return logbook.open_campaign(make.make_campaign(), "ada")


# ------------------------------------------------------------------ people


def test_a_step_handed_over_waits_for_a_person(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign, 0.01)
    logbook.hand_over(claim)
    logbook.heartbeat(claim, 0.01)
    time.sleep(0.05)
    assert claim.step not in logbook.runnable(campaign.id)
    assert logbook.lapse("w1") == 0
    assert logbook.experiments(campaign.id)[0].steps[0].handed_over
    logbook.record(claim.step, StepState.MEASURED, [make.hardness()], "", "ada")
    with pytest.raises(LeaseLostError):
        finish(logbook, claim, make.hardness())
    (step,) = logbook.experiments(campaign.id)[0].steps
    assert step.provenance == {"recorded_by": "ada"}
    assert not step.handed_over


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        (StepState.MEASURED, [make.hardness()]),
        (StepState.FAILED, []),
        (StepState.APPROVED, []),
    ],
    ids=["measured", "failed", "again"],
)
def test_only_a_person_leads_out_of_unknown(
    logbook: Logbook, campaign: CampaignRow, state: StepState, seen: list[Measurement]
) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    logbook.complete(claim, StepState.UNKNOWN, [], "the reply was lost", {})
    assert claim.step not in logbook.runnable(campaign.id)
    assert logbook.trials(campaign.id).rows[0].open
    logbook.record(claim.step, state, seen, "looked", "ada")
    assert states(logbook, campaign)[0] == state


def test_nobody_records_a_step_that_waits_for_nobody(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    with pytest.raises(StateError, match="is running, cannot be recorded as measured"):
        logbook.record(claim.step, StepState.MEASURED, [make.hardness()], "", "ada")
    with pytest.raises(DataError, match="step 99: is not in the database"):
        logbook.record(99, StepState.MEASURED, [], "", "ada")


def test_only_approved_steps_are_cancelled(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    with pytest.raises(StateError, match="is running, must be approved"):
        logbook.cancel([claim.step, claim.step + 1], "ada", "budget")
    logbook.cancel([claim.step + 1], "ada", "budget")
    assert states(logbook, campaign) == ["running", "cancelled"]


# ------------------------------------------------------------------ import


def test_importing_a_file_twice_adds_nothing(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    row = ImportedRow(make.intervention(), (make.hardness(1.0),))
    other = ImportedRow(make.intervention(), (make.hardness(2.0),))
    rows = [row, row, other]
    assert logbook.import_rows(campaign.id, rows, "past.csv", "ada") == (3, 0)
    assert logbook.import_rows(campaign.id, rows, "past.csv", "ada") == (0, 3)
    assert logbook.import_rows(campaign.id, [row] * 3, "past.csv", "ada") == (1, 2)
    assert logbook.import_rows(campaign.id, [row], "more.csv", "ada") == (1, 0)
    trials = logbook.trials(campaign.id)
    assert [t.results["hardness"] for t in trials.measured] == [1.0, 1.0, 2.0, 1.0, 1.0]
    assert {t.batch for t in trials.rows} == {None}
    first = logbook.experiments(campaign.id)[0]
    assert (first.source, first.predictions) == ("past.csv", ())
    assert logbook.verify() == ()


# ------------------------------------------------------------------ the rest


def test_executors_and_findings_are_kept_once(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    first = logbook.register_executor(campaign.id, "furnace", {"version": "1"})
    assert logbook.register_executor(campaign.id, "furnace", {"version": "1"}) == first
    assert logbook.register_executor(campaign.id, "furnace", {"version": "2"}) != first
    finding = Finding("surprise", "Experiment 1 is 5 std off", 1, {"z": 5.0})
    logbook.add_finding(campaign.id, finding)
    logbook.add_finding(campaign.id, finding)
    assert logbook.findings(campaign.id) == (finding,)
    assert len(logbook.events()) == 4


def test_every_write_is_one_event_in_the_chain(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    finish(logbook, claim, make.hardness())
    other = logbook.open_campaign(make.make_campaign("other"), "ada")
    events = logbook.events()
    assert [e.seq for e in events] == [1, 2, 3, 4, 5, 6]
    kinds = ["open", "propose", "approve", "claim", "complete", "open"]
    assert [e.kind for e in events] == kinds
    assert [e.seq for e in logbook.events(other.id)] == [6]
    assert all(a.at < b.at for a, b in pairwise(events))
    assert logbook.verify() == ()


def test_trials_can_be_read_as_of_any_event(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    seq = logbook.trials(campaign.id).as_of
    before = logbook.trials(campaign.id)
    finish(logbook, claimed(logbook, campaign), make.hardness())
    assert logbook.trials(campaign.id) != before
    assert logbook.trials(campaign.id, as_of=seq) == before
    assert logbook.trials(campaign.id, as_of=1).rows == ()
    with pytest.raises(DataError, match="got event 99, must be 0 to 5"):
        logbook.trials(campaign.id, as_of=99)


@pytest.mark.parametrize(
    "text", ["nul \x00 byte", "half a pair \ud83d"], ids=["nul", "surrogate"]
)
def test_text_no_database_can_hold_is_refused(
    logbook: Logbook, campaign: CampaignRow, text: str
) -> None:
    with pytest.raises(DataError, match="text that UTF-8 can hold"):
        logbook.add_finding(campaign.id, Finding("note", text))
    with pytest.raises(DataError, match="text that UTF-8 can hold"):
        logbook.register_executor(campaign.id, "furnace", {"firmware": text})


def test_awkward_text_comes_back_whole(logbook: Logbook, campaign: CampaignRow) -> None:
    text = "quote ' and \" and \\u0000 and % and 日本 and 😀 and\nnewline"
    logbook.add_finding(campaign.id, Finding("note", text, None, {text: text}))
    (found,) = logbook.findings(campaign.id)
    assert (found.text, found.details) == (text, {text: text})
    assert logbook.verify() == ()


def test_sql_logbook_is_a_logbook(logbook: SqlLogbook) -> None:
    book: Logbook = logbook
    assert book.campaigns() == ()


def test_a_step_done_again_runs_under_another_key(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    first = claimed(logbook, campaign)
    logbook.complete(first, StepState.UNKNOWN, (), "who knows", {})
    logbook.record(first.step, StepState.APPROVED, (), "oven was off", "ada")
    second = claimed(logbook, campaign)
    assert (second.step, second.resumed) == (first.step, False)
    assert second.key != first.key
    (record, *_) = logbook.experiments(campaign.id)
    assert record.steps[0].key == second.key
    assert logbook.verify() == ()


def test_a_released_step_keeps_its_key(logbook: Logbook, campaign: CampaignRow) -> None:
    approved(logbook, campaign)
    first = claimed(logbook, campaign)
    logbook.release(first, "nothing happened")
    assert claimed(logbook, campaign).key == first.key


def test_whoever_holds_an_older_goal_neither_proposes_nor_dispatches(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    logbook.open_campaign(make.changed(make.make_campaign()), "ada")
    with pytest.raises(GoalChangedError, match="version 1, must be the newest"):
        logbook.claim(campaign.id, "w1", 60.0, goal_version=1)
    with pytest.raises(GoalChangedError, match="newest, 2"):
        logbook.add_decision(
            campaign.id, make.decision(1), make.ONE_STAGE, "agent", goal_version=1
        )
    assert len(logbook.experiments(campaign.id)) == 2
    assert logbook.claim(campaign.id, "w1", 60.0, goal_version=2) is not None


def test_a_claim_tells_who_held_the_step_before(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    logbook.claim(campaign.id, "here:1:1@store", 60.0)
    logbook.lapse("here:1:1@store")
    again = claimed(logbook, campaign)
    assert (again.resumed, again.previous) == (True, "here:1:1@store")
