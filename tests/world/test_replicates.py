"""Repeats tell how noisy a recipe is."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labagent.experiments import Trial, Trials
from labagent.world.exact import squared_exponential
from labagent.world.fitting import LogPosterior
from labagent.world.mechanisms import fit_network
from labagent.world.replicates import DEGREES, relative_noise
from tests.world.test_exact import priors
from tests.world.test_network import route, seen, trials

X = torch.tensor([0.1, 0.1, 0.1, 0.5, 0.9, 0.9], dtype=torch.float64).unsqueeze(-1)
y = torch.tensor([0.0, 1.0, 2.0, 7.0, 3.0, 3.0], dtype=torch.float64)


def test_scatter_is_moderated_by_that_of_all_repeats() -> None:
    """Sums of squares 2 and 0 of 2 and 1 degrees: pooled 2/3."""
    noisy = (DEGREES * 2 / 3 + 2) / (DEGREES + 2) / (2 / 3)
    quiet = DEGREES / (DEGREES + 1)
    found = relative_noise(X, y)
    assert found.tolist() == pytest.approx([noisy] * 3 + [1.0] + [quiet] * 2)


@given(st.floats(1e-9, 1e9), st.floats(-1e3, 1e3), st.permutations(range(6)))
def test_neither_unit_nor_order_matters(
    unit: float, shift: float, order: list[int]
) -> None:
    rows = torch.tensor(order)
    found = relative_noise(X[rows], unit * (y[rows] + shift))
    assert torch.allclose(found, relative_noise(X, y)[rows], rtol=1e-3)


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        (X[[0, 3, 4]], y[[0, 3, 4]]),  # nothing repeated
        (X[:4], y[:4]),  # one recipe alone
        (X[[0, 0, 4, 4]], torch.zeros(4, dtype=torch.float64)),  # all agree
    ],
)
def test_where_repeats_tell_nothing_all_are_alike(
    rows: torch.Tensor, values: torch.Tensor
) -> None:
    assert (relative_noise(rows, values) == 1).all()


def test_the_gradient_knows_that_noises_differ() -> None:
    loss = replace(
        LogPosterior(
            X, y - y.mean(), torch.zeros_like(y), priors(1), squared_exponential
        ),
        relative=relative_noise(X, y),
    )
    theta = loss.priors.middle
    _, gradient = loss(theta)
    h = 1e-5 * torch.eye(len(theta), dtype=theta.dtype)
    found = [(loss(theta + s)[0] - loss(theta - s)[0]) / 2e-5 for s in h]
    assert gradient.tolist() == pytest.approx(found, rel=1e-4, abs=1e-6)


def test_a_network_trusts_a_quiet_recipe_more_than_a_noisy_one() -> None:
    generator = torch.Generator().manual_seed(2)
    rows = list(trials(8).rows)
    for x, scatter in ((0.0, 0.3), (8.0, 40.0)):
        for e in torch.randn(8, generator=generator).tolist():
            results = {"grain": x * x + scatter * e, "phase": 0.0, "y": 0.0}
            rows.append(Trial(len(rows) + 1, {"x": x, "z": 7.0}, results))
    fitted = fit_network(seen(route(), Trials(0, tuple(rows))), 0)
    grain = next(m for m in fitted.network.mechanisms if m.name == "grain")
    noises = grain.candidates[0].gp.noises
    single, quiet, noisy = (float(noises[i]) for i in (0, 8, -1))
    assert noisy > 1.5 * single > 3 * quiet
