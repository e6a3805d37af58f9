"""The process network, on chains whose answer is known."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from labagent.campaigns import Campaign, Direction, Objective, Stage
from labagent.causes import Cause, ProcessGraph
from labagent.errors import ModelError
from labagent.experiments import Trial, Trials
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Label, Real, Role, Variable
from labagent.world import Evidence, gather
from labagent.world.drawn import DrawnNetwork, DrawnPosterior, draw_network
from labagent.world.mechanisms import FittedNetwork, fit_network
from labagent.world.network import Link
from labagent.world.priors import length_priors
from labagent.world.routes import network
from tests.spaces import PLANE, campaign
from tests.world.test_plain import uniform

STAGES = (
    Stage("mix", ("x",), ("grain",), "bench"),
    Stage("heat", ("z",), ("phase",), "bench"),
    Stage("test", (), ("y",), "bench"),
)
CHAIN = ProcessGraph((Cause("x", "grain"), Cause("z", "phase"), Cause("grain", "y")))


def route(graph: ProcessGraph = CHAIN, context: tuple[Variable, ...] = ()) -> Campaign:
    """Return a campaign of three stages with two states."""
    asked = campaign(PLANE, (Objective("y", "", Direction.MAXIMIZE),))
    measured = (
        Variable("y", Role.OUTCOME, Real()),
        Variable("grain", Role.STATE, Real(), "nm"),
        Variable("phase", Role.STATE, Real()),
    )
    return replace(
        asked, measured=measured, stages=STAGES, graph=graph, context=context
    )


def trials(n: int = 25, noise: float = 0.0, **fixed: float | str) -> Trials:
    """Return n experiments: grain = x^2, phase = sin z, y = grain / 10 + phase."""
    generator = torch.Generator().manual_seed(7)
    rows: list[Trial] = []
    for i, (a, b) in enumerate(uniform(n, seed=6).tolist()):
        x, z = 15 * a - 5, 15 * b
        e = (noise * torch.randn(3, generator=generator)).tolist()
        grain, phase = x * x + e[0], math.sin(z / 3) + e[1]
        found = {"grain": grain, "phase": phase, "y": grain / 10 + phase + e[2]}
        rows.append(Trial(i + 1, {"x": x, "z": z}, found, context=dict(fixed)))
    return Trials(0, tuple(rows))


def seen(asked: Campaign, known: Trials) -> Evidence:
    return gather(asked, known, SpaceEncoder(asked.space))


@pytest.fixture(scope="module")
def chain() -> FittedNetwork:
    return fit_network(seen(route(), trials()), 0)


def truth(X: Tensor) -> Tensor:
    x, z = 15 * X[:, 0] - 5, 15 * X[:, 1]
    return x * x / 10 + torch.sin(z / 3)


def test_nodes_come_after_what_they_see() -> None:
    nodes = network(route())
    assert [n.name for n in nodes][-1] == "y"
    found = {n.name: (n.inputs, n.declared) for n in nodes}
    assert found["grain"] == (("x",), {"x"})
    assert found["phase"] == (("x", "z", "grain"), {"z"})
    assert found["y"] == (("x", "z", "grain", "phase"), {"grain"})


def test_forbidden_causes_are_not_seen() -> None:
    graph = ProcessGraph(CHAIN.edges, forbidden=(Cause("grain", "phase"),))
    found = {n.name: n.inputs for n in network(route(graph))}
    assert found["phase"] == ("x", "z")


def test_predictions_follow_the_route() -> None:
    fitted = fit_network(seen(route(), trials(40)), 0)
    X = uniform(30, seed=8)
    found = fitted.predict(X)
    y = fitted.quantities.index("y")
    error = (found.mean[:, y] - truth(X)).abs()
    assert float(error.median()) < 0.02
    assert float((error < 3 * found.std[:, y] + 1e-3).double().mean()) > 0.9


def at(model: DrawnNetwork, X: Tensor) -> DrawnPosterior:
    found = model.posterior(X)
    assert isinstance(found, DrawnPosterior)
    return found


def test_draws_have_the_networks_moments(chain: FittedNetwork) -> None:
    X = uniform(6, seed=9)
    mean, variance = chain.network.moments(X, 1024)
    found = at(draw_network(chain.network, 1, 4096), X)
    noise = [
        sum(c.probability * c.gp.parameters.noise for c in m.candidates)
        for m in chain.network.mechanisms
    ]
    order = [chain.network.outputs.index(i) for i in (0, 1, 2)]
    total = found.variance.clone()
    total[:, order] += torch.tensor(noise, dtype=torch.float64)
    assert torch.allclose(found.mean, mean, atol=0.05)
    assert torch.allclose(total.sqrt(), variance.sqrt(), rtol=0.25, atol=0.02)


def test_a_draw_agrees_with_itself_and_with_the_data(chain: FittedNetwork) -> None:
    rows = seen(route(), trials())
    draws = at(chain.model, rows.X).values
    Y = (rows.Y - chain.shift) / chain.scale
    assert float((draws - Y).abs().median()) < 0.02
    near = at(chain.model, rows.X + 1e-7).values
    assert float((draws - near).abs().max()) < 1e-3


def test_gradients_flow_through_the_states(chain: FittedNetwork) -> None:
    X = uniform(1, seed=11).requires_grad_()
    output = at(chain.model.subset_output([0]), X).mean.sum()
    (gradient,) = torch.autograd.grad(output, X)
    h = torch.tensor([[1e-5, 0.0]], dtype=torch.float64)
    with torch.no_grad():
        ends = [at(chain.model, X + s * h).mean[0, 0] for s in (1, -1)]
    assert float(gradient[0, 0]) == pytest.approx(
        float(ends[0] - ends[1]) / 2e-5, rel=1e-3
    )


def test_batches_equal_single_points(chain: FittedNetwork) -> None:
    X = uniform(6, seed=12).reshape(3, 2, 1, 2)
    whole = at(chain.model, X).mean
    for i in range(3):
        for j in range(2):
            assert torch.allclose(whole[i, j], at(chain.model, X[i, j]).mean)


def test_another_number_of_draws_is_refused(chain: FittedNetwork) -> None:
    posterior = at(chain.model, uniform(2, seed=1))
    with pytest.raises(ValueError, match="got 7 samples asked for, must be its 128"):
        posterior.rsample(torch.Size([7]))


def test_noise_of_every_node_is_in_the_prediction() -> None:
    quiet, loud = (
        fit_network(seen(route(), trials(40, noise)), 0).predict(uniform(5, seed=1))
        for noise in (0.0, 0.5)
    )
    assert (loud.std > 2 * quiet.std).all()


def test_rows_without_a_state_still_teach_the_others() -> None:
    known = trials(30)
    rows = list(known.rows)
    for i in range(0, 30, 3):
        less = {k: v for k, v in rows[i].results.items() if k != "phase"}
        rows[i] = replace(rows[i], results=less)
    fitted = fit_network(seen(route(), Trials(0, tuple(rows))), 0)
    rows = {
        m.name: {len(c.gp.y) for c in m.candidates} for m in fitted.network.mechanisms
    }
    assert rows == {"grain": {30}, "phase": {20}, "y": {20}}


def test_context_is_averaged_over_what_was_seen_of_it() -> None:
    humid = Variable("humidity", Role.CONTEXT, Real(), "%")
    lot = Variable("lot", Role.CONTEXT, Label())
    asked = route(context=(humid, lot))
    rows = [
        replace(
            t,
            context={"humidity": 10.0 * (i % 5), "lot": "ab"[i % 2]},
            results={**t.results, "y": t.results["y"] + (5.0 if i % 2 else -5.0)},
        )
        for i, t in enumerate(trials(40).rows)
    ]
    evidence = seen(asked, Trials(0, tuple(rows)))
    assert evidence.context_features == ("humidity", "lot=a", "lot=b")
    fitted = fit_network(evidence, 0)
    X = uniform(20, seed=3)
    found = fitted.predict(X)
    error = found.mean[:, 0] - truth(X)
    assert float(error.abs().median()) < 0.5
    assert 4.0 < float(found.std[:, 0].median()) < 6.0


def test_one_result_is_refused() -> None:
    with pytest.raises(ModelError, match="measured together with what it depends on"):
        fit_network(seen(route(), trials(1)), 0)


def test_declared_parents_start_short() -> None:
    some = length_priors(torch.tensor([True, False, False]))
    none = length_priors(torch.tensor([False, False, False]))
    assert some.lengths[0] < none.lengths[0] < some.lengths[1]
    assert none.lengths.unique().numel() == 1


def growth(n: int = 24, noise: float = 0.05) -> Trials:
    """Return n experiments with a grain that grows exponentially, 2 to 400 nm."""
    generator = torch.Generator().manual_seed(3)
    rows: list[Trial] = []
    for i, (a, b) in enumerate(uniform(n, seed=12).tolist()):
        e = (noise * torch.randn(2, generator=generator)).tolist()
        grain = 2 * math.exp(5.3 * a + e[0])
        found = {"grain": grain, "phase": b + e[1], "y": math.log(grain) + b}
        rows.append(Trial(i + 1, {"x": 15 * a - 5, "z": 15 * b}, found))
    return Trials(0, tuple(rows))


def test_a_state_over_decades_is_learned_as_its_log() -> None:
    known = growth()
    fitted = fit_network(seen(route(), known), 0)
    assert "grain" in fitted.logs
    assert "y" not in fitted.logs
    X = uniform(40, seed=2)
    found = fitted.predict(X)
    j = fitted.quantities.index("grain")
    error = (found.mean[:, j] / (2 * (5.3 * X[:, 0]).exp())).log()
    assert float(error.abs().median()) < 0.05
    assert (found.mean[:, j] > 0).all()
    inside = (error.abs() < 2 * found.std[:, j] / found.mean[:, j]).double()
    assert float(inside.mean()) > 0.8


def test_a_state_that_was_zero_once_is_learned_as_it_is() -> None:
    known = growth()
    rows = list(known.rows)
    rows[0] = replace(rows[0], results={**rows[0].results, "grain": 0.0})
    fitted = fit_network(seen(route(), Trials(0, tuple(rows))), 0)
    assert "grain" not in fitted.logs


def cost(n: int = 24, noise: float = 0.0) -> Evidence:
    """Return experiments whose y, to be minimised, goes from 2 to 400."""
    asked = route()
    goal = replace(
        asked.goal, objectives=(Objective("y", "", Direction.MINIMIZE),), limits=()
    )
    rows = [
        replace(t, results={**t.results, "y": t.results["grain"]})
        for t in growth(n, noise).rows
    ]
    return seen(replace(asked, goal=goal), Trials(0, tuple(rows)))


def test_draws_of_a_logs_outcome_are_of_the_outcome_itself() -> None:
    fitted = fit_network(cost(), 0)
    assert "y" in fitted.logs
    X = uniform(20, seed=2)
    draws = fitted.model(X)[..., fitted.quantities.index("y")]
    j = fitted.quantities.index("y")
    told = fitted.shift[j] + fitted.scale[j] * draws.mean(dim=0)
    truth = 2 * (5.3 * X[:, 0]).exp()
    assert float((told / truth).log().abs().median()) < 0.02
    assert torch.allclose(fitted.predict(X).mean[:, j].log(), truth.log(), atol=0.2)


def test_the_mean_of_a_log_counts_its_noise() -> None:
    """E exp(f + e) = exp(m + v/2): 8 % above the median at a noise of 0.4."""
    fitted = fit_network(cost(80, noise=0.4), 0)
    X = uniform(20, seed=2)
    j = fitted.quantities.index("y")
    draws = fitted.shift[j] + fitted.scale[j] * fitted.model(X)[..., j]
    mean, variance = (part[:, j] for part in fitted.network.moments(X, 256))
    link = fitted.network.links[fitted.network.outputs[j]]
    shift, scale = link.log_shift, link.log_scale
    rise = draws.mean(dim=0).log() - (shift + scale * mean)
    half = 0.5 * scale**2 * variance
    assert float(half.mean()) == pytest.approx(0.08, abs=0.03)
    assert float(rise.mean()) == pytest.approx(float(half.mean()), rel=0.2)


def test_a_log_grows_along_its_tangent_above_everything_seen() -> None:
    link = Link(log_shift=1.0, log_scale=2.0, shift=3.0, scale=4.0, largest=math.exp(5))
    below, top, two, three = link.told(torch.tensor([1.0, 2.0, 3.0, 4.0]).double())
    assert float(below) == pytest.approx(math.exp(3))
    assert float(top) == pytest.approx(math.exp(5))
    # its slope in the log is the largest value, there and from there on
    assert float(two - top) == pytest.approx(2 * math.exp(5))
    assert float(three - two) == pytest.approx(2 * math.exp(5))
    at = torch.tensor([2.0 - 1e-6, 2.0 + 1e-6]).double().requires_grad_()
    (slope,) = torch.autograd.grad(link.told(at).sum(), at)
    assert torch.allclose(slope, torch.full_like(slope, 2 * math.exp(5)), rtol=1e-4)
    assert float(link.standardised(at.detach())[0]) == pytest.approx(
        (math.exp(5) - 3) / 4, rel=1e-5
    )


def test_a_log_of_many_decades_keeps_its_small_values() -> None:
    """Standardised values cannot tell 1e-10 from nothing; a prediction has to."""
    rows = [
        replace(t, results={**t.results, "grain": math.exp(t.results["grain"])})
        for t in trials(24).rows
    ]
    fitted = fit_network(seen(route(), Trials(0, tuple(rows))), 0)
    found = fitted.predict(uniform(40, seed=3))
    j = fitted.quantities.index("grain")
    assert "grain" in fitted.logs
    assert float(found.mean[:, j].min()) > 0
    assert float(found.std[:, j].min()) > 0


def test_what_is_sought_is_learned_as_a_log_where_it_is_known_well() -> None:
    """To be maximised: 24 exact samples tell its log, very noisy ones do not."""
    for noise, logs in ((0.0, True), (1.5, False)):
        rows = [
            replace(t, results={**t.results, "y": t.results["grain"]})
            for t in growth(24, noise).rows
        ]
        evidence = seen(route(), Trials(0, tuple(rows)))
        nodes = [  # y is not to see that it is the grain
            replace(n, inputs=("x", "z"), said={}) if n.name == "y" else n
            for n in evidence.nodes
        ]
        fitted = fit_network(replace(evidence, nodes=tuple(nodes)), 0)
        assert ("y" in fitted.logs) == logs
    assert evidence.sought == {"y"}
    assert cost().sought == set()
