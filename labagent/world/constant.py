"""The constant member: every result is a draw from what was seen so far.

Where nothing that was set matters, or little is known, no member predicts better.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from labagent.world.evidence import Evidence
from labagent.world.separate import Separate, fit_separate


@final
@dataclass(frozen=True)
class Draw:
    """The next draw from a normal sample of unknown mean and variance.

    Attributes:
        variance: Of standardised values.
    """

    variance: float

    def predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (k,) at X (k, d): the same everywhere."""
        return X.new_zeros(len(X)), X.new_full((len(X),), self.variance)

    def summary(self) -> Mapping[str, object]:
        """Return the variance."""
        return {"variance": self.variance}


def _fit(X: Tensor, y: Tensor, noise: Tensor, seed: int) -> Draw:
    del X, noise, seed
    n = len(y)
    freedom = max(n - 1, 3)  # Student's variance needs three; wider widths do the rest
    return Draw((1 + 1 / n) * freedom / (freedom - 2))


def fit_constant(evidence: Evidence, seed: int, device: str = "cpu") -> Separate:
    """Fit the constant member. A function of the evidence alone."""
    del device
    return fit_separate("constant", _fit, evidence, seed)
