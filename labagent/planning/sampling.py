"""Space-filling and random interventions that keep every rule of a space.

Points come from a scrambled Sobol sequence [Owen1998]_ mapped into the space; those
that break a rule are skipped, so what remains fills the allowed part evenly.

.. [Owen1998] A. B. Owen. Scrambling Sobol' and Niederreiter-Xing points. J. Complexity
   14(4), 1998.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from labagent.errors import ModelError
from labagent.representations.composition import largest_remainder
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    ControlDomain,
    DesignSpace,
    Integer,
    Intervention,
    Value,
    Variable,
    intervention_key,
)

BLOCK = 256
"""Sobol points drawn at once."""

NOTHING = 1e-12
"""What is left of a mole fraction once all of it is given out."""

MOST_TRIES = 200 * BLOCK
"""Sobol points tried before a space is called too narrow to sample."""


def sample(
    encoder: SpaceEncoder, count: int, seed: int, taken: Collection[str] = ()
) -> list[dict[str, Value]]:
    """Return the first ``count`` allowed, distinct, untaken points of a sequence.

    The sequence depends on the seed alone, so asking again with the earlier points
    among ``taken`` continues it.

    Args:
        encoder: Of the space.
        count: How many are wanted; fewer come back where the space has no more.
        seed: Scrambles the sequence.
        taken: Keys (:func:`intervention_key`) of interventions not to return. A
            candidate that is listed several times may be taken as often.

    Raises:
        ModelError: The rules leave too little of the space to find a point.
    """
    if encoder.space.candidates is not None:
        return _nearest_candidates(encoder, count, seed, taken)
    found: dict[str, dict[str, Value]] = {}
    for point in _sequence(encoder.space, seed):
        key = intervention_key(point)
        if key in taken or key in found or encoder.space.violations(point):
            continue
        found[key] = point
        if len(found) == count:
            break
    if not found and not taken:
        raise ModelError(
            f"design space: got no allowed point in {MOST_TRIES} tries, must leave "
            "more room; loosen the constraints"
        )
    return list(found.values())


def _sequence(space: DesignSpace, seed: int) -> Iterator[dict[str, Value]]:
    widths = [_coordinates(c.domain) for c in space.controls]
    engine = SobolEngine(dimension=sum(widths), scramble=True, seed=seed)
    for _ in range(0, MOST_TRIES, BLOCK):
        for u in engine.draw(BLOCK, dtype=torch.float64).tolist():
            yield _place(space.controls, widths, u)


def _place(
    controls: Sequence[Variable], widths: Sequence[int], u: list[float]
) -> dict[str, Value]:
    """Return the intervention at a point u of the unit cube."""
    point: dict[str, Value] = {}
    start = 0
    for control, width in zip(controls, widths, strict=True):
        point[control.name] = _value(control.domain, u[start : start + width])
        start += width
    return point


def _coordinates(domain: object) -> int:
    """Return how many coordinates of the unit cube a domain's values take."""
    return 2 * len(domain.species) + 1 if isinstance(domain, Composition) else 1


def _value(domain: object, u: Sequence[float]) -> Value:
    match domain:
        case Composition():
            return _composition(domain, u)
        case Choice():
            return domain.options[min(int(u[0] * domain.size), domain.size - 1)]
        case Integer() | Continuous():
            return _number(domain, u[0])
        case _:
            raise TypeError(f"got {domain!r}, must be the domain of a control")


def _number(domain: Integer | Continuous, u: float) -> Value:
    if domain.log:
        span = math.log(domain.high / domain.low)
        value = domain.low * math.exp(u * span)
        value = round(value) if isinstance(domain, Integer) else value
    elif domain.size is not None:
        step = 1 if isinstance(domain, Integer) else (domain.step or 1.0)
        value = domain.low + step * min(int(u * domain.size), domain.size - 1)
    else:
        value = domain.low + u * (domain.high - domain.low)
    return tidy(domain, value)


def tidy(domain: ControlDomain, value: Value) -> Value:
    """Return a number rounded to what a person would set: 1e-4 of its range.

    Grid values keep their grid, bounds are never crossed, labels are untouched.
    """
    if isinstance(domain, Composition) and isinstance(value, Mapping):
        return _tidy_fractions(domain, value)
    if not isinstance(domain, (Continuous, Integer)) or not isinstance(
        value, (int, float)
    ):
        return value
    if isinstance(domain, Integer):
        return min(max(round(value), domain.low), domain.high)
    if domain.step is not None:
        steps = round((value - domain.low) / domain.step)
        value = round(domain.low + steps * domain.step, 12)
    elif domain.log:
        value = float(f"{value:.5g}")
    else:
        span = domain.high - domain.low
        value = round(value, 4 - math.floor(math.log10(span))) if span > 0 else value
    return min(max(value, domain.low), domain.high)


def _tidy_fractions(
    domain: Composition, value: Mapping[str, float]
) -> dict[str, float]:
    """Return fractions in steps of 1e-4 that sum to one; the largest takes the rest."""
    if domain.step is not None:
        return dict(value)
    rounded = {symbol: round(value.get(symbol, 0.0), 4) for symbol in domain.symbols}
    largest = max(rounded, key=lambda symbol: rounded[symbol])
    rounded[largest] = round(rounded[largest] + 1.0 - sum(rounded.values()), 4)
    return rounded


def _composition(domain: Composition, u: Sequence[float]) -> dict[str, float]:
    """Return a composition uniform over the simplex of a random set of species.

    Args:
        domain: Its limits are kept where shares are cut to them.
        u: 2 k + 1 coordinates: how many species, which ones, and their shares.
    """
    k = len(domain.species)
    needed = {i for i, s in enumerate(domain.species) if s.low > 0}
    fewest = max(domain.at_least, len(needed), 1)
    most = max(min(domain.at_most, k), fewest)
    count = min(fewest + int(u[0] * (most - fewest + 1)), most)
    order = sorted(range(k), key=lambda i: (i not in needed, u[1 + i]))
    present = set(order[:count])
    exponential = [
        -math.log(max(u[1 + k + i], NOTHING)) if i in present else 0.0 for i in range(k)
    ]
    fractions = _within_limits(domain, exponential, present)
    if domain.step is not None:
        fractions = largest_remainder(fractions, round(1 / domain.step))
    value = dict(zip(domain.symbols, fractions, strict=True))
    return _tidy_fractions(domain, value)


def _within_limits(
    domain: Composition, weights: Sequence[float], present: set[int]
) -> list[float]:
    """Return fractions that sum to one: lows, then the rest by weight up to highs."""
    fractions = [s.low for s in domain.species]
    open_set = set(present)
    rest = 1.0 - sum(fractions)
    while rest > NOTHING and open_set:
        total = sum(weights[i] for i in open_set) or 1.0
        shares = {i: rest * weights[i] / total for i in open_set}
        full = {
            i for i in open_set if fractions[i] + shares[i] > domain.species[i].high
        }
        for i in full or open_set:
            room = domain.species[i].high - fractions[i]
            fractions[i] += min(shares[i], room)
        rest = 1.0 - sum(fractions)
        open_set = open_set - full if full else set()
    return fractions


def _nearest_candidates(
    encoder: SpaceEncoder, count: int, seed: int, taken: Collection[str]
) -> list[dict[str, Value]]:
    """Return the untried candidates nearest to successive Sobol points.

    Where those are used up, replicates follow: a table may list a recipe several times.
    """
    points = {intervention_key(p): p for p in encoder.space.points()}
    free = [p for key, p in points.items() if key not in taken]
    X = encoder.encode(free)
    chosen: list[dict[str, Value]] = []
    left: Tensor = torch.ones(len(free), dtype=torch.bool)
    engine = SobolEngine(dimension=encoder.width, scramble=True, seed=seed)
    # as many points are passed over as were taken, so that the sequence goes on
    engine.fast_forward(len(taken))
    for u in engine.draw(min(count, len(free)), dtype=torch.float64):
        low, high = X.amin(dim=0), X.amax(dim=0)
        distance = (X - (low + u * (high - low))).norm(dim=-1)
        i = int(distance.masked_fill(~left, math.inf).argmin())
        left[i] = False
        chosen.append(free[i])
    more = _replicates(encoder.space, [*_each(taken), *map(intervention_key, chosen)])
    return [*chosen, *islice(more, count - len(chosen))]


def _each(taken: Collection[str]) -> Iterator[str]:
    """Yield every key as often as it was taken."""
    yield from taken.elements() if isinstance(taken, Counter) else taken


def _replicates(space: DesignSpace, taken: Iterable[str]) -> Iterator[dict[str, Value]]:
    """Yield the candidates that are left over once the taken ones are crossed off."""
    crossed = Counter(taken)
    for point in space.points():
        key = intervention_key(point)
        if crossed[key] > 0:
            crossed[key] -= 1
        else:
            yield point


def count_keys(interventions: Sequence[Intervention]) -> Counter[str]:
    """Return how often each intervention occurs, by its key."""
    return Counter(intervention_key(i) for i in interventions)
