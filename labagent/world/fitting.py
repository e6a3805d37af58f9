"""The most probable hyper-parameters of an exact Gaussian process.

The posterior density (logs of hyper-parameters have normal priors) is climbed by
L-BFGS with its gradient in closed form [Rasmussen2006]_ (eq. 5.9). With
G = (K^-1 - b b') o dk/dr^2 the derivative by every length is a diagonal of X' G X, so
no (d, n, n) tensor is ever built, and no graph.

.. [MacKay1992] D. J. C. MacKay. Bayesian interpolation. Neural Computation 4(3), 1992.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.exact import (
    JITTER,
    MEAN_VARIANCE,
    ExactGP,
    Parameters,
    Shape,
    distances,
    squared_exponential,
)

FAR = 1e10
"""Loss where a covariance is not positive definite to rounding."""

MANY = 256
"""Rows beyond which hyper-parameters are found on fewer."""

FIRST, LAST = 128, 512
"""Rows on which they are then first found, and corrected: more would move little."""

STEPS = 100
"""Most iterations of a search."""

QUIETER = -2.0
"""By how much the second search's log noise variance is below the prior's middle."""

CANDIDATES = 64
"""Hyper-parameters from which a few are resampled."""

STEP = 1e-4
"""Half of the difference from which a curvature is taken, in logs."""

LAST_STEPS = 5
"""Most iterations of the correction."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Priors:
    """Normal densities of logs, (mean, standard deviation), and where they may lie.

    Attributes:
        lengths: (g,) means of the log length-scales.
        spread: (g,) their standard deviations.
        amplitude: Of the log variance of f.
        noise: Of the log noise variance.
        length_range: Least and largest log length-scale.
        amplitude_range: Likewise; equal ends fix it.
        noise_range: Likewise.
    """

    lengths: Tensor
    spread: Tensor
    amplitude: Range = (0.0, 1.0)
    noise: Range = (-6.0, 3.0)
    length_range: Range = (-7.0, 9.0)
    amplitude_range: Range = (-6.0, 6.0)
    noise_range: Range = (-16.0, 2.0)

    @property
    def middle(self) -> Tensor:
        """(g + 2,) means of all logs."""
        rest = self.lengths.new_tensor([self.amplitude[0], self.noise[0]])
        return torch.cat([self.lengths, rest])

    @property
    def widths(self) -> Tensor:
        """(g + 2,) standard deviations of all logs."""
        rest = self.spread.new_tensor([self.amplitude[1], self.noise[1]])
        return torch.cat([self.spread, rest])

    @property
    def ranges(self) -> list[Range]:
        """Where each log may lie."""
        lengths = [self.length_range] * len(self.lengths)
        return [*lengths, self.amplitude_range, self.noise_range]


@dataclass(frozen=True)
class LogPosterior:
    """The negative log posterior density of log hyper-parameters, with gradient.

    Attributes:
        X: (n, d) inputs.
        y: (n,) standardised values.
        known: (n,) known noise variances, zero where unknown.
        priors: Of the hyper-parameters.
        shape: The kernel.
        free_mean: Whether the constant mean is the likeliest one; else it is
            integrated out.
        relative: (n,) inferred noise variances relative to each other; None: all alike.
        groups: (d,) which length-scale each input has: those of a label share one, so
            that its values are exchangeable; None: each its own.
    """

    X: Tensor
    y: Tensor
    known: Tensor
    priors: Priors
    shape: Shape
    free_mean: bool = False
    relative: Tensor | None = None
    groups: Tensor | None = None

    def lengths(self, theta: Tensor) -> Tensor:
        """Return the inputs' length-scales (d,) at theta (g + 2,)."""
        found = theta[:-2].exp()
        return found if self.groups is None else found[self.groups]

    def __call__(self, theta: Tensor) -> tuple[float, Tensor]:
        """Return its value, in nats, and gradient (g + 2,) at theta (g + 2,)."""
        lengths = self.lengths(theta)
        amplitude, noise = float(theta[-2].exp()), float(theta[-1].exp())
        k, slope = self.shape(distances(self.X, self.X, lengths))
        L, failed = torch.linalg.cholesky_ex(self._covariance(amplitude * k, noise))
        if int(failed):
            return FAR, torch.zeros_like(theta)  # not positive definite: step back
        y = self.y - self._mean(L)
        b = torch.cholesky_solve(y.unsqueeze(-1), L)
        inner = torch.cholesky_inverse(L) - b @ b.T  # 2 dL/dK
        loss = 0.5 * float(y @ b.squeeze(-1)) + float(L.diagonal().log().sum())
        loss += 0.5 * len(y) * math.log(2 * math.pi)
        gradient = torch.empty_like(theta)
        slopes = 0.5 * amplitude * self._by_lengths(inner * slope, lengths)
        if self.groups is not None:
            slopes = torch.zeros_like(theta[:-2]).index_add(0, self.groups, slopes)
        gradient[:-2] = slopes
        gradient[-2] = 0.5 * amplitude * (inner * k).sum()
        gradient[-1] = 0.5 * noise * (inner.diagonal() * self._relative).sum()
        z = (theta - self.priors.middle) / self.priors.widths
        return loss + 0.5 * float(z @ z), gradient + z / self.priors.widths

    def mean(self, theta: Tensor) -> float:
        """Return the likeliest constant mean at theta (g + 2,); 0 if integrated out."""
        k, _ = self.shape(distances(self.X, self.X, self.lengths(theta)))
        K = self._covariance(float(theta[-2].exp()) * k, float(theta[-1].exp()))
        return self._mean(torch.linalg.cholesky(K))

    def _covariance(self, K: Tensor, noise: float) -> Tensor:
        K = K if self.free_mean else K + MEAN_VARIANCE
        K.diagonal().add_(self.known + noise * self._relative + JITTER)
        return K

    @property
    def _relative(self) -> Tensor:
        return torch.ones_like(self.y) if self.relative is None else self.relative

    def _mean(self, L: Tensor) -> float:
        if not self.free_mean:
            return 0.0
        ones = torch.ones_like(self.y).unsqueeze(-1)
        w = torch.cholesky_solve(ones, L).squeeze(-1)
        return float(w @ self.y) / float(w.sum())

    def _by_lengths(self, G: Tensor, lengths: Tensor) -> Tensor:
        """Return sums over pairs of G (n, n) times squared scaled differences (d,)."""
        Z = self.X / lengths
        return 2.0 * (G.sum(-1) @ (Z * Z) - (Z * (G @ Z)).sum(0))

    def among(self, most: int) -> "LogPosterior":
        """Return the same, given that many evenly spread rows, if there are more."""
        if len(self.y) <= most:
            return self
        rows = evenly(len(self.y), most)
        return replace(
            self,
            X=self.X[rows],
            y=self.y[rows],
            known=self.known[rows],
            relative=self._relative[rows],
        )


def evenly(n: int, most: int) -> Tensor:
    """Return at most that many of n rows, evenly spread."""
    return torch.linspace(0, n - 1, min(n, most)).round().long()


def most_probable(loss: LogPosterior, near: Tensor | None = None) -> Tensor:
    """Return the best log hyper-parameters (g + 2,) that are found.

    One search starts from the prior's middle, another where functions are smoother and
    noise is less: often two explanations exist. With more than :data:`MANY` rows the
    only search goes from few to more of them, evenly spread. A function of its
    arguments alone.

    Args:
        loss: The posterior density.
        near: What was best of :data:`FIRST` rows (g + 2,), where that is known: the
            only search starts there.
    """
    middle = loss.priors.middle
    if len(loss.y) > MANY:
        if near is None:
            near = minimise(loss.among(FIRST), middle, STEPS)
        return minimise(loss.among(LAST), near, LAST_STEPS)
    if near is not None:
        return minimise(loss, near, STEPS)
    smooth = torch.ones_like(middle)
    smooth[-2:] = middle.new_tensor([0.0, QUIETER])
    found = [minimise(loss, start, STEPS) for start in (middle, middle + smooth)]
    return min(found, key=lambda theta: loss(theta)[0])


def fit_exact(
    X: Tensor,
    y: Tensor,
    known: Tensor,
    priors: Priors,
) -> ExactGP:
    """Return the process, of smooth functions, at the most probable hyper-parameters.

    Args:
        X: (n, d) inputs.
        y: (n,) standardised values.
        known: (n,) known noise variances, zero where unknown.
        priors: Of the hyper-parameters.

    Raises:
        ModelError: There are no rows.
    """
    if not len(y):
        raise ModelError("Gaussian process: got no rows, must have at least one")
    loss = LogPosterior(X, y, known, priors, squared_exponential)
    return process(loss, most_probable(loss))


def fit_several(
    loss: LogPosterior, best: Tensor, count: int, generator: torch.Generator
) -> list[ExactGP]:
    """Return processes at hyper-parameters drawn from their posterior density.

    Drawn from Laplace's approximation [MacKay1992]_ and resampled by importance. With
    more than :data:`MANY` rows the data leave little to be drawn: all are the most
    probable one. What is drawn several times is the very same process. A function of
    its arguments alone.

    Args:
        loss: The posterior density.
        best: (g + 2,) its most probable log hyper-parameters.
        count: How many.
        generator: Of the draws.
    """
    if len(loss.y) > MANY:
        return [process(loss, best)] * count
    values, axes = torch.linalg.eigh(curvature(loss, best))
    least = loss.priors.widths.max() ** -2  # no wider than the prior
    root = axes / values.clamp_min(least).sqrt()
    z = torch.randn(CANDIDATES, len(best), generator=generator, dtype=best.dtype).to(
        best
    )
    low, high = torch.tensor(loss.priors.ranges).to(best).unbind(-1)
    theta = (best + z @ root.mT).clamp(low, high)
    logs = torch.tensor([-loss(t)[0] for t in theta]) + 0.5 * z.square().sum(-1).cpu()
    steps = (torch.rand(1, generator=generator) + torch.arange(count)) / count
    cumulative = logs.softmax(0).cumsum(0)
    chosen = torch.searchsorted(cumulative, steps.to(cumulative)).clamp_max(
        CANDIDATES - 1
    )
    distinct = {i: process(loss, theta[i]) for i in sorted({*chosen.tolist()})}
    return [distinct[i] for i in chosen.tolist()]


def curvature(loss: LogPosterior, best: Tensor) -> Tensor:
    """Return the Hessian (g + 2, g + 2) of the loss, by differences of its gradient."""
    steps = STEP * torch.eye(len(best), dtype=best.dtype, device=best.device)
    rows = [(loss(best + s)[1] - loss(best - s)[1]) / (2 * STEP) for s in steps]
    hessian = torch.stack(rows)
    return 0.5 * (hessian + hessian.mT)


def laplace(loss: LogPosterior, best: Tensor) -> float:
    """Return log p(y), hyper-parameters integrated by Laplace's method [MacKay1992].

    Args:
        loss: The posterior density.
        best: (g + 2,) its most probable log hyper-parameters.
    """
    widths = loss.priors.widths
    # the posterior is no wider than the prior, whatever rounding says
    bent = torch.linalg.eigvalsh(curvature(loss, best))
    bent = bent.clamp_min(float(widths.max()) ** -2)
    value, _ = loss(best)
    # (2 pi)^(k/2) of prior and integral cancel
    return -value - float(widths.log().sum()) - 0.5 * float(bent.log().sum())


def process(loss: LogPosterior, theta: Tensor) -> ExactGP:
    """Return the process at log hyper-parameters theta (g + 2,)."""
    *_, amplitude, noise = theta.exp().tolist()
    parameters = Parameters(loss.lengths(theta), amplitude, noise)
    return ExactGP.condition(
        loss.X, loss.y, loss.known, parameters, loss.shape, loss.relative
    )


def minimise(loss: LogPosterior, start: Tensor, iterations: int) -> Tensor:
    """Return the minimum found by L-BFGS; the start where no step can be made."""

    def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
        point = torch.as_tensor(theta, dtype=start.dtype, device=start.device)
        value, gradient = loss(point)
        return value, gradient.cpu().numpy()

    found = minimize(
        evaluate,
        start.cpu().numpy(),
        jac=True,
        method="L-BFGS-B",
        bounds=loss.priors.ranges,
        options={"maxiter": iterations},
    )
    return torch.as_tensor(found.x, dtype=start.dtype, device=start.device)
