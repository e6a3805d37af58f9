"""Why an effect cannot be told from the data, in words that name the variables."""

from itertools import pairwise

from labagent.causes.effects import Effect, Sources, list_names
from labagent.causes.factors import Hedge, Obstacle
from labagent.causes.mixed import MixedGraph, Names, shortest


def explain(
    graph: MixedGraph, asked: Effect, sources: Sources, obstacle: Obstacle
) -> str:
    """Return in one clause why a factor of an effect has no source.

    Args:
        graph: The causes, unmeasured ones included.
        asked: The effect, conditions that might as well be set among the treatment.
        sources: What the data are.
        obstacle: The factor without a source.
    """
    if not sources.regimes:
        return "there are no experiments"
    if always := obstacle.district & sources.always_set:
        return _explain_always(asked, always)
    if unseen := asked.treatment - sources.known - sources.ever_set:
        return f"{list_names(unseen)} {_were(unseen)} never set and never measured"
    if not obstacle.hedges:
        return _explain_none(obstacle, sources)
    hedge = min(obstacle.hedges, key=lambda h: len(h.outer))
    return _explain_hedge(graph, asked, hedge)


def find_path(graph: MixedGraph, asked: Effect, hedge: Hedge) -> tuple[str, Names]:
    """Return the path that ties a treatment to the outcome besides its effect.

    Args:
        graph: The causes, unmeasured ones included.
        asked: The effect.
        hedge: Where the search for a formula got stuck.

    Returns:
        The path, such as ``temper <- lot -> grain -> strength``, and the unmeasured
        variables on it.
    """
    ties = _ties(asked, hedge)
    hidden = graph.vertices - hedge.regime.graph.vertices
    cut = graph.cut_into(hedge.regime.done)
    text, unmeasured = ties[0], frozenset[str]()
    for here, there in pairwise(ties):
        left, right = _trek(cut, here, there, hidden)
        text += "".join(f" <- {name}" for name in left[1:])
        text += _turn(left[-1], right[0])
        text += "".join(f" -> {name}" for name in right[1:])
        unmeasured |= (frozenset(left) | frozenset(right)) & hidden
    rest = _downstream(graph, asked, ties[-1])
    return text + "".join(f" -> {name}" for name in rest[1:]), unmeasured


def _explain_always(asked: Effect, always: Names) -> str:
    names = list_names(always)
    return (
        f"{names} {_were(always)} set in every experiment, so what {names} would be if "
        f"left alone under {_setting(asked)} was never seen"
    )


def _explain_none(obstacle: Obstacle, sources: Sources) -> str:
    """Say that no kind of experiment leaves alone what has to be seen."""
    names = list_names(obstacle.district)
    if all(done & obstacle.district for done in sources.regimes):
        return f"every experiment set some of {names}, whose joint answer is needed"
    return (
        f"no experiment shows {names} while all that causes it is known, because what "
        "was set in some is not measured in others"
    )


def _explain_hedge(graph: MixedGraph, asked: Effect, hedge: Hedge) -> str:
    path, unmeasured = find_path(graph, asked, hedge)
    done = hedge.regime.done
    where = f" where {list_names(done)} {_were(done)} set" if done else ""
    if unmeasured:
        verb = "is" if len(unmeasured) == 1 else "are"
        because = f"{list_names(unmeasured)} {verb} never measured"
    else:
        because = "nobody observes the common cause"
    return f"{path} stays open{where}: {because}"


def _ties(asked: Effect, hedge: Hedge) -> tuple[str, ...]:
    """Return variables, each tied to the next, from a cause to what it leads to.

    Those between are causes too: seen they connect their neighbours, unseen they pass
    on what they have from one.
    """
    outer = hedge.regime.graph.keep(hedge.outer)
    starts = asked.treatment & hedge.outer or hedge.outer - hedge.inner
    paths = (
        shortest(
            outer.spouses,
            frozenset({start}),
            hedge.inner & outer.descendants(frozenset({start})),
            hedge.outer,
        )
        for start in sorted(starts)
    )
    return min(paths, key=len)


def _trek(
    graph: MixedGraph, here: str, there: str, hidden: Names
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the hidden connection of two variables as two directed paths.

    Both start at its top, which is one hidden variable, or two that share a cause.
    """
    tops = [(name, name) for name in sorted(hidden)]
    for pair in sorted(graph.doubles, key=sorted):
        a, b = sorted(pair)
        tops += [(a, b), (b, a)]
    treks = [
        (graph.path(a, here, hidden), graph.path(b, there, hidden))
        for a, b in tops
        if a in hidden | {here} and b in hidden | {there}
    ]
    whole = [trek for trek in treks if all(trek)]
    left, right = min(whole, key=lambda trek: len(trek[0]) + len(trek[1]))
    return tuple(reversed(left)), right


def _turn(left: str, right: str) -> str:
    return "" if left == right else f" <-> {right}"


def _downstream(graph: MixedGraph, asked: Effect, start: str) -> tuple[str, ...]:
    """Return how a variable leads on to what is asked for."""
    free = graph.keep(graph.vertices - asked.treatment)
    wanted = asked.outcome | asked.given
    return shortest(free.children, frozenset({start}), wanted, free.vertices)


def _setting(asked: Effect) -> str:
    return (
        f"do({', '.join(sorted(asked.treatment))})" if asked.treatment else "no setting"
    )


def _were(names: Names) -> str:
    return "was" if len(names) == 1 else "were"
