"""The averaged member: what is not known of hyper-parameters is in its variance."""

import torch

from labagent.world.averaged import DRAWS, Averaged, average
from labagent.world.exact import ExactGP, Parameters
from labagent.world.fitting import MANY
from tests.world.test_plain import uniform


def wave(n: int, noise: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    X = uniform(n, seed=5)
    z = torch.randn(n, generator=torch.Generator().manual_seed(1), dtype=X.dtype)
    return X, torch.sin(4 * X[:, 0]) + X[:, 1] + noise * z


def test_the_variance_is_within_processes_and_between_them() -> None:
    X, y = wave(8)
    none = torch.zeros_like(y)
    short, long = (
        ExactGP.condition(X, y, none, Parameters(torch.full((2,), s).double(), 1.0, v))
        for s, v in ((0.2, 0.1), (1.5, 1e-3))
    )
    at = uniform(20, seed=6)
    mean, variance = Averaged.of([short, short, short, long]).predict(at)
    (m, v), (n, w) = (p.marginal(at) for p in (short, long))
    middle = 0.75 * m + 0.25 * n
    within = 0.75 * (v + 0.1) + 0.25 * (w + 1e-3)
    between = 0.75 * (m - middle) ** 2 + 0.25 * (n - middle) ** 2
    assert torch.allclose(mean, middle)
    assert torch.allclose(variance, within + between)


def test_few_rows_leave_several_processes_many_leave_one() -> None:
    X, y = wave(12, noise=0.1)
    few = average(X, y, torch.zeros_like(y), seed=0)
    assert DRAWS >= len(few.processes) > 4
    assert float(few.weights.sum()) == 1.0
    X, y = wave(MANY + 1, noise=0.1)
    assert len(average(X, y, torch.zeros_like(y), seed=0).processes) == 1


def test_it_knows_less_than_its_likeliest_process() -> None:
    """What a single choice of hyper-parameters takes for known is not."""
    X, y = wave(12, noise=0.1)
    found = average(X, y, torch.zeros_like(y), seed=0)
    best = max(found.processes, key=lambda p: p.evidence)
    at = uniform(200, seed=7)
    _, variance = best.marginal(at)
    single = variance + best.parameters.noise
    _, averaged = found.predict(at)
    assert float((averaged / single).log().mean()) > 0
