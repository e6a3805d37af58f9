"""The process as a network of mechanisms: which variable may depend on which.

Nodes are the measured quantities, in an order in which causes come first. Where the
campaign declares causes they are a *prior* for prediction: every node may see all that
comes earlier, and its declared parents get the shorter length-scales. Wrong edges then
cost sharpness, not correctness (DECISIONS.md, "Declared causes are a prior").
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from labagent.campaigns import Campaign
from labagent.causes import ProcessGraph
from labagent.variables import Role


@dataclass(frozen=True)
class Node:
    """One measured quantity and what its mechanism may depend on.

    Attributes:
        name: The quantity.
        inputs: Names of controls, measured quantities and context variables it may
            see: controls first, then states, then context.
        declared: Those of them that are declared causes; empty where none is.
    """

    name: str
    inputs: tuple[str, ...]
    declared: frozenset[str]


def network(campaign: Campaign, graph: ProcessGraph | None = None) -> tuple[Node, ...]:
    """Return the campaign's nodes, causes before effects.

    A state sees the controls of its own and earlier stages and the states of earlier
    stages; an outcome sees all controls and all states. Declared parents are added,
    forbidden ones taken away.

    Args:
        campaign: Says what is set and measured, and in which order.
        graph: Declared causes; the campaign's own by default.
    """
    graph = campaign.graph if graph is None else graph
    seen = {v.name: _earlier(campaign, v.name, v.role) for v in campaign.measured}
    forbidden = {e.ends for e in graph.forbidden}
    context = tuple(v.name for v in campaign.context)
    nodes = [
        _node(v.name, (*seen[v.name], *context), graph, forbidden)
        for v in campaign.measured
    ]
    by_name = {n.name: n for n in nodes}
    return tuple(_ordered(by_name, campaign))


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


def _node(
    name: str,
    earlier: tuple[str, ...],
    graph: ProcessGraph,
    forbidden: set[tuple[str, str]],
) -> Node:
    parents = graph.parents(name)
    inputs = dict.fromkeys((*earlier, *parents))
    allowed = tuple(i for i in inputs if (i, name) not in forbidden)
    return Node(name, allowed, frozenset(parents))


def _ordered(nodes: Mapping[str, Node], campaign: Campaign) -> Iterator[Node]:
    """Yield nodes after the measured quantities they see."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in _measured(campaign):
        sorter.add(name, *(i for i in nodes[name].inputs if i in nodes))
    for name in sorter.static_order():
        yield nodes[name]
