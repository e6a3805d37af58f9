"""One law for all turns of a stage that repeats: s' = f(s, a).

What a turn leaves behind depends on what the turn before left and on its own settings,
by the same function each time: the turns' rows are pooled, and a network that follows
this law uses the same draw of it in every turn. That the turns do share a law is
declared, and judged by the data like everything else: against it stands a law of its
own for each turn.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from labagent.world.evidence import Evidence
from labagent.world.fitting import FIRST, LogPosterior, evenly
from labagent.world.network import Candidate
from labagent.world.parents import (
    at_best,
    find_parents,
    likely,
    probable,
    weighed,
    weighed_views,
)
from labagent.world.plain import FEWEST_ROWS
from labagent.world.replicates import relative_noise
from labagent.world.routes import Node, ParentSet
from labagent.world.views import View, noises_of, range_of, views_of

SAME = 0.9
"""Probability that turns share a law, before any data."""


def find_shared(
    nodes: Sequence[Node], evidence: Evidence, place: torch.device
) -> Mapping[str, tuple[Candidate, ...]]:
    """Return the candidates of a quantity in every turn that may share a law.

    Those of the shared law come first, alike in number, order and probability, and
    with the very same process.

    Args:
        nodes: The quantity, turn by turn.
        evidence: The data.
        place: Where the processes live.

    Raises:
        ModelError: It was never measured twice together with what it depends on.
    """
    pools = _pools(nodes, evidence, place)
    if not pools:
        return {n.name: find_parents(n, evidence, place) for n in nodes}
    alone = [views_of(n, n.sets, evidence, place) for n in nodes]
    complete = [
        view.rows for views in (*alone, *(p.views for p in pools)) for view in views
    ]
    common = torch.stack(complete).all(dim=0)
    if int(common.sum()) < FEWEST_ROWS:
        return _placed(nodes, _by_all_rows(pools))
    rows = _thinned(common, FIRST // len(nodes))
    best, logs = weighed([p.loss(rows) for p in pools], [p.prior for p in pools])
    own = [weighed_views(views, rows) for views in alone]
    apart = torch.stack([found.logsumexp(dim=0) for _, found in own]).sum()
    both = [logs + math.log(SAME), (apart + math.log1p(-SAME)).reshape(1)]
    *shares, rest = probable(torch.cat(both))
    parts = [
        pool.candidates(share, theta, len(nodes) * int(rows.sum()))
        for pool, share, theta in zip(pools, shares, best, strict=True)
        if share
    ]
    found = _placed(nodes, parts)
    if rest:
        for node, views, (thetas, own_logs) in zip(nodes, alone, own, strict=True):
            count = int(rows.sum())
            found[node.name] += likely(views, thetas, own_logs, count, rest)
    return found


def _by_all_rows(pools: Sequence["_Pool"]) -> list[list[Candidate]]:
    """Return the law of the parents with most rows: none are there to compare by."""
    widest = max(pools, key=lambda p: sum(int(v.rows.sum()) for v in p.views)).parents
    alike = [p for p in pools if p.parents == widest]
    losses = [p.loss() for p in alike]
    best, logs = weighed(losses, [p.prior for p in alike])
    seen = min(len(losses[0].y), FIRST)
    return [
        pool.candidates(share, theta, seen)
        for pool, theta, share in zip(alike, best, probable(logs), strict=True)
        if share
    ]


def _placed(
    nodes: Sequence[Node], parts: Sequence[Sequence[Candidate]]
) -> dict[str, tuple[Candidate, ...]]:
    """Return node to its candidates, of parts with one for every node."""
    return {n.name: tuple(part[k] for part in parts) for k, n in enumerate(nodes)}


def _thinned(rows: Tensor, most: int) -> Tensor:
    """Return at most that many of some rows (n,), evenly spread."""
    kept = torch.zeros_like(rows)
    places = rows.nonzero()[:, 0]
    kept[places[evenly(len(places), max(most, FEWEST_ROWS))]] = True
    return kept


@dataclass(frozen=True)
class _Pool:
    """The data of all turns, as one set of parents sees them, and a prior of noise.

    Attributes:
        views: Turn by turn; parents in the same order, on the same scale.
    """

    views: tuple[View, ...]

    @classmethod
    def of(cls, views: Sequence[View]) -> "_Pool":
        offset, span = range_of(torch.cat([v.seen for v in views]))
        return cls(tuple(replace(v, offset=offset, span=span) for v in views))

    @property
    def prior(self) -> float:
        return self.views[0].prior

    @property
    def parents(self) -> tuple[ParentSet, ...]:
        return tuple(v.parents for v in self.views)

    def loss(self, rows: Tensor | None = None) -> LogPosterior:
        """Return the density of hyper-parameters given some rows (n,) of every turn."""
        parts = [v.loss(v.rows if rows is None else rows) for v in self.views]
        inputs = torch.cat([p.X for p in parts])
        y = torch.cat([p.y for p in parts])
        known = torch.cat([p.known for p in parts])
        relative = relative_noise(inputs, y)
        return replace(parts[0], X=inputs, y=y, known=known, relative=relative)

    def candidates(
        self, probability: float, found: Tensor, seen: int
    ) -> list[Candidate]:
        """Return the law as each turn's candidate.

        Args:
            probability: Of this law.
            found: Most probable log hyper-parameters of some of the rows.
            seen: How many.
        """
        gp = at_best(self.loss(), found, seen)
        placed = [view.placed(probability, gp) for view in self.views]
        return [replace(candidate, in_every_turn=True) for candidate in placed]


def _pools(
    nodes: Sequence[Node], evidence: Evidence, place: torch.device
) -> list[_Pool]:
    """Return what the law may be; no set that some turn has no two rows for."""
    found: list[_Pool] = []
    shared = zip(*(n.shared for n in nodes), strict=True)
    for sets, noise in product(shared, noises_of(nodes[0], evidence)):
        views = [
            View.of(n, s, evidence, place, noise)
            for n, s in zip(nodes, sets, strict=True)
        ]
        if min(int(v.rows.sum()) for v in views) >= FEWEST_ROWS:
            found.append(_Pool.of(views))
    return found
