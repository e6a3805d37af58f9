"""Results so far from what was expected that they are probably typing mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass

from labagent.campaigns import Campaign
from labagent.experiments import (
    Basis,
    ExperimentRecord,
    Kind,
    Measurement,
    Prediction,
)
from labagent.variables import Real

FAR = 8.0
"""Predicted standard deviations from which a result outside its range is doubted."""

VERY_FAR = 20.0
"""The same where no range is declared. Young models are too sure of themselves, so a
result this far off may well be right; then the person who typed it says so once more.
"""


@dataclass(frozen=True)
class Doubt:
    """A result that was hardly to be expected.

    Attributes:
        measurement: The result.
        prediction: What was sealed.
        sigmas: Signed distance, in predicted standard deviations.
    """

    measurement: Measurement
    prediction: Prediction
    sigmas: float


def doubts(
    campaign: Campaign, record: ExperimentRecord, measurements: Sequence[Measurement]
) -> tuple[Doubt, ...]:
    """Return the results that are hardly to be expected.

    With a declared ``expect: [low, high]`` a result is doubted that lies more than
    :data:`FAR` off and outside that range made wider by its own width on both sides;
    without one, if it lies more than :data:`VERY_FAR` from a model's prediction. The
    prior alone is no reason to doubt where nobody declared a range. Nothing was
    predicted of an experiment in which a state was set.

    Args:
        campaign: Declares what is expected.
        record: The experiment, with its sealed predictions.
        measurements: What is offered for it.
    """
    if record.was_set:
        return ()
    sealed = {s.prediction.quantity: s.prediction for s in record.predictions}
    ranges = {v.name: v.domain for v in campaign.measured}
    found: list[Doubt] = []
    for m in measurements:
        prediction = sealed.get(m.quantity)
        if m.kind is not Kind.RESULT or m.value is None or prediction is None:
            continue
        sigmas = prediction.surprise(m.value)
        outside = _outside(ranges.get(m.quantity), m.value)
        if outside is None:
            model = prediction.basis is Basis.MODEL
            doubtful = model and abs(sigmas) > VERY_FAR
        else:
            doubtful = outside and abs(sigmas) > FAR
        if doubtful:
            found.append(Doubt(m, prediction, sigmas))
    return tuple(found)


def _outside(domain: object, value: float) -> bool | None:
    """Return whether a value lies outside a widened range; None where none is known."""
    if not isinstance(domain, Real) or domain.low is None or domain.high is None:
        return None
    width = domain.high - domain.low
    return not domain.low - width <= value <= domain.high + width
