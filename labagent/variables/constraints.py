"""Rules between controls: linear, ratio, conditional."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labagent.variables.domains import TOLERANCE, Intervention, Value

SLACK = 1e-7
"""What rounding may add to a rule's sum, as a share of its largest part."""


@dataclass(frozen=True)
class Term:
    """``coefficient * variable``, or of one species' fraction in a composition."""

    coefficient: float
    variable: str
    component: str | None = None

    @property
    def path(self) -> str:
        """The name as the campaign file writes it."""
        return f"{self.variable}.{self.component}" if self.component else self.variable


def look_up(intervention: Intervention, variable: str, component: str | None) -> Value:
    """Return the value a name path points to.

    Args:
        intervention: The values set.
        variable: Name of a control.
        component: Species of a composition, or None.

    Raises:
        KeyError: No such control.
    """
    value = intervention[variable]
    if component is None:
        return value
    if not isinstance(value, Mapping):
        raise KeyError(f"{variable} is not a composition, so has no {component}")
    return value.get(component, 0.0)


@dataclass(frozen=True)
class Condition:
    """``variable == value`` (or !=, <=, >=): when a constraint applies."""

    variable: str
    component: str | None
    relation: str
    value: float | str

    def holds(self, intervention: Intervention) -> bool:
        """Return whether the condition is met."""
        found = look_up(intervention, self.variable, self.component)
        if isinstance(found, Mapping):
            raise TypeError(f"condition on {self.variable}: name one of its species")
        if isinstance(found, str) or isinstance(self.value, str):
            return (found == self.value) == (self.relation == "==")
        close = math.isclose(
            found, self.value, rel_tol=TOLERANCE, abs_tol=self._rounding
        )
        match self.relation:
            case "==":
                return close
            case "!=":
                return not close
            case "<=":
                return close or found <= self.value
            case _:
                return close or found >= self.value

    @property
    def _rounding(self) -> float:
        """Absolute rounding: fractions are parts of one, other units know no size."""
        return 0.0 if self.component is None else TOLERANCE


@dataclass(frozen=True)
class Constraint:
    """A linear rule between controls, ``sum of terms <= bound``, perhaps conditional.

    Ratios become linear (``a / b <= r`` is ``a - r b <= 0`` for b >= 0), and ``>=``
    becomes ``<=`` by changing signs, before one of these is made.

    Attributes:
        text: The rule as the campaign file states it.
        terms: Left-hand side.
        bound: Right-hand side.
        when: The rule applies where all of these hold.
    """

    text: str
    terms: tuple[Term, ...]
    bound: float
    when: tuple[Condition, ...] = ()

    def excess(self, intervention: Intervention) -> float:
        """Return by how much the rule is broken; zero or less means it is kept."""
        parts = self._parts(intervention)
        return -math.inf if parts is None else sum(parts) - self.bound

    def _parts(self, intervention: Intervention) -> list[float] | None:
        """Return each term's value; None where the rule does not apply."""
        if not all(c.holds(intervention) for c in self.when):
            return None
        parts: list[float] = []
        for term in self.terms:
            value = look_up(intervention, term.variable, term.component)
            if not isinstance(value, (int, float)):
                raise TypeError(f"constraint {self.text!r}: {term.path} is no number")
            parts.append(term.coefficient * value)
        return parts

    def violations(self, intervention: Intervention) -> list[str]:
        """Return the rule's text and its excess where it is broken, else nothing.

        Rounding is forgiven relative to the numbers that are added, so that a limit of
        1e-9 bar is as strict as one of 1 bar.
        """
        parts = self._parts(intervention)
        if parts is None:
            return []
        excess = sum(parts) - self.bound
        if excess <= SLACK * max(abs(self.bound), *map(abs, parts), 0.0):
            return []
        return [f"got an excess of {excess:g}, must keep {self.text!r}"]
