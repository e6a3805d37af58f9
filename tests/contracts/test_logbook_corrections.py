"""What every logbook promises about results that were recorded wrongly."""

from dataclasses import replace

import pytest

from labagent.errors import DataError, StateError
from labagent.experiments import Kind, Measurement, StepState
from labagent.ports import CampaignRow, ImportedRow, Logbook
from tests import factories as make
from tests.logbooks import approved, approved_route, claimed, finish


@pytest.fixture
def campaign(logbook: Logbook) -> CampaignRow:
    return logbook.open_campaign(make.make_campaign(), "ada")


@pytest.fixture
def owner(logbook: Logbook, campaign: CampaignRow) -> int:
    """The row of experiment 1, whose hardness was mistyped: 300 for 3 GPa."""
    ids = approved(logbook, campaign)
    typed = make.hardness(300.0, sigma=1.0)
    finish(
        logbook,
        claimed(logbook, campaign),
        typed,
        make.resistivity(),
        make.humidity(40.0),
    )
    return ids[0]


def results(logbook: Logbook, campaign: CampaignRow) -> list[dict[str, float]]:
    trials = logbook.trials(campaign.id)
    records = logbook.experiments(campaign.id)
    assert [dict(t.results) for t in trials.rows] == [r.results for r in records]
    return [r.results for r in records]


def test_the_new_value_counts_and_the_old_one_stays(
    logbook: Logbook, campaign: CampaignRow, owner: int
) -> None:
    logbook.correct(owner, ["hardness"], [make.hardness(3.0)], "two noughts", "eve")
    assert results(logbook, campaign)[0] == {"hardness": 3.0, "resistivity": 2.0}
    assert logbook.trials(campaign.id).rows[0].sigmas == {}
    (step,) = logbook.experiments(campaign.id)[0].steps
    seen = [(m.quantity, m.value, m.quality) for m in step.measurements]
    assert seen == [
        ("hardness", 300.0, "wrong: two noughts"),
        ("resistivity", 2.0, "good"),
        ("humidity", 40.0, "good"),
        ("hardness", 3.0, "good"),
    ]
    (told,) = logbook.corrections(campaign.id)
    assert (told.experiment, told.stage, told.quantity) == (1, "experiment", "hardness")
    assert (told.reason, told.by) == ("two noughts", "eve")
    event = logbook.events(campaign.id)[-1]
    assert (event.kind, event.actor, event.at) == ("correct", "eve", told.at)
    assert logbook.verify() == ()


def test_the_past_is_read_as_it_was_believed(
    logbook: Logbook, campaign: CampaignRow, owner: int
) -> None:
    believed = {trials.as_of: trials for trials in [logbook.trials(campaign.id)]}
    for value in (30.0, 3.0):
        logbook.correct(owner, [], [make.hardness(value)], f"is {value}", "eve")
        now = logbook.trials(campaign.id)
        assert now.rows[0].results["hardness"] == value
        believed[now.as_of] = now
    logbook.correct(owner, ["hardness"], [], "contaminated", "eve")
    for seq, trials in believed.items():
        assert logbook.trials(campaign.id, as_of=seq) == trials
    assert "hardness" not in logbook.trials(campaign.id).rows[0].results
    (step,) = logbook.experiments(campaign.id)[0].steps
    old = [m.quality for m in step.measurements if m.quantity == "hardness"]
    assert old == ["wrong: is 30.0", "wrong: is 3.0", "wrong: contaminated"]
    assert logbook.verify() == ()


def test_what_was_found_wrong_may_be_measured_later(
    logbook: Logbook, campaign: CampaignRow, owner: int
) -> None:
    logbook.correct(owner, ["hardness"], [], "contaminated", "eve")
    logbook.correct(owner, [], [make.hardness(3.5)], "cleaned, measured again", "eve")
    assert results(logbook, campaign)[0]["hardness"] == 3.5
    assert [c.reason for c in logbook.corrections(campaign.id)] == [
        "contaminated",
        "cleaned, measured again",
    ]


def test_context_and_readbacks_are_corrected_too(
    logbook: Logbook, campaign: CampaignRow, owner: int
) -> None:
    read = Measurement("anneal.hold", 5.5, "min", kind=Kind.READBACK)
    logbook.correct(owner, [], [make.humidity(45.0), read], "misread", "eve")
    assert logbook.trials(campaign.id).rows[0].context == {"humidity": 45.0}
    assert results(logbook, campaign)[0] == {"hardness": 300.0, "resistivity": 2.0}


def test_each_stage_keeps_its_own_results(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved_route(logbook, campaign)
    finish(logbook, claimed(logbook, campaign))
    finish(logbook, claimed(logbook, campaign), make.resistivity(9.0))
    row = logbook.experiments(campaign.id)[0].id
    with pytest.raises(StateError, match="hardness: its step is approved, must be"):
        logbook.correct(row, [], [make.hardness()], "early", "eve")
    logbook.correct(row, [], [make.resistivity(2.5)], "typo", "eve")
    finish(logbook, claimed(logbook, campaign), make.hardness(1.0))
    both = [make.hardness(2.0), make.resistivity(2.0)]
    logbook.correct(row, [], both, "swapped", "eve")
    assert results(logbook, campaign) == [{"hardness": 2.0, "resistivity": 2.0}]
    steps = logbook.experiments(campaign.id)[0].steps
    assert [[m.value for m in s.measurements] for s in steps] == [
        [],
        [9.0, 2.5, 2.0],
        [1.0, 2.0],
    ]
    assert len(logbook.events()) == 11
    assert logbook.verify() == ()


def test_imported_results_are_corrected_and_known_rows_stay_known(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    past = [ImportedRow(make.intervention(), (make.hardness(30.0),))]
    logbook.import_rows(campaign.id, past, "past.csv", "ada")
    row = logbook.experiments(campaign.id)[0].id
    logbook.correct(row, [], [make.hardness(3.0), make.resistivity()], "typo", "eve")
    assert results(logbook, campaign) == [{"hardness": 3.0, "resistivity": 2.0}]
    assert logbook.import_rows(campaign.id, past, "past.csv", "ada") == (0, 1)
    assert logbook.verify() == ()


def test_nothing_is_corrected_twice(
    logbook: Logbook, campaign: CampaignRow, owner: int
) -> None:
    logbook.correct(owner, [], [make.hardness(3.0)], "typo", "eve")
    before = logbook.events()
    with pytest.raises(DataError, match="hardness: is recorded like that already"):
        logbook.correct(owner, [], [make.hardness(3.0)], "typo", "eve")
    logbook.correct(owner, ["resistivity"], [], "contact lost", "eve")
    with pytest.raises(DataError, match="resistivity: has no value, must differ"):
        logbook.correct(owner, ["resistivity"], [], "contact lost", "eve")
    assert len(logbook.events()) == len(before) + 1
    assert len(logbook.corrections(campaign.id)) == 2


@pytest.mark.parametrize(
    ("wrong", "new", "reason", "said"),
    [
        ([], [], "why", "got nothing to correct"),
        (["hardness"], [], " ", "got no reason"),
        ([], [replace(make.hardness(), unit="MPa")], "why", "got unit MPa"),
        ([], [make.hardness(float("nan"))], "why", "must be a finite number"),
        (["colour"], [], "why", "colour: has no value"),
        ([], [replace(make.hardness(), quantity="colour")], "why", "is not measured"),
    ],
    ids=["nothing", "no reason", "unit", "nan", "unknown", "undeclared"],
)
@pytest.mark.usefixtures("campaign")
def test_a_wrong_correction_leaves_nothing(
    logbook: Logbook,
    owner: int,
    wrong: list[str],
    new: list[Measurement],
    reason: str,
    said: str,
) -> None:
    before = logbook.events()
    with pytest.raises(DataError, match=said):
        logbook.correct(owner, wrong, new, reason, "eve")
    assert logbook.events() == before


def test_what_is_under_way_is_recorded_not_corrected(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    ids = approved(logbook, campaign)
    logbook.hand_over(claimed(logbook, campaign))
    with pytest.raises(StateError, match="its step is running, must be over"):
        logbook.correct(ids[0], [], [make.hardness()], "typo", "eve")
    with pytest.raises(StateError, match="is approved"):
        logbook.correct(ids[1], [], [make.hardness()], "typo", "eve")
    with pytest.raises(DataError, match="row 99: is not in the database"):
        logbook.correct(99, [], [make.hardness()], "typo", "eve")


def test_what_a_failed_step_saw_may_be_corrected(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    ids = approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    logbook.complete(claim, StepState.FAILED, [make.hardness(9.0)], "cracked", {})
    logbook.correct(ids[0], ["hardness"], [], "measured after it cracked", "eve")
    (first, _) = logbook.trials(campaign.id).rows
    assert (first.failed, dict(first.results)) == (True, {})
