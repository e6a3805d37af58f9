"""Which values a variable may take."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

Value = float | int | str | Mapping[str, float]
"""A number, a label, or (for a composition) mole fractions by species."""

Intervention = Mapping[str, Value]
"""do(variable = value): one value for every control of a design space."""

TOLERANCE = 1e-9
"""Slack allowed on bounds and sums, relative to the size of the numbers compared."""

STEP_TOLERANCE = 1e-6
"""Slack allowed on a grid, in steps: sums of decimal fractions drift that far."""


class Role(StrEnum):
    """What a variable is to the campaign."""

    CONTROL = "control"
    CONTEXT = "context"
    STATE = "state"
    OUTCOME = "outcome"


def _not_a_number(value: object) -> bool:
    return (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
    )


@dataclass(frozen=True)
class Continuous:
    """A real number between two bounds, on a linear or logarithmic scale.

    Attributes:
        low: Smallest allowed value.
        high: Largest allowed value.
        log: Whether equal ratios, not equal differences, count as equal steps.
        step: Grid spacing counted from ``low``; None means any real number.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def size(self) -> int | None:
        """Number of allowed values, or None where there are infinitely many."""
        if self.step is None:
            return None
        return math.floor((self.high - self.low) / self.step + 1e-6) + 1

    def points(self) -> Iterator[float]:
        """Yield the grid's values in ascending order; needs a step."""
        if self.step is None:
            raise ValueError("a continuous variable without step has no list of values")
        for i in range(self.size or 0):
            yield min(round(self.low + i * self.step, 12), self.high)

    def violations(self, value: Value) -> list[str]:
        """Return what is wrong with a value; an empty list means nothing."""
        if _not_a_number(value) or isinstance(value, (str, Mapping)):
            return [f"got {value!r}, must be a finite number"]
        slack = TOLERANCE * max(abs(self.low), abs(self.high), 1e-300)
        if not self.low - slack <= value <= self.high + slack:
            return [f"got {value:g}, must lie in [{self.low:g}, {self.high:g}]"]
        if self.step is not None:
            steps = (value - self.low) / self.step
            if abs(steps - round(steps)) > STEP_TOLERANCE:
                return [
                    f"got {value:g}, must be {self.low:g} plus whole steps "
                    f"of {self.step:g}"
                ]
        return []


@dataclass(frozen=True)
class Integer:
    """A whole number between two bounds, both included."""

    low: int
    high: int
    log: bool = False

    @property
    def size(self) -> int:
        """Number of allowed values."""
        return self.high - self.low + 1

    def points(self) -> Iterator[int]:
        """Yield the allowed values in ascending order."""
        yield from range(self.low, self.high + 1)

    def violations(self, value: Value) -> list[str]:
        """Return what is wrong with a value; an empty list means nothing."""
        if _not_a_number(value) or isinstance(value, (str, Mapping)):
            return [f"got {value!r}, must be a whole number"]
        if value != round(value):
            return [f"got {value:g}, must be a whole number"]
        if not self.low <= value <= self.high:
            return [f"got {value:g}, must lie in [{self.low}, {self.high}]"]
        return []


@dataclass(frozen=True)
class Choice:
    """One of a list of labels that have no order."""

    options: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of allowed values."""
        return len(self.options)

    def points(self) -> Iterator[str]:
        """Yield the labels in the order they were declared."""
        yield from self.options

    def violations(self, value: Value) -> list[str]:
        """Return what is wrong with a value; an empty list means nothing."""
        if value not in self.options:
            return [f"got {value!r}, must be one of {', '.join(self.options)}"]
        return []


@dataclass(frozen=True)
class Species:
    """One member of a composition and the limits of its mole fraction."""

    symbol: str
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Composition:
    """Mole fractions of several species that sum to one.

    Attributes:
        species: The members and their limits.
        step: Grid spacing of every fraction; None means any real number.
        at_least: Smallest number of species present (fraction above zero) at once.
        at_most: Largest number of species present at once.
    """

    species: tuple[Species, ...]
    step: Fraction | None = None
    at_least: int = 1
    at_most: int = 1_000

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the species in the order they were declared."""
        return tuple(s.symbol for s in self.species)

    @property
    def size(self) -> int | None:
        """Number of allowed compositions, or None where there are infinitely many."""
        if self.step is None:
            return None
        ways = {(0, 0): 1}  # (units used, species present) -> number of ways
        for low, high in self._unit_ranges():
            new: dict[tuple[int, int], int] = {}
            for (used, present), count in ways.items():
                for units in range(low, min(high, self._units - used) + 1):
                    key = (used + units, present + (units > 0))
                    new[key] = new.get(key, 0) + count
            ways = new
        return sum(
            count
            for (used, present), count in ways.items()
            if used == self._units and self.at_least <= present <= self.at_most
        )

    @property
    def _units(self) -> int:
        if self.step is None:
            raise ValueError("a composition without step has no list of values")
        return round(1 / self.step)

    def _unit_ranges(self) -> list[tuple[int, int]]:
        """Limits of each species in whole steps."""
        n = self._units
        return [
            (math.ceil(s.low * n - 1e-6), math.floor(s.high * n + 1e-6))
            for s in self.species
        ]

    def points(self) -> Iterator[dict[str, float]]:
        """Yield every composition on the grid, in lexicographic order; needs a step."""
        n, ranges = self._units, self._unit_ranges()
        rest_low = [sum(r[0] for r in ranges[i:]) for i in range(len(ranges) + 1)]
        rest_high = [sum(r[1] for r in ranges[i:]) for i in range(len(ranges) + 1)]

        def fill(i: int, left: int, head: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
            if i == len(ranges):
                yield head
                return
            low = max(ranges[i][0], left - rest_high[i + 1])
            high = min(ranges[i][1], left - rest_low[i + 1])
            for units in range(low, high + 1):
                yield from fill(i + 1, left - units, (*head, units))

        for counts in fill(0, n, ()):
            if self.at_least <= sum(c > 0 for c in counts) <= self.at_most:
                yield {s: c / n for s, c in zip(self.symbols, counts, strict=True)}

    def violations(self, value: Value) -> list[str]:
        """Return what is wrong with a value; an empty list means nothing."""
        if not isinstance(value, Mapping):
            return [f"got {value!r}, must give the fraction of each species"]
        found = [
            f"got {symbol}, must be among {', '.join(self.symbols)}"
            for symbol in value
            if symbol not in self.symbols
        ]
        if found:
            return found
        for species in self.species:
            found += self._fraction_violations(species, value.get(species.symbol, 0.0))
        if found:
            return found
        total = sum(value.values())
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            found.append(f"got fractions that sum to {total:g}, must sum to 1")
        present = sum(x > TOLERANCE for x in value.values())
        if not self.at_least <= present <= self.at_most:
            found.append(
                f"got {present} species present, must be {self.at_least} to "
                f"{min(self.at_most, len(self.species))} at once"
            )
        return found

    def _fraction_violations(self, species: Species, x: float) -> list[str]:
        if _not_a_number(x):
            return [f"got {species.symbol} = {x!r}, must be a finite number"]
        if not species.low - 1e-9 <= x <= species.high + 1e-9:
            return [
                f"got {species.symbol} = {x:g}, must lie in "
                f"[{species.low:g}, {species.high:g}]"
            ]
        if self.step is not None:
            steps = x / float(self.step)
            if abs(steps - round(steps)) > STEP_TOLERANCE:
                return [
                    f"got {species.symbol} = {x:g}, must be whole steps of {self.step}"
                ]
        return []


@dataclass(frozen=True)
class Real:
    """A measured number; the expected range, where known, scales prior predictions.

    Attributes:
        low: Where about 2.5 % of values are expected to lie below, or None.
        high: Where about 2.5 % of values are expected to lie above, or None.
        settable: Least and largest value that somebody may set it to instead of letting
            it come about; None where it is only measured.
        noise: Standard uncertainty of a result that comes without one; None where it
            is to be learned.
    """

    low: float | None = None
    high: float | None = None
    settable: tuple[float, float] | None = None
    noise: float | None = None
    size: None = None

    def violations(self, value: Value) -> list[str]:
        """Return what is wrong with a value; an empty list means nothing."""
        return (
            [f"got {value!r}, must be a finite number"] if _not_a_number(value) else []
        )


@dataclass(frozen=True)
class Label:
    """A free text that is recorded, such as an operator's name."""

    size: None = None

    def violations(self, value: Value) -> list[str]:
        """Return what is wrong with a value; an empty list means nothing."""
        if not isinstance(value, str) or not value.strip():
            return [f"got {value!r}, must be a text"]
        return []


ControlDomain = Continuous | Integer | Choice | Composition
Domain = ControlDomain | Real | Label


@dataclass(frozen=True)
class Variable:
    """A named quantity of the campaign.

    Attributes:
        name: Unique name; a stage's control is called ``stage.control``.
        role: What it is to the campaign.
        domain: Which values it may take.
        unit: Unit of its numbers as pint reads it; empty for labels and fractions.
    """

    name: str
    role: Role
    domain: Domain
    unit: str = ""

    @property
    def settable(self) -> bool:
        """Whether somebody may set it: a control, or a state declared so."""
        able = isinstance(self.domain, Real) and self.domain.settable is not None
        return self.role is Role.CONTROL or (self.role is Role.STATE and able)
