"""Members that learn every quantity by itself and steer no search.

They keep the mixture honest: which of them predicts well is for the evidence to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, final

import torch
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.evidence import Evidence
from labagent.world.fitted import Normals
from labagent.world.plain import FEWEST_ROWS, SMALLEST, standardisation


class Regression(Protocol):
    """One quantity's model, of standardised values."""

    def predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (k,), noise included, at X (k, d)."""
        ...

    def summary(self) -> Mapping[str, object]:
        """Return the fitted numbers."""
        ...


FitOne = Callable[[Tensor, Tensor, Tensor, int], Regression]
"""(X (k, d), standardised y (k,), noise variances s^2 (k,) or 0, seed) to a model."""


@final
@dataclass(frozen=True)
class Separate:
    """One regression a quantity.

    Attributes:
        quantities: Names.
        regressions: In the same order.
        shift: (m,) mean of each quantity's data, in declared units.
        scale: (m,) its standard deviation.
        model: None: these steer no search.
    """

    quantities: tuple[str, ...]
    regressions: tuple[Regression, ...]
    shift: Tensor
    scale: Tensor
    model: None = None

    def predict(self, X: Tensor) -> Normals:
        """Return densities of what would be measured at X of shape (k, d)."""
        with torch.no_grad():
            found = [r.predict(X) for r in self.regressions]
        mean = torch.stack([m for m, _ in found], dim=-1)
        std = torch.stack([v for _, v in found], dim=-1).clamp_min(SMALLEST).sqrt()
        return Normals(mean=self.shift + self.scale * mean, std=self.scale * std)

    def summary(self) -> Mapping[str, object]:
        """Return the fitted numbers of every quantity."""
        return {
            q: {**r.summary(), "outcome_mean": float(m), "outcome_std": float(s)}
            for q, r, m, s in zip(
                self.quantities, self.regressions, self.shift, self.scale, strict=True
            )
        }


def mixed(weights: Tensor, means: Tensor, variances: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance (k,) of mixtures of densities.

    Args:
        weights: (p,) of the densities; they sum to one.
        means: (p, k) theirs.
        variances: Likewise.
    """
    w = weights.unsqueeze(-1)
    middle = (w * means).sum(dim=0)
    return middle, (w * (variances + (means - middle).square())).sum(dim=0)


def fit_separate(name: str, fit: FitOne, evidence: Evidence, seed: int) -> Separate:
    """Return a regression for every quantity measured at least twice.

    Raises:
        ModelError: There is none.
    """
    names: list[str] = []
    found: list[Regression] = []
    scales: list[tuple[float, float]] = []
    for quantity in evidence.quantities:
        X, y, s = evidence.rows(quantity)
        if len(y) < FEWEST_ROWS:
            continue
        shift, scale = standardisation(y)
        noise = (s / scale).nan_to_num(0.0).square().squeeze(-1)
        found.append(fit(X, ((y - shift) / scale).squeeze(-1), noise, seed))
        names.append(quantity)
        scales.append((shift, scale))
    if not names:
        raise ModelError(
            f"{name}: got no quantity with {FEWEST_ROWS} results, must have one; "
            "record results first"
        )
    shift, scale = torch.tensor(scales, dtype=torch.float64).unbind(dim=-1)
    return Separate(tuple(names), tuple(found), shift, scale)
