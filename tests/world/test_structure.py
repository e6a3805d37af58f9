"""Which graph the data speak for."""

import math

import pytest
import torch

from labagent.causes import Cause, ProcessGraph
from labagent.world.exact import squared_exponential
from labagent.world.fitting import STEPS, LogPosterior, Priors, laplace, minimise
from labagent.world.structural import Records
from labagent.world.structure import judge
from tests.world.test_structural import normals


def records(n: int, seed: int = 0, strength: float = 1.0) -> Records:
    """Return y = sin 3a + strength b + e, c without effect; all set at random."""
    a, b, c, e = normals(n, seed, 4).unbind(-1)
    columns = {"a": a, "b": b, "c": c, "y": (3 * a).sin() + strength * b + 0.2 * e}
    return Records({k: v.unsqueeze(-1) for k, v in columns.items()}, {})


GRAPH = ProcessGraph((Cause("a", "y"), Cause("b", "y", 0.5), Cause("c", "y", 0.5)))


def test_data_find_the_edges_that_are_there() -> None:
    found = judge(GRAPH, records(40))
    assert found.edges["b", "y"] > 0.99
    assert found.edges["c", "y"] < 0.35
    assert [e.ends for e in found.likeliest.edges] == [("a", "y"), ("b", "y")]
    assert not found.likeliest.uncertain


@pytest.mark.parametrize("seed", range(4))
def test_edges_that_are_not_there_lose_more_often_than_not(seed: int) -> None:
    found = judge(GRAPH, records(40, seed, strength=0.0))
    assert found.edges["b", "y"] < 0.5
    assert found.edges["c", "y"] < 0.5


def test_without_data_the_declared_probabilities_stand() -> None:
    graph = ProcessGraph((Cause("a", "y", 0.9), Cause("b", "y", 0.2)))
    found = judge(graph, records(1))
    assert found.edges == pytest.approx({("a", "y"): 0.9, ("b", "y"): 0.2})
    assert sum(p for _, p in found.graphs) == pytest.approx(1)
    assert len(found.graphs) == 4


def test_edges_into_different_variables_are_independent() -> None:
    graph = ProcessGraph((Cause("a", "c", 0.3), Cause("b", "y", 0.5)))
    found = judge(graph, records(30))
    both = sum(p for g, p in found.graphs if len(g.edges) == 2)
    assert both == pytest.approx(found.edges["a", "c"] * found.edges["b", "y"])


def test_a_graph_without_uncertain_edges_is_the_graph() -> None:
    certain = ProcessGraph((Cause("a", "y"),))
    assert judge(certain, records(5)).graphs == ((certain, 1.0),)


def test_laplace_is_close_to_the_integral() -> None:
    """Against quadrature over the one length-scale, amplitude and noise pinned."""
    x = torch.linspace(0, 1, 9, dtype=torch.float64).unsqueeze(-1)
    y = torch.sin(4 * x[:, 0])
    y = (y - y.mean()) / y.std()
    pinned = Priors(
        torch.tensor([-0.5], dtype=torch.float64),
        torch.tensor([0.6], dtype=torch.float64),
        amplitude=(0.0, 1e-3),
        noise=(-4.0, 1e-3),
    )
    u = torch.linspace(-4, 3, 2001, dtype=torch.float64)
    logs: list[float] = []
    for t in u.tolist():
        K = torch.exp(-0.5 * (torch.cdist(x, x) / math.exp(t)) ** 2) + 1
        K = K + (math.exp(-4.0) + 1e-8) * torch.eye(9)
        normal = torch.distributions.MultivariateNormal(torch.zeros(9).double(), K)
        prior = -0.5 * ((t + 0.5) / 0.6) ** 2 - math.log(0.6 * math.sqrt(2 * math.pi))
        logs.append(float(normal.log_prob(y)) + prior)
    exact = float(torch.tensor(logs).logsumexp(0)) + math.log(float(u[1] - u[0]))
    loss = LogPosterior(x, y, torch.zeros_like(y), pinned, squared_exponential)
    best = minimise(loss, pinned.middle, STEPS)
    assert laplace(loss, best) == pytest.approx(exact, abs=0.1)
