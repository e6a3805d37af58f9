"""The smallest experiment that would let an effect be told."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from labagent.causes.effects import Effect, Sources, list_names
from labagent.causes.factors import Obstacle, solve
from labagent.causes.mixed import MixedGraph, Names

MOST_CHANGES = 2
"""How many variables to set or measure anew are tried together."""


@dataclass(frozen=True)
class Remedy:
    """One way to make an effect identifiable; what is not named stays as it is.

    Attributes:
        do: All that a new kind of experiment would set, at will; empty for none.
        measure: What would have to be recorded in every experiment.
        hold: What would have to be asked for as set as well, because it always is.
    """

    do: Names = frozenset()
    measure: Names = frozenset()
    hold: Names = frozenset()

    def __str__(self) -> str:
        """Return the remedy as a request to a person."""
        parts: list[str] = []
        if self.hold:
            parts.append(f"ask for the effect at set values of {list_names(self.hold)}")
        if self.do:
            parts.append(f"set {list_names(self.do)} at will, and nothing else")
        if self.measure:
            parts.append(f"measure {list_names(self.measure)}")
        return " and ".join(parts)


def find_remedies(
    graph: MixedGraph, asked: Effect, sources: Sources
) -> tuple[Remedy, ...]:
    """Return all remedies with the fewest changes, or none where none was found.

    First what could be asked instead, then every one variable set or measured anew,
    then every two, then setting the whole treatment.

    Args:
        graph: The causes, unmeasured ones included.
        asked: An effect that cannot be told.
        sources: What the data are.
    """
    held = _hold(graph, asked, sources)
    for size in range(1, MOST_CHANGES + 1):
        tries = _changes(graph, asked, sources, size)
        if found := [r for r in tries if _helps(graph, asked, sources, r)]:
            return (*held, *found)
    whole = Remedy(do=asked.treatment)
    settable = sources.settable | sources.ever_set
    if asked.treatment <= settable and _helps(graph, asked, sources, whole):
        return (*held, whole)
    return held


def knows(asked: Effect, sources: Sources) -> bool:
    """Return whether outcome and condition are recorded at all."""
    return asked.outcome | asked.given <= sources.known


def _helps(graph: MixedGraph, asked: Effect, sources: Sources, remedy: Remedy) -> bool:
    better = sources.measure_more(remedy.measure)
    if remedy.do:
        better = better.set_more(remedy.do)
    if not knows(asked, better):
        return False
    return not isinstance(solve(graph, asked, better), Obstacle)


def _changes(
    graph: MixedGraph, asked: Effect, sources: Sources, size: int
) -> Iterator[Remedy]:
    """Yield every remedy with so many variables set or measured anew."""
    settable = sorted(
        (sources.settable | sources.ever_set) - asked.outcome - asked.given,
        key=lambda name: (name not in asked.treatment, name),
    )
    unmeasured = sorted(graph.vertices - sources.known)
    for count in range(size, -1, -1):
        for some in combinations(settable, count):
            for seen in combinations(unmeasured, size - count):
                for done in _regimes(frozenset(some), sources):
                    yield Remedy(done, frozenset(seen))


def _regimes(some: Names, sources: Sources) -> tuple[Names, ...]:
    """Return the regimes that set some variables: beside what always is, or alone."""
    if not some:
        return (frozenset(),)
    regimes = dict.fromkeys((some | sources.always_set, some))
    return tuple(regime for regime in regimes if regime not in sources.regimes)


def _hold(graph: MixedGraph, asked: Effect, sources: Sources) -> tuple[Remedy, ...]:
    """Look whether the effect can be told with more variables set that always are."""
    held: Names = frozenset()
    while knows(asked, sources):
        more = Effect(asked.treatment | held, asked.outcome, asked.given)
        found = solve(graph, more, sources)
        if not isinstance(found, Obstacle):
            return (Remedy(hold=held),) if held else ()
        always = found.district & sources.always_set - asked.outcome - asked.given
        if not always:
            break
        held |= always
    return ()
