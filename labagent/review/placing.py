"""Where everything of a process graph stands on the page, in pixels.

Layers become columns from left to right. In a column boxes and lanes keep their order
and their distances, and within that come as close as they can to what they are linked
to: a least-squares problem with an order, solved exactly by pooling neighbours that
would overlap (isotonic regression; Barlow, Bartholomew, Bremner and Brunk 1972,
"Statistical Inference under Order Restrictions"). Links curve only between columns and
pass a column straight, along their lane, so none runs through a box.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labagent.review.graphs import Group, Picture, Vertex
from labagent.review.layering import Item, Lane, Layers, Track, arrange, style_of

Point = tuple[float, float]
"""From the left and from the top, in pixels."""

NAME_SIZE, NOTE_SIZE, TITLE_SIZE = 14, 11, 13
"""Sizes of letters, in pixels."""
MARGIN, PADDING, HEADER = 24, 18, 40
_BOX, _PORT, _LANE = 46, 10, 10  # heights, in pixels
_APART = 16
_GAP, _PER_LINK, _WIDEST_GAP = 54, 5, 150
_ARC, _PER_ARC = 22, 12
_SWEEPS = 12
_NARROW, _WIDE = set("fijlrtI.,:;|!()[]/ '-"), set("mwMW%@&")


@dataclass(frozen=True)
class Box:
    """A variable on the page.

    Attributes:
        vertex: The variable.
        x: Left side.
        y: Upper side.
        width: Its width.
        height: Its height.
    """

    vertex: Vertex
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Lower side."""
        return self.y + self.height


@dataclass(frozen=True)
class Frame:
    """The ground of one group: a stage, context or the outcomes."""

    group: Group
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Path:
    """A link on the page.

    Attributes:
        track: The link, and what it passes.
        points: From the left end to the right end; from the first to the second it
            curves, from there to the third it is straight, and so on in turn.
        arc: How far it swings out to the right, where both ends are in one column.
    """

    track: Track
    points: tuple[Point, ...]
    arc: float = 0.0


@dataclass(frozen=True)
class Layout:
    """A drawing without colours.

    Attributes:
        boxes: By name of the variable.
        frames: From left to right.
        paths: One per link.
        width: Of everything, margins included.
        height: Of everything, margins included.
    """

    boxes: Mapping[str, Box]
    frames: tuple[Frame, ...]
    paths: tuple[Path, ...]
    width: float
    height: float


def text_width(text: str, size: float) -> float:
    """Return how wide a text is at most in the usual fonts, in pixels."""
    units = sum(0.4 if c in _NARROW else 0.95 if c in _WIDE else 0.64 for c in text)
    return units * size


def place(shown: Picture) -> Layout:
    """Return where everything of a picture stands."""
    layers = arrange(shown)
    heights = _heights(layers)
    middles = _settled(layers, heights)
    across = _Columns(shown, layers)
    boxes = {
        v.name: Box(v, x, middles[v.name] - heights[v.name] / 2, w, heights[v.name])
        for v in shown.vertices
        for x, w in [across.of(v.name)]
    }
    bottom = max((box.bottom for box in boxes.values()), default=0.0)
    bottom = max(bottom, *(y + _LANE for y in middles.values()))
    frames = tuple(
        Frame(group, x, MARGIN, w, bottom + PADDING - MARGIN)
        for group, x, w in across.frames
    )
    paths = _Router(layers, boxes, middles, across).paths()
    return Layout(boxes, frames, paths, across.width, bottom + PADDING + MARGIN)


# ------------------------------------------------------------- downwards


def _heights(layers: Layers) -> dict[Item, float]:
    ends: dict[Item, int] = defaultdict(int)
    for track in layers.tracks:
        ends[track.items[-1]] += 1
        ends[track.items[0]] += 0
    return {
        item: _LANE if isinstance(item, Lane) else max(_BOX, _PORT * ends[item] + 14)
        for column in layers.members
        for item in column
    }


def _settled(layers: Layers, heights: Mapping[Item, float]) -> dict[Item, float]:
    """Return the middle of each box and lane, in pixels from the top."""
    pulls: dict[Item, list[tuple[Item, float]]] = defaultdict(list)
    for one, other in layers.pairs:
        weight = 1.0 + 2.0 * isinstance(one, Lane) + 2.0 * isinstance(other, Lane)
        pulls[one].append((other, weight))
        pulls[other].append((one, weight))
    gaps = [_distances(column, heights) for column in layers.members]
    middles: dict[Item, float] = {}
    for column, apart in zip(layers.members, gaps, strict=True):
        middles.update(zip(column, spread([0.0] * len(column), apart), strict=True))
    order = list(range(len(layers.members)))
    for sweep in range(_SWEEPS):
        for i in order if sweep % 2 == 0 else reversed(order):
            column = layers.members[i]
            wanted = [_wanted(item, pulls, middles) for item in column]
            middles.update(zip(column, spread(wanted, gaps[i]), strict=True))
    top = min(y - heights[item] / 2 for item, y in middles.items())
    shift = MARGIN + HEADER - top
    return {item: y + shift for item, y in middles.items()}


def _wanted(
    item: Item,
    pulls: Mapping[Item, Sequence[tuple[Item, float]]],
    middles: Mapping[Item, float],
) -> float:
    links = pulls.get(item, ())
    total = sum(weight for _, weight in links)
    if not total:
        return middles[item]
    return sum(weight * middles[other] for other, weight in links) / total


def _distances(column: Sequence[Item], heights: Mapping[Item, float]) -> list[float]:
    """Return how far the middles of neighbours must be apart, in pixels."""
    apart: list[float] = []
    for i in range(1, len(column)):
        above, below = column[i - 1], column[i]
        lanes = isinstance(above, Lane) and isinstance(below, Lane)
        air = _APART / 4 if lanes else _APART
        apart.append((heights[above] + heights[below]) / 2 + air)
    return apart


def spread(wanted: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Return places as near as possible to those wanted that keep their distances.

    Args:
        wanted: Where each would like to be, in order from the top.
        apart: Least distance of each but the first from the one above it.
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    blocks: list[tuple[float, int]] = []  # sum and number of those pooled
    for place_wanted, offset in zip(wanted, offsets, strict=False):
        total, count = place_wanted - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            above, many = blocks.pop()
            total, count = total + above, count + many
        blocks.append((total, count))
    level = [total / count for total, count in blocks for _ in range(count)]
    return [base + offset for base, offset in zip(level, offsets, strict=False)]


# -------------------------------------------------------------- rightwards


class _Columns:
    """Left side and width of every layer, and of the frames around them."""

    def __init__(self, shown: Picture, layers: Layers) -> None:
        self._layer = {item: i for i, m in enumerate(layers.members) for item in m}
        self._links = [0] * len(layers.members)
        for one, _ in layers.pairs:
            self._links[self._layer[one]] += 1
        self._arcs = [0] * len(layers.members)
        for track in layers.tracks:
            if self._layer[track.items[0]] == self._layer[track.items[-1]]:
                self._arcs[self._layer[track.items[0]]] += 1
        self._names = {v.name: v for v in shown.vertices}
        self._spans: list[tuple[float, float]] = []
        self.frames: list[tuple[Group, float, float]] = []
        x = float(MARGIN)
        for number, group in enumerate(shown.groups):
            mine = [i for i, g in enumerate(layers.groups) if g == number]
            if mine:
                columns = [layers.members[i] for i in mine]
                x = self._add(group, mine[-1], columns, x)
        _, start, width = self.frames[-1]
        self.width = start + width + MARGIN

    def _add(
        self, group: Group, last: int, columns: Sequence[Sequence[Item]], x: float
    ) -> float:
        """Place a group's layers from ``x`` on; return where the next group begins."""
        start, layer = x, last - len(columns) + 1
        x += PADDING
        title = text_width(group.title, TITLE_SIZE)
        for i, column in enumerate(columns, layer):
            boxes = [_box_width(self._names[n]) for n in column if isinstance(n, str)]
            self._spans.append((x, max([title if i == layer else 0.0, *boxes])))
            x += self._spans[-1][1] + (self._gap(i) if i < last else 0.0)
        room = self._room_for_arcs(last)
        x += PADDING + room
        self.frames.append((group, start, x - start))
        return x + max(self._gap(last) - 2 * PADDING - room, PADDING)

    def of(self, item: Item) -> tuple[float, float]:
        """Return left side and width of the layer something stands in."""
        return self._spans[self._layer[item]]

    def layer(self, item: Item) -> int:
        """Return the number of the layer something stands in."""
        return self._layer[item]

    def _gap(self, layer: int) -> float:
        links = _GAP + _PER_LINK * self._links[layer]
        return max(min(links, _WIDEST_GAP), self._room_for_arcs(layer) + _GAP)

    def _room_for_arcs(self, layer: int) -> float:
        arcs = self._arcs[layer]
        return _ARC + _PER_ARC * arcs if arcs else 0.0


def _box_width(vertex: Vertex) -> float:
    name = text_width(vertex.short, NAME_SIZE)
    return max(72.0, name, text_width(vertex.note, NOTE_SIZE)) + 24


# -------------------------------------------------------------------- links


class _Router:
    """Gives every link its ends at the boxes and its way between them."""

    def __init__(
        self,
        layers: Layers,
        boxes: Mapping[str, Box],
        middles: Mapping[Item, float],
        across: _Columns,
    ) -> None:
        self._layers = layers
        self._boxes = boxes
        self._middles = middles
        self._across = across
        self._arcs: dict[int, int] = defaultdict(int)

    def paths(self) -> tuple[Path, ...]:
        arriving: dict[Item, dict[object, list[float]]] = defaultdict(dict)
        leaving: dict[Item, dict[object, list[float]]] = defaultdict(dict)
        for track in self._layers.tracks:
            first, *_, last = track.items
            if self._bent(track):
                leaving[first][track] = [self._middles[last]]
                leaving[last][track] = [self._middles[first]]
                continue
            arriving[last][track] = [self._middles[track.items[-2]]]
            style, after = style_of(track.link), self._middles[track.items[1]]
            leaving[first].setdefault(style, []).append(after)
        self._arriving = {item: self._ports(item, e) for item, e in arriving.items()}
        self._leaving = {item: self._ports(item, e) for item, e in leaving.items()}
        return tuple(self._path(track) for track in self._layers.tracks)

    def _bent(self, track: Track) -> bool:
        ends = (track.items[0], track.items[-1])
        return self._across.layer(ends[0]) == self._across.layer(ends[1])

    def _ports(
        self, item: Item, ends: Mapping[object, Sequence[float]]
    ) -> dict[object, float]:
        """Return where on a box's side each end is, sorted by where it comes from."""
        box = self._boxes[str(item)]
        order = sorted(ends, key=lambda end: sum(ends[end]) / len(ends[end]))
        step = box.height / (len(order) + 1)
        return {end: box.y + step * n for n, end in enumerate(order, 1)}

    def _path(self, track: Track) -> Path:
        first, *lanes, last = track.items
        left, right = self._boxes[str(first)], self._boxes[str(last)]
        if self._bent(track):
            start = (left.right, self._leaving[first][track])
            end = (right.right, self._leaving[last][track])
            layer = self._across.layer(first)
            self._arcs[layer] += 1
            return Path(track, (start, end), _ARC + _PER_ARC * self._arcs[layer])
        points = [(left.right, self._leaving[first][style_of(track.link)])]
        for lane in lanes:
            x, width = self._across.of(lane)
            points += [(x, self._middles[lane]), (x + width, self._middles[lane])]
        points.append((right.x, self._arriving[last][track]))
        return Path(track, tuple(points))
