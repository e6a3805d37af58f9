"""Fit the laws of a declared graph, each on the rows that tell of it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

import torch
from torch import Tensor

from labagent.campaigns import Recurrence
from labagent.causes import ProcessGraph
from labagent.errors import ModelError
from labagent.world.exact import matern52
from labagent.world.fitting import LogPosterior, fit_several, most_probable
from labagent.world.plain import FEWEST_ROWS, standardisation
from labagent.world.priors import length_priors
from labagent.world.replicates import relative_noise
from labagent.world.routes import told_alike
from labagent.world.structural import KINDS, Law, Records, Structural


def fit_structural(
    graph: ProcessGraph, records: Records, recurrences: Sequence[Recurrence] = ()
) -> Structural:
    """Fit every mechanism of a declared graph. A function of its arguments alone.

    Args:
        graph: Certain edges; decide about uncertain ones before.
        records: What was seen.
        recurrences: Quantities of stages that repeat: their turns obey one law.

    Raises:
        ModelError: A mechanism has too few rows that tell of it.
    """
    effects = [n for n in records.values if graph.parents(n)]
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in effects:
        sorter.add(name, *graph.parents(name))
    shared = {
        law.name: law for one in recurrences for law in _common(one, graph, records)
    }
    laws = [
        shared[name] if name in shared else _law(name, graph, records)
        for name in sorter.static_order()
        if name in effects
    ]
    roots = {n: v for n, v in records.values.items() if n not in effects}
    together = _together(roots, records)
    used = {p for law in laws for p in law.parents}
    known = {n: v for r in recurrences for n, v in r.start.items() if n in used}
    count = len(next(iter(together.values()), torch.empty(1)))
    for name, value in known.items():
        together[name] = torch.full((count, 1), value, dtype=torch.float64)
    return Structural(tuple(laws), together, known)


def _together(roots: Mapping[str, Tensor], records: Records) -> dict[str, Tensor]:
    """Return roots in the rows in which all were seen and took their course.

    A root that was always set has no natural course: its values stand in for one.
    """
    if not roots:
        return {}
    complete = torch.stack([~v.isnan().any(-1) for v in roots.values()]).all(0)
    free = torch.stack([records.left_alone(n) for n in roots]).all(0)
    rows = complete & free if bool((complete & free).any()) else complete
    return {n: v[rows] for n, v in roots.items()}


def telling_rows(
    name: str, parents: Sequence[str], graph: ProcessGraph, records: Records
) -> Tensor:
    """Return (n,) which rows tell of a variable's mechanism.

    Those in which it and its parents were seen, it was left alone, and every parent
    that shares a hidden cause with it was set.
    """
    rows = ~records.values[name][:, 0].isnan() & records.left_alone(name)
    for parent in parents:
        rows &= ~records.values[parent].isnan().any(-1)
    for a, b in graph.hidden:
        other = b if a == name else a
        if name in (a, b) and other in parents:
            rows &= ~records.left_alone(other)
    return rows


def _law(name: str, graph: ProcessGraph, records: Records) -> Law:
    """Return the mechanism of a variable that is measured once."""
    parents = graph.parents(name)
    rows = telling_rows(name, parents, graph, records)
    if int(rows.sum()) < FEWEST_ROWS:
        raise ModelError(
            f"mechanism of {name}: got {int(rows.sum())} rows that tell of it, must "
            f"have at least {FEWEST_ROWS}; measure it together with "
            f"{', '.join(parents)}"
        )
    x = torch.cat([records.values[p] for p in parents], dim=-1)[rows]
    y = records.values[name][rows, 0]
    groups = records.lengths_of(parents)
    return _fitted((name, parents), (x, groups), y, log=_positive([name], records))


def _common(one: Recurrence, graph: ProcessGraph, records: Records) -> Iterator[Law]:
    """Yield the one law of all turns; nothing where their causes differ."""
    order = sorted(told_alike(one, [graph.parents(m) for m in one.members]))
    if len(one.members) < 2 or not order:  # noqa: PLR2004 one turn has its own law
        return
    known = {
        n: torch.full((records.count, 1), value, dtype=torch.float64)
        for n, value in one.start.items()
    }
    values = {**records.values, **known}
    xs: list[Tensor] = []
    ys: list[Tensor] = []
    for member, names in one.turns:
        parents = [names.get(p, p) for p in order]
        measured = [p for p in parents if p not in known]
        rows = telling_rows(member, measured, graph, records)
        xs.append(torch.cat([values[p] for p in parents], dim=-1)[rows])
        ys.append(records.values[member][rows, 0])
    x, y = torch.cat(xs), torch.cat(ys)
    if len(y) < FEWEST_ROWS:
        return
    last = one.names[-1]  # in which nothing is merely known
    groups = records.lengths_of(last.get(p, p) for p in order)
    law = _fitted(("", ()), (x, groups), y, log=_positive(one.members, records))
    for member, names in one.turns:
        parents = tuple(names.get(p, p) for p in order)
        yield replace(law, name=member, parents=parents, kind=one.quantity)


def _positive(names: Iterable[str], records: Records) -> bool:
    """Return whether variables always were positive, so that they have logs."""
    seen = torch.cat([records.values[n][:, 0] for n in names])
    return bool((seen[~seen.isnan()] > 0).all())


def _fitted(
    ends: tuple[str, tuple[str, ...]],
    inputs: tuple[Tensor, Tensor],
    y: Tensor,
    *,
    log: bool,
) -> Law:
    """Return the law of a variable given its parents.

    Args:
        ends: The variable and its parents.
        inputs: (n, d) encoded values of the parents; (d,) whose length-scale each has.
        y: (n,) values of the variable, in its unit.
        log: Whether it may be one of logs.
    """
    x, groups = inputs
    low = x.min(dim=0).values
    span = x.max(dim=0).values - low
    span = torch.where(span > 0, span, torch.ones_like(span))
    scaled = (x - low) / span
    found = [_Link.of(scaled, y, groups, log=False)]
    if log:
        found.append(_Link.of(scaled, y.log(), groups, log=True))
    best = max(found, key=lambda link: link.evidence)
    generator = torch.Generator().manual_seed(0)
    gps = tuple(fit_several(best.loss, best.theta, KINDS, generator))
    largest = float(y.max())
    return Law(*ends, low, span, best.shift, best.scale, gps, best.log, largest)


@dataclass(frozen=True)
class _Link:
    """A mechanism's data as they are or as logs, and how likely they are so."""

    loss: LogPosterior
    theta: Tensor
    shift: float
    scale: float
    log: bool
    evidence: float

    @classmethod
    def of(cls, x: Tensor, y: Tensor, groups: Tensor, *, log: bool) -> "_Link":
        shift, scale = standardisation(y)
        loss = LogPosterior(
            x,
            (y - shift) / scale,
            torch.zeros_like(y),
            length_priors(torch.ones(int(groups.max()) + 1, dtype=torch.bool)),
            matern52,
            relative=relative_noise(x, y),
            groups=groups,
        )
        theta = most_probable(loss)
        value, _ = loss(theta)
        slope = float(y.sum()) if log else 0.0  # d log y / dy = 1 / y
        evidence = -value - len(y) * math.log(scale) - slope
        return cls(loss, theta, shift, scale, log, evidence)
