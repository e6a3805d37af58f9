"""How far the sealed predictions were off, and whether they knew it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from labagent.experiments import Basis, ExperimentRecord, Prediction

LEVELS = (0.50, 0.80, 0.90, 0.95)
"""Central intervals whose coverage is reported."""


@dataclass(frozen=True)
class Coverage:
    """How many results lay inside the predicted interval of one level.

    Attributes:
        level: Share of the density the interval holds.
        n: Number of results compared.
        inside: How many of them lay inside.
        low: Lower end of the 95 % Wilson interval of the true share.
        high: Its upper end.
    """

    level: float
    n: int
    inside: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Share of results inside; not a number where there are none."""
        return self.inside / self.n if self.n else math.nan

    @property
    def plausible(self) -> bool:
        """Whether the level itself is compatible with what was counted."""
        return self.low <= self.level <= self.high


@dataclass(frozen=True)
class Calibration:
    """What the sealed predictions of a model were worth.

    Attributes:
        quantity: The quantity, or None where all are pooled.
        n: Results that had a prediction by a model.
        prior: Results that had only the prior's prediction; they count nowhere else.
        coverage: One per level of :data:`LEVELS`.
        nlpd: Mean negative log predictive density, in nats (the quantity's unit to the
            power -1 under the logarithm); None without results, or where quantities
            of different units are pooled.
        rmse: Root mean square error in predicted standard deviations; None without
            results. One is right; more is over-confident.
    """

    quantity: str | None
    n: int
    prior: int
    coverage: tuple[Coverage, ...]
    nlpd: float | None
    rmse: float | None


@dataclass(frozen=True)
class Compared:
    """A sealed prediction beside the result it was made for."""

    number: int
    prediction: Prediction
    value: float


def compared(records: Sequence[ExperimentRecord]) -> Iterator[Compared]:
    """Yield every sealed prediction whose result is known.

    Predictions are of what a recipe gives; where a state was set besides, they were not
    put to the test.
    """
    for record in (r for r in records if not r.was_set):
        results = record.results
        for sealed in record.predictions:
            value = results.get(sealed.prediction.quantity)
            if value is not None:
                yield Compared(record.number, sealed.prediction, value)


def calibration(
    records: Sequence[ExperimentRecord], quantity: str | None = None
) -> Calibration:
    """Compare sealed predictions with results, for one quantity or all together."""
    pairs = [c for c in compared(records) if quantity in (None, c.prediction.quantity)]
    model = [c for c in pairs if c.prediction.basis is Basis.MODEL]
    # u is the probability the prediction gave to values below the result: the
    # central interval of a level holds the result where u lies in the central share.
    below = [c.prediction.probability_below(c.value) for c in model]
    quantities = {c.prediction.quantity for c in model}
    return Calibration(
        quantity=quantity,
        n=len(model),
        prior=len(pairs) - len(model),
        coverage=tuple(_coverage(level, below) for level in LEVELS),
        nlpd=_nlpd(model) if len(quantities) == 1 else None,
        rmse=_rmse(model) if model else None,
    )


def calibrations(records: Sequence[ExperimentRecord]) -> tuple[Calibration, ...]:
    """Return the calibration of every predicted quantity, in order of first sight."""
    names = dict.fromkeys(c.prediction.quantity for c in compared(records))
    return tuple(calibration(records, name) for name in names)


def wilson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval for a share; (0, 1) where nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def _coverage(level: float, below: Sequence[float]) -> Coverage:
    tail = 0.5 * (1 - level)
    inside = sum(tail <= u <= 1 - tail for u in below)
    low, high = wilson(inside, len(below))
    return Coverage(level, len(below), inside, low, high)


def _nlpd(model: Sequence[Compared]) -> float:
    return -fmean(c.prediction.log_density(c.value) for c in model)


def _rmse(model: Sequence[Compared]) -> float:
    return math.sqrt(fmean(c.prediction.surprise(c.value) ** 2 for c in model))
