"""Uncertain edges: which of the graphs they allow the data speak for.

A graph's evidence is the product of its mechanisms' marginal likelihoods, so edges into
different variables are judged separately. A mechanism's hyper-parameters are integrated
out by Laplace's method around their most probable values [MacKay1992]_: that is where
the price of an input that does not matter comes from. The declared probability of an
edge is its prior.

.. [MacKay1992] D. J. C. MacKay. Bayesian interpolation. Neural Computation 4(3), 1992.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor

from labagent.causes import Cause, ProcessGraph
from labagent.world.exact import squared_exponential
from labagent.world.fitting import STEPS, LogPosterior, laplace, minimise
from labagent.world.laws import telling_rows
from labagent.world.plain import FEWEST_ROWS, standardisation
from labagent.world.priors import length_priors
from labagent.world.structural import Records

LEAST = 0.02
"""Graphs of a smaller probability are not reckoned with."""

MOST = 8
"""Graphs that are reckoned with at most."""


@dataclass(frozen=True)
class Structure:
    """What the data say about uncertain edges.

    Attributes:
        edges: Every uncertain edge and the probability that it exists.
        graphs: Graphs without uncertain edges and their probabilities, likeliest first.
    """

    edges: Mapping[tuple[str, str], float]
    graphs: tuple[tuple[ProcessGraph, float], ...]

    @property
    def likeliest(self) -> ProcessGraph:
        """The most probable graph."""
        return self.graphs[0][0]

    @property
    def probable(self) -> tuple[ProcessGraph, ...]:
        """The graphs that are still to be reckoned with, likeliest first."""
        likely = [g for g, p in self.graphs if p >= LEAST]
        return tuple(likely[:MOST]) or (self.likeliest,)


def judge(graph: ProcessGraph, records: Records) -> Structure:
    """Return the probabilities of all graphs that uncertain edges allow.

    Args:
        graph: Declared causes, uncertain ones with their prior probabilities.
        records: What was seen.
    """
    by_child: dict[str, list[Cause]] = {}
    for edge in graph.uncertain:
        by_child.setdefault(edge.child, []).append(edge)
    choices = [_choices(child, e, graph, records) for child, e in by_child.items()]
    graphs = sorted(_graphs(graph, choices), key=lambda g: -g[1])
    edges = {
        e.ends: sum(p for g, p in graphs if e.ends in {k.ends for k in g.edges})
        for e in graph.uncertain
    }
    return Structure(edges, tuple(graphs))


Choices = list[tuple[tuple[Cause, ...], float]]
"""Sets of uncertain parents of one variable, and their probabilities."""


def _choices(
    child: str, edges: Sequence[Cause], graph: ProcessGraph, records: Records
) -> Choices:
    certain = [e.parent for e in graph.edges if e.child == child and e.certain]
    sets = [s for k in range(len(edges) + 1) for s in combinations(edges, k)]
    everyone = [*certain, *(e.parent for e in edges)]
    logs: list[float] = []
    for chosen in sets:
        parents = [*certain, *(e.parent for e in chosen)]
        prior = sum(
            math.log(e.probability if e in chosen else 1 - e.probability) for e in edges
        )
        rows = telling_rows(child, everyone, graph, records)
        logs.append(prior + _evidence(child, parents, records, rows))
    weights = torch.tensor(logs, dtype=torch.float64).softmax(dim=0).tolist()
    return list(zip(sets, weights, strict=True))


def _graphs(
    graph: ProcessGraph, choices: Sequence[Choices]
) -> Iterator[tuple[ProcessGraph, float]]:
    """Yield every combination of the variables' parents with its probability."""
    if not choices:
        certain = tuple(e for e in graph.edges if e.certain)
        yield replace(graph, edges=certain), 1.0
        return
    for rest, p in _graphs(graph, choices[1:]):
        for chosen, q in choices[0]:
            kept = {e.ends for e in (*rest.edges, *chosen)}
            edges = tuple(
                replace(e, probability=1.0) for e in graph.edges if e.ends in kept
            )
            yield replace(rest, edges=edges), p * q


def _evidence(
    child: str, parents: Sequence[str], records: Records, rows: Tensor
) -> float:
    """Return the log marginal likelihood of a variable given its parents, in nats."""
    y = records.values[child][rows, 0]
    if len(y) < FEWEST_ROWS:
        return 0.0
    shift, scale = standardisation(y)
    y = (y - shift) / scale
    if not parents:
        return _independent(y)
    x = torch.cat([records.values[p][rows] for p in parents], dim=-1)
    low = x.min(dim=0).values
    span = x.max(dim=0).values - low
    x = (x - low) / torch.where(span > 0, span, torch.ones_like(span))
    return _integrated(x, y, records.lengths_of(parents))


def _independent(y: Tensor) -> float:
    """Return the evidence of a process without inputs: mean and noise alone."""
    return _integrated(y.new_zeros(len(y), 1), y, torch.zeros(1, dtype=torch.long))


def _integrated(x: Tensor, y: Tensor, groups: Tensor) -> float:
    """Return log p(y) of standardised values y (n,) at x (n, d) in [0, 1].

    Args:
        x: Inputs.
        y: Values.
        groups: (d,) whose length-scale each input has.
    """
    priors = length_priors(torch.ones(int(groups.max()) + 1, dtype=torch.bool))
    none = torch.zeros_like(y)
    loss = LogPosterior(x, y, none, priors, squared_exponential, groups=groups)
    return laplace(loss, minimise(loss, priors.middle, STEPS))
