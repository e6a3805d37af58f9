"""The averaged member: a Gaussian process whose hyper-parameters stay open.

With few data several length-scales explain them, and the likeliest alone is too sure of
itself. Here they are drawn from Laplace's approximation of their posterior density and
resampled by importance (:func:`labagent.world.fitting.fit_several`); a prediction is
the normal density with mean and variance of the mixture of all draws [MacKay1992]_.

.. [MacKay1992] D. J. C. MacKay. Bayesian interpolation. Neural Computation 4(3), 1992.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP, matern52
from labagent.world.fitting import (
    MANY,
    LogPosterior,
    Priors,
    fit_several,
    most_probable,
)
from labagent.world.parents import length_priors
from labagent.world.separate import Separate, fit_separate

PROCESSES = 16
"""Draws of the hyper-parameters."""

NOISE = (-5.0, 2.0)
"""Mean and standard deviation of the log noise variance, standardised."""


@final
@dataclass(frozen=True)
class Averaged:
    """Equally likely processes of standardised values."""

    processes: tuple[ExactGP, ...]

    def predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (k,), noise included, at X (k, d)."""
        found = [p.marginal(X) for p in self.processes]
        mean = torch.stack([m for m, _ in found])
        noise = [p.parameters.noise for p in self.processes]
        own = torch.stack([v + s for (_, v), s in zip(found, noise, strict=True)])
        middle = mean.mean(dim=0)
        return middle, (own + (mean - middle).square()).mean(dim=0)

    def summary(self) -> Mapping[str, object]:
        """Return the mean noise variance and how many processes there are."""
        noise = [p.parameters.noise for p in self.processes]
        return {"noise": sum(noise) / len(noise), "processes": len(noise)}


def average(X: Tensor, y: Tensor, noise: Tensor, seed: int) -> Averaged:
    """Return processes given X (n, d), y (n,) and known noise variances (n,).

    One where there are so many rows that nothing is left to be drawn.
    """
    lengths = length_priors(torch.ones(X.shape[-1], dtype=torch.bool))
    priors = Priors(lengths.lengths, lengths.spread, noise=NOISE)
    loss = LogPosterior(X, y, noise, priors, matern52)
    best = most_probable(loss)
    count = PROCESSES if len(y) <= MANY else 1
    generator = torch.Generator().manual_seed(seed)
    return Averaged(tuple(fit_several(loss, best, count, generator)))


def fit_averaged(evidence: Evidence, seed: int, device: str = "cpu") -> Separate:
    """Fit the averaged member, on the CPU. A function of evidence and seed."""
    del device
    return fit_separate("averaged GP", average, evidence, seed)
