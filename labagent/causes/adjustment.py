"""Effects that follow by conditioning: the adjustment criterion and the front door."""

from itertools import chain, combinations

from labagent.causes.mixed import MixedGraph, Names
from labagent.causes.separation import separated, smallest_separator

WIDEST_DOOR = 3
"""The most mediators a front door is looked for with; larger ones are found by ID."""


def is_adjustment(
    graph: MixedGraph, treatment: Names, outcome: Names, by: Names
) -> bool:
    """Return whether ``sum over z of P(y | x, z) P(z)`` is ``P(y | do(x))``.

    The adjustment criterion, complete for formulas of that form (Shpitser, VanderWeele
    and Robins 2010, "On the validity of covariate adjustment", UAI; Perkovic, Textor,
    Kalisch and Maathuis 2018, JMLR 18): no member is caused by a variable on a causal
    path, and the set closes every path that is not causal. Pearl's back-door criterion
    is the special case without descendants of the treatment.

    Args:
        graph: The causes, over measured variables only.
        treatment: The variables set.
        outcome: The variables asked for.
        by: The set in question.
    """
    if by & (_forbidden(graph, treatment, outcome) | treatment | outcome):
        return False
    return separated(_open_doors(graph, treatment, outcome), treatment, outcome, by)


def find_adjustment(
    graph: MixedGraph, treatment: Names, outcome: Names
) -> Names | None:
    """Return the smallest set that keeps :func:`is_adjustment`, or None.

    Of several it is the one nearest to the outcome; see
    :func:`~labagent.causes.separation.smallest_separator`.
    """
    allowed = graph.vertices - treatment - outcome
    allowed -= _forbidden(graph, treatment, outcome)
    doors = _open_doors(graph, treatment, outcome)
    return smallest_separator(doors, treatment, outcome, allowed)


def find_front_door(
    graph: MixedGraph, treatment: Names, outcome: Names
) -> Names | None:
    """Return the smallest set of mediators that makes a front door, or None.

    Pearl's front-door criterion (1995, "Causal diagrams for empirical research",
    Biometrika 82): the mediators cut all causal paths, nothing confounds them with the
    treatment, and given the treatment nothing confounds them with the outcome. Then
    ``P(y | do(x)) = sum over m of P(m | x) [sum over x' of P(y | m, x') P(x')]``.
    """
    mediators = sorted(_on_causal_paths(graph, treatment, outcome) - outcome)
    sizes = range(1, WIDEST_DOOR + 1)
    for door in chain.from_iterable(combinations(mediators, n) for n in sizes):
        if _is_front_door(graph, treatment, outcome, frozenset(door)):
            return frozenset(door)
    return None


def _is_front_door(
    graph: MixedGraph, treatment: Names, outcome: Names, door: Names
) -> bool:
    around = graph.keep(graph.vertices - door).descendants(treatment)
    if around & outcome:
        return False
    if not separated(graph.cut_from(treatment), treatment, door, frozenset()):
        return False
    return separated(graph.cut_from(door), door, outcome, treatment)


def _on_causal_paths(graph: MixedGraph, treatment: Names, outcome: Names) -> Names:
    """Return what lies on paths to the outcome that leave the treatment for good."""
    after = graph.cut_into(treatment).descendants(treatment) - treatment
    return after & graph.cut_from(treatment).ancestors(outcome)


def _forbidden(graph: MixedGraph, treatment: Names, outcome: Names) -> Names:
    return graph.descendants(_on_causal_paths(graph, treatment, outcome))


def _open_doors(graph: MixedGraph, treatment: Names, outcome: Names) -> MixedGraph:
    """Return the graph without the first arrows of all causal paths."""
    causal = _on_causal_paths(graph, treatment, outcome)
    arrows = frozenset(
        (a, b) for a, b in graph.arrows if a not in treatment or b not in causal
    )
    return MixedGraph(graph.vertices, arrows, graph.doubles)
