"""The plain Gaussian process: always a member of the mixture.

One BoTorch ``SingleTaskGP`` per quantity: a constant mean and an ARD RBF kernel whose
length-scale prior grows with the dimension, log-normal(sqrt(2) + log(d)/2, sqrt(3))
[Hvarfner2024]_, inferred homoscedastic noise, standardised outcomes, inputs in the unit
cube. Where labels are among the inputs they stay one-hot (see DECISIONS.md).

.. [Hvarfner2024] C. Hvarfner, E. O. Hellsten, L. Nardi. Vanilla Bayesian optimization
   performs great in high dimensions. ICML 2024.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from botorch.exceptions import InputDataWarning
from botorch.models import ModelListGP, SingleTaskGP
from gpytorch.likelihoods import GaussianLikelihood
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.devices import choose_device
from labagent.world.evidence import Evidence
from labagent.world.exact import squared_exponential
from labagent.world.fitted import Normals
from labagent.world.fitting import LogPosterior, Priors, most_probable

ROUNDING = 1e-12
"""A spread below this share of the mean is rounding, not spread."""

SMALLEST = 1e-12
"""Least variance of a standardised prediction."""

LENGTHS, LENGTHS_SPREAD = math.sqrt(2.0), math.sqrt(3.0)
"""Prior of log length-scales, less log(d)/2 [Hvarfner2024]."""

NOISE, NOISE_SPREAD = -4.0, 1.0
"""Prior of the log noise variance of standardised values [Hvarfner2024]."""

SHORTEST, LEAST_NOISE = 2.5e-2, 1e-4
"""Length-scales and noise variances stay above these, as in BoTorch."""

NOT_INFERRED = -30.0
"""Log noise variance beside a known one."""

FEWEST_ROWS = 2
"""A quantity measured less often than this keeps its prior prediction."""


@final
@dataclass(frozen=True)
class PlainGP:
    """Independent Gaussian processes, one per quantity.

    Attributes:
        quantities: Names, in the order of ``model``'s outputs.
        features: Names of the inputs.
        model: One SingleTaskGP per quantity, over standardised values.
        shift: (m,) mean of each quantity's data, in declared units.
        scale: (m,) its standard deviation.
    """

    quantities: tuple[str, ...]
    features: tuple[str, ...]
    model: ModelListGP
    shift: Tensor
    scale: Tensor

    def predict(self, X: Tensor) -> Normals:
        """Return densities of what would be measured at X of shape (k, d)."""
        device = next(self.model.parameters()).device
        with torch.no_grad():
            # (k, 1, d): each row on its own, so that no k x k covariance is built
            posterior = self.model.posterior(
                X.to(device).unsqueeze(-2), observation_noise=True
            )
            mean = posterior.mean.squeeze(-2).cpu()
            variance = posterior.variance.squeeze(-2).cpu()
        std = variance.clamp_min(SMALLEST).sqrt()
        return Normals(mean=self.shift + self.scale * mean, std=self.scale * std)

    def summary(self) -> Mapping[str, object]:
        """Return length-scales, noise and scale of every quantity."""
        return {
            quantity: self._numbers(i) for i, quantity in enumerate(self.quantities)
        }

    def _numbers(self, i: int) -> dict[str, object]:
        """Return one quantity's hyper-parameters; lengths are of the unit cube."""
        gp: Any = self.model.models[i]
        scale = float(self.scale[i])
        noise = gp.likelihood.noise
        lengths = gp.covar_module.lengthscale.detach().squeeze(0).tolist()
        return {
            "lengthscales": dict(zip(self.features, lengths, strict=True)),
            "noise_std": float(noise.detach().mean().sqrt()) * scale,
            "outcome_mean": float(self.shift[i]),
            "outcome_std": scale,
            "rows": len(gp.train_targets),
        }


def fit_plain(evidence: Evidence, seed: int, device: str = "cpu") -> PlainGP:
    """Fit the plain member.

    Args:
        evidence: The data.
        seed: Not needed; members share one signature.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ModelError: No quantity was measured at least twice.
    """
    del seed
    names: list[str] = []
    models: list[SingleTaskGP] = []
    scales: list[tuple[float, float]] = []
    place = choose_device(device, len(evidence.X))
    for quantity in evidence.quantities:
        X, y, s = (t.to(place) for t in evidence.rows(quantity))
        if len(X) < FEWEST_ROWS:
            continue
        shift, scale = standardisation(y)
        gp = _single(X, (y - shift) / scale, s / scale)
        _fit(gp, X, (y - shift) / scale, s / scale)
        names.append(quantity)
        models.append(gp)
        scales.append((shift, scale))
    if not models:
        raise ModelError(
            f"plain GP: got no quantity with {FEWEST_ROWS} results, must have one; "
            "record results first"
        )
    shift, scale = torch.tensor(scales, dtype=torch.float64).unbind(dim=-1)
    return PlainGP(
        quantities=tuple(names),
        features=evidence.features,
        model=ModelListGP(*models),
        shift=shift,
        scale=scale,
    )


def standardisation(y: Tensor) -> tuple[float, float]:
    """Return mean and standard deviation of values y (k, 1), both in their unit.

    Where all values are equal their size stands in for the spread they do not show.
    """
    mean, std = float(y.mean()), float(y.std())
    if std > ROUNDING * abs(mean):
        return mean, std
    return mean, abs(mean) or 1.0


def _single(X: Tensor, y: Tensor, s: Tensor) -> SingleTaskGP:
    """Return an unfitted GP; known uncertainties replace the inferred noise.

    Args:
        X: (k, d) inputs.
        y: (k, 1) standardised values.
        s: (k, 1) standard uncertainties, as standardised, NaN where unknown.
    """
    known = not bool(s.isnan().any()) and bool((s > 0).all())
    with warnings.catch_warnings():
        # equal values have no spread to standardise by; the GP is right all the same
        warnings.simplefilter("ignore", InputDataWarning)
        return SingleTaskGP(
            X, y, train_Yvar=s**2 if known else None, outcome_transform=None
        )


def _fit(gp: SingleTaskGP, X: Tensor, y: Tensor, s: Tensor) -> None:
    """Set the most probable hyper-parameters: those BoTorch's own fit looks for.

    The density is that of ``SingleTaskGP`` with its priors; only its gradient comes in
    closed form here, which is tens of times faster.

    Args:
        gp: Unfitted.
        X: (k, d) inputs.
        y: (k, 1) standardised values.
        s: (k, 1) standard uncertainties, as standardised, NaN where unknown.
    """
    inferred = isinstance(gp.likelihood, GaussianLikelihood)
    known = torch.zeros_like(y) if inferred else s.square()
    priors = single_task_priors(X, inferred)
    loss = LogPosterior(
        X, y.squeeze(-1), known.squeeze(-1), priors, squared_exponential, free_mean=True
    )
    theta = most_probable(loss)
    covariance: Any = gp.covar_module
    covariance.lengthscale = theta[:-2].exp()
    if inferred:
        gp.likelihood.noise = theta[-1].exp()
    mean: Any = gp.mean_module
    mean.constant.data.fill_(loss.mean(theta))
    gp.eval()


def single_task_priors(X: Tensor, inferred: bool) -> Priors:
    """Return BoTorch's priors as normal densities of logs.

    A log-normal density of x, as a density of log x times x, has its mean a variance
    lower: what BoTorch maximises is the density of x.

    Args:
        X: (k, d) inputs.
        inferred: Whether the noise is to be inferred; else it is known.
    """
    d = X.shape[-1]
    middle = LENGTHS + 0.5 * math.log(d) - LENGTHS_SPREAD**2
    lengths = X.new_full((d,), middle)
    none = NOT_INFERRED, NOT_INFERRED
    return Priors(
        lengths,
        torch.full_like(lengths, LENGTHS_SPREAD),
        noise=(NOISE - NOISE_SPREAD**2, NOISE_SPREAD),
        length_range=(math.log(SHORTEST), 9.0),
        amplitude_range=(0.0, 0.0),
        noise_range=(math.log(LEAST_NOISE), 2.0) if inferred else none,
    )
