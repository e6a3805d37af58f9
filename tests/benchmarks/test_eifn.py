import pytest
import torch

from benchmarks.functions.eifn import Improvement, Mechanism, Network
from benchmarks.functions.problems import Problem, rosenbrock, sobol


@pytest.fixture(scope="module")
def problem() -> Problem:
    return rosenbrock()


@pytest.fixture(scope="module")
def data(problem: Problem) -> tuple[torch.Tensor, torch.Tensor]:
    U = sobol(5, 12, seed=0)
    return U, problem.truth(U)


def test_moments_are_those_of_the_library(
    problem: Problem, data: tuple[torch.Tensor, torch.Tensor]
) -> None:
    U, Y = data
    mechanism = Mechanism.learn(problem, problem.nodes[1], U, Y)
    assert mechanism.controls == [1, 2]
    assert mechanism.nodes == [0]
    new = sobol(5, 7, seed=1)
    values = problem.truth(new)
    mean, std = mechanism.moments(new, values)
    parents = (values[:, [0]] - mechanism.low) / mechanism.span
    X = torch.cat([new[:, [1, 2]], parents], dim=-1)
    theirs = mechanism.gp.posterior(X)
    expected = mechanism.shift + mechanism.scale * theirs.mean[:, 0]
    assert mean.tolist() == pytest.approx(expected.tolist(), rel=1e-5)
    spread = mechanism.scale * theirs.variance[:, 0].sqrt()
    assert std.tolist() == pytest.approx(spread.tolist(), rel=1e-3)


def test_samples_go_through_what_was_measured(
    problem: Problem, data: tuple[torch.Tensor, torch.Tensor]
) -> None:
    U, Y = data
    network = Network.learn(problem, U, Y, seed=0)
    samples = network.sample(U)
    assert samples.shape == (128, 12, 4)
    off = (samples - Y).abs().amax(dim=(0, 1)) / Y.std(dim=0)
    assert off.max() < 0.05


def test_improvement_is_smooth_and_repeatable(
    problem: Problem, data: tuple[torch.Tensor, torch.Tensor]
) -> None:
    U, Y = data
    network = Network.learn(problem, U, Y, seed=0)
    improvement = Improvement(problem, network, float(Y[:, -1].max()))
    X = sobol(5, 3, seed=2).unsqueeze(-2).requires_grad_()
    value = improvement(X)
    assert value.shape == (3,)
    assert value.equal(improvement(X))
    assert (value >= 0).all()
    # a point's value does not depend on its neighbours in the batch
    assert improvement(X[1:2]).tolist() == pytest.approx(value[1:2].tolist())
    assert torch.autograd.grad(value.sum(), X)[0].isfinite().all()
