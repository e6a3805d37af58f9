"""Stages that repeat, and vectors: written out before anything else is read."""

from pathlib import Path

import pytest

from labagent.campaigns import Campaign
from labagent.config import from_document
from tests.config.samples import changed, loaded, mistakes

LAYERS = """\
labagent: 1
name: layers
goal: Thick layers.
objectives:
  thickness: {unit: nm, goal: maximize, expect: [0, 400], good_enough: 300}
measured:
  bare: {unit: nm}
  film: {kind: vector, parts: [rough, dense], unit: nm}
stages:
  clean:
    controls: {time: {range: [1, 10], unit: min}}
    measures: [bare]
  deposit:
    repeat: 3
    controls:
      heat: {range: [200, 400], unit: degC}
      pulse: {range: [1, 5], unit: s}
    measures: [thickness, film]
    cost: 2 EUR
constraints:
  - deposit.heat >= deposit.heat.before
  - deposit.pulse <= 4 s when deposit.heat >= 300 degC
safety: [deposit.heat <= 390 degC]
causes:
  - deposit.heat, thickness.before -> thickness
  - clean.time, film.before -> film
budget: {experiments: 40}
executors: {bench: manual}
"""


@pytest.fixture
def layers(tmp_path: Path) -> Campaign:
    return loaded(tmp_path, LAYERS)


def test_a_stage_is_as_many_stages_as_it_has_turns(layers: Campaign) -> None:
    assert [s.name for s in layers.stages] == [
        "clean",
        "deposit_1",
        "deposit_2",
        "deposit_3",
    ]
    assert layers.stages[2].controls == ("deposit_2.heat", "deposit_2.pulse")
    assert layers.stages[1].measures == ("thickness_1", "film_rough_1", "film_dense_1")
    assert layers.stages[3].measures == ("thickness", "film_rough", "film_dense")
    assert layers.cost_per_experiment == 6.0


def test_a_turn_knows_the_names_of_the_file(layers: Campaign) -> None:
    first, last = layers.stages[1].turn, layers.stages[3].turn
    assert first is not None
    assert last is not None
    assert (first.stage, first.number, first.before) == ("deposit", 1, {})
    assert last.names["deposit.heat"] == "deposit_3.heat"
    assert last.names["thickness"] == "thickness"
    assert last.before["thickness"] == "thickness_2"
    assert layers.stages[2].vectors == {"film": ("film_rough_2", "film_dense_2")}


def test_what_an_objective_was_on_the_way_is_a_state(layers: Campaign) -> None:
    states = [v for v in layers.measured if v.name.startswith("thickness_")]
    assert [v.unit for v in states] == ["nm", "nm"]
    assert [o.name for o in layers.goal.objectives] == ["thickness"]


def test_rules_hold_in_every_turn(layers: Campaign) -> None:
    assert [r.text for r in layers.space.constraints] == [
        "deposit_2.heat >= deposit_1.heat",
        "deposit_3.heat >= deposit_2.heat",
        *(
            f"deposit_{k}.pulse <= 4 s when deposit_{k}.heat >= 300 degC"
            for k in (1, 2, 3)
        ),
        *(f"deposit_{k}.heat <= 390 degC" for k in (1, 2, 3)),
    ]
    assert len(layers.safety) == 3


def test_causes_hold_in_every_turn(layers: Campaign) -> None:
    assert layers.graph.parents("thickness_1") == ("deposit_1.heat",)
    assert layers.graph.parents("thickness") == ("deposit_3.heat", "thickness_2")
    assert layers.graph.parents("film_dense_2") == (
        "clean.time",
        "film_rough_1",
        "film_dense_1",
    )
    assert layers.graph.parents("film_rough_1") == ("clean.time",)


def test_the_document_is_the_file_and_reads_alike(layers: Campaign) -> None:
    assert '"repeat":3' in layers.document
    assert from_document(layers.document) == layers


def test_later_stages_see_the_last_turn(tmp_path: Path) -> None:
    text = changed(
        LAYERS,
        ("constraints:", "  test: {measures: [gloss]}\nconstraints:"),
        ("objectives:", "objectives:\n  gloss: {goal: maximize}"),
        ("causes:", "causes:\n  - deposit.pulse, film -> gloss"),
    )
    parents = loaded(tmp_path, text).graph.parents("gloss")
    pulses = tuple(f"deposit_{k}.pulse" for k in (1, 2, 3))
    assert parents == (*pulses, "film_rough", "film_dense")


def test_a_start_is_the_turn_before_the_first(tmp_path: Path) -> None:
    text = changed(
        LAYERS, ("repeat: 3", "repeat: {times: 3, start: {thickness: bare}}")
    )
    campaign = loaded(tmp_path, text)
    assert campaign.graph.parents("thickness_1") == ("deposit_1.heat", "bare")


def test_a_member_of_a_composition_is_that_of_its_turn(tmp_path: Path) -> None:
    text = changed(
        LAYERS,
        ("      heat:", "      alloy: {elements: [Al, Cu]}\n      heat:"),
        (
            "constraints:",
            "constraints:\n  - deposit.alloy.Al <= deposit.alloy.Al.before",
        ),
    )
    rules = [r.text for r in loaded(tmp_path, text).space.constraints]
    assert rules[:2] == [
        "deposit_2.alloy.Al <= deposit_1.alloy.Al",
        "deposit_3.alloy.Al <= deposit_2.alloy.Al",
    ]


def test_a_start_may_be_a_value(tmp_path: Path) -> None:
    start = "{thickness: 0.001 um, film_rough: 1, film_dense: bare}"
    text = changed(LAYERS, ("repeat: 3", f"repeat: {{times: 3, start: {start}}}"))
    campaign = loaded(tmp_path, text)
    first = campaign.stages[1].turn
    assert first is not None
    assert first.start == {"thickness": pytest.approx(1.0), "film_rough": 1.0}
    assert first.before == {"film_dense": "bare"}
    one = campaign.recurrences[0]
    assert one.members == ("thickness_1", "thickness_2", "thickness")
    assert campaign.graph.parents("thickness_1") == ("deposit_1.heat",)
    assert from_document(campaign.document) == campaign


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "repeat: 3",
            "repeat: {times: 2, start: {thickness: 3 s}}",
            "start thickness: got '3 s'",
        ),
        ("repeat: 3", "repeat: 1", "got repeat = 1"),
        ("repeat: 3", "repeat: 21", "got repeat = 21"),
        ("repeat: 3", "repeat: often", "got repeat = 'often'"),
        ("repeat: 3", "repeat: {start: {}}", "got repeat"),
        ("repeat: 3", "repeat: {times: 3, start: 0}", "start: got 0"),
        ("repeat: 3", "repeat: {times: 3, begin: {}}", "unknown name 'begin'"),
        ("repeat: 3", "repeat: {times: 2, start: {x: bare}}", "unknown name 'x'"),
        (
            "repeat: 3",
            "repeat: {times: 2, start: {thickness: film_rough}}",
            "unknown name 'film_rough'",
        ),
        (
            "repeat: 3\n",
            "repeat: {times: 2, start: {thickness: bare}}\n",
            "bare in 'um'",
        ),
        ("  clean:\n", "  deposit_2:\n", "got the name 'deposit_2'"),
        ("  bare:", "  thickness_2: {}\n  bare:", "got the name 'thickness_2'"),
        ("[rough, dense]", "[rough]", "got [..., ...]"),
        ("[rough, dense]", "[rough, rough]", "got ["),
        ("[rough, dense]", "[rough, 7]", "got the name '7'"),
        ("parts: [rough, dense]", "length: 17", "got 17"),
        ("parts: [rough, dense]", "length: two", "got 'two'"),
        (", parts: [rough, dense]", "", "neither parts nor length"),
        ("kind: vector, ", "", "got the key 'parts'"),
    ],
)
def test_what_cannot_be_is_told_once(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = changed(LAYERS, (old, new))
    if "um" in said:
        text = changed(text, ("bare: {unit: nm}", "bare: {unit: um}"))
    said = said.replace("[..., ...]", "['rough']")
    told = [m for m in mistakes(tmp_path, text) if said in m.problem]
    assert len(told) == 1, mistakes(tmp_path, text)


def test_a_mistake_in_a_stage_that_repeats_is_told_once(tmp_path: Path) -> None:
    text = changed(LAYERS, ("range: [1, 5]", "range: [5, 1]"))
    assert len(mistakes(tmp_path, text)) == 1


def test_a_wrong_name_in_a_cause_is_told_once(tmp_path: Path) -> None:
    text = changed(LAYERS, ("deposit.heat, thickness.b", "deposit.heta, thickness.b"))
    (told,) = mistakes(tmp_path, text)
    assert "deposit.heta" in told.problem
