"""Questions to a campaign's causal model."""

import math
from dataclasses import replace

import pytest
import torch

from labagent.campaigns import Campaign, Direction, Objective, Stage
from labagent.causes import Cause, Identified, ProcessGraph, Unidentified
from labagent.errors import DataError, ModelError
from labagent.experiments import Trial, Trials
from labagent.loop import propose
from labagent.loop.asking import Answer, Asked
from labagent.variables import (
    Continuous,
    DesignSpace,
    Label,
    Real,
    Role,
    Variable,
)
from tests.spaces import campaign, control

HEAT = DesignSpace(
    (control("heat", Continuous(400, 800)), control("hold", Continuous(1, 9)))
)
EDGES = (
    Cause("heat", "grain"),
    Cause("lot", "grain"),
    Cause("grain", "strength"),
    Cause("hold", "strength"),
)
GRAPH = ProcessGraph(EDGES)


def route(graph: ProcessGraph = GRAPH) -> Campaign:
    asked = campaign(HEAT, (Objective("strength", "MPa", Direction.MAXIMIZE),))
    return replace(
        asked,
        measured=(
            Variable("grain", Role.STATE, Real(), "nm"),
            Variable("strength", Role.OUTCOME, Real(), "MPa"),
        ),
        context=(Variable("lot", Role.CONTEXT, Label()),),
        stages=(
            Stage("anneal", ("heat",), ("grain",), "x"),
            Stage("test", ("hold",), ("strength",), "x"),
        ),
        graph=graph,
    )


def trials(
    n: int = 30, lots: bool = True, observed: frozenset[str] = frozenset()
) -> Trials:
    """Return grain = 20 + 40 t + 6 lot + e, strength = 300 - 2 grain + hold + e.

    With ``observed`` heat is chosen by the lot: the better, the colder.
    """
    g = torch.Generator().manual_seed(3)
    rows: list[Trial] = []
    for i in range(n):
        t, h = torch.rand(2, generator=g).tolist()
        a, b = (0.5 * torch.randn(2, generator=g)).tolist()
        lot = i % 2
        t = 0.7 * t + 0.3 * lot if observed else t
        grain = 20 + 40 * t + 6 * lot + a
        strength = 300 - 2 * grain + 8 * h + b
        rows.append(
            Trial(
                i + 1,
                {"heat": 400 + 400 * t, "hold": 1 + 8 * h},
                {"grain": grain, "strength": strength},
                context={"lot": "ab"[lot]} if lots else {},
                observed=observed,
            )
        )
    return Trials(0, tuple(rows))


def told(answers: list[Answer]) -> dict[str, Answer]:
    return {a.quantity: a for a in answers}


def test_do_follows_the_route_and_averages_over_lots() -> None:
    asked = Asked.of(route(), trials())
    found = told(asked.do({"heat": 600.0, "hold": 5.0}))
    assert found["grain"].mean == pytest.approx(20 + 20 + 3, abs=1.0)
    assert found["strength"].mean == pytest.approx(300 - 86 + 4, abs=2.0)
    assert found["strength"].unit == "MPa"
    assert found["strength"].low < 218 - 5 < 218 + 5 < found["strength"].high


def test_a_state_can_be_set_in_thought() -> None:
    asked = Asked.of(route(), trials())
    found = told(asked.do({"heat": 600.0, "hold": 5.0, "grain": 30.0}))
    assert set(found) == {"strength"}
    assert found["strength"].mean == pytest.approx(300 - 60 + 4, abs=2.0)


def test_context_is_asked_in_its_unit_or_by_its_label() -> None:
    asked = Asked.of(route(), trials())
    lots = [{"heat": 600.0, "hold": 5.0, "lot": lot} for lot in "ab"]
    found = told(asked.compare(lots[0], lots[1]))
    assert found["grain"].mean == pytest.approx(6, abs=1.0)
    with pytest.raises(DataError, match="lot: got 'c', must have been seen: one of a"):
        asked.do({"lot": "c"})
    rows = trials().rows
    known = [
        replace(t, context={"lot": 900.0 + 100.0 * (t.context["lot"] == "b")})
        for t in rows
    ]
    numbers = replace(route(), context=(Variable("lot", Role.CONTEXT, Real(), "Pa"),))
    asked = Asked.of(numbers, Trials(0, tuple(known)))
    found = told(asked.compare({"lot": 900.0}, {"lot": 1000.0}))
    assert found["grain"].mean == pytest.approx(6, abs=1.0)


def test_what_was_hardly_seen_does_no_harm() -> None:
    rows = [replace(t, context={}) for t in trials().rows]
    rows[0] = replace(rows[0], context={"lot": "a"})
    for t in (replace(r, results={"strength": r.results["strength"]}) for r in rows):
        rows[t.id - 1] = t
    asked = Asked.of(route(), Trials(0, tuple(rows)))
    assert set(asked.untold(["heat", "hold"])) == {"grain"}
    [answer] = asked.do({"heat": 600.0, "hold": 5.0}, of=["strength"])
    assert answer.mean == pytest.approx(300 - 86 + 4, abs=4.0)
    with pytest.raises(ModelError, match="grain is not measured"):
        asked.do({"heat": 600.0, "hold": 5.0})
    with pytest.raises(ModelError, match="lot: was recorded less than"):
        asked.observe({"lot": "a"})


def test_comparisons_keep_what_both_have_in_common() -> None:
    asked = Asked.of(route(), trials())
    first, second = ({"heat": h, "hold": 5.0} for h in (500.0, 600.0))
    found = told(asked.compare(first, second))
    assert found["grain"].mean == pytest.approx(10, abs=0.7)
    assert found["grain"].high - found["grain"].low < 2.0


def test_counterfactuals_are_about_this_very_sample() -> None:
    known = trials()
    asked = Asked.of(route(), known)
    seen = known.rows[7]
    t = (float(str(seen.intervention["heat"])) - 400) / 400
    found = told(asked.counterfactual(8, {"heat": 480.0}))
    grain = seen.results["grain"] + 40 * (0.2 - t)
    strength = seen.results["strength"] - 2 * 40 * (0.2 - t)
    assert found["grain"].mean == pytest.approx(grain, abs=0.8)
    assert found["strength"].mean == pytest.approx(strength, abs=1.6)


def test_setting_differs_from_seeing_where_lots_decided_the_heat() -> None:
    mixed = Trials(0, (*trials(40, observed=frozenset({"heat"})).rows,))
    asked = Asked.of(route(ProcessGraph((*EDGES, Cause("lot", "heat")))), mixed)
    done = told(asked.compare({"heat": 500.0}, {"heat": 700.0}))["grain"].mean
    seen = [told(asked.observe({"heat": h}))["grain"].mean for h in (500.0, 700.0)]
    assert done == pytest.approx(20, abs=2)
    assert seen[1] - seen[0] > done + 1


def test_what_cannot_be_told_is_refused_with_the_remedy() -> None:
    hidden = trials(40, lots=False, observed=frozenset({"heat"}))
    graph = ProcessGraph((*EDGES, Cause("lot", "heat")))
    asked = Asked.of(route(graph), hidden)
    found = asked.identify(["heat"], "grain")
    assert isinstance(found, Unidentified)
    assert "lot" in str(found)
    with pytest.raises(ModelError, match=r"cannot be told: .*lot"):
        asked.do({"heat": 500.0})


def test_an_unmeasured_lot_does_no_harm_where_everything_was_set() -> None:
    asked = Asked.of(route(), trials(lots=False))
    assert isinstance(asked.identify(["heat", "hold"], "strength"), Identified)
    found = told(asked.do({"heat": 600.0, "hold": 5.0}))
    assert found["strength"].mean == pytest.approx(300 - 86 + 4, abs=3.0)


def test_without_causes_what_was_set_can_be_asked_and_no_more() -> None:
    asked = Asked.of(route(ProcessGraph()), trials())
    found = told(asked.do({"heat": 600.0, "hold": 5.0}))
    assert found["strength"].mean == pytest.approx(218, abs=3.0)
    with pytest.raises(ModelError, match="cannot be told"):
        asked.do({"heat": 600.0, "hold": 5.0, "grain": 30.0})


def test_uncertain_edges_are_judged() -> None:
    graph = ProcessGraph((*EDGES, Cause("heat", "strength", 0.5)))
    edges = Asked.of(route(graph), trials()).structure.edges
    assert edges["heat", "strength"] < 0.5


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({}, "got nothing"),
        ({"heat": 900.0}, "heat: .*900"),
        ({"hat": 1.0}, "variable hat: is not in the campaign"),
        ({"grain": math.nan}, "grain: got nan"),
    ],
)
def test_bad_settings_are_refused(setting: dict[str, float], message: str) -> None:
    asked = Asked.of(route(), trials(8))
    with pytest.raises(DataError, match=message):
        asked.do(setting)


def test_experiments_without_results_cannot_be_imagined_otherwise() -> None:
    with pytest.raises(DataError, match="experiment 99: has no results"):
        Asked.of(route(), trials(8)).counterfactual(99, {"heat": 500.0})


def test_two_results_are_the_least() -> None:
    with pytest.raises(ModelError, match="got 1 experiments"):
        Asked.of(route(), trials(1))


def test_a_decision_tells_how_likely_uncertain_edges_are() -> None:
    graph = ProcessGraph((*EDGES, Cause("heat", "strength", 0.5)))
    decision = propose(route(graph), trials(12), 0, 1)
    edges = decision.model["edges"]
    assert isinstance(edges, dict)
    assert edges["heat -> strength"] < 0.6
    assert "edges" not in propose(route(), trials(12), 0, 1).model
