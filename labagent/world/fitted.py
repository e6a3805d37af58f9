"""The door that every member of the mixture goes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from botorch.models.model import Model
from torch import Tensor


@dataclass(frozen=True)
class Normals:
    """Normal predictive densities.

    Attributes:
        mean: (k, m) means, in declared units.
        std: (k, m) standard deviations, in declared units; observation noise included.
    """

    mean: Tensor
    std: Tensor


class Fitted(Protocol):
    """A fitted member.

    Attributes:
        quantities: The quantities it predicts, in the order of its outputs; those
            with too few data to fit are absent.
        model: A BoTorch model over encoded interventions with one output per quantity;
            its posterior is that of the standardised quantity, without observation
            noise. Standardised, because libraries below take variances under 1e-10 for
            rounding errors, whatever the unit.
        shift: (m,) declared value = shift + scale * standardised value.
        scale: (m,) positive.
    """

    @property
    def quantities(self) -> tuple[str, ...]:
        """Return the quantities it predicts."""
        ...

    @property
    def model(self) -> Model | None:
        """Return the BoTorch model; None for a member that steers no search."""
        ...

    @property
    def shift(self) -> Tensor:
        """Return the declared values that standardise to zero."""
        ...

    @property
    def scale(self) -> Tensor:
        """Return the declared differences that standardise to one."""
        ...

    def predict(self, X: Tensor) -> Normals:
        """Return densities of what would be measured at X of shape (k, d)."""
        ...

    def summary(self) -> Mapping[str, object]:
        """Return the fitted hyper-parameters by quantity, as plain numbers."""
        ...
