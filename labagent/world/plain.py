"""The plain Gaussian process: always a member of the mixture.

One BoTorch ``SingleTaskGP`` per quantity: a constant mean and an ARD RBF kernel whose
length-scale prior grows with the dimension, log-normal(sqrt(2) + log(d)/2, sqrt(3))
[Hvarfner2024]_, inferred homoscedastic noise, standardised outcomes, inputs in the unit
cube. Where labels are among the inputs they stay one-hot (see DECISIONS.md).

.. [Hvarfner2024] C. Hvarfner, E. O. Hellsten, L. Nardi. Vanilla Bayesian optimization
   performs great in high dimensions. ICML 2024.
"""

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from botorch.exceptions import InputDataWarning, ModelFittingError
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.devices import choose_device, seeded
from labagent.world.evidence import Evidence
from labagent.world.fitted import Normals

logger = logging.getLogger(__name__)

FEWEST_ROWS = 2
"""A quantity measured less often than this keeps its prior prediction."""


@final
@dataclass(frozen=True)
class PlainGP:
    """Independent Gaussian processes, one per quantity.

    Attributes:
        quantities: Names, in the order of ``model``'s outputs.
        features: Names of the inputs.
        model: One SingleTaskGP per quantity.
        converged: Whether each fit converged.
    """

    quantities: tuple[str, ...]
    features: tuple[str, ...]
    model: ModelListGP
    converged: tuple[bool, ...]

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
        return Normals(mean=mean, std=variance.clamp_min(1e-24).sqrt())

    def summary(self) -> Mapping[str, object]:
        """Return length-scales, noise and scale of every quantity."""
        return {
            quantity: {**self._numbers(gp), "converged": converged}
            for quantity, gp, converged in zip(
                self.quantities, self.model.models, self.converged, strict=True
            )
            if isinstance(gp, SingleTaskGP)
        }

    def _numbers(self, gp: SingleTaskGP) -> dict[str, object]:
        """Return one quantity's hyper-parameters; lengths are of the unit cube."""
        transform: Any = gp.outcome_transform
        scale = float(transform.stdvs.squeeze())
        noise: Any = gp.likelihood.noise
        kernel: Any = gp.covar_module
        lengths = kernel.lengthscale.detach().squeeze(0).tolist()
        return {
            "lengthscales": dict(zip(self.features, lengths, strict=True)),
            "noise_std": float(noise.detach().mean().sqrt()) * scale,
            "outcome_mean": float(transform.means.squeeze()),
            "outcome_std": scale,
            "rows": len(gp.train_targets),
        }


def fit_plain(evidence: Evidence, seed: int, device: str = "cpu") -> PlainGP:
    """Fit the plain member.

    Args:
        evidence: The data.
        seed: For the restarts of a fit that fails at first.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ModelError: No quantity was measured at least twice.
    """
    names: list[str] = []
    models: list[SingleTaskGP] = []
    converged: list[bool] = []
    place = choose_device(device)
    for quantity in evidence.quantities:
        X, y, s = (t.to(place) for t in evidence.rows(quantity))
        if len(X) < FEWEST_ROWS:
            continue
        with seeded(seed):
            gp = _single(X, y, s)
            converged.append(_fit(gp, quantity))
        names.append(quantity)
        models.append(gp)
    if not models:
        raise ModelError(
            f"plain GP: got no quantity with {FEWEST_ROWS} results, must have one; "
            "record results first"
        )
    return PlainGP(
        tuple(names), evidence.features, ModelListGP(*models), tuple(converged)
    )


def _single(X: Tensor, y: Tensor, s: Tensor) -> SingleTaskGP:
    """Return an unfitted GP; known uncertainties replace the inferred noise.

    Args:
        X: (k, d) inputs.
        y: (k, 1) values.
        s: (k, 1) standard uncertainties, NaN where unknown.
    """
    known = not bool(s.isnan().any()) and bool((s > 0).all())
    with warnings.catch_warnings():
        # equal values have no spread to standardise by; the GP is right all the same
        warnings.simplefilter("ignore", InputDataWarning)
        return SingleTaskGP(
            X, y, train_Yvar=s**2 if known else None, outcome_transform=Standardize(m=1)
        )


def _fit(gp: SingleTaskGP, quantity: str) -> bool:
    """Fit by maximum a posteriori; on failure keep the prior's modes and say so."""
    start = {k: v.clone() for k, v in gp.state_dict().items()}
    try:
        fit_gpytorch_mll(ExactMarginalLogLikelihood(gp.likelihood, gp))
    except ModelFittingError:
        logger.warning("plain GP of %s: no fit; the prior's modes are used", quantity)
        gp.load_state_dict(start)
        gp.eval()
        return False
    return True
