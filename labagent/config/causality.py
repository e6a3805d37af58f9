"""``causes:`` and ``forbid_causes:`` to the declared causal graph.

``a, b -> c`` declares two edges, ``a -> c ? 0.7`` one that holds with probability 0.7.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from labagent.causes import Cause, ProcessGraph, find_cycle
from labagent.config.fields import Fields
from labagent.config.names import unknown_name
from labagent.config.nodes import Node, Place, Report
from labagent.variables import Role

_EDGE = re.compile(
    r"(?P<parents>[^>?]+?)\s*->\s*(?P<child>[^,>?]+?)\s*(?:\?(?P<p>.*))?"
)


def read_graph(root: Fields, roles: Mapping[str, Role], report: Report) -> ProcessGraph:
    """Return the declared causes.

    Args:
        root: The whole file.
        roles: Name to role of every variable declared.
        report: Receives what is wrong.
    """
    edges = _edges(root.items("causes"), roles, report, uncertain=True)
    forbidden = _edges(root.items("forbid_causes"), roles, report, uncertain=False)
    for edge, place in forbidden.items():
        if edge in edges:
            report.add(
                place,
                f"cause {edge.parent} -> {edge.child}: is forbidden and declared",
                f"must be one or the other (declared on {edges[edge].short})",
            )
    cycle = find_cycle(edges)
    if cycle:
        ring = set(pairwise(cycle))
        inside = [edges[e] for e in edges if (e.parent, e.child) in ring]
        report.add(
            max(inside, default=root.place_of("causes")),
            f"causes: got the circle {' -> '.join(cycle)}",
            "must not lead back to where they began",
        )
    return ProcessGraph(tuple(edges), tuple(forbidden))


def _edges(
    nodes: Sequence[Node], roles: Mapping[str, Role], report: Report, *, uncertain: bool
) -> dict[Cause, Place]:
    found: dict[Cause, Place] = {}
    for node in nodes:
        text = node.value if isinstance(node.value, str) else ""
        match = _EDGE.fullmatch(text.strip())
        if not match:
            report.add(
                node.place,
                f"cause: got {node.shown}",
                "must read like: a, b -> c",
            )
            continue
        if match["p"] is not None:
            _check_probability(match["p"], node, uncertain, report)
        child = match["child"]
        for parent in (name.strip() for name in match["parents"].split(",")):
            if _check_edge(parent, child, node.place, roles, report):
                found.setdefault(Cause(parent, child), node.place)
    return found


def _check_probability(text: str, node: Node, uncertain: bool, report: Report) -> None:
    if not uncertain:
        report.add(
            node.place, f"cause: got {node.shown}", "must be certain to be forbidden"
        )
        return
    try:
        probability = float(text)
    except ValueError:
        probability = 0.0
    if not 0 < probability < 1:
        report.add(
            node.place,
            f"cause: got the probability {text.strip()!r}",
            "must be a number between 0 and 1, as in a -> b ? 0.7",
        )


def _check_edge(
    parent: str, child: str, place: Place, roles: Mapping[str, Role], report: Report
) -> bool:
    unknown = [name for name in (parent, child) if name not in roles]
    for name in unknown:
        report.add(place, *unknown_name("cause", name, list(roles)))
    if unknown:
        return False
    edge = f"cause {parent} -> {child}"
    if parent == child:
        report.add(place, f"{edge}: causes itself", "must have two ends")
        return False
    if roles[child] is Role.CONTROL:
        report.add(
            place,
            f"{edge}: {child} is set, not caused",
            "must point to something measured or observed",
        )
        return False
    return True
