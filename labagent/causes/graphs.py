"""Which variable is declared to cause which: a directed acyclic graph."""

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter


@dataclass(frozen=True)
class Cause:
    """A declared edge ``parent -> child``.

    Attributes:
        parent: The cause.
        child: The effect.
        probability: That the edge exists; 1 where it is declared without doubt.
    """

    parent: str
    child: str
    probability: float = 1.0

    @property
    def certain(self) -> bool:
        """Whether the edge is declared without doubt."""
        return self.probability == 1.0

    @property
    def ends(self) -> tuple[str, str]:
        """Parent and child."""
        return self.parent, self.child


@dataclass(frozen=True)
class ProcessGraph:
    """The declared causes of a campaign; empty where everything is to be learned.

    Attributes:
        edges: Declared edges, uncertain ones included.
        forbidden: Edges that must not exist.
        hidden: Pairs of variables with a common cause that nobody observes.
    """

    edges: tuple[Cause, ...] = ()
    forbidden: tuple[Cause, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()

    def parents(self, child: str) -> tuple[str, ...]:
        """Return the declared parents of a variable, in the order declared."""
        return tuple(e.parent for e in self.edges if e.child == child)

    @property
    def uncertain(self) -> tuple[Cause, ...]:
        """Edges that exist with a probability below one."""
        return tuple(e for e in self.edges if not e.certain)

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
