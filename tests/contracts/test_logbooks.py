"""What every logbook promises, on every kind of database."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from labagent.errors import DataError, LeaseLostError, StateError
from labagent.experiments import Kind, Measurement, StepState
from labagent.ports import CampaignRow, Logbook
from tests import factories as make
from tests.logbooks import (
    LEASE,
    approved,
    approved_route,
    claimed,
    finish,
    states,
)


@pytest.fixture
def campaign(logbook: Logbook) -> CampaignRow:
    return logbook.open_campaign(make.make_campaign(), "ada")


# ------------------------------------------------------------------ campaigns


def test_opening_a_campaign_again_changes_nothing(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    assert logbook.open_campaign(make.make_campaign(), "bob") == campaign
    assert len(logbook.events()) == 1


def test_a_changed_document_is_a_new_goal_version(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    new = make.changed(make.make_campaign())
    assert logbook.open_campaign(new, "ada").goal_version == 2
    assert logbook.document(campaign.id) == new.document
    assert logbook.document(campaign.id, 1) == make.make_campaign().document
    with pytest.raises(DataError, match="goal version 3: is not in the database"):
        logbook.document(campaign.id, 3)


def test_the_only_campaign_needs_no_name(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    assert logbook.campaign() == campaign
    other = logbook.open_campaign(make.make_campaign("Other one"), "ada")
    assert logbook.campaign("Other one") == other
    assert logbook.campaigns() == (campaign, other)
    with pytest.raises(DataError, match=r"got 2 in the database.*alloys, Other one"):
        logbook.campaign()
    with pytest.raises(DataError, match="campaign third: got 0"):
        logbook.campaign("third")


# ------------------------------------------------------------------ decisions


def test_a_decision_comes_back_as_it_was(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    written = make.decision(holds=(1 / 3, 0.1 + 0.2, 1e-300))
    ids = logbook.add_decision(campaign.id, written, make.ONE_STAGE, "agent")
    (read,) = logbook.decisions(campaign.id)
    assert read.decision == written
    assert read.experiments == ids
    assert read.goal_version == 1
    experiments = logbook.experiments(campaign.id)
    assert [e.number for e in experiments] == [1, 2, 3]
    assert [e.state for e in experiments] == [StepState.PROPOSED] * 3
    assert experiments[0].source == "agent"
    assert experiments[0].runners_up == written.proposals[0].runners_up


def test_a_batch_number_is_taken_once(logbook: Logbook, campaign: CampaignRow) -> None:
    approved(logbook, campaign)
    with pytest.raises(StateError, match="batch 0: is taken"):
        logbook.add_decision(campaign.id, make.decision(0), make.ONE_STAGE, "agent")
    with pytest.raises(DataError, match="batch 2: leaves a gap, must be 1"):
        logbook.add_decision(campaign.id, make.decision(2), make.ONE_STAGE, "agent")
    assert len(logbook.experiments(campaign.id)) == 2


def test_approving_is_all_or_none_and_only_once(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    ids = logbook.add_decision(campaign.id, make.decision(), make.ONE_STAGE, "agent")
    logbook.decide(ids[:1], True, "ada", "promising")
    with pytest.raises(StateError, match=f"experiments {ids[0]}: are not waiting"):
        logbook.decide(ids, False, "bob", "late")
    assert states(logbook, campaign) == ["approved", "proposed"]
    approval = logbook.experiments(campaign.id, [1])[0].approval
    assert approval is not None
    assert (approval.by, approval.approved, approval.reason) == (
        "ada",
        True,
        "promising",
    )
    with pytest.raises(StateError, match="experiments 99"):
        logbook.decide([99], True, "ada", "")


def test_a_rejected_experiment_is_over(logbook: Logbook, campaign: CampaignRow) -> None:
    decision = make.decision(holds=(5.0,))
    ids = logbook.add_decision(campaign.id, decision, make.ROUTE, "agent")
    logbook.decide(ids, False, "ada", "too hot")
    assert states(logbook, campaign) == ["rejected"] * 3
    assert logbook.claim(campaign.id, "w1", LEASE) is None
    (trial,) = logbook.trials(campaign.id).rows
    assert not trial.open
    assert logbook.experiments(campaign.id)[0].steps[0].message == "too hot"


# ------------------------------------------------------------------ claims


def test_a_claim_carries_what_is_needed_to_run(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    assert claim.intervention == make.intervention(5.0)
    assert (claim.number, claim.token, claim.attempts) == (1, 1, 1)
    assert (claim.stage, claim.executor) == ("experiment", "furnace")
    assert not claim.resumed
    assert logbook.workers(campaign.id) == ("w1",)


def test_unapproved_steps_are_not_runnable(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    logbook.add_decision(campaign.id, make.decision(), make.ONE_STAGE, "agent")
    assert logbook.runnable(campaign.id) == ()
    assert logbook.claim(campaign.id, "w1", LEASE) is None


def test_steps_run_in_the_order_of_the_route(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    first, second, third = approved_route(logbook, campaign)
    assert logbook.runnable(campaign.id) == (first,)
    assert logbook.claim(campaign.id, "w1", LEASE, step=second) is None
    finish(logbook, claimed(logbook, campaign))  # mixing measures nothing
    assert logbook.runnable(campaign.id) == (second,)
    finish(logbook, claimed(logbook, campaign), make.resistivity())
    claim = logbook.claim(campaign.id, "w1", LEASE, step=third)
    assert claim is not None
    finish(logbook, claim, make.hardness())
    (trial,) = logbook.trials(campaign.id).rows
    assert trial.results == {"resistivity": 2.0, "hardness": 3.0}
    assert not trial.open


def test_no_step_is_given_to_two_threads(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    decision = make.decision(holds=tuple(range(1, 13)))
    ids = logbook.add_decision(campaign.id, decision, make.ONE_STAGE, "agent")
    logbook.decide(ids, True, "ada", "")

    def work(worker: int) -> list[int]:
        taken: list[int] = []
        while claim := logbook.claim(campaign.id, f"w{worker}", LEASE):
            taken.append(claim.step)
            finish(logbook, claim, make.hardness())
        return taken

    with ThreadPoolExecutor(6) as pool:
        taken = [step for steps in pool.map(work, range(6)) for step in steps]
    assert sorted(taken) == list(range(1, 13))
    assert logbook.verify() == ()


def test_a_lapsed_lease_frees_the_step_and_fences_the_old_worker(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    old = claimed(logbook, campaign)
    first = logbook.experiments(campaign.id)[0].steps[0].dispatched_at
    assert logbook.lapse("w1") == 1
    assert logbook.lapse("w1") == 0
    new = logbook.claim(campaign.id, "w2", LEASE)
    assert new is not None
    assert (new.step, new.key) == (old.step, old.key)
    assert (new.token, new.attempts, new.resumed) == (2, 2, True)
    assert logbook.experiments(campaign.id)[0].steps[0].dispatched_at == first
    for late in (
        lambda: finish(logbook, old, make.hardness(9.0)),
        lambda: logbook.heartbeat(old, LEASE),
        lambda: logbook.hand_over(old),
        lambda: logbook.release(old, "late"),
    ):
        with pytest.raises(LeaseLostError, match="got token 1 of w1"):
            late()
    finish(logbook, new, make.hardness(1.0))
    assert logbook.trials(campaign.id).rows[0].results == {"hardness": 1.0}


def test_a_lease_ends_by_itself_unless_it_is_extended(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    first, second = approved(logbook, campaign)
    kept, left = claimed(logbook, campaign, 0.2), claimed(logbook, campaign, 0.2)
    logbook.heartbeat(kept, LEASE)
    time.sleep(0.3)
    assert logbook.runnable(campaign.id) == (left.step,)
    finish(logbook, left, make.hardness())  # late, but nobody else has taken it
    assert [e.id for e in logbook.experiments(campaign.id)] == [first, second]
    assert states(logbook, campaign) == ["running", "measured"]


def test_a_heartbeat_is_no_event(logbook: Logbook, campaign: CampaignRow) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    before = len(logbook.events())
    logbook.heartbeat(claim, LEASE)
    assert len(logbook.events()) == before
    assert logbook.verify() == ()


def test_a_released_step_runs_again_as_if_new(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    logbook.release(claimed(logbook, campaign), "instrument was busy")
    assert states(logbook, campaign)[0] == "approved"
    assert logbook.workers(campaign.id) == ()
    again = claimed(logbook, campaign)
    assert (again.token, again.attempts, again.resumed) == (2, 2, False)


# ------------------------------------------------------------------ results


def test_a_step_gives_only_what_its_stage_measures(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved_route(logbook, campaign)
    with pytest.raises(DataError, match="result hardness: is not measured here"):
        finish(logbook, claimed(logbook, campaign), make.hardness())


def test_repeats_are_averaged_and_bad_ones_left_out(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    seen = [
        make.hardness(1.0, sigma=0.3),
        make.hardness(2.0, sigma=0.4),
        replace(make.hardness(50.0), quality="saturated"),
        make.humidity(41.0),
        Measurement("operator", None, label="Ada", kind=Kind.CONTEXT),
        Measurement("anneal.hold", 5.02, "min", kind=Kind.READBACK),
    ]
    finish(logbook, claimed(logbook, campaign), *seen)
    trial = logbook.trials(campaign.id).rows[0]
    assert trial.results == {"hardness": 1.5}
    assert trial.sigmas == {"hardness": pytest.approx(0.25)}
    assert trial.context == {"humidity": 41.0, "operator": "Ada"}
    (step,) = logbook.experiments(campaign.id, [1])[0].steps
    assert list(step.measurements) == seen
    assert step.provenance == {"adapter": "test"}


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.CANCELLED])
def test_what_follows_a_failed_step_is_cancelled(
    logbook: Logbook, campaign: CampaignRow, state: StepState
) -> None:
    approved_route(logbook, campaign)
    logbook.complete(claimed(logbook, campaign), state, [], "crucible broke", {})
    assert states(logbook, campaign) == [state, "cancelled", "cancelled"]
    (trial,) = logbook.trials(campaign.id).rows
    assert (trial.open, trial.failed) == (False, state is StepState.FAILED)
    steps = logbook.experiments(campaign.id)[0].steps
    assert steps[0].message == "crucible broke"
    assert steps[2].message == f"step mix was {state}"


def test_a_step_is_not_completed_as_anything_else(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    with pytest.raises(StateError, match="got approved, must be completed as one of"):
        logbook.complete(claim, StepState.APPROVED, [], "", {})
