"""Which effects the data can tell, by which formula, and if not, what is missing.

Every uncertain edge counts as an edge, and every missing one as known to be missing. A
formula takes for granted that all values it conditions on do occur.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

from labagent.causes.adjustment import find_adjustment, find_front_door
from labagent.causes.effects import Effect, Regime, Sources, enter, list_names
from labagent.causes.estimands import Estimand, multiply, sum_over, terms
from labagent.causes.factors import Obstacle, read, set_given, solve
from labagent.causes.graphs import ProcessGraph
from labagent.causes.mixed import MixedGraph, Names, mix
from labagent.causes.obstacles import explain
from labagent.causes.remedies import Remedy, find_remedies, knows
from labagent.errors import DataError

MOST_SHOWN = 3
"""How many remedies the message of an unidentified effect names."""


class Method(StrEnum):
    """How a formula was found, the plainest first."""

    DIRECT = "read off"
    ADJUSTMENT = "adjustment"
    FRONT_DOOR = "front door"
    GENERAL = "ID algorithm"


@dataclass(frozen=True)
class Identified:
    """An effect the data can tell.

    Attributes:
        effect: What was asked.
        estimand: The formula; its terms name the experiments they are read from.
        method: How it was found.
        adjustment: What is adjusted for; None for other methods.
        mediators: What makes the front door; None for other methods.
    """

    effect: Effect
    estimand: Estimand
    method: Method
    adjustment: Names | None = None
    mediators: Names | None = None

    @property
    def regimes(self) -> frozenset[Names]:
        """What was set in the experiments that the formula reads from."""
        return frozenset(term.regime for term in terms(self.estimand))

    @property
    def arbitrary(self) -> Names:
        """Variables the formula names although any value of theirs gives the same."""
        return self.estimand.variables - self.effect.variables

    def __str__(self) -> str:
        """Return effect and formula for people."""
        anyhow = f", for any {list_names(self.arbitrary)}" if self.arbitrary else ""
        return f"{self.effect} = {self.estimand}{anyhow} ({self.method})"


@dataclass(frozen=True)
class Unidentified:
    """An effect the data cannot tell, however many they are.

    Attributes:
        effect: What was asked.
        reason: Why, in words that name the variables.
        remedies: The smallest changes that would let it be told.
    """

    effect: Effect
    reason: str
    remedies: tuple[Remedy, ...] = ()

    def __str__(self) -> str:
        """Return effect, reason and remedy for people."""
        shown = "; or ".join(str(remedy) for remedy in self.remedies[:MOST_SHOWN])
        remedy = shown or "no experiment with one or two changes would settle it"
        return f"{self.effect} cannot be told: {self.reason}; {remedy}"


def identify(
    graph: ProcessGraph, asked: Effect, sources: Sources
) -> Identified | Unidentified:
    """Return how an effect follows from the data at hand, or why it does not.

    Args:
        graph: The declared causes. Where none are declared, nothing follows but what
            was done.
        asked: The effect.
        sources: What was measured and what was set.

    Raises:
        DataError: The graph has a cycle, or the effect names an unknown variable.
    """
    causes = mix(graph, sources.variables)
    _check(graph, causes, asked)
    if not graph.edges:
        causes = _doubt_all(causes.vertices, asked)
    meant = set_given(causes, asked)
    found = _find(causes, meant, sources)
    if not isinstance(found, str):
        return replace(found, effect=asked)
    if not graph.edges:
        found = "no causes are declared, and no experiment set just the treatment"
    return Unidentified(asked, found, find_remedies(causes, meant, sources))


def _find(graph: MixedGraph, asked: Effect, sources: Sources) -> Identified | str:
    """Return the plainest formula for an effect, or why there is none."""
    if not knows(asked, sources):
        unseen = (asked.outcome | asked.given) - sources.known
        return (
            f"{list_names(unseen)} {'is' if len(unseen) == 1 else 'are'} not measured"
        )
    sides = _sides(graph, asked, sources)
    for rule in (_read_off, _adjust, _go_through):
        if plain := rule(asked, sides):
            return plain
    found = solve(graph, asked, sources)
    if isinstance(found, Obstacle):
        return explain(graph, asked, sources, found)
    return Identified(asked, found, Method.GENERAL)


def _check(graph: ProcessGraph, causes: MixedGraph, asked: Effect) -> None:
    if cycle := graph.cycle():
        raise DataError(
            f"causes: got the cycle {' -> '.join(cycle)}, must have none; leave out "
            "one of its edges"
        )
    if unknown := asked.variables - causes.vertices:
        raise DataError(
            f"effect {asked}: got {list_names(unknown)}, must be variables that are "
            f"declared, set or measured; choose from {list_names(causes.vertices)}"
        )


def _doubt_all(vertices: Names, asked: Effect) -> MixedGraph:
    """Return the graph of somebody who knows nothing: all may be tied to all."""
    order = sorted(
        vertices, key=lambda v: (v not in asked.treatment, v in asked.outcome, v)
    )
    pairs = frozenset(combinations(order, 2))
    return MixedGraph(vertices, pairs, frozenset(frozenset(pair) for pair in pairs))


# ------------------------------------------------- formulas known by name

Side = tuple[Regime, Names]
"""A regime in which the effect means the same, and the treatment it did not set."""


def _sides(graph: MixedGraph, asked: Effect, sources: Sources) -> list[Side]:
    """Return where the effect could be read, what sets the most of it first.

    What was set beside the treatment must not cause what is asked for (third rule of
    do-calculus).
    """
    wanted = asked.outcome | asked.given
    causing = asked.treatment & graph.cut_into(asked.treatment).ancestors(wanted)
    moving = graph.keep(graph.vertices - causing).ancestors(wanted)
    regimes = (enter(graph, sources, done) for done in sources.regimes)
    sides = [
        (regime, causing - regime.done)
        for regime in regimes
        if causing <= regime.graph.vertices and not moving & (regime.done - causing)
    ]
    return sorted(sides, key=lambda side: (len(side[1]), len(side[0].done - causing)))


def _read_off(asked: Effect, sides: Sequence[Side]) -> Identified | None:
    for regime, unset in sides:
        if not unset:
            term = read(regime, asked.outcome, asked.given)
            return Identified(asked, term, Method.DIRECT)
    return None


def _adjust(asked: Effect, sides: Sequence[Side]) -> Identified | None:
    """Adjust for the fewest variables that will do in any regime."""
    found: list[tuple[Names, Side]] = []
    if asked.given:
        return None
    for regime, unset in sides:
        by = find_adjustment(regime.free, unset, asked.outcome)
        if by is not None:
            found.append((by, (regime, unset)))
    if not found:
        return None
    by, (regime, unset) = min(found, key=lambda pair: len(pair[0]))
    inner = [read(regime, asked.outcome, by | unset)]
    inner += [read(regime, by, ())] if by else []
    estimand = sum_over(multiply(inner), by)
    return Identified(asked, estimand, Method.ADJUSTMENT, adjustment=by)


def _go_through(asked: Effect, sides: Sequence[Side]) -> Identified | None:
    for regime, unset in sides:
        door = find_front_door(regime.free, unset, asked.outcome)
        if door is None or asked.given:
            continue
        last = multiply([read(regime, asked.outcome, door | unset)])
        last = sum_over(multiply([last, read(regime, unset, ())]), unset)
        estimand = sum_over(multiply([read(regime, door, unset), last]), door)
        return Identified(asked, estimand, Method.FRONT_DOOR, mediators=door)
    return None
