import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor

from labagent.errors import ModelError
from labagent.world import Evidence, fit_plain
from labagent.world.devices import WORTH, chosen, seeded
from labagent.world.plain import PlainGP


def evidence(n: int = 12, noise: float = 0.0, sigma: float = math.nan) -> Evidence:
    """Return n rows of y = sin(3 x0) + x1, in a unit of 100, and its mirror image."""
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(n, 2, dtype=torch.float64, generator=generator)
    y = 100 * (torch.sin(3 * X[:, 0]) + X[:, 1])
    y = y + noise * torch.randn(n, dtype=torch.float64, generator=generator)
    Y = torch.stack([y, -y], dim=-1)
    return Evidence(("y", "z"), ("x0", "x1"), X, Y, torch.full_like(Y, sigma), X[:0])


def uniform(n: int, seed: int) -> Tensor:
    """Return (n, 2) points of the unit square."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 2, dtype=torch.float64, generator=generator)


def by_hand(gp: PlainGP, seen: Evidence, X: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and std of the first quantity from the textbook's equations.

    Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.23-2.24.
    """
    summary = gp.summary()["y"]
    assert isinstance(summary, dict)
    scales = torch.tensor([*summary["lengthscales"].values()], dtype=torch.float64)
    mean, std = summary["outcome_mean"], summary["outcome_std"]
    noise = (summary["noise_std"] / std) ** 2
    single: Any = gp.model.models[0]
    constant = float(single.mean_module.constant.detach())

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return torch.exp(-0.5 * torch.cdist(a / scales, b / scales).square())

    K = kernel(seen.X, seen.X) + noise * torch.eye(len(seen.X))
    k = kernel(X, seen.X)
    y = (seen.Y[:, 0] - mean) / std - constant
    m = constant + k @ torch.linalg.solve(K, y)
    v = 1 - (k * torch.linalg.solve(K, k.T).T).sum(dim=-1) + noise
    return mean + std * m, std * v.sqrt()


def test_predictions_are_the_textbooks() -> None:
    seen = evidence(noise=5.0)
    gp = fit_plain(seen, seed=0)
    X = uniform(7, seed=1)
    mean, std = by_hand(gp, seen, X)
    found = gp.predict(X)
    assert torch.allclose(found.mean[:, 0], mean, rtol=1e-5)
    assert torch.allclose(found.std[:, 0], std, rtol=1e-4)


@pytest.mark.parametrize("sigma", [math.nan, 7.0])
def test_hyper_parameters_are_those_botorchs_fit_finds(sigma: float) -> None:
    seen = evidence(40, noise=10.0, sigma=sigma)
    ours: Any = fit_plain(seen, seed=0).model.models[0]
    theirs: Any = SingleTaskGP(
        seen.X,
        ours.train_targets.unsqueeze(-1),
        train_Yvar=None if math.isnan(sigma) else ours.likelihood.noise.unsqueeze(-1),
        outcome_transform=None,
    )
    fit_gpytorch_mll(ExactMarginalLogLikelihood(theirs.likelihood, theirs))
    lengths = ours.covar_module.lengthscale, theirs.covar_module.lengthscale
    assert torch.allclose(*lengths, rtol=0.02)  # the better of two optima
    assert torch.allclose(ours.likelihood.noise, theirs.likelihood.noise, rtol=0.02)
    means = ours.mean_module.constant, theirs.mean_module.constant
    assert torch.allclose(*means, atol=0.02)
    densities = [log_density(gp) for gp in (ours, theirs)]
    assert densities[0] >= densities[1] - 1e-3


def log_density(gp: Any) -> float:  # noqa: ANN401 - BoTorch's attributes
    """Return what BoTorch's fit maximises, in nats."""
    gp.train()
    mll = ExactMarginalLogLikelihood(gp.likelihood, gp)
    with torch.no_grad():
        found = mll(gp(*gp.train_inputs), gp.train_targets)
    gp.eval()
    assert isinstance(found, Tensor)
    return float(found) * len(gp.train_targets)


def test_standard_deviations_hold_the_noise() -> None:
    gp = fit_plain(evidence(60, noise=20.0), seed=0)
    summary = gp.summary()["y"]
    assert isinstance(summary, dict)
    assert summary["noise_std"] == pytest.approx(20, rel=0.35)
    X = torch.full((1, 2), 0.5, dtype=torch.float64)
    assert float(gp.predict(X).std[0, 0]) > summary["noise_std"]


def test_known_uncertainties_replace_inferred_noise() -> None:
    gp = fit_plain(evidence(20, sigma=7.0), seed=0)
    summary = gp.summary()["y"]
    assert isinstance(summary, dict)
    assert summary["noise_std"] == pytest.approx(7.0)


def test_missing_results_are_normal() -> None:
    seen = evidence()
    seen.Y[3:, 1] = math.nan
    gp = fit_plain(seen, seed=0)
    rows = [gp.summary()[q]["rows"] for q in ("y", "z")]  # type: ignore[index]
    assert rows == [12, 3]


def test_a_quantity_measured_once_is_left_out() -> None:
    seen = evidence()
    seen.Y[1:, 1] = math.nan
    assert fit_plain(seen, seed=0).quantities == ("y",)


def test_nothing_to_fit_is_told() -> None:
    with pytest.raises(ModelError, match="must have one; record results first"):
        fit_plain(evidence(1), seed=0)


def test_equal_results_can_be_fitted() -> None:
    seen = evidence(6)
    seen.Y[:] = 3.0
    mean = fit_plain(seen, seed=0).predict(seen.X).mean
    assert torch.allclose(mean, torch.full_like(mean, 3.0), atol=1e-6)


def test_fitting_repeats_itself_and_leaves_the_data_alone() -> None:
    seen = evidence(noise=5.0)
    before = seen.Y.clone()
    first, again = (fit_plain(seen, seed=4).predict(seen.X) for _ in range(2))
    assert torch.equal(first.mean, again.mean)
    assert torch.equal(first.std, again.std)
    assert torch.equal(seen.Y, before)


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1e9])
def test_predictions_do_not_depend_on_the_unit(unit: float) -> None:
    seen, X = evidence(noise=5.0), uniform(6, seed=3)
    expected = fit_plain(seen, seed=0).predict(X)
    found = fit_plain(replace(seen, Y=seen.Y * unit), seed=0).predict(X)
    assert torch.allclose(found.mean / unit, expected.mean, rtol=1e-5)
    assert torch.allclose(found.std / unit, expected.std, rtol=1e-5)


def test_a_batch_of_rows_is_predicted_as_each_alone() -> None:
    gp = fit_plain(evidence(noise=5.0), seed=0)
    X = uniform(5, seed=2)
    together = gp.predict(X)
    alone = torch.cat([gp.predict(x.unsqueeze(0)).mean for x in X])
    assert torch.allclose(together.mean, alone, rtol=1e-9)


def test_seeding_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with seeded(5):
        a = torch.rand(3)
    with seeded(5):
        b = torch.rand(3)
    assert torch.equal(a, b)
    assert torch.equal(torch.get_rng_state(), state)


def test_cuda_that_is_not_there_is_told() -> None:
    with pytest.raises(ModelError, match="got cuda, must be present"):
        chosen("cuda", 10, present=False)


def test_a_gpu_is_taken_where_it_pays() -> None:
    found = {n: chosen("auto", n, present=True) for n in (10, WORTH - 1, WORTH)}
    assert found == {10: "cpu", WORTH - 1: "cpu", WORTH: "cuda"}
    assert chosen("auto", WORTH, present=False) == "cpu"
    assert chosen("cpu", WORTH, present=True) == "cpu"
    assert chosen("cuda", 10, present=True) == "cuda"
