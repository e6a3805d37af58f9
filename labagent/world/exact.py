r"""An exact Gaussian process that fits quickly: for mechanisms and for grids.

y = m + f(x) + e,  m ~ N(0, 1),  f ~ GP(0, a k),  e ~ N(0, v + s^2)

with y standardised, k an ARD kernel of the scaled distance, v an inferred noise
variance and s known standard uncertainties. The mean m is integrated out: it adds 1 to
every covariance. Lengths, a and v are the maximum of the posterior density (their
logs have normal priors), found by L-BFGS with the gradient in closed form
[Rasmussen2006]_ (eq. 5.9). With G = (K^-1 - b b') o dk/dr^2 the derivative by every
length is a diagonal of X' G X, so no (d, n, n) tensor is ever built.

.. [Rasmussen2006] C. E. Rasmussen, C. K. I. Williams. Gaussian processes for machine
   learning. MIT Press, 2006.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from labagent.errors import ModelError

MEAN_VARIANCE = 1.0
"""Prior variance of the constant mean of standardised values."""

JITTER = 1e-8
"""Least noise variance of standardised values: keeps covariances invertible."""

FAR = 1e10
"""Loss where a covariance is not positive definite to rounding."""

SUBSET = 256
"""Rows on which lengths are first found where there are more."""

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
class Priors:
    """Normal densities of logs: (mean, standard deviation).

    Attributes:
        lengths: (d,) means of the log length-scales.
        spread: (d,) their standard deviations.
        amplitude: Of the log variance of f.
        noise: Of the log noise variance.
    """

    lengths: Tensor
    spread: Tensor
    amplitude: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (-6.0, 3.0)


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
    """

    X: Tensor
    y: Tensor
    known: Tensor
    parameters: Parameters
    shape: Shape
    weights: Tensor
    root: Tensor
    evidence: float

    @classmethod
    def condition(
        cls,
        X: Tensor,
        y: Tensor,
        known: Tensor,
        parameters: Parameters,
        shape: Shape = squared_exponential,
    ) -> "ExactGP":
        """Return the process given data at fixed hyper-parameters."""
        k, _ = shape(distances(X, X, parameters.lengths))
        K = parameters.amplitude * k + MEAN_VARIANCE
        K.diagonal().add_(known + parameters.noise + JITTER)
        L = torch.linalg.cholesky(K)
        weights = torch.cholesky_solve(y.unsqueeze(-1), L).squeeze(-1)
        evidence = -0.5 * float(y @ weights) - float(L.diagonal().log().sum())
        evidence -= 0.5 * len(y) * math.log(2 * math.pi)
        eye = torch.eye(len(y), dtype=y.dtype, device=y.device)
        root = torch.linalg.solve_triangular(L, eye, upper=False)
        return cls(X, y, known, parameters, shape, weights, root, evidence)

    def given(self, x: Tensor, y: Tensor) -> "ExactGP":
        """Return the process with further noise-free rows x (p, d) and y (p,)."""
        return ExactGP.condition(
            torch.cat([self.X, x]),
            torch.cat([self.y, y]),
            torch.cat([self.known, torch.zeros_like(y)]),
            self.parameters,
            self.shape,
        )

    def _cross(self, x: Tensor) -> Tensor:
        k, _ = self.shape(distances(x, self.X, self.parameters.lengths))
        return self.parameters.amplitude * k + MEAN_VARIANCE

    def marginal(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (...) of m + f at x (..., d), no noise."""
        cross = self._cross(x)
        prior = self.parameters.amplitude + MEAN_VARIANCE
        explained = (cross @ self.root.T).square().sum(dim=-1)
        return cross @ self.weights, (prior - explained).clamp_min(1e-12)

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


def fit_exact(
    X: Tensor,
    y: Tensor,
    known: Tensor,
    priors: Priors,
    shape: Shape = squared_exponential,
) -> ExactGP:
    """Return the process at the most probable hyper-parameters.

    With more than :data:`SUBSET` rows the search starts on an evenly spread subset and
    ends on all rows. A function of its arguments alone.

    Args:
        X: (n, d) inputs.
        y: (n,) standardised values.
        known: (n,) known noise variances, zero where unknown.
        priors: Of the hyper-parameters.
        shape: The kernel.
    """
    if not len(y):
        raise ModelError("Gaussian process: got no rows, must have at least one")
    start = torch.cat(
        [
            priors.lengths,
            torch.tensor([priors.amplitude[0], priors.noise[0]], dtype=X.dtype),
        ]
    )
    if len(y) > SUBSET:
        rows = torch.linspace(0, len(y) - 1, SUBSET).round().long()
        part = LogPosterior(X[rows], y[rows], known[rows], priors, shape)
        found = minimise(part, start, 60)
        found = minimise(LogPosterior(X, y, known, priors, shape), found, 8)
    else:
        found = minimise(LogPosterior(X, y, known, priors, shape), start, 100)
    return ExactGP.condition(X, y, known, _parameters(found), shape)


def with_noise(gp: ExactGP, noise: float) -> ExactGP:
    """Return the process with another inferred noise variance."""
    parameters = replace(gp.parameters, noise=noise)
    return ExactGP.condition(gp.X, gp.y, gp.known, parameters, gp.shape)


def _parameters(theta: Tensor) -> Parameters:
    *_, amplitude, noise = theta.exp().tolist()
    return Parameters(theta[:-2].exp(), amplitude, noise)


def distances(a: Tensor, b: Tensor, lengths: Tensor) -> Tensor:
    """Return squared scaled distances (..., p, n) of a (..., p, d), b (..., n, d)."""
    a, b = a / lengths, b / lengths
    square = (a * a).sum(-1).unsqueeze(-1) + (b * b).sum(-1).unsqueeze(-2)
    return (square - 2.0 * a @ b.mT).clamp_min(0.0)


@dataclass(frozen=True)
class LogPosterior:
    """The negative log posterior density of log hyper-parameters, with gradient."""

    X: Tensor
    y: Tensor
    known: Tensor
    priors: Priors
    shape: Shape

    def __call__(self, theta: Tensor) -> tuple[float, Tensor]:
        """Return its value, in nats, and gradient (d + 2,) at theta (d + 2,)."""
        n, lengths = len(self.y), theta[:-2].exp()
        amplitude, noise = float(theta[-2].exp()), float(theta[-1].exp())
        k, slope = self.shape(distances(self.X, self.X, lengths))
        K = amplitude * k + MEAN_VARIANCE
        K.diagonal().add_(self.known + noise + JITTER)
        L, failed = torch.linalg.cholesky_ex(K)
        if int(failed):
            return FAR, torch.zeros_like(theta)  # not positive definite: step back
        b = torch.cholesky_solve(self.y.unsqueeze(-1), L)
        inner = torch.cholesky_inverse(L) - b @ b.T  # 2 dL/dK
        loss = 0.5 * float(self.y @ b.squeeze(-1)) + float(L.diagonal().log().sum())
        loss += 0.5 * n * math.log(2 * math.pi)
        gradient = torch.empty_like(theta)
        gradient[:-2] = 0.5 * amplitude * self._by_lengths(inner * slope, lengths)
        gradient[-2] = 0.5 * amplitude * (inner * k).sum()
        gradient[-1] = 0.5 * noise * inner.diagonal().sum()
        prior, slope_prior = self._prior(theta)
        return loss + prior, gradient + slope_prior

    def _by_lengths(self, G: Tensor, lengths: Tensor) -> Tensor:
        """Return sums over pairs of G (n, n) times squared scaled differences (d,)."""
        Z = self.X / lengths
        return 2.0 * (G.sum(-1) @ (Z * Z) - (Z * (G @ Z)).sum(0))

    def _prior(self, theta: Tensor) -> tuple[float, Tensor]:
        p = self.priors
        middle = torch.cat([p.lengths, theta.new_tensor([p.amplitude[0], p.noise[0]])])
        spread = torch.cat([p.spread, theta.new_tensor([p.amplitude[1], p.noise[1]])])
        z = (theta - middle) / spread
        return 0.5 * float(z @ z), z / spread


def minimise(loss: LogPosterior, start: Tensor, iterations: int) -> Tensor:
    """Return the minimum found by L-BFGS; the start where no step can be made."""

    def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
        point = torch.as_tensor(theta, dtype=start.dtype, device=start.device)
        value, gradient = loss(point)
        return value, gradient.cpu().numpy()

    bounds = [(-7.0, 9.0)] * (len(start) - 2) + [(-6.0, 6.0), (-16.0, 2.0)]
    found = minimize(
        evaluate,
        start.cpu().numpy(),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": iterations},
    )
    return torch.as_tensor(found.x, dtype=start.dtype, device=start.device)
