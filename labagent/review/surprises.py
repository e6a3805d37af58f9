"""Results that lay far from what was predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

from labagent.experiments import Basis, ExperimentRecord
from labagent.review.calibration import compared


@dataclass(frozen=True)
class Surprise:
    """A result and how far it lay from its sealed prediction.

    Attributes:
        number: The experiment.
        quantity: What was measured.
        unit: Its unit.
        value: The result, in ``unit``.
        mean: What was expected, in ``unit``: the centre.
        std: Predicted spread, in ``unit``.
        sigmas: Signed distance in predicted standard deviations.
    """

    number: int
    quantity: str
    unit: str
    value: float
    mean: float
    std: float
    sigmas: float


def surprises(
    records: Sequence[ExperimentRecord], threshold: float = 3.0
) -> tuple[Surprise, ...]:
    """Return results more than ``threshold`` predicted deviations off, largest first.

    A prior knows nothing, so only predictions of a model can be surprised.
    """
    found = [
        Surprise(
            number=c.number,
            quantity=c.prediction.quantity,
            unit=c.prediction.unit,
            value=c.value,
            mean=c.prediction.centre,
            std=c.prediction.spread,
            sigmas=c.prediction.surprise(c.value),
        )
        for c in compared(records)
        if c.prediction.basis is Basis.MODEL
    ]
    return tuple(
        sorted(
            (s for s in found if abs(s.sigmas) >= threshold),
            key=lambda s: -abs(s.sigmas),
        )
    )
