"""Graphs with arrows and hidden common causes, and what survives not measuring.

An acyclic directed mixed graph has arrows ``a -> b`` and, where two variables share a
cause that nobody observes, double arrows ``a <-> b`` (Richardson 2003, "Markov
properties for acyclic directed mixed graphs", Scand. J. Statist. 30).
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from itertools import combinations

from labagent.causes.graphs import ProcessGraph

Names = frozenset[str]
"""A set of variables."""


@dataclass(frozen=True)
class MixedGraph:
    """An acyclic graph of causes, some of them hidden.

    Attributes:
        vertices: The variables.
        arrows: Pairs of cause and effect.
        doubles: Pairs of variables with a common cause that nobody observes.
    """

    vertices: Names
    arrows: frozenset[tuple[str, str]]
    doubles: frozenset[Names] = frozenset()

    @cached_property
    def parents(self) -> Mapping[str, Names]:
        """The causes of each variable."""
        return _neighbours(self.vertices, ((b, a) for a, b in self.arrows))

    @cached_property
    def children(self) -> Mapping[str, Names]:
        """The effects of each variable."""
        return _neighbours(self.vertices, self.arrows)

    @cached_property
    def spouses(self) -> Mapping[str, Names]:
        """The variables each variable shares a hidden cause with."""
        ends = [tuple(sorted(pair)) for pair in self.doubles]
        both = [(a, b) for a, b in ends] + [(b, a) for a, b in ends]
        return _neighbours(self.vertices, both)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All variables, causes first."""
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for vertex in sorted(self.vertices):
            sorter.add(vertex, *sorted(self.parents[vertex]))
        return tuple(sorter.static_order())

    def ancestors(self, of: Names) -> Names:
        """Return the variables with a directed path to some of these, and these."""
        return reach(self.parents, of)

    def descendants(self, of: Names) -> Names:
        """Return the variables some of these have a directed path to, and these."""
        return reach(self.children, of)

    def districts(self) -> tuple[Names, ...]:
        """Return the sets tied by hidden causes, those of early variables first.

        Also called c-components (Tian and Pearl 2002, "A general identification
        condition for causal effects", AAAI).
        """
        found: dict[Names, None] = {}
        for vertex in self.order:
            found.setdefault(reach(self.spouses, frozenset({vertex})))
        return tuple(found)

    def keep(self, vertices: Names) -> "MixedGraph":
        """Return the graph among some variables, the others and their edges left out.

        That is the graph in which the others are set.
        """
        return MixedGraph(
            self.vertices & vertices,
            frozenset((a, b) for a, b in self.arrows if {a, b} <= vertices),
            frozenset(pair for pair in self.doubles if pair <= vertices),
        )

    def cut_into(self, vertices: Names) -> "MixedGraph":
        """Return the graph in which nothing causes these: they are set."""
        return MixedGraph(
            self.vertices,
            frozenset((a, b) for a, b in self.arrows if b not in vertices),
            frozenset(pair for pair in self.doubles if not pair & vertices),
        )

    def cut_from(self, vertices: Names) -> "MixedGraph":
        """Return the graph in which these cause nothing."""
        arrows = frozenset((a, b) for a, b in self.arrows if a not in vertices)
        return MixedGraph(self.vertices, arrows, self.doubles)

    def project(self, onto: Names) -> "MixedGraph":
        """Return the graph that is left when the other variables are not seen.

        The latent projection of Verma and Pearl (1990, "Equivalence and synthesis of
        causal models", UAI), one variable after the other: what caused it now causes
        its effects, and its effects share a hidden cause.
        """
        arrows, doubles = set(self.arrows), set(self.doubles)
        for gone in sorted(self.vertices - onto):
            causes = {a for a, b in arrows if b == gone}
            effects = {b for a, b in arrows if a == gone}
            tied = {v for pair in doubles if gone in pair for v in pair} - {gone}
            arrows = {edge for edge in arrows if gone not in edge}
            arrows |= {(a, b) for a in causes for b in effects}
            doubles = {pair for pair in doubles if gone not in pair}
            doubles |= {frozenset(pair) for pair in combinations(effects, 2)}
            doubles |= {frozenset({a, b}) for a in tied for b in effects if a != b}
        return MixedGraph(self.vertices & onto, frozenset(arrows), frozenset(doubles))

    def path(self, start: str, end: str, through: Names) -> tuple[str, ...]:
        """Return a shortest directed path, inner variables all from ``through``.

        Returns:
            Its variables from start to end; empty where there is none.
        """
        return shortest(self.children, frozenset({start}), frozenset({end}), through)


def mix(graph: ProcessGraph, more: Iterable[str] = ()) -> MixedGraph:
    """Return a declared graph as a mixed graph; uncertain edges count as edges.

    An edge more only makes the claim weaker: what can be identified with it can be
    identified, by the same formula, without it.

    Args:
        graph: The declared causes, without cycles.
        more: Variables that no edge may name.
    """
    arrows = frozenset(edge.ends for edge in graph.edges)
    doubles = frozenset(frozenset(pair) for pair in graph.hidden)
    named = {v for edge in arrows for v in edge} | {v for pair in doubles for v in pair}
    return MixedGraph(frozenset(named) | frozenset(more), arrows, doubles)


def reach(
    links: Mapping[str, Names], start: Names, blocked: Names = frozenset()
) -> Names:
    """Return what can be reached from some variables without entering blocked ones."""
    seen = set(start)
    stack = sorted(start)
    while stack:
        fresh = links[stack.pop()] - seen - blocked
        seen |= fresh
        stack.extend(fresh)
    return frozenset(seen)


def shortest(
    links: Mapping[str, Names], start: Names, end: Names, through: Names
) -> tuple[str, ...]:
    """Return a shortest path, inner variables all from ``through``; empty if none."""
    came: dict[str, str | None] = dict.fromkeys(sorted(start))
    queue = deque(came)
    while queue:
        here = queue.popleft()
        if here in end:
            return _trace(came, here)
        if here not in start and here not in through:
            continue
        for there in sorted(links[here] - came.keys()):
            came[there] = here
            queue.append(there)
    return ()


def _trace(came: Mapping[str, str | None], end: str) -> tuple[str, ...]:
    path = [end]
    while (before := came[path[-1]]) is not None:
        path.append(before)
    return tuple(reversed(path))


def _neighbours(
    vertices: Names, links: Iterable[tuple[str, str]]
) -> Mapping[str, Names]:
    found: dict[str, set[str]] = {vertex: set() for vertex in vertices}
    for a, b in links:
        found[a].add(b)
    return {vertex: frozenset(others) for vertex, others in found.items()}
