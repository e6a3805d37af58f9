"""What was set by hand is learned from, and is no answer of a search."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from labagent.acquisition import ACQUISITIONS, AcquisitionTask
from labagent.campaigns import Campaign, NoImprovement, OutcomeLimit, Reached
from labagent.causes import Cause, Identified, ProcessGraph, Unidentified
from labagent.experiments import Member, Trial, Trials
from labagent.loop import propose, stop_reason
from labagent.loop.asking import Asked
from labagent.loop.deciding import _best_so_far, _Setting
from labagent.variables import Real
from labagent.weighing import sealed_history
from tests.loop.test_asking import GRAPH, route, told, trials
from tests.world.test_network import route as chain
from tests.world.test_network import trials as chained

SET = frozenset({"grain"})
BEST = 1e4
"""An outcome that only the set rows have."""


def lucky(n: int = 16) -> Trials:
    """Return trials; where the grain was set, in every other one, y is far better."""
    rows = [
        replace(t, was_set=SET, results={**t.results, "grain": 1e5, "y": BEST + t.id})
        if t.id % 2
        else t
        for t in chained(n).rows
    ]
    return Trials(0, tuple(rows))


def test_a_search_starts_from_what_recipes_have_made() -> None:
    setting = _Setting.of(chain(), lucky(), 0)
    best = _best_so_far(setting)
    alone = [t for t in lucky().rows if not t.was_set]
    alone.sort(key=lambda t: -t.results["y"])
    assert best == [t.intervention for t in alone[:5]]
    assert setting.taken == _Setting.of(chain(), Trials(0, tuple(alone)), 0).taken


def test_improvement_is_counted_from_what_recipes_have_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[AcquisitionTask] = []
    make = ACQUISITIONS["qLogNEI"]

    def watched(task: AcquisitionTask) -> Any:  # noqa: ANN401
        seen.append(task)
        return make(task)

    monkeypatch.setitem(ACQUISITIONS, "qLogNEI", watched)  # type: ignore[arg-type]
    decision = propose(chain(), lucky(), 8, 1)
    assert decision.strategy == "model"
    assert seen
    for task in seen:
        assert len(task.baseline) == 8
        assert float(task.evidence.Y[:, task.evidence.column("y")].max()) < BEST
    found = {p.quantity: p for p in decision.proposals[0].predictions}
    assert found["y"].mean < BEST / 10


def test_set_rows_are_no_start_of_a_search() -> None:
    rows = [replace(t, was_set=SET) for t in chained(16).rows]
    few = Trials(0, (*rows, *(replace(t, id=99) for t in chained(3).rows)))
    assert propose(chain(), few, 0, 1).strategy == "space-filling"
    enough = Trials(0, (*rows, *(replace(t, id=99) for t in chained(6).rows)))
    assert propose(chain(), enough, 0, 1).strategy == "model"


def test_a_stop_rule_waits_for_a_recipe() -> None:
    wanted = Reached("y >= 5000", (OutcomeLimit("y", ">=", 5000.0),))
    asked = replace(chain(), stop=(wanted,))
    assert stop_reason(asked, lucky()) is None
    alone = [replace(t, was_set=frozenset()) for t in lucky().rows]
    assert stop_reason(asked, Trials(0, tuple(alone))) == "reached: y >= 5000"
    stale = replace(chain(), stop=(NoImprovement("2 batches", 2),))
    rows = [replace(t, batch=t.id) for t in lucky(6).rows]
    worse = [
        r if r.was_set else replace(r, results={**r.results, "y": -float(r.id)})
        for r in rows
    ]
    assert stop_reason(stale, Trials(0, tuple(worse))) == "2 batches"


def test_seals_are_not_judged_by_what_was_set() -> None:
    sealed = {"y": (Member("plain-gp", 1.0, 0.0, 1.0),)}
    rows = [replace(t, sealed=sealed) for t in lucky(6).rows]
    history = sealed_history(Trials(0, tuple(rows)), "y")
    assert [value for value, _ in history] == [
        t.results["y"] for t in rows if not t.was_set
    ]


# ------------------------------------------------------------ questions of cause


def settable(graph: ProcessGraph = GRAPH) -> Campaign:
    asked = route(graph)
    grain, strength = asked.measured
    able = replace(grain, domain=Real(settable=(10.0, 90.0)))
    return replace(asked, measured=(able, strength))


def mixed(n: int = 45, hidden: float = 0.0) -> Trials:
    """Return rows of which two in three have grain set, whatever heat would make of it.

    Args:
        n: Number of rows.
        hidden: How much stronger samples are whose grain came out coarse by themselves:
            something nobody observes makes both.
    """
    g = torch.Generator().manual_seed(5)
    rows: list[Trial] = []
    for trial in trials(n).rows:
        found = dict(trial.results)
        if trial.id % 3:
            grain = 10 + 80 * float(torch.rand(1, generator=g))
            found["strength"] += -2 * (grain - found["grain"])
            found["grain"] = grain
            rows.append(replace(trial, results=found, was_set=SET))
        else:
            u = float(torch.randn(1, generator=g))
            found["grain"] += 3 * hidden * u
            found["strength"] += -6 * hidden * u + 40 * hidden * u
            rows.append(replace(trial, results=found))
    return Trials(0, tuple(rows))


def test_set_rows_tell_of_what_follows_and_not_of_what_comes_before() -> None:
    asked = Asked.of(settable(), mixed())
    assert int(asked.records.was_set["grain"].sum()) == 30
    found = told(asked.do({"heat": 600.0, "hold": 5.0}))
    assert found["grain"].mean == pytest.approx(43, abs=1.5)
    found = told(asked.do({"grain": 80.0, "hold": 5.0, "heat": 600.0}))
    assert found["strength"].mean == pytest.approx(300 - 160 + 4, abs=3.0)


def test_behind_a_hidden_cause_the_set_rows_tell() -> None:
    graph = ProcessGraph(GRAPH.edges, hidden=(("grain", "strength"),))
    asked = Asked.of(settable(graph), mixed(60, hidden=1.0))
    answer = asked.identify(["grain", "heat", "hold"], "strength")
    assert isinstance(answer, Identified)
    low, high = ({"heat": 600.0, "hold": 5.0, "grain": x} for x in (35.0, 55.0))
    found = told(asked.compare(low, high))["strength"]
    assert found.mean == pytest.approx(-40, abs=4)


def test_a_remedy_sets_only_what_can_be_set() -> None:
    graph = ProcessGraph(GRAPH.edges, hidden=(("grain", "strength"),))
    alone = [replace(t, was_set=frozenset()) for t in mixed(hidden=1.0).rows]
    for asked, able in ((settable(graph), True), (route(graph), False)):
        found = Asked.of(asked, Trials(0, tuple(alone))).identify(["grain"], "strength")
        assert isinstance(found, Unidentified)
        assert any("grain" in r.do for r in found.remedies) == able


def test_without_causes_experiments_that_set_a_state_are_read() -> None:
    rows = [replace(t, observed=frozenset({"heat", "hold"})) for t in mixed().rows]
    asked = Asked.of(settable(ProcessGraph()), Trials(0, tuple(rows)))
    assert isinstance(asked.identify(["grain"], "strength"), Identified)
    asked = Asked.of(settable(ProcessGraph()), trials())
    assert isinstance(asked.identify(["grain"], "strength"), Unidentified)


def test_a_state_that_was_set_stays_in_thought() -> None:
    known = mixed()
    asked = Asked.of(settable(), known)
    was = known.rows[0].results
    found = told(asked.counterfactual(1, {"heat": 480.0}))
    assert found["grain"].low == pytest.approx(found["grain"].high)
    assert found["grain"].mean == pytest.approx(was["grain"])
    assert found["strength"].mean == pytest.approx(was["strength"])
    found = told(asked.counterfactual(3, {"heat": 480.0}))
    assert found["grain"].mean != pytest.approx(known.rows[2].results["grain"], abs=1)


def test_what_is_merely_seen_was_not_set() -> None:
    graph = ProcessGraph((Cause("heat", "grain"), Cause("grain", "strength")))
    asked = Asked.of(settable(graph), mixed(60, hidden=1.0))
    alone = [t for t in mixed(60, hidden=1.0).rows if not t.was_set]
    natural = Asked.of(settable(graph), Trials(0, tuple(alone)))
    for grain in (35.0, 50.0):
        assert asked.observe({"grain": grain}) == natural.observe({"grain": grain})
