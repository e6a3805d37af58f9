"""Which variable is declared to cause which: a directed acyclic graph."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter


@dataclass(frozen=True)
class Cause:
    """A declared edge ``parent -> child``."""

    parent: str
    child: str


@dataclass(frozen=True)
class ProcessGraph:
    """The declared causes of a campaign; empty where everything is to be learned.

    Attributes:
        edges: Declared edges.
        forbidden: Edges that must not exist.
    """

    edges: tuple[Cause, ...] = ()
    forbidden: tuple[Cause, ...] = field(default=())

    def parents(self, child: str) -> tuple[str, ...]:
        """Return the declared parents of a variable, in the order declared."""
        return tuple(e.parent for e in self.edges if e.child == child)

    def cycle(self) -> tuple[str, ...]:
        """Return the variables of one cycle, first repeated last; empty if none."""
        return find_cycle(self.edges)


def find_cycle(edges: Iterable[Cause]) -> tuple[str, ...]:
    """Return the variables of one cycle, first repeated last; empty if none."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for edge in edges:
        sorter.add(edge.child, edge.parent)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return tuple(cycle)
    return ()
