"""The grid member: hyper-parameters averaged, not fitted.

Processes with fixed length-scales and noise, the amplitude integrated out under
Jeffreys' prior, weighted by their marginal likelihood. For fixed hyper-parameters that
likelihood is the product of the densities each would have sealed, so this is what
prequential weights inside the grid would be.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import final

import torch
from torch import Tensor

from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP, Parameters, matern52
from labagent.world.fitting import MANY, evenly
from labagent.world.separate import Separate, fit_separate, mixed

LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Length-scales, in diagonals of the unit cube."""

MOST = 3
"""Processes kept where there are many rows: evidence then leaves hardly two."""

NOISES = (1e-4, 1e-2, 1e-1, 1.0)
"""Noise variances, relative to the amplitude."""


@final
@dataclass(frozen=True)
class Grid:
    """Processes and their weights.

    Attributes:
        processes: With unit amplitude.
        weights: (g,) sum to one.
        amplitudes: (g,) variances by which each is to be multiplied.
    """

    processes: tuple[ExactGP, ...]
    weights: Tensor
    amplitudes: Tensor

    def predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (k,) of the weighted mixture at X (k, d)."""
        found = [p.marginal(X) for p in self.processes]
        mean = torch.stack([m for m, _ in found])
        noise = [p.parameters.noise for p in self.processes]
        own = torch.stack(
            [
                a * (v + s)
                for a, s, (_, v) in zip(self.amplitudes, noise, found, strict=True)
            ]
        )
        return mixed(self.weights, mean, own)

    def summary(self) -> Mapping[str, object]:
        """Return the heaviest process's length-scale and noise, and its weight."""
        best = int(self.weights.argmax())
        p = self.processes[best].parameters
        return {
            "lengthscale": float(p.lengths[0]),
            "relative_noise": p.noise,
            "weight": float(self.weights[best]),
        }


def _fit(X: Tensor, y: Tensor, noise: Tensor, seed: int) -> Grid:
    del seed, noise
    points = tuple(product(LENGTHS, NOISES))
    if len(y) <= MANY:
        return _weighted(X, y, points)
    rows = evenly(len(y), MANY)
    order = _weighted(X[rows], y[rows], points).weights.argsort(descending=True)
    return _weighted(X, y, [points[i] for i in order[:MOST].tolist()])


def _weighted(X: Tensor, y: Tensor, points: Sequence[tuple[float, float]]) -> Grid:
    """Return the processes at some (length-scale, relative noise), weighted."""
    n, d = X.shape
    none, diagonal = torch.zeros_like(y), math.sqrt(d)
    parameters = [
        Parameters(X.new_full((d,), length * diagonal), 1.0, ratio)
        for length, ratio in points
    ]
    processes = tuple(ExactGP.condition(X, y, none, p, matern52) for p in parameters)
    forms = torch.stack([y @ p.weights for p in processes])  # y' K^-1 y
    logs = torch.tensor([p.evidence for p in processes], dtype=y.dtype)
    # log |K| is in the evidence; the amplitude's integral replaces exp(-form / 2)
    marginal = logs + 0.5 * forms - 0.5 * n * forms.log()
    freedom = max(n, 3)
    amplitudes = forms / freedom * freedom / (freedom - 2)
    return Grid(processes, marginal.softmax(dim=0), amplitudes)


def fit_grid(evidence: Evidence, seed: int, device: str = "cpu") -> Separate:
    """Fit the grid member. A function of the evidence alone."""
    del device
    return fit_separate("grid", _fit, evidence, seed)
