"""What was expected: mixtures of normal densities."""

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist


class Basis(StrEnum):
    """What a prediction rests on."""

    PRIOR = "prior"  # no data yet: the campaign file's expectation
    MODEL = "model"


_CENTRAL = 0.9
_WIDTH = 2 * NormalDist().inv_cdf(0.5 + _CENTRAL / 2)
_HALVINGS, _PRECISION = 80, 1e-14


@dataclass(frozen=True)
class Member:
    """One member's normal predictive density of a quantity, noise included.

    Attributes:
        name: The member of the mixture.
        weight: Its weight in the mixture when the prediction was sealed.
        mean: In the quantity's unit.
        std: In the quantity's unit, above zero.
    """

    name: str
    weight: float
    mean: float
    std: float


@dataclass(frozen=True)
class Prediction:
    """What the model said a quantity would be, before the experiment.

    The density is the mixture of its members' normal densities.

    Attributes:
        quantity: What is predicted.
        unit: Its unit.
        members: Densities by member; weights sum to one.
        basis: Whether a model or only the prior spoke.
    """

    quantity: str
    unit: str
    members: tuple[Member, ...]
    basis: Basis = Basis.MODEL

    @property
    def mean(self) -> float:
        """Mean of the mixture, in ``unit``."""
        return sum(m.weight * m.mean for m in self.members)

    @property
    def std(self) -> float:
        """Standard deviation of the mixture, in ``unit``."""
        mean = self.mean
        return math.sqrt(
            sum(m.weight * (m.std**2 + (m.mean - mean) ** 2) for m in self.members)
        )

    @property
    def spread(self) -> float:
        """Standard deviation of the normal with the same central 90 %, in ``unit``.

        A mixture's variance is ruled by its rarest and widest members; this, which
        people are shown, by what is expected.
        """
        if len(self.members) == 1:
            return self.members[0].std
        low, high = self.interval(_CENTRAL)
        return (high - low) / _WIDTH

    @property
    def centre(self) -> float:
        """Median of the mixture, in ``unit``: what people are shown before the ±."""
        if len(self.members) == 1:
            return self.members[0].mean
        return self.quantile(0.5)

    def __repr__(self) -> str:
        return f"<{self.quantity} {self.centre:.4g} ± {self.spread:.2g} {self.unit}>"

    def log_density(self, value: float) -> float:
        """Return the natural log of the density at a value, in nats per unit."""
        terms = [
            math.log(m.weight)
            - 0.5 * ((value - m.mean) / m.std) ** 2
            - math.log(m.std * math.sqrt(2 * math.pi))
            for m in self.members
            if m.weight > 0
        ]
        top = max(terms)
        return top + math.log(sum(math.exp(t - top) for t in terms))

    def probability_below(self, value: float) -> float:
        """Return P(quantity <= value)."""
        return sum(
            0.5 * m.weight * math.erfc((m.mean - value) / (m.std * math.sqrt(2.0)))
            for m in self.members
        )

    def quantile(self, probability: float) -> float:
        """Return the value below which a share of the density lies, by bisection."""
        z = NormalDist().inv_cdf(probability)
        ends = [m.mean + z * m.std for m in self.members if m.weight > 0]
        low, high = min(ends), max(ends)
        for _ in range(_HALVINGS):
            if high - low <= _PRECISION * max(abs(low), abs(high)):
                break
            middle = 0.5 * (low + high)
            if self.probability_below(middle) < probability:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the central interval that holds a share ``level`` of the density."""
        tail = 0.5 * (1 - level)
        return self.quantile(tail), self.quantile(1 - tail)

    def surprise(self, value: float) -> float:
        """Return how many predicted spreads a value lies off, signed."""
        return (value - self.centre) / self.spread
