"""Hyper-parameters drawn from their posterior density."""

import math

import pytest
import torch

from labagent.world.exact import squared_exponential
from labagent.world.fitting import (
    MANY,
    LogPosterior,
    Priors,
    curvature,
    fit_several,
    most_probable,
)
from tests.world.test_exact import data, priors


def posterior(n: int = 12, noise: float = 0.3) -> LogPosterior:
    X, y, known = data(n, noise)
    return LogPosterior(X, y, known, priors(), squared_exponential)


def test_curvature_is_that_of_the_loss() -> None:
    loss = posterior()
    theta = most_probable(loss)
    bent = curvature(loss, theta)
    step = 0.02 * torch.tensor([1.0, -1.0, 0.5, 0.2], dtype=torch.float64)
    rise = 0.5 * (loss(theta + step)[0] + loss(theta - step)[0]) - loss(theta)[0]
    assert rise == pytest.approx(0.5 * float(step @ bent @ step), rel=0.05)


def test_draws_have_the_moments_of_the_density() -> None:
    """Against quadrature over the one length-scale, amplitude and noise pinned."""
    x = torch.linspace(0, 1, 6, dtype=torch.float64).unsqueeze(-1)
    y = torch.sin(4 * x[:, 0])
    narrow = Priors(
        torch.tensor([-0.5], dtype=torch.float64),
        torch.tensor([0.8], dtype=torch.float64),
        amplitude=(0.0, 1e-3),
        noise=(-3.0, 1e-3),
    )
    loss = LogPosterior(x, y, torch.zeros_like(y), narrow, squared_exponential)
    grid = torch.linspace(-4, 3, 701, dtype=torch.float64)
    logs = torch.tensor([-loss(torch.tensor([t, 0.0, -3.0]).double())[0] for t in grid])
    weights = logs.softmax(0).double()
    mean = float((weights * grid).sum())
    std = math.sqrt(float((weights * (grid - mean).square()).sum()))
    generator = torch.Generator().manual_seed(0)
    best = most_probable(loss)
    found = torch.cat(
        [
            p.parameters.lengths.log()
            for _ in range(20)
            for p in fit_several(loss, best, 16, generator)
        ]
    )
    assert float(found.mean()) == pytest.approx(mean, abs=0.25 * std)
    assert float(found.std()) == pytest.approx(std, rel=0.25)


def test_of_many_rows_all_draws_are_the_most_probable() -> None:
    loss = posterior(MANY + 1)
    theta = most_probable(loss)
    found = fit_several(loss, theta, 3, torch.Generator().manual_seed(0))
    assert len({id(p) for p in found}) == 1
    assert torch.allclose(found[0].parameters.lengths, theta[:-2].exp())


def test_inputs_of_a_group_share_a_length_scale() -> None:
    """The gradient is that of differences; the kernel that of equal length-scales."""
    X, y, known = data(12, 0.3)
    wide = torch.cat([X, X[:, :1] + 0.1 * X[:, 1:]], dim=-1)
    groups = torch.tensor([0, 1, 0])
    loss = LogPosterior(wide, y, known, priors(), squared_exponential, groups=groups)
    theta = torch.tensor([-0.4, 0.3, 0.2, -2.0], dtype=torch.float64)
    _, gradient = loss(theta)
    for i, step in enumerate(1e-5 * torch.eye(4, dtype=torch.float64)):
        slope = (loss(theta + step)[0] - loss(theta - step)[0]) / 2e-5
        assert float(gradient[i]) == pytest.approx(slope, rel=1e-5, abs=1e-7)
    assert loss.lengths(theta).log().tolist() == pytest.approx([-0.4, 0.3, -0.4])
