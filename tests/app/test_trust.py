"""How much the members are trusted, as sealed."""

from dataclasses import replace

from labagent.app.trust import Inputs, in_causes, in_words, shares, spoken_for
from labagent.experiments import Member, Prediction
from tests.lab import Lab


def test_widths_of_a_member_count_together_and_whispers_are_left_out() -> None:
    members = (
        Member("plain-gp", 0.2, 1.0, 1.0),
        Member("plain-gp x2", 0.1, 1.0, 2.0),
        Member("network x4", 0.66, 1.0, 4.0),
        Member("forest", 0.04, 1.0, 1.0),
    )
    found = shares(Prediction("plqy", "percent", members))
    assert list(found) == ["network", "plain-gp", "forest"]
    assert in_words(found) == "network 66 %, plain-gp 30 %"


def test_status_and_explain_tell_who_is_trusted(begun: Lab) -> None:
    assert "plqy: gp 100 %" in begun("status").output
    assert "(when #2 was proposed)" in begun("status").output
    found = begun.answer("status")
    assert found["weights"] == {"plqy": {"gp": 1.0}, "grain_size": {"gp": 1.0}}
    assert (found["weights_of"], found["uncertain_causes"]) == (2, {})
    assert "grain_size: gp 100 %" in begun("explain", 1).output
    assert begun.answer("explain", 1)["weights"]["plqy"] == {"gp": 1.0}


def test_uncertain_causes_are_told_with_their_probability(begun: Lab) -> None:
    with begun.logbook() as (logbook, row):
        [first] = logbook.decisions(row)
        model = {**first.decision.model, "edges": {"humidity -> plqy": 0.25}}
        later = replace(first.decision, batch=1, model=model)
        logbook.add_decision(row, later, begun.campaign.stages, "agent")
    assert "humidity -> plqy: 25 % likely" in begun("status").output
    assert begun.answer("status")["uncertain_causes"] == {"humidity -> plqy": 0.25}
    shown = begun("explain", 3).output
    assert "humidity -> plqy: 25 % likely" in shown
    assert "edges." not in shown
    assert begun.answer("explain", 1)["uncertain_causes"] == {}


def test_explain_tells_what_each_quantity_depends_on(begun: Lab) -> None:
    sets = [
        {"probability": 0.7, "lengthscales": {"grain_size": 0.3}},
        {"probability": 0.2, "lengthscales": {"temperature": 1.0, "grain_size": 9.0}},
        {"probability": 0.08, "lengthscales": {"temperature": 2.0, "grain_size": 8.0}},
        {"probability": 0.02, "lengthscales": {"temperature": 1.0}},
    ]
    with begun.logbook() as (logbook, row):
        [first] = logbook.decisions(row)
        model = {**first.decision.model, "network": {"plqy": {"parents": sets}}}
        later = replace(first.decision, batch=1, model=model)
        logbook.add_decision(row, later, begun.campaign.stages, "agent")
    shown = " ".join(begun("explain", 3).output.split())
    assert "plqy: grain_size (70 %); or grain_size, temperature (28 %)" in shown
    found = begun.answer("explain", 3)["depends_on"]["plqy"]
    assert [(f["inputs"], round(f["probability"], 2)) for f in found] == [
        (["grain_size"], 0.7),
        (["grain_size", "temperature"], 0.28),
        (["temperature"], 0.02),
    ]
    assert begun.answer("explain", 1)["depends_on"] == {}


def test_the_model_is_shown_as_far_as_it_speaks_of_the_goal(begun: Lab) -> None:
    model = {
        "network": {"plqy": {"noise": 0.1}, "grain_size": {"noise": 0.2}},
        "forest": {"plqy": {"trees": 100}},
        "steering": "network",
    }
    weights = {"plqy": {"network": 0.96, "forest": 0.04}, "grain_size": {"forest": 1.0}}
    found = spoken_for(model, weights, begun.campaign.goal)
    assert found == {"network": {"plqy": {"noise": 0.1}}}


def test_labels_and_long_lists_are_told_in_short() -> None:
    few = ("lot=A", "lot=B", "heat")
    all_of_them = (*few, "a", "b", "c", "d")
    assert in_causes({"y": [Inputs(few, 0.7), Inputs(all_of_them, 0.3)]}) == (
        "y: lot, heat (70 %); or everything earlier (30 %)"
    )
    alone = [Inputs(few, 1.0)]
    assert in_causes({"y": alone}) == "y: lot, heat (100 %)"
    assert in_causes({"y": alone, "z": alone}) == "y, z: lot, heat (100 %)"
    shared = [Inputs(("heat",), 1.0, in_every_turn=True)]
    assert in_causes({"y": shared}) == "y: heat (one law for all turns, 100 %)"
