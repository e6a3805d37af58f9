import math

import pytest
import torch
from botorch.models import SingleTaskGP
from linear_operator import LinearOperator, to_dense
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.exact import (
    MEAN_VARIANCE,
    ExactGP,
    Parameters,
    Shape,
    matern52,
    squared_exponential,
)
from labagent.world.fitting import LogPosterior, Priors, fit_exact
from tests.world.test_plain import uniform

SHAPES = [squared_exponential, matern52]


def data(n: int = 20, noise: float = 0.1) -> tuple[Tensor, Tensor, Tensor]:
    """Return X (n, 2), standardised y (n,) and no known noise (n,)."""
    X = uniform(n, seed=2)
    generator = torch.Generator().manual_seed(5)
    e = torch.randn(n, dtype=torch.float64, generator=generator)
    y = torch.sin(5 * X[:, 0]) + X[:, 1] + noise * e
    return X, (y - y.mean()) / y.std(), torch.zeros_like(y)


def priors(d: int = 2) -> Priors:
    full = torch.full((d,), 0.3, dtype=torch.float64)
    return Priors(full, full + 1.0)


def process(noise: float = 0.05, shape: Shape = squared_exponential) -> ExactGP:
    parameters = Parameters(torch.tensor([0.3, 0.7], dtype=torch.float64), 1.3, noise)
    return ExactGP.condition(*data(), parameters, shape)


def covariance(gp: ExactGP, a: Tensor, b: Tensor, shape: Shape) -> Tensor:
    r = torch.cdist(a / gp.parameters.lengths, b / gp.parameters.lengths)
    return gp.parameters.amplitude * shape(r.square())[0] + MEAN_VARIANCE


@pytest.mark.parametrize("shape", SHAPES)
def test_predictions_are_the_textbooks(shape: Shape) -> None:
    gp, x = process(shape=shape), uniform(7, seed=3)
    K = covariance(gp, gp.X, gp.X, shape) + (0.05 + 1e-8) * torch.eye(20)
    k = covariance(gp, x, gp.X, shape)
    mean = k @ torch.linalg.solve(K, gp.y)
    joint = covariance(gp, x, x, shape) - k @ torch.linalg.solve(K, k.T)
    found = gp.joint(x)
    assert torch.allclose(found[0], mean)
    assert torch.allclose(found[1], joint, atol=1e-7)
    marginal = gp.marginal(x)
    assert torch.allclose(marginal[0], mean)
    assert torch.allclose(marginal[1], joint.diagonal(), atol=1e-7)
    normal = torch.distributions.MultivariateNormal(torch.zeros(20).double(), K)
    assert gp.evidence == pytest.approx(float(normal.log_prob(gp.y)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("free_mean", [False, True])
def test_gradients_are_differences(shape: Shape, free_mean: bool) -> None:
    loss = LogPosterior(*data(), priors(), shape, free_mean)
    theta = torch.tensor([-0.7, 0.2, 0.3, -3.0], dtype=torch.float64)
    _, gradient = loss(theta)
    steps = 1e-5 * torch.eye(4, dtype=torch.float64)
    differences = [(loss(theta + s)[0] - loss(theta - s)[0]) / 2e-5 for s in steps]
    assert gradient.tolist() == pytest.approx(differences, rel=1e-5, abs=1e-6)


def test_each_left_out_is_what_fitting_without_it_says() -> None:
    gp = process()
    means, variances = gp.without_each()
    for i in (0, 7, 19):
        keep = torch.arange(20) != i
        less = ExactGP.condition(gp.X[keep], gp.y[keep], gp.known[keep], gp.parameters)
        mean, variance = less.marginal(gp.X[i : i + 1])
        assert float(means[i]) == pytest.approx(float(mean), abs=1e-6)
        assert float(variances[i]) == pytest.approx(float(variance) + 0.05, abs=1e-6)


def test_the_fit_finds_what_matters_and_the_noise() -> None:
    X = uniform(60, seed=4)
    e = torch.randn(60, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = torch.sin(6 * X[:, 0]) + 0.1 * e
    gp = fit_exact(X, (y - y.mean()) / y.std(), torch.zeros_like(y), priors())
    near, far = gp.parameters.lengths.tolist()
    assert near < 1.0 < far
    noise = math.sqrt(gp.parameters.noise) * float(y.std())
    assert noise == pytest.approx(0.1, rel=0.35)


def test_many_rows_are_fitted_as_well_as_few_at_a_time() -> None:
    X, y, known = data(400)
    whole = fit_exact(X, y, known, priors())
    loss = LogPosterior(X, y, known, priors(), squared_exponential)
    p = whole.parameters
    theta = torch.cat([p.lengths, torch.tensor([p.amplitude, p.noise])]).log()
    _, gradient = loss(theta)
    assert float(gradient.abs().max()) < 1.0  # nats per e-fold, of hundreds in all


def test_known_noise_is_not_inferred_again() -> None:
    X, y, _ = data()
    parameters = Parameters(torch.ones(2, dtype=torch.float64), 1.0, 0.0)
    loud = torch.where(torch.arange(20) == 3, 100.0, 1e-4).double()
    gp = ExactGP.condition(X, y, loud, parameters)
    less = ExactGP.condition(X[loud < 1], y[loud < 1], loud[loud < 1], parameters)
    x = uniform(5, seed=9)
    assert torch.allclose(gp.marginal(x)[0], less.marginal(x)[0], atol=1e-2)


def test_same_family_as_botorchs() -> None:
    """Its kernel and ours agree: a check against an independent library."""
    X, y, _ = data()
    theirs = SingleTaskGP(X, y.unsqueeze(-1), outcome_transform=None)
    lengths = torch.tensor([0.3, 0.7], dtype=torch.float64)
    theirs.covar_module.lengthscale = lengths
    found = theirs.covar_module(X)
    assert isinstance(found, LinearOperator | Tensor)
    expected = to_dense(found).detach()
    gp = process()
    ours = (covariance(gp, X, X, squared_exponential) - MEAN_VARIANCE) / 1.3
    assert torch.allclose(ours, expected)


def test_no_rows_are_refused() -> None:
    none = torch.empty(0, 2, dtype=torch.float64)
    with pytest.raises(ModelError, match="got no rows"):
        fit_exact(none, none[:, 0], none[:, 0], priors())
