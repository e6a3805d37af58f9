"""Which parents a mechanism has: the data judge."""

import math
from dataclasses import replace

import pytest
import torch

from labagent.causes import Cause, ProcessGraph
from labagent.errors import ModelError
from labagent.experiments import Trial, Trials
from labagent.variables import Label, Role, Variable
from labagent.world.drawn import draw_network
from labagent.world.mechanisms import FittedNetwork, fit_network
from labagent.world.network import Candidate, Deck, Mechanism, merged
from labagent.world.parents import LEAST, find_parents
from labagent.world.routes import TRUST, Node, network
from labagent.world.views import telling
from tests.world.test_network import CHAIN, route, seen, trials
from tests.world.test_plain import uniform

HERE = torch.device("cpu")
NOTHING: frozenset[str] = frozenset()


def test_parents_may_be_all_controls_alone_or_what_was_declared() -> None:
    node = Node("y", ("x", "z", "s"), {frozenset("s"): 1.0}, frozenset("s"))
    third = (1 - TRUST) / 3
    assert {(p.inputs, p.declared): p.prior for p in node.sets} == pytest.approx(
        {
            (("x", "z", "s"), frozenset("s")): third,
            (("x", "z", "s"), NOTHING): third,
            (("x", "z"), NOTHING): third,
            (("s",), NOTHING): TRUST,
        }
    )


def test_sets_that_are_the_same_are_one() -> None:
    root = Node("s", ("x", "z"), {frozenset("xz"): 1.0})
    [only] = root.sets
    assert (only.inputs, only.declared) == (("x", "z"), NOTHING)
    assert only.prior == pytest.approx(1.0)
    assert len(Node("s", ("x", "z")).sets) == 1


def test_uncertain_causes_are_sets_of_their_declared_probability() -> None:
    edges = (Cause("grain", "y"), Cause("phase", "y", 0.9))
    both, one = ProcessGraph(edges), ProcessGraph(edges[:1])
    node = next(
        n for n in network(route(ProcessGraph(edges)), (both, one)) if n.name == "y"
    )
    assert node.said == pytest.approx(
        {frozenset({"grain", "phase"}): 0.9, frozenset({"grain"}): 0.1}
    )


def of(fitted: FittedNetwork, quantity: str) -> Mechanism:
    return next(m for m in fitted.network.mechanisms if m.name == quantity)


def share(mechanism: Mechanism, *names: str) -> float:
    """Return the probability that just these are the inputs."""
    return sum(c.probability for c in mechanism.candidates if c.names == names)


def test_states_of_pure_noise_are_found_out() -> None:
    noise = torch.randn(40, 2, generator=torch.Generator().manual_seed(1)).tolist()
    rows = [
        replace(t, results={**t.results, "grain": a, "phase": b})
        for t, (a, b) in zip(trials(40).rows, noise, strict=True)
    ]
    fitted = fit_network(seen(route(), Trials(0, tuple(rows))), 0)
    assert share(of(fitted, "y"), "x", "z") > 0.9


def test_true_causes_are_recognised() -> None:
    graph = ProcessGraph((*CHAIN.edges, Cause("phase", "y")))
    fitted = fit_network(seen(route(graph), trials(40)), 0)
    assert share(of(fitted, "y"), "grain", "phase") > 0.9


def test_a_state_that_lost_a_true_parent_finds_it() -> None:
    """y needs grain and phase; only grain is declared."""
    fitted = fit_network(seen(route(), trials(40)), 0)
    assert share(of(fitted, "y"), "grain") == 0.0


def test_what_cannot_be_told_stays_open() -> None:
    fitted = fit_network(seen(route(), trials(4)), 0)
    assert len(of(fitted, "y").candidates) > 3
    for mechanism in fitted.network.mechanisms:
        found = [c.probability for c in mechanism.candidates]
        assert sum(found) == pytest.approx(1.0)
        assert min(found) >= LEAST


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_noise_is_found_where_it_is(noise: float) -> None:
    fitted = fit_network(seen(route(), trials(60, noise)), 0)
    phase = of(fitted, "phase").candidates
    mean = sum(c.probability * c.gp.parameters.noise for c in phase)
    assert mean < 1e-4 if noise == 0 else mean > 0.05


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_few_rows_tell_whether_there_is_noise(noise: float) -> None:
    """With 24 rows, one of two processes is right: nearly free of noise, or not."""
    fitted = fit_network(seen(route(), trials(24, noise)), 0)
    phase = of(fitted, "phase").candidates
    loud = sum(c.probability for c in phase if c.gp.parameters.noise > 1e-3)
    assert loud < 0.1 if noise == 0 else loud > 0.9


def test_noise_is_judged_by_the_rows_that_tell() -> None:
    """With 300 experiments, 14 of which measured it, a state may be free of noise."""
    rows = [
        t if i < 14 else replace(t, results={"y": t.results["y"]})
        for i, t in enumerate(trials(300).rows)
    ]
    fitted = fit_network(seen(route(), Trials(0, tuple(rows))), 0)
    quiet = [c for c in of(fitted, "phase").candidates if c.gp.parameters.noise < 1e-4]
    assert sum(c.probability for c in quiet) > 0.5
    assert {len(c.gp.y) for c in quiet} == {14}


def test_rows_without_states_teach_what_needs_none() -> None:
    known = trials(30)
    rows = [
        t if i < 10 else replace(t, results={"y": t.results["y"]})
        for i, t in enumerate(known.rows)
    ]
    fitted = fit_network(seen(route(), Trials(0, tuple(rows))), 0)
    sizes = {c.names: len(c.gp.y) for c in of(fitted, "y").candidates}
    assert sizes.pop(("x", "z"), 30) == 30
    assert set(sizes.values()) <= {10}


def test_a_mechanism_never_seen_with_its_parents_is_refused() -> None:
    rows = tuple(
        Trial(
            i,
            {"x": float(i), "z": 1.0},
            {"grain": 1.0 * i} if i % 2 else {"y": 2.0 * i},
        )
        for i in range(8)
    )
    evidence = seen(route(), Trials(0, rows))
    node = Node("y", ("grain",), states=frozenset({"grain"}))
    with pytest.raises(ModelError, match="measured together with what it depends on"):
        find_parents(node, evidence, HERE)


def test_draws_are_allotted_in_proportion_and_put_back_in_order() -> None:
    first, *_ = of(fit_network(seen(route(), trials()), 0), "y").candidates
    shares = (0.5, 0.3, 0.2)
    candidates = tuple(replace(first, probability=p) for p in shares)
    generator = torch.Generator().manual_seed(0)
    found = Deck(100, generator).deal(Mechanism("y", candidates))
    assert [len(d) for d in found] == [50, 30, 20]
    assert merged([(d, d) for d in found]).tolist() == list(range(100))


def test_draws_of_a_network_follow_all_candidates() -> None:
    """What they say at a point far from data is a mixture over sets of parents."""
    fitted = fit_network(seen(route(), trials(4)), 0)
    model = fitted.model
    parts = model.parts[-1]
    assert len(parts) > 3
    assert sorted(int(i) for p in parts for i in p.draws) == list(range(128))
    few = model.first(8)
    X = uniform(3, seed=2)
    whole = model.posterior(X).rsample()
    assert torch.allclose(few.posterior(X).rsample(), whole[:8])
    assert math.isfinite(float(whole.sum()))


def candidates_of(fitted: FittedNetwork) -> list[Candidate]:
    return [c for m in fitted.network.mechanisms for c in m.candidates]


def test_moments_and_draws_agree_where_parents_are_open() -> None:
    fitted = fit_network(seen(route(), trials(5)), 0)
    assert len(candidates_of(fitted)) > 3
    X = uniform(5, seed=4)
    mean, _ = fitted.network.moments(X, 1024)
    values = draw_network(fitted.network, 1, 1024)(X).mean(dim=0)
    spread = draw_network(fitted.network, 2, 256)(X).std(dim=0)
    assert ((values - mean).abs() < 0.25 * spread + 0.05).all()


def test_what_controls_make_is_not_learned_where_a_state_was_set() -> None:
    """Grain was set in 6 of 20 rows: y tells of its parents there, not of controls."""
    rows = list(trials(20).rows)
    for i in range(0, 18, 3):
        phase = rows[i].results["phase"]
        results = {"grain": 400.0, "phase": phase, "y": 40.0 + phase}
        rows[i] = replace(rows[i], results=results, was_set=frozenset({"grain"}))
    evidence = seen(route(), Trials(0, tuple(rows)))
    node = next(n for n in evidence.nodes if n.name == "y")
    law = Node("y", node.inputs, {frozenset("xz"): 1.0}, node.states)
    rows = {
        (one.inputs, declared): int(telling("y", one, evidence).sum())
        for declared, told in ((False, node), (True, law))
        for one in told.sets
    }
    assert rows[("x", "z"), False] == 14
    assert rows[("x", "z"), True] == 20  # a law: what lies between is no cause
    assert rows[node.inputs, False] == rows[("grain",), False] == 20


def test_lots_are_exchangeable() -> None:
    """Eight lots shift the outcome; they share one length-scale, and pay for one."""
    generator = torch.Generator().manual_seed(0)
    shifts = torch.randn(8, generator=generator, dtype=torch.float64)
    rows = [
        replace(
            t,
            results={**t.results, "y": t.results["y"] + 30 * float(shifts[i % 8])},
            context={"lot": "abcdefgh"[i % 8]},
        )
        for i, t in enumerate(trials(32).rows)
    ]
    lot = Variable("lot", Role.CONTEXT, Label())
    fitted = fit_network(seen(route(context=(lot,)), Trials(0, tuple(rows))), 0)
    best = max(of(fitted, "y").candidates, key=lambda c: c.probability)
    places = [i for i, name in enumerate(best.names) if name.startswith("lot=")]
    assert len(places) == 8
    lengths = best.gp.parameters.lengths
    assert len({float(lengths[i]) for i in places}) == 1
    assert len({float(v) for v in lengths}) == len(lengths) - 7
