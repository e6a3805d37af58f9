r"""An exact Gaussian process that fits quickly: for mechanisms and for grids.

y = m + f(x) + e,  m ~ N(0, 1),  f ~ GP(0, a k),  e ~ N(0, v + s^2)

with y standardised, k an ARD kernel of the scaled distance, v an inferred noise
variance (of a row, relative to others, where repeats tell) and s known standard
uncertainties. The mean m is integrated out: it adds 1 to
every covariance. :mod:`labagent.world.fitting` finds lengths, a and v [Rasmussen2006]_.

.. [Rasmussen2006] C. E. Rasmussen, C. K. I. Williams. Gaussian processes for machine
   learning. MIT Press, 2006.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

MEAN_VARIANCE = 1.0
"""Prior variance of the constant mean of standardised values."""

JITTER = 1e-8
"""Least noise variance of standardised values: keeps covariances invertible."""

Shape = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Squared scaled distances to the kernel and to -2 dk/d(r^2)."""


def squared_exponential(r2: Tensor) -> tuple[Tensor, Tensor]:
    """Return exp(-r^2/2) and -2 dk/d(r^2), which is the same."""
    k = torch.exp(-0.5 * r2)
    return k, k


def matern52(r2: Tensor) -> tuple[Tensor, Tensor]:
    """Return the Matern kernel of smoothness 5/2 and -2 dk/d(r^2)."""
    r = (5.0 * r2).clamp_min(1e-30).sqrt()
    decay = torch.exp(-r)
    return (1.0 + r + r * r / 3.0) * decay, 5.0 / 3.0 * (1.0 + r) * decay


@dataclass(frozen=True)
class Parameters:
    """Hyper-parameters.

    Attributes:
        lengths: (d,) length-scales, in the inputs' units.
        amplitude: Variance of f.
        noise: Inferred noise variance.
    """

    lengths: Tensor
    amplitude: float
    noise: float


@final
@dataclass(frozen=True)
class ExactGP:
    """A Gaussian process conditioned on data.

    Attributes:
        X: (n, d) inputs.
        y: (n,) standardised values.
        known: (n,) known noise variances, zero where unknown.
        parameters: Hyper-parameters.
        shape: The kernel.
        weights: (n,) K^-1 y.
        root: (n, n) L^-1, of the Cholesky factor K = L L'. Explained variances are
            squares of its rows' products: K^-1 itself would lose them to rounding.
        evidence: Log marginal likelihood, in nats.
        relative: (n,) inferred noise variances, relative to that of the parameters.
    """

    X: Tensor
    y: Tensor
    known: Tensor
    parameters: Parameters
    shape: Shape
    weights: Tensor
    root: Tensor
    evidence: float
    relative: Tensor

    @classmethod
    def condition(
        cls,
        X: Tensor,
        y: Tensor,
        known: Tensor,
        parameters: Parameters,
        shape: Shape = squared_exponential,
        relative: Tensor | None = None,
    ) -> "ExactGP":
        """Return the process given data at fixed hyper-parameters."""
        relative = torch.ones_like(y) if relative is None else relative
        k, _ = shape(distances(X, X, parameters.lengths))
        K = parameters.amplitude * k + MEAN_VARIANCE
        K.diagonal().add_(known + relative * parameters.noise + JITTER)
        L = torch.linalg.cholesky(K)
        weights = torch.cholesky_solve(y.unsqueeze(-1), L).squeeze(-1)
        evidence = -0.5 * float(y @ weights) - float(L.diagonal().log().sum())
        evidence -= 0.5 * len(y) * math.log(2 * math.pi)
        eye = torch.eye(len(y), dtype=y.dtype, device=y.device)
        root = torch.linalg.solve_triangular(L, eye, upper=False)
        return cls(X, y, known, parameters, shape, weights, root, evidence, relative)

    @property
    def noises(self) -> Tensor:
        """(n,) noise variances of the data."""
        return self.known + self.relative * self.parameters.noise + JITTER

    def _cross(self, x: Tensor) -> Tensor:
        k, _ = self.shape(distances(x, self.X, self.parameters.lengths))
        return self.parameters.amplitude * k + MEAN_VARIANCE

    def marginal(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (...) of m + f at x (..., d), no noise."""
        cross = self._cross(x)
        prior = self.parameters.amplitude + MEAN_VARIANCE
        explained = (cross @ self.root.T).square().sum(dim=-1)
        return cross @ self.weights, (prior - explained).clamp_min(1e-12)

    def after(
        self, x: Tensor, seen: Sequence[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor]:
        """Return means and variances (...) of m + f at x (..., d), no noise.

        Args:
            x: One point each.
            seen: What the same function was seen to give elsewhere, noise included:
                points (..., d), standardised values (...).
        """
        if not seen:
            return self.marginal(x)
        points = torch.stack([*(p for p, _ in seen), x], dim=-2)
        mean, covariance = self.joint(points)
        K = covariance[..., :-1, :-1].clone()
        K.diagonal(dim1=-2, dim2=-1).add_(self.parameters.noise + JITTER)
        cross = covariance[..., :-1, -1:]
        weights = torch.linalg.solve(K, cross).squeeze(-1)
        errors = torch.stack([y for _, y in seen], dim=-1) - mean[..., :-1]
        told = (weights * errors).sum(dim=-1)
        explained = (weights * cross.squeeze(-1)).sum(dim=-1)
        variance = covariance[..., -1, -1] - explained
        return mean[..., -1] + told, variance.clamp_min(1e-12)

    def joint(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return means (..., q), covariances (..., q, q) of m + f at x (..., q, d)."""
        cross = self._cross(x)
        k, _ = self.shape(distances(x, x, self.parameters.lengths))
        prior = self.parameters.amplitude * k + MEAN_VARIANCE
        explained = cross @ self.root.T
        return cross @ self.weights, prior - explained @ explained.mT

    def without_each(self) -> tuple[Tensor, Tensor]:
        """Return means and variances (n,) of each y given all others [Rasmussen2006].

        Equations 5.10 to 5.12; noise included.
        """
        precision = self.root.square().sum(dim=0)
        return self.y - self.weights / precision, 1.0 / precision

    def told_by_others(self) -> float:
        """Return the share of the variance of y that leaving each out explains."""
        mean, _ = self.without_each()
        return 1.0 - float((self.y - mean).square().mean() / self.y.var(correction=0))


def distances(a: Tensor, b: Tensor, lengths: Tensor) -> Tensor:
    """Return squared scaled distances (..., p, n) of a (..., p, d), b (..., n, d)."""
    return squares(a / lengths, b / lengths)


def squares(a: Tensor, b: Tensor) -> Tensor:
    """Return squared distances (..., p, n) of a (..., p, d) from b (..., n, d)."""
    square = (a * a).sum(-1).unsqueeze(-1) + (b * b).sum(-1).unsqueeze(-2)
    return (square - 2.0 * a @ b.mT).clamp_min(0.0)
