"""What the demo's simulator says when it is asked."""

from dataclasses import replace
from typing import Any

import pytest

from labagent.app.simulated import change, had_been, is_as_shipped, shipped, spread
from labagent.campaigns import Budget, Campaign
from labagent.experiments import ExperimentRecord
from labagent.variables import Intervention
from tests.records import record

RECIPE: Intervention = {
    "dry.temperature": 90.0,
    "dry.time": 12.0,
    "calcine.temperature": 550.0,
    "calcine.time": 2.0,
    "calcine.ramp": 5.0,
    "anneal.temperature": 650.0,
    "anneal.time": 3.0,
}
COLD: Intervention = {"anneal.temperature": 650.0}
HOT: Intervention = {"anneal.temperature": 750.0}


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return shipped("calcination.yaml")


@pytest.fixture(scope="module")
def one() -> ExperimentRecord:
    return replace(record(1, {"activity": 0.5}, []), intervention=RECIPE)


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"budget": Budget(experiments=3)}, True),
        ({"batch": 7, "initial": 3, "seed": 1}, True),
        ({"measured": ()}, False),
        ({"executors": ()}, False),
    ],
)
def test_a_campaign_may_cost_something_else(
    fields: dict[str, Any], same: bool, campaign: Campaign
) -> None:
    assert is_as_shipped(replace(campaign, **fields), "calcination.yaml") is same


def test_recipes_fill_the_space_and_are_always_the_same(campaign: Campaign) -> None:
    found = spread(campaign, 64)
    assert found == spread(campaign, 64)
    assert all(not campaign.space.violations(r.intervention) for r in found)
    hot = sum(float(str(r.intervention["anneal.temperature"])) > 725 for r in found)
    assert hot == 32  # a Sobol sequence halves every range
    assert set(found[0].results) == {v.name for v in campaign.measured}


def test_a_change_of_nothing_changes_nothing(
    campaign: Campaign, one: ExperimentRecord
) -> None:
    assert set(change(campaign, [one], COLD, COLD).values()) == {0.0}
    assert change(campaign, [], COLD, HOT) == {}


def test_a_hotter_anneal_makes_coarse_strong_rutile(
    campaign: Campaign, one: ExperimentRecord
) -> None:
    found = change(campaign, [one], COLD, HOT)
    for name in ("rutile_fraction", "grain_size", "density", "strength"):
        assert found[name] > 0
    assert found["moisture"] == found["grain_calcined"] == 0
    back = change(campaign, [one], HOT, COLD)
    assert back["strength"] == pytest.approx(-found["strength"])


def test_a_sample_stays_itself_whatever_is_imagined(
    campaign: Campaign, one: ExperimentRecord
) -> None:
    as_it_was = had_been(campaign, one, {})
    assert had_been(campaign, one, COLD) == as_it_was
    assert had_been(campaign, one, HOT)["moisture"] == as_it_was["moisture"]
    other = had_been(campaign, replace(one, number=2), {})
    assert other["moisture"] != as_it_was["moisture"]
