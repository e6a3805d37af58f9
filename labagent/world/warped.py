"""The warped member: a Gaussian process of transformed values.

For results that crowd at one end. The Yeo-Johnson transform [Yeo2000]_ that makes the
values most normal comes first, then a process with a Matern kernel [Snelson2004]_,
hyper-parameters averaged. What it predicts is given to the mixture as the normal
density through the 16 % and 84 % quantiles.

.. [Snelson2004] E. Snelson, C. E. Rasmussen, Z. Ghahramani. Warped Gaussian processes.
   NIPS 2003.
.. [Yeo2000] I.-K. Yeo, R. A. Johnson. A new family of power transformations to improve
   normality or symmetry. Biometrika 87(4), 2000.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from scipy.optimize import minimize_scalar
from scipy.stats import yeojohnson_llf
from torch import Tensor

from labagent.world.averaged import Averaged, average
from labagent.world.evidence import Evidence
from labagent.world.separate import Separate, fit_separate

NEAR = 1e-6
"""Powers closer to a pole than this take the logarithm; edges are kept this far."""

BEYOND = 0.5
"""Part of the data's range that a prediction may lie outside of it."""

POWERS = (-2.0, 4.0)
"""Range of the transform's power; 1 leaves values as they are."""


@final
@dataclass(frozen=True)
class Warped:
    """A process of warped values.

    Attributes:
        power: Of the transform.
        limits: Least and largest value that is predicted: as far beyond the data as
            half of their range, where a transform has no more to say.
        shift: Mean of the warped values.
        scale: Their standard deviation.
        process: Of the standardised warped values.
    """

    power: float
    limits: tuple[float, float]
    shift: float
    scale: float
    process: Averaged

    def predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (k,) at X (k, d)."""
        mean, variance = self.process.predict(X)
        std = variance.sqrt()
        low, high = (
            unwarp(self.shift + self.scale * (mean + sign * std), self.power).clamp(
                *self.limits
            )
            for sign in (-1.0, 1.0)
        )
        return (low + high) / 2, ((high - low) / 2).square()

    def summary(self) -> Mapping[str, object]:
        """Return the power and what there is to say of the process."""
        return {"power": self.power, **self.process.summary()}


def warp(y: Tensor, power: float) -> Tensor:
    """Return the Yeo-Johnson transform of values (n,)."""
    up, down = y.clamp_min(0.0), (-y).clamp_min(0.0)
    above = up.log1p() if abs(power) < NEAR else ((up + 1) ** power - 1) / power
    rest = 2.0 - power
    below = down.log1p() if abs(rest) < NEAR else ((down + 1) ** rest - 1) / rest
    return torch.where(y >= 0, above, -below)


def unwarp(z: Tensor, power: float) -> Tensor:
    """Return the values (n,) whose transform is z, as far as there are any.

    Beyond the transform's range the value at its edge, taken as a millionth off it.
    """
    up, down = z.clamp_min(0.0), (-z).clamp_min(0.0)
    above = _inverse(up, power)
    below = _inverse(down, 2.0 - power)
    return torch.where(z >= 0, above, -below)


def _inverse(z: Tensor, power: float) -> Tensor:
    if abs(power) < NEAR:
        return z.expm1()
    return (power * z + 1).clamp_min(NEAR) ** (1 / power) - 1


def _fit(X: Tensor, y: Tensor, noise: Tensor, seed: int) -> Warped:
    del noise
    values = y.numpy()
    found: Any = minimize_scalar(
        lambda power: -float(yeojohnson_llf(power, values)), bounds=POWERS
    )
    power = float(found.x) if math.isfinite(found.fun) else 1.0
    z = warp(y, power)
    shift, scale = float(z.mean()), float(z.std()) or 1.0
    process = average(X, (z - shift) / scale, torch.zeros_like(y), seed)
    low, high = float(y.min()), float(y.max())
    limits = low - BEYOND * (high - low), high + BEYOND * (high - low)
    return Warped(power, limits, shift, scale, process)


def fit_warped(evidence: Evidence, seed: int, device: str = "cpu") -> Separate:
    """Fit the warped member. A function of evidence and seed."""
    del device
    return fit_separate("warped GP", _fit, evidence, seed)
