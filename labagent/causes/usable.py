"""The declared graph as far as the data can tell its mechanisms."""

from collections.abc import Collection
from itertools import combinations

from labagent.causes.graphs import Cause, ProcessGraph


def project(graph: ProcessGraph, known: Collection[str]) -> ProcessGraph:
    """Return the graph among known variables: the latent projection's edges.

    What causes an unknown variable causes its effects; effects of one unknown variable
    share a hidden cause.

    Args:
        graph: Declared causes.
        known: Variables with data.
    """
    edges = {e.ends: e for e in graph.edges}
    hidden = {tuple(sorted(pair)) for pair in graph.hidden}
    unknown = dict.fromkeys(n for ends in edges for n in ends if n not in known)
    for name in unknown:
        parents = [p for p, c in edges if c == name]
        children = [c for p, c in edges if p == name]
        hidden |= {tuple(sorted(pair)) for pair in combinations(children, 2)}
        for pair in [p for p in hidden if name in p]:
            other = pair[0] if pair[1] == name else pair[1]
            hidden.discard(pair)
            hidden |= {tuple(sorted((other, c))) for c in children if c != other}
        for parent in parents:
            for child in children:
                edges.setdefault((parent, child), Cause(parent, child))
        edges = {ends: e for ends, e in edges.items() if name not in ends}
    pairs = tuple((a, b) for a, b in sorted(hidden) if a in known and b in known)
    return ProcessGraph(tuple(edges.values()), graph.forbidden, pairs)


def bypass(graph: ProcessGraph, ever_set: Collection[str]) -> ProcessGraph:
    """Return the graph in which no mechanism needs what the data cannot tell.

    Where a variable shares a hidden cause with one of its parents and that parent was
    never set, data do not tell its mechanism. What causes the parent then stands in for
    it, which is all that setting those causes needs.

    Args:
        graph: Among known variables.
        ever_set: Variables that some experiment set.
    """
    edges = {e.ends: e for e in graph.edges}
    linked = {frozenset(pair) for pair in graph.hidden}
    while True:
        bad = next(
            (
                (p, c)
                for p, c in edges
                if frozenset((p, c)) in linked and p not in ever_set
            ),
            None,
        )
        if bad is None:
            return ProcessGraph(tuple(edges.values()), graph.forbidden, graph.hidden)
        parent, child = bad
        del edges[bad]
        for grandparent in [p for p, c in edges if c == parent]:
            edges.setdefault((grandparent, child), Cause(grandparent, child))
