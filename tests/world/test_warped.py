"""The warped member: transforms, and how far its predictions may go."""

import pytest
import torch

from labagent.world.warped import BEYOND, fit_warped, unwarp, warp
from tests.world.test_plain import evidence, uniform


@pytest.mark.parametrize("power", [-2.0, -0.5, 0.0, 0.7, 1.0, 2.0, 3.5])
def test_unwarping_undoes_warping(power: float) -> None:
    y = torch.linspace(-3, 3, 31, dtype=torch.float64)
    assert torch.allclose(unwarp(warp(y, power), power), y, atol=1e-6)


def test_predictions_stay_near_the_data() -> None:
    seen = evidence(12)
    seen.Y[:, 0] = (0.08 * seen.Y[:, 0]).exp()  # over six decades
    j = 0
    found = fit_warped(seen, 0).predict(3 * uniform(200, seed=4) - 1)
    low, high = seen.Y[:, j].min(), seen.Y[:, j].max()
    edge = 1.0001 * BEYOND * (high - low)  # and rounding
    assert (found.mean[:, j] + found.std[:, j] <= high + edge).all()
    assert (found.mean[:, j] - found.std[:, j] >= low - edge).all()
