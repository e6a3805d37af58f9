"""The averaged member: a Gaussian process whose hyper-parameters stay open.

With few data several length-scales explain them, and the likeliest alone is too sure of
itself. Here they are drawn from Laplace's approximation of their posterior density and
resampled by importance (:func:`labagent.world.fitting.fit_several`); a prediction is
the normal density with mean and variance of the mixture of all draws [MacKay1992]_.

.. [MacKay1992] D. J. C. MacKay. Bayesian interpolation. Neural Computation 4(3), 1992.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP, matern52
from labagent.world.fitting import LogPosterior, Priors, fit_several, most_probable
from labagent.world.priors import SOME, length_priors
from labagent.world.separate import Separate, fit_separate, mixed

DRAWS = 16
"""Draws of the hyper-parameters."""


@final
@dataclass(frozen=True)
class Averaged:
    """Processes of standardised values.

    Attributes:
        processes: Different ones.
        weights: (p,) how often each was drawn; they sum to one.
    """

    processes: tuple[ExactGP, ...]
    weights: Tensor

    @classmethod
    def of(cls, drawn: Sequence[ExactGP]) -> "Averaged":
        """Return the average of draws; one may be there several times."""
        times = Counter(id(p) for p in drawn)
        processes = tuple({id(p): p for p in drawn}.values())
        shares = [times[id(p)] / len(drawn) for p in processes]
        return cls(processes, torch.tensor(shares, dtype=torch.float64))

    def predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (k,), noise included, at X (k, d)."""
        found = [p.marginal(X) for p in self.processes]
        mean = torch.stack([m for m, _ in found])
        noise = [p.parameters.noise for p in self.processes]
        own = torch.stack([v + s for (_, v), s in zip(found, noise, strict=True)])
        return mixed(self.weights, mean, own)

    def summary(self) -> Mapping[str, object]:
        """Return the mean noise variance and how many processes there are."""
        noise = torch.tensor([p.parameters.noise for p in self.processes])
        return {
            "noise": float(self.weights @ noise.double()),
            "processes": len(self.processes),
        }


def average(X: Tensor, y: Tensor, noise: Tensor, seed: int) -> Averaged:
    """Return processes given X (n, d), y (n,) and known noise variances (n,)."""
    lengths = length_priors(torch.ones(X.shape[-1], dtype=torch.bool))
    priors = Priors(lengths.lengths, lengths.spread, noise=SOME)
    loss = LogPosterior(X, y, noise, priors, matern52)
    best = most_probable(loss)
    generator = torch.Generator().manual_seed(seed)
    return Averaged.of(fit_several(loss, best, DRAWS, generator))


def fit_averaged(evidence: Evidence, seed: int, device: str = "cpu") -> Separate:
    """Fit the averaged member, on the CPU. A function of evidence and seed."""
    del device
    return fit_separate("averaged GP", average, evidence, seed)
