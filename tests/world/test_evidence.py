"""Rows whose states were set teach what follows, and not what makes them."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch

from labagent.campaigns import Campaign
from labagent.causes import Cause, ProcessGraph
from labagent.experiments import Trial, Trials
from labagent.variables import Real
from labagent.world import MEMBERS, Evidence, fit_members
from labagent.world.mechanisms import fit_network
from labagent.world.routes import states_before
from tests.world.test_network import CHAIN, route, seen, trials, truth
from tests.world.test_plain import uniform


def touched(asked: Campaign, names: Iterable[str], n: int = 12) -> Evidence:
    """Return evidence in which the first half of the rows has states set, far off.

    What follows the set states follows them.
    """
    rows: list[Trial] = []
    for i, trial in enumerate(trials(n).rows):
        found, was_set = dict(trial.results), frozenset(names if i < n // 2 else ())
        for name in was_set:
            found[name] = 40.0 + i
        found["y"] = found["grain"] / 10 + found["phase"]
        rows.append(replace(trial, results=found, was_set=was_set))
    return seen(asked, Trials(0, tuple(rows)))


def counts(evidence: Evidence) -> dict[str, tuple[int, int]]:
    """Return how many rows tell of each mechanism, and of what controls do."""
    return {
        q: (int(evidence.tells(q).sum()), len(evidence.rows(q)[1]))
        for q in evidence.quantities
    }


def test_what_may_act_on_a_quantity_comes_before_it() -> None:
    both = {"grain", "phase"}
    found = states_before(route())
    assert found == {"grain": frozenset(), "phase": {"grain"}, "y": both}
    forbidden = ProcessGraph(CHAIN.edges, forbidden=(Cause("grain", "phase"),))
    found = states_before(route(forbidden))
    assert found == {"grain": frozenset(), "phase": frozenset(), "y": both}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), {"y": (12, 12), "grain": (12, 12), "phase": (12, 12)}),
        (("grain",), {"y": (12, 6), "grain": (6, 6), "phase": (12, 6)}),
        (("phase",), {"y": (12, 6), "grain": (12, 12), "phase": (6, 6)}),
    ],
    ids=["nothing", "first", "second"],
)
def test_each_quantity_has_the_rows_that_tell_of_it(
    names: tuple[str, ...], expected: dict[str, tuple[int, int]]
) -> None:
    assert counts(touched(route(), names)) == expected


def test_recipes_are_the_rows_that_controls_alone_have_made() -> None:
    found = touched(route(), ["grain"]).recipes()
    assert len(found.X) == len(found.Y) == len(found.S) == len(found.C) == 6
    assert counts(found) == dict.fromkeys(("y", "grain", "phase"), (6, 6))


def test_observed_controls_stay_in_every_members_rows() -> None:
    rows = [replace(t, observed=frozenset({"x"})) for t in trials(12).rows]
    found = seen(route(), Trials(0, tuple(rows)))
    assert counts(found) == dict.fromkeys(("y", "grain", "phase"), (12, 12))


@pytest.mark.parametrize("name", [n for n in MEMBERS if n != "network"])
def test_members_that_see_controls_alone_learn_from_recipes_alone(name: str) -> None:
    X = uniform(5, seed=4)
    mixed = touched(route(), ["grain"])
    with_them = MEMBERS[name](mixed, 0, "cpu").predict(X)
    without = MEMBERS[name](mixed.recipes(), 0, "cpu").predict(X)
    assert torch.equal(with_them.mean, without.mean)
    assert torch.equal(with_them.std, without.std)


def test_the_network_learns_what_follows_a_set_state() -> None:
    few, others = trials(36).rows[:9], trials(36).rows[9:]
    far: list[Trial] = []
    for i, t in enumerate(others):
        grain = 100.0 * i / len(others)  # where grain may be
        found = {**t.results, "grain": grain, "y": grain / 10 + t.results["phase"]}
        far.append(replace(t, results=found, was_set=frozenset({"grain"})))
    X = uniform(30, seed=8)
    errors: list[float] = []
    for rows in (few, (*few, *far)):
        fitted = fit_network(seen(route(), Trials(0, rows)), 0)
        y = fitted.quantities.index("y")
        errors.append(float((fitted.predict(X).mean[:, y] - truth(X)).abs().median()))
    assert errors[1] < errors[0]
    sizes = {
        m.name: {c.names: len(c.gp.y) for c in m.candidates}
        for m in fitted.network.mechanisms
    }
    assert sizes["grain"] == {("x",): 9}
    assert sizes["phase"]["z",] == 36
    assert set(sizes["y"].values()) == {36}


def test_without_two_recipes_nothing_is_predicted() -> None:
    rows = [replace(t, was_set=frozenset({"grain"})) for t in trials(8).rows]
    early = replace(rows[0], was_set=frozenset(), results={"phase": 0.3})
    assert fit_members(seen(route(), Trials(0, tuple(rows))), 0, "cpu") == {}
    found = fit_members(seen(route(), Trials(0, (*rows[1:], early))), 0, "cpu")
    assert found == {}


def test_the_network_waits_until_a_set_state_was_left_alone_twice() -> None:
    rows = [replace(t, was_set=frozenset({"grain"})) for t in trials(8).rows]
    alone = [replace(t, was_set=frozenset()) for t in rows[:2]]
    late = [replace(t, results={"y": t.results["y"]}) for t in alone]
    mixed = seen(route(), Trials(0, (*rows[2:], *late)))
    assert "network" not in fit_members(mixed, 0, "cpu")
    mixed = seen(route(), Trials(0, (*rows[2:], *alone)))
    assert "network" in fit_members(mixed, 0, "cpu")


def test_declared_noise_stands_for_what_a_result_does_not_say() -> None:
    asked = route()
    known = tuple(
        replace(v, domain=Real(noise=0.5)) if v.name == "y" else v
        for v in asked.measured
    )
    rows = list(trials(4).rows)
    rows[0] = replace(rows[0], sigmas={"y": 0.1})
    found = seen(replace(asked, measured=known), Trials(0, tuple(rows)))
    assert found.S[:, found.column("y")].tolist() == [0.1, 0.5, 0.5, 0.5]
    assert bool(found.S[:, found.column("grain")].isnan().all())
