"""The process as a network of mechanisms: which variable may depend on which.

Nodes are the measured quantities, in an order in which causes come first. Where the
campaign declares causes they are a *prior* for prediction: a node's parents may be the
declared ones, or everything that comes earlier (its declared parents then get the
shorter length-scales), or the controls alone, and the data judge. Wrong edges then cost
sharpness, not correctness (DECISIONS.md, "Parents are judged by the data").
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from labagent.campaigns import BEFORE, Campaign, Recurrence
from labagent.causes import ProcessGraph
from labagent.variables import Role

ORDER = "(order)"
"""What stands for a drift: which experiment it was. No variable has such a name."""

TRUST = 0.5
"""Probability that declared parents are all there are, before any data."""


@dataclass(frozen=True)
class ParentSet:
    """What a mechanism may depend on.

    Attributes:
        inputs: Names of controls, measured quantities and context variables, in the
            node's order.
        declared: Those of them that are declared causes; empty where none is.
        prior: Probability before any data.
        reduced: Whether what lies between is passed over: then they are no causes, and
            tell nothing where a state between was set.
    """

    inputs: tuple[str, ...]
    declared: frozenset[str]
    prior: float
    reduced: bool = False


@dataclass(frozen=True)
class Node:
    """One measured quantity and what its mechanism may depend on.

    Where a stage repeats, a mechanism is perhaps that of other turns too.

    Attributes:
        name: The quantity.
        inputs: Names of controls, measured quantities and context variables it may
            see: controls first, then states, then context.
        said: What its declared parents may be and how probable that was before any
            data, likeliest first now; empty where nothing is declared.
        states: The measured quantities among its inputs.
        kind: What it is in every turn of its stage; empty where it has no law in common
            with other turns.
        shared: What that law may depend on; the same in every turn, by the names of
            this one.
    """

    name: str
    inputs: tuple[str, ...]
    said: Mapping[frozenset[str], float] = field(default_factory=dict)
    states: frozenset[str] = frozenset()
    kind: str = ""
    shared: tuple[ParentSet, ...] = ()

    @property
    def declared(self) -> frozenset[str]:
        """Its likeliest declared parents; empty where none is."""
        return next(iter(self.said), frozenset())

    @property
    def sets(self) -> tuple[ParentSet, ...]:
        """What its parents may be, each once; first everything.

        Everything, what is declared mattering most or all alike; controls alone, as if
        nothing was measured on the way; just what is declared.
        """
        nothing: frozenset[str] = frozenset()
        alone = tuple(i for i in self.inputs if i not in self.states)
        found = [(self.inputs, self.declared), (self.inputs, nothing)]
        found += [(alone, nothing)] if alone else []
        shares = [(one, (1.0 - TRUST) / len(found)) for one in found]
        total = sum(self.said.values())
        for parents, prior in self.said.items():
            seen = tuple(i for i in self.inputs if i in parents)
            shares.append(((seen, parents), TRUST * prior / total))
        all_told = alone == self.inputs or frozenset(alone) in self.said
        return tuple(
            replace(one, reduced=one.inputs == alone and not all_told)
            for one in _each_once(shares)
        )


def _each_once(
    shares: Iterable[tuple[tuple[tuple[str, ...], frozenset[str]], float]],
) -> tuple[ParentSet, ...]:
    """Return sets of (inputs, declared ones) and their priors, equal ones as one."""
    priors: dict[tuple[tuple[str, ...], frozenset[str]], float] = {}
    for (inputs, declared), share in shares:
        # declaring everything tells no more than declaring nothing
        some = declared if declared < {*inputs} else frozenset[str]()
        priors[inputs, some] = priors.get((inputs, some), 0.0) + share
    return tuple(ParentSet(*one, prior) for one, prior in priors.items())


def network(
    campaign: Campaign, graphs: Sequence[ProcessGraph] = ()
) -> tuple[Node, ...]:
    """Return the campaign's nodes, causes before effects.

    A state sees the controls of its own and earlier stages and the states of earlier
    stages; an outcome sees all controls and all states. Declared parents are added,
    forbidden ones taken away.

    Args:
        campaign: Says what is set and measured, and in which order.
        graphs: Graphs that the declared one allows, likeliest first: each tells what
            declared parents may be. The campaign's own by default.
    """
    graphs = graphs or (campaign.graph,)
    context = _around(campaign)
    forbidden = {e.ends for e in campaign.graph.forbidden}
    measured = frozenset(v.name for v in campaign.measured)
    by_name: dict[str, Node] = {}
    for variable in campaign.measured:
        name = variable.name
        earlier = _earlier(campaign, name, variable.role)
        inputs = dict.fromkeys((*earlier, *context, *campaign.graph.parents(name)))
        allowed = tuple(i for i in inputs if (i, name) not in forbidden)
        told = dict.fromkeys(frozenset(g.parents(name)) for g in graphs)
        said = {s: _prior(campaign.graph, name, s) for s in told if s}
        if campaign.drift:  # nothing else is known to cause it, but this may
            said = {s | {ORDER}: p for s, p in said.items()}
        by_name[name] = Node(name, allowed, said, measured.intersection(allowed))
    for one in campaign.recurrences:
        if len(one.members) > 1:
            nodes = [by_name[name] for name in one.members]
            shared = _in_common(one, nodes, campaign)
            for node, sets in zip(nodes, shared, strict=True):
                by_name[node.name] = replace(node, kind=one.quantity, shared=sets)
    return tuple(_ordered(by_name, campaign))


def _in_common(
    one: Recurrence, nodes: Sequence[Node], campaign: Campaign
) -> Iterator[tuple[ParentSet, ...]]:
    """Yield, turn by turn, what the law s' = f(s, a) of all turns may depend on.

    What the turn before left behind, the turn's own controls and context, declared ones
    mattering most or all alike; or just what is declared alike in every turn.
    """
    measured = {v.name for v in campaign.measured}
    declared = told_alike(one, [node.declared for node in nodes])
    last = one.names[-1]
    near = [n for n, x in last.items() if n.endswith(BEFORE) == (x in measured)]
    near += _around(campaign)
    turns = list(zip(nodes, one.names, strict=True))
    every = [
        n
        for n in near
        if all(names.get(n, n) in {*node.inputs, *one.start} for node, names in turns)
    ]
    every += sorted(declared.difference(every))
    said = tuple(n for n in every if n in declared)
    shares = [
        ((tuple(every), found), (1.0 - TRUST) / 2)
        for found in (declared, frozenset[str]())
    ]
    if said:
        shares.append(((said, declared), TRUST))
    for names in one.names:
        yield tuple(
            ParentSet(
                tuple(names.get(i, i) for i in s.inputs),
                frozenset(names.get(i, i) for i in s.declared),
                s.prior,
            )
            for s in _each_once(shares)
        )


def told_alike(one: Recurrence, parents: Sequence[Collection[str]]) -> frozenset[str]:
    """Return the causes of a recurring quantity, by the file's names.

    What is known before the first turn is a cause in it as in the others. Empty where
    turns differ.

    Args:
        one: The quantity.
        parents: Its causes turn by turn, by the names of the turns.
    """
    found = [_by_the_file(p, n) for p, n in zip(parents, one.names, strict=True)]
    whole = found[-1] if found else frozenset[str]()
    known = [
        told | whole.intersection(one.start).difference(names)
        for told, names in zip(found, one.names, strict=True)
    ]
    return whole if all(told == whole for told in known) else frozenset()


def _by_the_file(found: Collection[str], names: Mapping[str, str]) -> frozenset[str]:
    """Return what the file calls some variables of a turn."""
    called = {name: n for n, name in names.items()}
    return frozenset(called.get(i, i) for i in found)


def states_before(campaign: Campaign) -> Mapping[str, frozenset[str]]:
    """Return quantity to the states that may act on it, directly or through others.

    On an outcome every state may.

    Args:
        campaign: Says what is measured, in which order, and what causes what.
    """
    states = frozenset(v.name for v in campaign.measured if v.role is Role.STATE)
    found: dict[str, frozenset[str]] = {}
    for node in network(campaign):  # causes come first
        near = states.intersection(node.inputs)
        found[node.name] = near.union(*(found[state] for state in near))
    for variable in campaign.measured:
        if variable.role is Role.OUTCOME:
            found[variable.name] = states
    return found


def has_states(campaign: Campaign) -> bool:
    """Return whether anything is measured on the way to the outcomes."""
    return any(v.role is Role.STATE for v in campaign.measured)


def _earlier(campaign: Campaign, name: str, role: Role) -> tuple[str, ...]:
    """Return controls, then states, that come before a quantity is measured."""
    states = {v.name for v in campaign.measured if v.role is Role.STATE} - {name}
    if role is Role.OUTCOME:
        return (*campaign.space.names, *(v for v in _measured(campaign) if v in states))
    controls: list[str] = []
    before: list[str] = []
    for stage in campaign.stages:
        controls += stage.controls
        if name in stage.measures:
            break
        before += [q for q in stage.measures if q in states]
    return (*controls, *before)


def _measured(campaign: Campaign) -> tuple[str, ...]:
    return tuple(v.name for v in campaign.measured)


def _around(campaign: Campaign) -> tuple[str, ...]:
    """Return context, and the order of experiments where things drift with it."""
    context = tuple(v.name for v in campaign.context)
    return (*context, ORDER) if campaign.drift else context


def _prior(graph: ProcessGraph, child: str, parents: Collection[str]) -> float:
    """Return how probable just these of the uncertain parents were declared to be."""
    doubtful = [e for e in graph.uncertain if e.child == child]
    return math.prod(
        e.probability if e.parent in parents else 1.0 - e.probability for e in doubtful
    )


def _ordered(nodes: Mapping[str, Node], campaign: Campaign) -> Iterator[Node]:
    """Yield nodes after the measured quantities they see."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in _measured(campaign):
        sorter.add(name, *(i for i in nodes[name].inputs if i in nodes))
    for name in sorter.static_order():
        yield nodes[name]
