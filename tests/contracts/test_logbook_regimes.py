"""What every logbook promises about what was set and what took its own course."""

import pytest

from labagent.errors import DataError
from labagent.experiments import Measurement, Regime, StepState, Trial
from labagent.ports import CampaignRow, ImportedRow, Logbook
from tests import factories as make
from tests.logbooks import approved, approved_route, claimed, finish


@pytest.fixture
def campaign(logbook: Logbook) -> CampaignRow:
    return logbook.open_campaign(make.make_campaign(), "ada")


def past(regime: Regime, value: float = 1.0) -> ImportedRow:
    seen = (make.hardness(value), make.resistivity())
    return ImportedRow(make.intervention(), seen, regime)


def trials(logbook: Logbook, campaign: CampaignRow) -> tuple[Trial, ...]:
    """Return all trials, which people are told the same of."""
    rows = logbook.trials(campaign.id).rows
    records = logbook.experiments(campaign.id)
    told = [(r.observed, r.was_set) for r in records]
    assert told == [(t.observed, t.was_set) for t in rows]
    return rows


def test_a_table_says_what_was_set(logbook: Logbook, campaign: CampaignRow) -> None:
    rows = [
        past({}),
        past({"layers": False, "anneal.hold": True}),
        past({"resistivity": True, "layers": False, "anneal.gas": False}),
    ]
    logbook.import_rows(campaign.id, rows, "past.csv", "ada")
    first, second, third = trials(logbook, campaign)
    assert (first.observed, first.was_set) == (frozenset(), frozenset())
    assert (second.observed, second.was_set) == ({"layers"}, frozenset())
    assert third.observed == {"layers", "anneal.gas"}
    assert third.was_set == {"resistivity"}
    assert logbook.verify() == ()


def test_a_table_may_say_it_later_and_say_it_once(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    logbook.import_rows(campaign.id, [past({}), past({})], "past.csv", "ada")
    before = logbook.trials(campaign.id)
    said = [past({"layers": False}), past({})]
    assert logbook.import_rows(campaign.id, said, "past.csv", "ada") == (0, 2)
    assert [t.observed for t in trials(logbook, campaign)] == [{"layers"}, frozenset()]
    events = logbook.events()
    assert logbook.import_rows(campaign.id, said, "past.csv", "ada") == (0, 2)
    silent = [past({}), past({})]
    assert logbook.import_rows(campaign.id, silent, "past.csv", "ada") == (0, 2)
    assert logbook.events() == events
    assert [t.observed for t in trials(logbook, campaign)] == [{"layers"}, frozenset()]
    assert logbook.trials(campaign.id, as_of=before.as_of) == before
    assert logbook.verify() == ()


def test_a_person_overrules_a_table_that_is_read_again(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    said = [past({"resistivity": True, "layers": False})]
    logbook.import_rows(campaign.id, said, "past.csv", "ada")
    row = logbook.experiments(campaign.id)[0].id
    logbook.correct(row, [], [], "mixed up", "eve", {"resistivity": False})
    logbook.import_rows(campaign.id, said, "past.csv", "ada")
    (trial,) = trials(logbook, campaign)
    assert (trial.observed, trial.was_set) == ({"layers"}, frozenset())
    changed = [past({"resistivity": False, "layers": True})]
    logbook.import_rows(campaign.id, changed, "past.csv", "ada")
    (trial,) = trials(logbook, campaign)
    assert (trial.observed, trial.was_set) == (frozenset(), frozenset())


def test_whoever_completes_or_records_says_what_was_set(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    both = [make.hardness(), make.resistivity()]
    first = claimed(logbook, campaign)
    done = {"resistivity": True}
    logbook.complete(first, StepState.MEASURED, both, "", {}, done)
    second = claimed(logbook, campaign)
    logbook.hand_over(second)
    logbook.record(second.step, StepState.MEASURED, both, "", "eve", done)
    assert [t.was_set for t in trials(logbook, campaign)] == [done.keys()] * 2
    assert logbook.verify() == ()


def test_a_state_set_in_its_stage_stays_set(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved_route(logbook, campaign)
    finish(logbook, claimed(logbook, campaign))
    anneal = claimed(logbook, campaign)
    seen, done = [make.resistivity(9.0)], {"resistivity": True}
    logbook.complete(anneal, StepState.MEASURED, seen, "", {}, done)
    finish(logbook, claimed(logbook, campaign), make.hardness())
    row = logbook.experiments(campaign.id)[0].id
    logbook.correct(row, ["resistivity"], [], "gauge broken", "eve")
    (trial,) = trials(logbook, campaign)
    assert (dict(trial.results), trial.was_set) == ({"hardness": 3.0}, {"resistivity"})


def test_words_and_values_are_corrected_together(
    logbook: Logbook, campaign: CampaignRow
) -> None:
    approved(logbook, campaign)
    finish(logbook, claimed(logbook, campaign), make.hardness())
    row = logbook.experiments(campaign.id)[0].id
    new = [make.resistivity(7.0)]
    logbook.correct(row, [], new, "annealed in air", "eve", {"resistivity": True})
    trial = trials(logbook, campaign)[0]
    assert (trial.results["resistivity"], trial.was_set) == (7.0, {"resistivity"})
    event = logbook.events(campaign.id)[-1]
    assert (event.kind, event.actor) == ("correct", "eve")
    assert "annealed in air" in str(event.payload)
    with pytest.raises(DataError, match="resistivity: is recorded like that already"):
        logbook.correct(row, [], [], "again", "eve", {"resistivity": True})
    with pytest.raises(DataError, match="must say why"):
        logbook.correct(row, [], [], " ", "eve", {"resistivity": False})


WRONG: dict[str, tuple[list[Measurement], Regime, str]] = {
    "an objective": (
        [make.hardness(), make.resistivity()],
        {"hardness": True},
        "hardness: got set, must be a control or a measured state",
    ),
    "context": ([make.hardness()], {"humidity": False}, "humidity: got observed"),
    "unknown": ([make.hardness()], {"colour": True}, "one of alloy, anneal.hold"),
    "no value": (
        [make.hardness()],
        {"resistivity": True},
        "resistivity: got set without a value, must have the value it was set to",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_have_been_set_is_refused(
    logbook: Logbook, campaign: CampaignRow, name: str
) -> None:
    seen, regime, said = WRONG[name]
    row = ImportedRow(make.intervention(), tuple(seen), regime)
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    before = logbook.events()
    with pytest.raises(DataError, match=said):
        logbook.import_rows(campaign.id, [row], "past.csv", "ada")
    with pytest.raises(DataError, match=said):
        logbook.complete(claim, StepState.MEASURED, seen, "", {}, regime)
    assert logbook.events() == before


def test_what_was_proposed_was_set(logbook: Logbook, campaign: CampaignRow) -> None:
    approved(logbook, campaign)
    claim = claimed(logbook, campaign)
    said = "experiment 1: layers: got observed, must be set .* record .* layers=VALUE"
    with pytest.raises(DataError, match=said):
        logbook.complete(
            claim, StepState.MEASURED, [make.hardness()], "", {}, {"layers": False}
        )
