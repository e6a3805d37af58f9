"""The ID algorithm, with whatever experiments there are as sources.

An effect falls into one factor per district of the causes of its outcome, and each
factor ``Q[C] = P(c | do(everything else))`` is looked for in every regime:

- districts and their factors: Tian and Pearl (2002), "A general identification
  condition for causal effects", AAAI;
- looking for a factor in a larger one: ``Identify`` of Tian (2002, PhD thesis), as
  strong as the ID algorithm of Shpitser and Pearl (2006), "Identification of joint
  interventional distributions in recursive semi-Markovian causal models", AAAI, which
  is complete: where it stops there is a hedge, and two models that agree on the data
  disagree on the effect;
- several regimes: gID of Lee, Correa and Bareinboim (2019), "General identifiability
  with arbitrary surrogate experiments", UAI, complete if every combination of values
  occurs (Kivva, Mokhtarian, Etesami and Kiyavash 2022, "Revisiting the general
  identifiability problem", UAI);
- conditions: IDC of Shpitser and Pearl (2006), "Identification of conditional
  interventional distributions", UAI.

Where a variable is known in some regimes only (set there, measured nowhere) the search
is sound; that it is complete is proved nowhere we know of.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from labagent.causes.effects import Effect, Regime, Sources, enter
from labagent.causes.estimands import (
    Estimand,
    Probability,
    divide,
    multiply,
    sum_over,
    terms,
)
from labagent.causes.mixed import MixedGraph, Names
from labagent.causes.separation import separated


@dataclass(frozen=True)
class Hedge:
    """Two sets tied by hidden causes that no formula can take apart.

    Attributes:
        regime: The source in which the factor was looked for.
        inner: The district whose factor is wanted.
        outer: The larger set, all of it causes of ``inner``.
    """

    regime: Regime
    inner: Names
    outer: Names


@dataclass(frozen=True)
class Obstacle:
    """A factor of an effect that no source gives.

    Attributes:
        district: The variables whose factor is wanted.
        hedges: One for each source in which it could be looked for.
    """

    district: Names
    hedges: tuple[Hedge, ...] = ()


def solve(graph: MixedGraph, asked: Effect, sources: Sources) -> Estimand | Obstacle:
    """Return a formula for an effect, or the first of its factors that has none.

    Args:
        graph: The causes, unmeasured ones included.
        asked: The effect, after :func:`set_given`.
        sources: What the data are; they measure outcome and condition.
    """
    wanted = asked.outcome | asked.given
    known = graph.project(sources.known | asked.treatment)
    rest = known.keep(known.vertices - asked.treatment)
    causes = rest.keep(rest.ancestors(wanted))
    regimes = [enter(graph, sources, done) for done in sources.regimes]
    factors: list[Estimand] = []
    for district in causes.districts():
        usable = [r for r in regimes if tells(graph, known.vertices, district, r)]
        found = _seek(district, usable)
        if isinstance(found, Obstacle):
            return found
        factors.append(found)
    joint = sum_over(multiply(factors), causes.vertices - wanted)
    if not asked.given:
        return joint
    return divide(joint, sum_over(joint, asked.outcome))


def set_given(graph: MixedGraph, asked: Effect) -> Effect:
    """Return the effect with every condition set that might as well be set.

    The second rule of do-calculus, as often as it applies (IDC).
    """
    for one in sorted(asked.given):
        name = frozenset({one})
        cut = graph.cut_into(asked.treatment).cut_from(name)
        if separated(cut, asked.outcome, name, asked.treatment | asked.given - name):
            less = Effect(asked.treatment | name, asked.outcome, asked.given - name)
            return set_given(graph, less)
    return asked


def tells(graph: MixedGraph, known: Names, of: Names, regime: Regime) -> bool:
    """Return whether ``P(of | do(rest))`` means the same in a regime as asked.

    It does where none of ``of`` is set there, and where what is set on one side only
    does not cause ``of`` (third rule of do-calculus).

    Args:
        graph: The causes, unmeasured ones included.
        known: All variables that are set or seen in what is asked.
        of: Variables that are seen in what is asked.
        regime: The source.
    """
    if not of <= regime.random:
        return False
    here, there = known - of, regime.graph.vertices - of
    return not (
        graph.keep(graph.vertices - here).ancestors(of) & there
        or graph.keep(graph.vertices - there).ancestors(of) & here
    )


def read(regime: Regime, of: Iterable[str], given: Iterable[str]) -> Probability:
    """Return ``P(of | do(what was set), given)``, without what changes nothing.

    Conditions are left out one after the other while the rest keeps them independent of
    ``of``; what remains is the Markov boundary (Pearl 1988, "Probabilistic reasoning in
    intelligent systems", section 3.3). What was set is left out where it might as well
    not have been (third rule of do-calculus, Pearl 1995, Biometrika 82).
    """
    targets, behind, done = frozenset(of), frozenset(given) - regime.done, regime.done
    for name in regime.graph.order:
        one = frozenset({name})
        rest = (behind | regime.done) - one
        if one <= behind and separated(regime.graph, targets, one, rest):
            behind -= one
    for name in sorted(done):
        one = frozenset({name})
        cut = regime.whole.cut_into(done - one)
        cut = cut if one & cut.ancestors(behind) else cut.cut_into(one)
        if separated(cut, targets, one, behind | done - one):
            done -= one
    return Probability(
        tuple(sorted(targets)), tuple(sorted(behind)), tuple(sorted(done)), regime.done
    )


def _seek(district: Names, regimes: Iterable[Regime]) -> Estimand | Obstacle:
    """Look for a district's factor in every source; the shortest formula wins."""
    every = [_seek_in(district, regime) for regime in regimes]
    found = [formula for formula in every if not isinstance(formula, Hedge)]
    if found:
        return min(found, key=lambda formula: len(terms(formula)))
    return Obstacle(district, tuple(h for h in every if isinstance(h, Hedge)))


def _seek_in(district: Names, regime: Regime) -> Estimand | Hedge:
    """Look for a district's factor in one source.

    Starts at the district of the source that holds it, whose factor is the product of
    its variables' probabilities given all that come before them (Tian and Pearl 2002).
    """
    free = regime.free
    outer = _holder(free, district)
    before: list[str] = []
    parts: list[Estimand] = []
    for name in free.order:
        if name in outer:
            parts.append(read(regime, [name], before))
        before.append(name)
    return _narrow(free.keep(outer), multiply(parts), Hedge(regime, district, outer))


def _narrow(graph: MixedGraph, factor: Estimand, search: Hedge) -> Estimand | Hedge:
    """Go from a factor to that of a district within, in steps (Tian's ``Identify``).

    Args:
        graph: The causes among the variables of the factor, one district.
        factor: Their factor.
        search: What is wanted, and these variables.

    Returns:
        The wanted factor, or where the search got stuck.
    """
    causes = graph.ancestors(search.inner)
    smaller = sum_over(factor, graph.vertices - causes)
    if causes == search.inner:
        return smaller
    if causes == graph.vertices:
        return search
    graph = graph.keep(causes)
    outer = _holder(graph, search.inner)
    parts = _split(graph, smaller, outer)
    return _narrow(graph.keep(outer), parts, Hedge(search.regime, search.inner, outer))


def _split(graph: MixedGraph, factor: Estimand, district: Names) -> Estimand:
    """Return a district's factor from that of a whole graph (Tian and Pearl 2002)."""
    if district == graph.vertices:
        return factor
    parts: list[Estimand] = []
    for i, name in enumerate(graph.order):
        if name in district:
            upto = sum_over(factor, graph.order[i + 1 :])
            parts.append(divide(upto, sum_over(upto, [name])))
    return multiply(parts)


def _holder(graph: MixedGraph, inner: Names) -> Names:
    """Return the district that holds a set of variables tied by hidden causes."""
    return next(d for d in graph.districts() if inner <= d)
