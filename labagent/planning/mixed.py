"""Infinite spaces: continuous, or continuous and discrete together.

Multi-start search in three steps: score many allowed points, some of them close to the
best so far; climb over single-step changes of the discrete controls; then follow the
acquisition's gradient in the continuous controls with the discrete ones held, under the
linear rules that apply. Each step keeps the point it started from unless the new one is
allowed and better. This is BoTorch's alternating search for mixed spaces, with the
space's own rules as the judge of what is allowed [Daulton2022]_.

.. [Daulton2022] S. Daulton et al. Bayesian optimization over discrete and mixed spaces
   via probabilistic reparameterization. NeurIPS 2022 (its alternating baseline).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import torch
from botorch.acquisition import AcquisitionFunction
from botorch.optim import optimize_acqf
from torch import Tensor

from labagent.experiments import RunnerUp
from labagent.planning.finite import (
    RUNNERS_UP,
    Choice,
    MakeAcquisition,
    Wanted,
    device_of,
    score,
)
from labagent.planning.linear import Inequality, inequalities, simplex
from labagent.planning.sampling import sample, tidy
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Choice as Labels
from labagent.variables import (
    Composition,
    Continuous,
    Integer,
    Intervention,
    Value,
    Variable,
    intervention_key,
)
from labagent.world.devices import seeded

RAW = 1024
"""Allowed points scored before any search."""

NEAR = (0.02, 0.1)
"""Standard deviations of points tried around good ones, in the encoding."""

AROUND = 128
"""Points tried around good ones at each of these."""

STARTS = 6
"""Points from which the search climbs."""

KEPT = 4 * STARTS
"""Points that stay in play."""

APART = 0.05
"""Distance in the encoding from which two recipes count as different ideas."""

STEPS = 50
"""Most iterations of a gradient search: later ones hardly move a recipe."""

ROUNDS = 8
"""Most climbs over discrete changes."""


def choose_mixed(
    encoder: SpaceEncoder,
    make: MakeAcquisition,
    wanted: Wanted,
    screen: MakeAcquisition | None = None,
) -> list[Choice]:
    """Choose interventions of an infinite space, one after the other.

    Args:
        encoder: Of the space.
        make: Builds the acquisition.
        wanted: How many, and what is known before.
        screen: Builds a cheaper one, good enough to see where a search should start.
    """
    raw = [dict(a) for a in wanted.around if not encoder.space.violations(a)]
    raw += _nearby(encoder, raw, wanted.seed)
    raw += sample(encoder, RAW, wanted.seed)
    pending = wanted.pending
    chosen: list[Choice] = []
    used = set(wanted.taken)
    for turn in range(wanted.count):
        acquisition = make(pending)
        starts = raw
        if screen is not None:
            rough = _scored(encoder, screen(pending), raw, used)
            starts = [point for _, point in rough[: 2 * KEPT]]
        with seeded(wanted.seed + turn):
            choice = _best(encoder, acquisition, starts, used)
        chosen.append(choice)
        used.add(intervention_key(choice.intervention))
        pending = torch.cat([pending, encoder.encode([choice.intervention])])
    return chosen


def _nearby(
    encoder: SpaceEncoder, around: Sequence[Intervention], seed: int
) -> list[dict[str, Value]]:
    """Return allowed points close to some others: numbers differ, labels do not."""
    if not around:
        return []
    x = encoder.encode(around)
    free = torch.zeros(encoder.width, dtype=x.dtype)
    for control in encoder.space.controls:
        if isinstance(control.domain, (Continuous, Integer)):
            free[encoder.slices[control.name]] = 1.0
    rows = x[torch.arange(AROUND * len(NEAR)) % len(x)]
    scales = torch.tensor(NEAR, dtype=x.dtype).repeat_interleave(AROUND).unsqueeze(-1)
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(rows.shape, generator=generator, dtype=x.dtype)
    moved = encoder.decode((rows + scales * z * free).clamp(0.0, 1.0))
    domains: Mapping[str, Any] = {c.name: c.domain for c in encoder.space.controls}
    points = [{n: tidy(domains[n], v) for n, v in p.items()} for p in moved]
    return [p for p in points if not encoder.space.violations(p)]


Scored = tuple[float, dict[str, Value]]


def _best(
    encoder: SpaceEncoder,
    acquisition: AcquisitionFunction,
    raw: Sequence[dict[str, Value]],
    used: Collection[str],
) -> Choice:
    found = _scored(encoder, acquisition, raw, used)[:KEPT]
    found = _climb(encoder, acquisition, found, used)
    polished = _polish_all(encoder, acquisition, [p for _, p in found[:STARTS]])
    found = _merge(found, _scored(encoder, acquisition, polished, used))
    (top, best), *rest = found
    return Choice(best, top, _runners_up(encoder, best, rest))


def _runners_up(
    encoder: SpaceEncoder, best: Intervention, rest: Sequence[Scored]
) -> tuple[RunnerUp, ...]:
    """Return the next best that are not the same recipe told again."""
    told = encoder.encode([best])
    runners: list[RunnerUp] = []
    for value, point in rest:
        x = encoder.encode([point])
        if float((told - x).norm(dim=-1).min()) >= APART:
            told = torch.cat([told, x])
            runners.append(RunnerUp(point, value))
    return tuple(runners[:RUNNERS_UP])


def _scored(
    encoder: SpaceEncoder,
    acquisition: AcquisitionFunction,
    points: Sequence[dict[str, Value]],
    used: Collection[str],
) -> list[Scored]:
    """Return the untaken points with their scores, best first."""
    free = [p for p in points if intervention_key(p) not in used]
    if not free:
        return []
    values = score(acquisition, encoder.encode(free).to(device_of(acquisition)))
    order = torch.argsort(values, descending=True, stable=True).tolist()
    return [(float(values[i]), free[i]) for i in order]


def _merge(a: Sequence[Scored], b: Sequence[Scored]) -> list[Scored]:
    """Return the distinct points of both lists, best first."""
    best: dict[str, Scored] = {}
    for item in (*a, *b):
        key = intervention_key(item[1])
        if key not in best or item[0] > best[key][0]:
            best[key] = item
    return sorted(best.values(), key=lambda item: -item[0])


def _climb(
    encoder: SpaceEncoder,
    acquisition: AcquisitionFunction,
    start: Sequence[Scored],
    used: Collection[str],
) -> list[Scored]:
    """Return the points after climbing over single changes of discrete controls."""
    found = list(start)
    for _ in range(ROUNDS):
        before = [item[0] for item in found[:STARTS]]
        steps = [
            n
            for _, point in found[:STARTS]
            for n in neighbours(encoder.space.controls, point)
            if not encoder.space.violations(n)
        ]
        found = _merge(found, _scored(encoder, acquisition, steps, used))
        found = found[:KEPT]
        if [item[0] for item in found[:STARTS]] == before:
            break
    return found


def neighbours(
    controls: Sequence[Variable], point: Intervention
) -> Iterator[dict[str, Value]]:
    """Yield copies of a point with one discrete control changed by one step."""
    for control in controls:
        for value in _steps(control, point[control.name]):
            yield {**point, control.name: value}


def _steps(control: Variable, value: Value) -> Iterator[Value]:
    match control.domain, value:
        case Labels() as domain, _:
            yield from (o for o in domain.options if o != value)
        case Integer() as domain, int() | float():
            jump = max(1, domain.size // 10)
            steps = {value - 1, value + 1, value - jump, value + jump}
            yield from sorted(s for s in steps if domain.low <= s <= domain.high)
        case Continuous(step=float() as step), int() | float():
            yield from (tidy(control.domain, value + s) for s in (-step, step))
        case Composition() as domain, Mapping() if domain.step is not None:
            yield from _transfers(domain.symbols, value, float(domain.step))
        case _:
            return


def _transfers(
    symbols: Sequence[str], value: Mapping[str, float], step: float
) -> Iterator[dict[str, float]]:
    """Yield compositions with one step moved from one species to another."""
    for giver in symbols:
        if value.get(giver, 0.0) < step - 1e-9:
            continue
        for taker in symbols:
            if taker != giver:
                yield {
                    **value,
                    giver: max(value[giver] - step, 0.0),
                    taker: value.get(taker, 0.0) + step,
                }


def _polish_all(
    encoder: SpaceEncoder,
    acquisition: AcquisitionFunction,
    starts: Sequence[Intervention],
) -> list[dict[str, Value]]:
    """Return the allowed points that gradient searches from starts end at.

    Starts that hold the same entries under the same rules are searched together.
    """
    groups: dict[str, list[Intervention]] = {}
    for start in starts:
        fixed = _fixed_features(encoder, encoder.encode([start]))
        rules = inequalities(encoder, start)
        same = repr((fixed, [(r.index, r.coefficient, r.bound) for r in rules]))
        groups.setdefault(same, []).append(start)
    return [
        p for group in groups.values() for p in _polish(encoder, acquisition, group)
    ]


def _polish(
    encoder: SpaceEncoder,
    acquisition: AcquisitionFunction,
    starts: Sequence[Intervention],
) -> list[dict[str, Value]]:
    """Return the allowed points of a joint search from starts of one group."""
    x = encoder.encode(starts)
    fixed = _fixed_features(encoder, x[:1])
    if len(fixed) == encoder.width:
        return []
    device = device_of(acquisition)
    rules = inequalities(encoder, starts[0])
    bounds = torch.stack([torch.zeros_like(x[0]), torch.ones_like(x[0])])
    end, _ = optimize_acqf(
        acquisition,
        bounds=bounds.to(device),
        q=1,
        num_restarts=len(starts),
        batch_initial_conditions=x.unsqueeze(1).to(device),
        return_best_only=False,
        fixed_features=fixed or None,
        inequality_constraints=_on(rules, device),
        equality_constraints=_on(simplex(encoder), device),
        options={"maxiter": STEPS},
    )
    found: list[dict[str, Value]] = []
    for one in end.cpu():
        points = _tidied(encoder, one.reshape(1, -1))
        found += [p for p in points if not encoder.space.violations(p)][:1]
    return found


def _on(
    rules: Sequence[Inequality], device: torch.device
) -> list[tuple[Tensor, Tensor, float]] | None:
    moved = [(r.index.to(device), r.coefficient.to(device), r.bound) for r in rules]
    return moved or None


def _tidied(encoder: SpaceEncoder, x: Tensor) -> list[dict[str, Value]]:
    """Return the intervention at x (1, d), rounded for people, then as it is."""
    exact = encoder.decode(x)[0]
    domains: Mapping[str, Any] = {c.name: c.domain for c in encoder.space.controls}
    return [{n: tidy(domains[n], v) for n, v in exact.items()}, exact]


def _fixed_features(encoder: SpaceEncoder, x: Tensor) -> dict[int, float]:
    """Return the entries a gradient must not move: discrete ones, absent species."""
    fixed: dict[int, float] = {}
    for control in encoder.space.controls:
        part, place = encoder.parts[control.name], encoder.slices[control.name]
        for i in range(place.start, place.stop):
            absent = isinstance(control.domain, Composition) and float(x[0, i]) == 0.0
            if part.discrete or absent:
                fixed[i] = float(x[0, i])
    return fixed
