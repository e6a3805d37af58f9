"""Which variables are independent given which, and the fewest that make them so."""

from collections import deque
from collections.abc import Mapping
from itertools import pairwise

from labagent.causes.mixed import MixedGraph, Names, reach

Port = tuple[str, str]
"""A variable's ``in`` or ``out`` side, when paths through variables are counted."""

Room = dict[Port, dict[Port, int]]
"""How many more paths may go from port to port."""


def separated(graph: MixedGraph, first: Names, second: Names, given: Names) -> bool:
    """Return whether two sets of variables are d-separated by a third.

    Separation in the moralised graph of the ancestors (Lauritzen, Dawid, Larsen and
    Leimer 1990, Networks 20); with hidden causes in their augmented graph, which is
    the same as m-separation (Richardson 2003, Scand. J. Statist. 30, theorem 1).

    Args:
        graph: The causes.
        first: One set.
        second: The other set.
        given: What is conditioned on; members of the other two sets do not count.
    """
    first, second = first - given, second - given
    links = _moralise(graph.keep(graph.ancestors(first | second | given)))
    return not reach(links, first, blocked=given) & second


def smallest_separator(
    graph: MixedGraph, first: Names, second: Names, allowed: Names
) -> Names | None:
    """Return the fewest variables that d-separate two sets, or None.

    A minimum cut in the moralised graph of the ancestors (van der Zander, Liskiewicz
    and Textor 2019, "Separators and adjustment sets in causal graphs", Artif. Intell.
    270). Among cuts of that size it is the one nearest to ``second``: with outcomes as
    ``second``, variables near them leave the least noise (Henckel, Perkovic and
    Maathuis 2022, J. R. Stat. Soc. B 84).

    Args:
        graph: The causes.
        first: One set.
        second: The other set.
        allowed: What may be conditioned on.
    """
    links = _moralise(graph.keep(graph.ancestors(first | second)))
    allowed = (allowed & links.keys()) - first - second
    if reach(links, first, blocked=allowed) & second:
        return None
    room = _make_room(links, allowed)
    start = frozenset((v, "out") for v in second)
    end = frozenset((v, "in") for v in first)
    came = _flood(room, start)
    while met := sorted(end & came.keys()):
        _use(room, came, met[0])
        came = _flood(room, start)
    return frozenset(v for v in allowed if (v, "in") in came and (v, "out") not in came)


def _moralise(graph: MixedGraph) -> Mapping[str, Names]:
    """Link all variables of each district and their parents with each other."""
    links: dict[str, set[str]] = {vertex: set() for vertex in graph.vertices}
    for district in graph.districts():
        family = district.union(*(graph.parents[v] for v in district))
        for vertex in family:
            links[vertex] |= family - {vertex}
    return {vertex: frozenset(others) for vertex, others in links.items()}


def _make_room(links: Mapping[str, Names], allowed: Names) -> Room:
    """Let one path through each allowed variable and any number through others."""
    plenty = len(links) + 1
    room: Room = {(v, side): {} for v in links for side in ("in", "out")}
    for vertex, others in links.items():
        room[vertex, "in"][vertex, "out"] = 1 if vertex in allowed else plenty
        room[vertex, "out"][vertex, "in"] = 0
        for other in others:
            room[vertex, "out"][other, "in"] = plenty
            room[other, "in"].setdefault((vertex, "out"), 0)
    return room


def _flood(room: Room, start: frozenset[Port]) -> dict[Port, Port | None]:
    """Return every port that can still be reached, with the port before it."""
    came: dict[Port, Port | None] = dict.fromkeys(sorted(start))
    queue = deque(came)
    while queue:
        here = queue.popleft()
        for there in sorted(room[here]):
            if there not in came and room[here][there] > 0:
                came[there] = here
                queue.append(there)
    return came


def _use(room: Room, came: Mapping[Port, Port | None], end: Port) -> None:
    """Send one path along the ports that were found."""
    path = [end]
    while (before := came[path[-1]]) is not None:
        path.append(before)
    for there, here in pairwise(path):
        room[here][there] -= 1
        room[there][here] += 1
