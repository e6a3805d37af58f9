"""Whole functions drawn from a process."""

import math

import pytest
import torch
from torch import Tensor

from labagent.world.exact import ExactGP, Parameters
from labagent.world.paths import Paths, draw_paths
from tests.world.test_plain import uniform

COUNT = 4000
LENGTHS = torch.tensor([0.3, 0.7], dtype=torch.float64)


@pytest.fixture(scope="module")
def gp() -> ExactGP:
    X = uniform(12, seed=3)
    y = torch.sin(5 * X[:, 0]) + X[:, 1]
    known = torch.full((12,), 0.01, dtype=torch.float64)
    return ExactGP.condition(X, y, known, Parameters(LENGTHS, 1.3, 0.04))


def drawn(gp: ExactGP, own: tuple[int, ...] = (), count: int = COUNT) -> Paths:
    return draw_paths(gp, own, count, torch.Generator().manual_seed(5))


def covariance(draws: Tensor) -> Tensor:
    """Return the covariance (k, k) of draws (S, k)."""
    return torch.cov(draws.mT)


def test_draws_are_from_the_posterior(gp: ExactGP) -> None:
    x = uniform(8, seed=4)
    mean, expected = gp.joint(x)
    draws = drawn(gp).alike(x)
    error = expected.diagonal().sqrt() / math.sqrt(COUNT)
    assert ((draws.mean(0) - mean).abs() < 4 * error + 0.01).all()
    assert torch.allclose(covariance(draws), expected, atol=0.05)


def test_far_away_they_are_from_the_prior(gp: ExactGP) -> None:
    x = torch.tensor([[40.0, -30.0], [40.1, -30.0]], dtype=torch.float64)
    _, expected = gp.joint(x)
    assert torch.allclose(covariance(drawn(gp).alike(x)), expected, rtol=0.15)


@pytest.mark.parametrize("own", [(0,), (1,), (0, 1)])
def test_both_ways_to_evaluate_are_one_function(
    gp: ExactGP, own: tuple[int, ...]
) -> None:
    paths, x = drawn(gp, own, 16), uniform(6, seed=6).reshape(3, 2, 2)
    each = x[..., list(own)].expand(16, -1, -1, -1)
    found = paths.each(x[..., list(paths.shared)], each)
    assert torch.allclose(found, paths.alike(x), atol=1e-9)


def test_each_draw_has_its_own_inputs(gp: ExactGP) -> None:
    paths = drawn(gp, (1,), 3)
    own = uniform(12, seed=7)[:, :1].reshape(3, 2, 2, 1)
    shared = uniform(2, seed=8)[:, :1].reshape(2, 1, 1)
    found = paths.each(shared, own)
    for s in range(3):
        x = torch.cat([shared.expand(2, 2, 1), own[s]], dim=-1)
        assert torch.allclose(found[s], paths.alike(x)[s], atol=1e-9)


@pytest.mark.parametrize("repeats", [1, 2])
def test_derivatives_are_differences(gp: ExactGP, repeats: int) -> None:
    paths = drawn(gp, (1,), 3)
    own = uniform(12, seed=7)[:, :1].reshape(3, 2, 2, 1).requires_grad_()
    shared = uniform(4, seed=8)[:, :1].reshape(2, 2, 1)[:, :repeats].clone()
    shared.requires_grad_()
    assert torch.autograd.gradcheck(paths.each, (shared, own))
