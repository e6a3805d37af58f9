"""Everything that may be set, together."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from labagent.variables.constraints import Constraint
from labagent.variables.domains import (
    TOLERANCE,
    Domain,
    Intervention,
    Label,
    Real,
    Value,
    Variable,
)


def intervention_key(intervention: Intervention) -> str:
    """Return a text that is equal for equal interventions, whatever their order.

    Numbers are compared to 10 significant digits, so that 0.1 + 0.2 equals 0.3.
    """

    def plain(value: Value) -> object:
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            return {s: plain(x) for s, x in sorted(value.items()) if x > TOLERANCE}
        return float(f"{value:.10g}") + 0.0

    return json.dumps({k: plain(v) for k, v in sorted(intervention.items())})


@dataclass(frozen=True)
class DesignSpace:
    """Everything that may be set, and the rules between the settings.

    Attributes:
        controls: The variables that are set.
        constraints: Rules every intervention keeps, safety limits included.
        candidates: Where given, the only interventions allowed (a table of recipes).
    """

    controls: tuple[Variable, ...]
    constraints: tuple[Constraint, ...] = ()
    candidates: tuple[Intervention, ...] | None = None

    def __getitem__(self, name: str) -> Variable:
        """Return a control by name."""
        for control in self.controls:
            if control.name == name:
                return control
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the controls in order."""
        return tuple(c.name for c in self.controls)

    @property
    def size(self) -> int | None:
        """Number of grid points before constraints; None where there is no grid."""
        if self.candidates is not None:
            return len(self.candidates)
        sizes = [c.domain.size for c in self.controls]
        known = [s for s in sizes if s is not None]
        return math.prod(known) if len(known) == len(sizes) else None

    def points(self) -> Iterator[dict[str, Value]]:
        """Yield every allowed intervention of a finite space.

        Raises:
            ValueError: The space is not finite.
        """
        if self.candidates is not None:
            grid: Iterator[dict[str, Value]] = (dict(c) for c in self.candidates)
        else:
            axes: list[Sequence[Value]] = [_axis(c.domain) for c in self.controls]
            grid = (
                dict(zip(self.names, values, strict=True)) for values in product(*axes)
            )
        yield from (p for p in grid if not self._rule_violations(p))

    def _rule_violations(self, intervention: Intervention) -> list[str]:
        return [v for rule in self.constraints for v in rule.violations(intervention)]

    def violations(self, intervention: Intervention) -> list[str]:
        """Return everything wrong with an intervention; empty means it is allowed."""
        found = [
            f"control {name}: got no value, must be set"
            for name in self.names
            if name not in intervention
        ]
        found += [
            f"control {name}: is not one of {', '.join(self.names)}"
            for name in intervention
            if name not in self.names
        ]
        found += self.value_violations(intervention)
        return found or self._rule_violations(intervention)

    def value_violations(self, intervention: Intervention) -> list[str]:
        """Return which of the values set lie outside their control's domain."""
        return [
            f"control {control.name}: {violation}"
            + (f" {control.unit}" if control.unit else "")
            for control in self.controls
            if control.name in intervention
            for violation in control.domain.violations(intervention[control.name])
        ]


def _axis(domain: Domain) -> Sequence[Value]:
    if isinstance(domain, (Real, Label)):
        raise TypeError(f"a control cannot have the domain {domain}")
    return tuple(domain.points())
