"""Campaigns as pictures: who stands where, and what joins them."""

from labagent.review.graphs import LEFT_OUT, causes_of, picture, plain_picture
from labagent.variables import Role
from tests.factories import make_campaign
from tests.review.pictures import ALLOY, PEROVSKITE


def test_groups_come_in_the_order_of_things() -> None:
    assert [g.title for g in PEROVSKITE.groups] == [
        "context",
        *("spin", "drip", "anneal", "characterise"),
        "outcomes",
    ]
    assert PEROVSKITE.stages == ("spin", "drip", "anneal", "characterise")
    assert PEROVSKITE.groups[4].also == ("plqy", "t85")


def test_a_variable_knows_its_stage_unit_and_kind() -> None:
    found = {v.name: v for v in PEROVSKITE.vertices}
    assert len(found) == 12
    assert found["anneal.temperature"].short == "temperature"
    assert found["anneal.temperature"].note == "degC"
    assert found["spin.site"].note == "composition"
    assert found["operator"].note == "label"
    assert found["grain_size"].stage == "anneal"
    assert found["plqy"].note == "percent, in characterise"
    assert found["humidity"].role is Role.CONTEXT


def test_causes_are_listed_by_effect() -> None:
    assert dict(causes_of(PEROVSKITE))["grain_size"] == (
        "anneal.temperature, anneal.time, humidity, drip.antisolvent, drip.delay, "
        "spin.speed ?0.5"
    )
    assert [str(x) for x in PEROVSKITE.links if x.hidden] == ["plqy <-> t85"]


def test_without_causes_it_says_so() -> None:
    assert not ALLOY.declared
    assert plain_picture(ALLOY)["note"] == LEFT_OUT
    assert plain_picture(PEROVSKITE)["note"] == ""


def test_every_variable_of_a_campaign_is_a_node() -> None:
    campaign = make_campaign()
    variables = (*campaign.space.controls, *campaign.measured, *campaign.context)
    shown = picture(campaign)
    assert {v.name for v in shown.vertices} == {v.name for v in variables}
