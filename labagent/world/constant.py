"""The constant member: every result is a draw from what was seen so far.

Where nothing that was set matters, or little is known, no member predicts better.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.evidence import Evidence
from labagent.world.fitted import Normals
from labagent.world.plain import FEWEST_ROWS, standardisation


@final
@dataclass(frozen=True)
class Constant:
    """The data's mean and spread.

    Attributes:
        quantities: Names.
        shift: (m,) means, in declared units.
        scale: (m,) standard deviations.
        spread: (m,) predictive standard deviations of standardised values: those of
            the next draw from a normal sample of unknown mean and variance.
    """

    quantities: tuple[str, ...]
    shift: Tensor
    scale: Tensor
    spread: Tensor
    model: None = None

    def predict(self, X: Tensor) -> Normals:
        """Return densities of what would be measured at X of shape (k, d)."""
        shape = (len(X), len(self.quantities))
        return Normals(
            mean=self.shift.expand(shape), std=(self.scale * self.spread).expand(shape)
        )

    def summary(self) -> Mapping[str, object]:
        """Return mean and standard deviation of every quantity."""
        return {
            q: {"outcome_mean": float(self.shift[i]), "outcome_std": float(s)}
            for i, (q, s) in enumerate(zip(self.quantities, self.scale, strict=True))
        }


def fit_constant(evidence: Evidence, seed: int, device: str = "cpu") -> Constant:
    """Fit the constant member. A function of the evidence alone.

    Raises:
        ModelError: No quantity was measured at least twice.
    """
    del seed, device
    names: list[str] = []
    found: list[tuple[float, float, float]] = []
    for quantity in evidence.quantities:
        _, y, _ = evidence.rows(quantity)
        n = len(y)
        if n >= FEWEST_ROWS:
            names.append(quantity)
            # the variance of Student's predictive, heavy tails left to wider widths
            freedom = max(n - 1, 3)
            spread = math.sqrt((1 + 1 / n) * freedom / (freedom - 2))
            found.append((*standardisation(y), spread))
    if not names:
        raise ModelError(
            f"constant: got no quantity with {FEWEST_ROWS} results, must have one; "
            "record results first"
        )
    shift, scale, spread = torch.tensor(found, dtype=torch.float64).unbind(dim=-1)
    return Constant(tuple(names), shift, scale, spread)
