"""In which column a variable stands, above which others, and how links pass between.

The layered drawing of Sugiyama, Tagawa and Toda 1981 ("Methods for visual understanding
of hierarchical system structures", IEEE Transactions on Systems, Man, and Cybernetics
11): a link over several layers gets a lane of its own in each layer between, so that it
runs through no box; links of one kind from one variable share their lanes. Layers are
then sorted by the mean place of what their members are linked to, in sweeps, and the
order with the fewest crossings is kept.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from labagent.causes import Cause, find_cycle
from labagent.review.graphs import Group, Link, Picture
from labagent.variables import Role

_SWEEPS = 12


@dataclass(frozen=True)
class Lane:
    """Room in a layer for links that pass through it.

    Attributes:
        source: The variable they begin at, on the left.
        style: Which links share it: ``sure``, ``doubtful`` or ``hidden``.
        layer: Number of the layer.
    """

    source: str
    style: str
    layer: int


Item = str | Lane
"""What stands in a layer: a variable's box, or a lane."""


@dataclass(frozen=True)
class Track:
    """A link and what it passes, from left to right.

    Attributes:
        link: The link.
        items: Its two variables and the lanes between; with no lanes and both ends in
            one layer, the upper one is first.
        backward: Whether its effect stands on the left.
    """

    link: Link
    items: tuple[Item, ...]
    backward: bool


@dataclass(frozen=True)
class Layers:
    """Layers in order, their members from top to bottom.

    Attributes:
        groups: For each layer the number of the group it belongs to.
        members: For each layer its boxes and lanes.
        tracks: One per link, in the order of the links.
    """

    groups: tuple[int, ...]
    members: tuple[tuple[Item, ...], ...]
    tracks: tuple[Track, ...]

    @property
    def pairs(self) -> tuple[tuple[Item, Item], ...]:
        """What is joined between one layer and the next, each once."""
        layer = {item: i for i, m in enumerate(self.members) for item in m}
        found = dict.fromkeys(
            pair
            for track in self.tracks
            for pair in pairwise(track.items)
            if layer[pair[0]] != layer[pair[1]]
        )
        return tuple(found)


def style_of(link: Link) -> str:
    """Return which links a link shares its lanes with."""
    return "hidden" if link.hidden else "sure" if link.certain else "doubtful"


def arrange(shown: Picture) -> Layers:
    """Return a picture's variables in layers, links crossing as little as is easy."""
    groups: list[int] = []
    columns: list[list[Item]] = []
    for number, group in enumerate(shown.groups):
        for column in _columns(group, shown.links):
            groups.append(number)
            columns.append(column)
    layer = {item: i for i, column in enumerate(columns) for item in column}
    tracks = [
        _track(link, layer)
        for link in shown.links
        if link.parent in layer and link.child in layer
    ]
    for track in tracks:
        for item in track.items:
            if isinstance(item, Lane) and item not in columns[item.layer]:
                columns[item.layer].append(item)
    members = tuple(tuple(column) for column in columns)
    return _untangled(Layers(tuple(groups), members, tuple(tracks)))


def _columns(group: Group, links: Sequence[Link]) -> list[list[Item]]:
    """Return a group's layers: controls, then what depends on what, step by step."""
    controls: list[Item] = [v.name for v in group.vertices if v.role is Role.CONTROL]
    others = [v.name for v in group.vertices if v.role is not Role.CONTROL]
    depth = _depths(others, links)
    steps = range(1 + max(depth.values(), default=-1))
    layers: list[list[Item]] = [[n for n in others if depth[n] == d] for d in steps]
    return [layer for layer in (controls, *layers) if layer]


def _depths(names: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    """Return for each name how many of the others are before it, one after another."""
    depth = dict.fromkeys(names, 0)
    inside = [
        Cause(x.parent, x.child)
        for x in links
        if not x.hidden and x.parent in depth and x.child in depth
    ]
    if find_cycle(inside):
        return depth
    for _ in names:
        for edge in inside:
            depth[edge.child] = max(depth[edge.child], depth[edge.parent] + 1)
    return depth


def _track(link: Link, layer: Mapping[Item, int]) -> Track:
    left, right = link.parent, link.child
    backward = layer[left] > layer[right]
    if backward:
        left, right = right, left
    between = range(layer[left] + 1, layer[right])
    lanes = (Lane(left, style_of(link), i) for i in between)
    return Track(link, (left, *lanes, right), backward)


def _untangled(layers: Layers) -> Layers:
    """Return layers whose members are sorted for few crossings."""
    near: dict[Item, list[Item]] = defaultdict(list)
    for one, other in layers.pairs:
        near[one].append(other)
        near[other].append(one)
    best = current = [list(column) for column in layers.members]
    fewest = _crossings(best, layers.pairs)
    for sweep in range(_SWEEPS):
        current = _swept(current, near, rightward=sweep % 2 == 0)
        crossings = _crossings(current, layers.pairs)
        if crossings < fewest:
            best, fewest = current, crossings
    return Layers(layers.groups, tuple(tuple(c) for c in best), layers.tracks)


def _swept(
    columns: Sequence[Sequence[Item]],
    near: Mapping[Item, Sequence[Item]],
    *,
    rightward: bool,
) -> list[list[Item]]:
    """Return the layers, each sorted by the places of its links in the one before."""
    swept = [list(column) for column in columns]
    place: dict[Item, float] = {}
    order = range(len(swept)) if rightward else reversed(range(len(swept)))
    for i in order:
        here = swept[i]
        wanted: dict[Item, float] = {}
        for number, item in enumerate(here):
            links = [place[other] for other in near.get(item, ()) if other in place]
            own = (number + 0.5) / len(here)
            wanted[item] = sum(links) / len(links) if links else own
        here.sort(key=wanted.__getitem__)
        place = {item: (n + 0.5) / len(here) for n, item in enumerate(here)}
    return swept


def _crossings(
    columns: Sequence[Sequence[Item]], pairs: Sequence[tuple[Item, Item]]
) -> int:
    """Return how many pairs of links cross between neighbouring layers."""
    spot = {item: (i, n) for i, c in enumerate(columns) for n, item in enumerate(c)}
    between: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one, other in pairs:
        (layer, above), (_, below) = spot[one], spot[other]
        between[layer].append((above, below))
    count = 0
    for ends in between.values():
        seen: list[int] = []
        for _, end in sorted(ends):
            count += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return count
