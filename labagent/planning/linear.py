"""Rules between controls as linear inequalities between entries of an encoding."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labagent.representations.encoder import SpaceEncoder
from labagent.variables import (
    Composition,
    Constraint,
    Continuous,
    Integer,
    Intervention,
    Term,
)


@dataclass(frozen=True)
class Inequality:
    """``sum of coefficient * x[index] >= bound`` (or ``==``), as BoTorch takes it.

    Attributes:
        index: (k,) entries of the encoding.
        coefficient: (k,) float64.
        bound: Right-hand side.
    """

    index: Tensor
    coefficient: Tensor
    bound: float


def inequalities(encoder: SpaceEncoder, start: Intervention) -> list[Inequality]:
    """Return the rules that apply at a point and are linear in the encoding.

    Rules on logarithmic controls are not linear there and are left out: whoever uses
    this checks the outcome against the space. Limits of continuous compositions are
    among the rules.
    """
    found = _species_limits(encoder)
    for rule in encoder.space.constraints:
        if all(c.holds(start) for c in rule.when):
            linear = _linear(encoder, rule)
            if linear is not None:
                found.append(linear)
    return found


def _linear(encoder: SpaceEncoder, rule: Constraint) -> Inequality | None:
    index: list[int] = []
    coefficient: list[float] = []
    constant = 0.0
    for term in rule.terms:
        entry = _entry(encoder, term)
        if entry is None:
            return None
        i, low, span = entry
        index.append(i)
        coefficient.append(-term.coefficient * span)
        constant += term.coefficient * low
    return Inequality(
        torch.tensor(index, dtype=torch.long),
        torch.tensor(coefficient, dtype=torch.float64),
        constant - rule.bound,
    )


def _entry(encoder: SpaceEncoder, term: Term) -> tuple[int, float, float] | None:
    """Return (i, low, span) such that the term's variable is low + span * x[i]."""
    domain = encoder.space[term.variable].domain
    start = encoder.slices[term.variable].start
    if isinstance(domain, Composition) and term.component is not None:
        return start + domain.symbols.index(term.component), 0.0, 1.0
    if isinstance(domain, (Continuous, Integer)) and not domain.log:
        return start, float(domain.low), float(domain.high - domain.low) or 1.0
    return None


def _continuous_compositions(
    encoder: SpaceEncoder,
) -> Sequence[tuple[Composition, slice]]:
    return [
        (control.domain, encoder.slices[control.name])
        for control in encoder.space.controls
        if isinstance(control.domain, Composition) and control.domain.step is None
    ]


def _species_limits(encoder: SpaceEncoder) -> list[Inequality]:
    one = torch.ones(1, dtype=torch.float64)
    found: list[Inequality] = []
    for domain, place in _continuous_compositions(encoder):
        for i, species in enumerate(domain.species, start=place.start):
            at = torch.tensor([i], dtype=torch.long)
            if species.low > 0:
                found.append(Inequality(at, one, species.low))
            if species.high < 1:
                found.append(Inequality(at, -one, -species.high))
    return found


def simplex(encoder: SpaceEncoder) -> list[Inequality]:
    """Return the equalities that make each continuous composition sum to one."""
    return [
        Inequality(
            torch.arange(place.start, place.stop),
            torch.ones(place.stop - place.start, dtype=torch.float64),
            1.0,
        )
        for _, place in _continuous_compositions(encoder)
    ]
