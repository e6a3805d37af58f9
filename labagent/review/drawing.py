"""A process graph as SVG: one column per stage, context left, outcomes right.

Plain XML without scripts, fonts or links of its own, on a light ground. Colours say
the role; doubt is dashed and carries its probability, a hidden common cause is dotted
with an arrow at both ends. Every box and link has its full name as a tooltip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, indent, tostring

from labagent.review import svg
from labagent.review.graphs import LEFT_OUT, Link, Picture
from labagent.review.placing import (
    HEADER,
    MARGIN,
    NAME_SIZE,
    NOTE_SIZE,
    TITLE_SIZE,
    Box,
    Frame,
    Layout,
    Path,
    Point,
    place,
    text_width,
)
from labagent.variables import Role

_FONTS = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
_INK, _QUIET, _GROUND = "#1f2933", "#52606d", "#ffffff"
_FRAME, _EDGE, _HIDDEN = "#f4f6f8", "#d5dbe1", "#6b7785"
_BIG, _LINE, _SAMPLE = 20, 20, 36
_LEAST_WIDTH = 560.0
_SHARES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1)
"""Where along a link's last bend its probability may stand, best first."""
_STEPS = 20
_STYLE = "g:hover > path[fill=none] { stroke-width: 4 }"


@dataclass(frozen=True)
class Look:
    """How one role is drawn and what it means."""

    ground: str
    line: str
    meaning: str


LOOKS = {
    Role.CONTEXT: Look("#fbf0d9", "#a16207", "context: recorded, not set"),
    Role.CONTROL: Look("#e3effc", "#2b6cb0", "control: set"),
    Role.STATE: Look("#e0f3e6", "#2f855a", "state: measured on the way"),
    Role.OUTCOME: Look("#f3e5f8", "#86399f", "outcome: wanted"),
}


def draw_svg(shown: Picture) -> str:
    """Return a picture as a whole SVG document."""
    return _Drawing(shown, place(shown)).text()


class _Drawing:
    """Puts one layer of ink over the other: frames, links, boxes, letters."""

    def __init__(self, shown: Picture, layout: Layout) -> None:
        self._shown = shown
        self._layout = layout
        self._roles = {v.name: v.role for v in shown.vertices}
        self._labels: list[tuple[float, float, float]] = []
        self._bends = [
            (path, svg.along(path, step / _STEPS))
            for path in layout.paths
            for step in range(_STEPS + 1)
        ]
        name = 1.1 * text_width(shown.name, _BIG) + 2 * MARGIN  # it is bold
        self._width = max(layout.width, _LEAST_WIDTH, name)
        self._root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg"})

    def text(self) -> str:
        """Return the document."""
        room = self._width - 2 * MARGIN
        head = list(svg.wrapped(_order(self._shown), room, TITLE_SIZE))
        notes = list(svg.wrapped(_notes(self._shown), room, TITLE_SIZE))
        banner = 44.0 + _LINE * len(head)
        self._begin()
        name = (MARGIN, MARGIN + 14.0)
        svg.add_text(self._root, name, self._shown.name, _BIG, font_weight="600")
        self._lines(head, MARGIN + 14.0 + _LINE)
        move = f"translate(0 {svg.number(banner - MARGIN + 8)})"
        self._graph(svg.add(self._root, "g", transform=move))
        below = banner + self._layout.height - MARGIN + 8
        below = self._legend(below)
        self._lines(notes, below)
        self._size(below + _LINE * len(notes))
        indent(self._root, " ")
        return tostring(self._root, encoding="unicode") + "\n"

    # ------------------------------------------------------------ document

    def _begin(self) -> None:
        self._root.set("role", "img")
        self._root.set("aria-labelledby", "graph-title graph-desc")
        self._root.set("font-family", _FONTS)
        self._root.set("fill", _INK)
        title = svg.add(self._root, "title", id="graph-title")
        title.text = svg.clean(f"Process graph of {self._shown.name}")
        description = svg.add(self._root, "desc", id="graph-desc")
        description.text = svg.clean(_described(self._shown))
        svg.add(self._root, "style").text = _STYLE

    def _size(self, height: float) -> None:
        size = {"width": svg.number(self._width), "height": svg.number(height)}
        for key, value in size.items():
            self._root.set(key, value)
        self._root.set("viewBox", f"0 0 {size['width']} {size['height']}")
        self._root.insert(3, Element("rect", {**size, "fill": _GROUND}))

    def _lines(self, lines: Sequence[str], y: float) -> None:
        for i, line in enumerate(lines):
            at = (MARGIN, y + _LINE * i)
            svg.add_text(self._root, at, line, TITLE_SIZE, fill=_QUIET)

    # --------------------------------------------------------------- graph

    def _graph(self, parent: Element) -> None:
        for frame in self._layout.frames:
            self._frame(parent, frame)
        for one, other in pairwise(self._layout.frames):
            self._then(parent, one, other)
        # doubtful and hidden links over sure ones, whose lines would hide their gaps
        paths = sorted(self._layout.paths, key=lambda p: _plainness(p.track.link))
        for path in paths:
            self._link(parent, path)
        for box in self._layout.boxes.values():
            _draw_box(parent, box)
        for path in paths:
            self._label(parent, path)

    def _frame(self, parent: Element, frame: Frame) -> None:
        svg.add(
            parent,
            "rect",
            x=frame.x,
            y=frame.y,
            width=frame.width,
            height=frame.height,
            rx=10.0,
            fill=_FRAME,
            stroke=_EDGE,
        )
        middle = (frame.x + frame.width / 2, frame.y + HEADER / 2 + 2)
        look = {"font_weight": "600", "text_anchor": "middle", "fill": _QUIET}
        svg.add_text(parent, middle, frame.group.title, TITLE_SIZE, **look)

    def _then(self, parent: Element, one: Frame, other: Frame) -> None:
        """Draw that one group comes after the other."""
        y = one.y + HEADER / 2 - 2
        x, end = one.x + one.width + 3, other.x - 3
        stroke = {"stroke": _HIDDEN, "stroke_width": 1.5}
        svg.add(
            parent, "path", d=f"M{svg.number(x)} {y}H{svg.number(end - 6)}", **stroke
        )
        svg.add(parent, "path", d=svg.arrowhead((end, y), True), fill=_HIDDEN)

    def _link(self, parent: Element, path: Path) -> None:
        link, backward = path.track.link, path.track.backward
        colour = self._colour(link)
        group = svg.add(parent, "g", class_=_kind(link))
        svg.tip(group, _spoken(link))
        left, right = link.hidden or backward, link.hidden or not backward
        data = svg.curve(path, left, right)
        svg.add(group, "path", d=data, fill="none", **_stroke(link, colour))
        if left:
            head = svg.arrowhead(path.points[0], rightward=False)
            svg.add(group, "path", d=head, fill=colour)
        if right:
            head = svg.arrowhead(path.points[-1], rightward=not path.arc)
            svg.add(group, "path", d=head, fill=colour)

    def _label(self, parent: Element, path: Path) -> None:
        """Write a link's probability where no other one stands."""
        link = path.track.link
        if link.certain:
            return
        text = f"{link.probability:g}"
        half = text_width(text, NOTE_SIZE) / 2 + 2
        lines = [p for p in self._bends if p[0] is not path]
        spots = [svg.along(path, share) for share in _SHARES]
        x, y = min(spots, key=lambda spot: self._crowd(spot, half, lines))
        self._labels.append((x, y, half))
        svg.add_text(
            parent,
            (x, y + 4),
            text,
            NOTE_SIZE,
            text_anchor="middle",
            font_weight="600",
            fill=self._colour(link),
            stroke=_FRAME,
            stroke_width=4.0,
            stroke_linejoin="round",
            paint_order="stroke",
        )

    def _crowd(
        self, spot: Point, half: float, lines: Sequence[tuple[Path, Point]]
    ) -> tuple[int, int]:
        """Return how many labels, then points of other links, a label would hide."""
        (x, y), high = spot, NOTE_SIZE + 2
        labels = sum(
            abs(x - other) < half + width and abs(y - height) < high
            for other, height, width in self._labels
        )
        near = sum(
            abs(x - other) < half and abs(y - height) < high / 2
            for _, (other, height) in lines
        )
        return labels, near

    def _colour(self, link: Link) -> str:
        return _HIDDEN if link.hidden else LOOKS[self._roles[link.parent]].line

    # -------------------------------------------------------------- legend

    def _legend(self, y: float) -> float:
        """Draw what colours and lines mean; return where the next line stands."""
        marks = [(LOOKS[r].meaning, r) for r in LOOKS if r in self._roles.values()]
        kinds = {_kind(link): link for link in self._shown.links}
        lines = [(meaning, kinds[k]) for k, meaning in _LINES.items() if k in kinds]
        x = float(MARGIN)
        y += 8
        for meaning, mark in (*marks, *lines):
            width = _SAMPLE + text_width(meaning, TITLE_SIZE)
            if x > MARGIN and x + width > self._width - MARGIN:
                x, y = float(MARGIN), y + _LINE
            if isinstance(mark, Role):
                _swatch(self._root, LOOKS[mark], x, y)
            else:
                _sample(self._root, mark, x, y)
            at = (x + _SAMPLE, y)
            svg.add_text(self._root, at, meaning, TITLE_SIZE, fill=_QUIET)
            x += width + 24
        return y + _LINE + 4


_LINES = {
    "cause": "causes",
    "doubtful": "perhaps causes, with this probability",
    "hidden": "share a cause that nobody observes",
}


def _kind(link: Link) -> str:
    return "hidden" if link.hidden else "cause" if link.certain else "doubtful"


def _plainness(link: Link) -> int:
    return list(_LINES).index(_kind(link))


def _stroke(link: Link, colour: str) -> dict[str, str | float]:
    dashes = {"cause": "", "doubtful": "7 5", "hidden": "1.5 4"}[_kind(link)]
    dashed = {"stroke_dasharray": dashes} if dashes else {}
    if link.hidden:
        dashed["stroke_linecap"] = "round"
    return {"stroke": colour, "stroke_width": 1.8, **dashed}


def _draw_box(parent: Element, box: Box) -> None:
    vertex, look = box.vertex, LOOKS[box.vertex.role]
    group = svg.add(parent, "g", class_=vertex.role.value)
    unit = f" ({vertex.note})" if vertex.note else ""
    svg.tip(group, f"{vertex.name}{unit}")
    svg.add(
        group,
        "rect",
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        rx=6.0,
        fill=look.ground,
        stroke=look.line,
        stroke_width=1.2,
    )
    x, y = box.x + box.width / 2, box.y + box.height / 2
    name = (x, y - 2 if vertex.note else y + 5)
    svg.add_text(group, name, vertex.short, NAME_SIZE, text_anchor="middle")
    if vertex.note:
        look_quiet = {"text_anchor": "middle", "fill": _QUIET}
        svg.add_text(group, (x, y + 14), vertex.note, NOTE_SIZE, **look_quiet)


def _swatch(parent: Element, look: Look, x: float, y: float) -> None:
    shape = {"x": x, "y": y - 12, "width": 26.0, "height": 15.0, "rx": 4.0}
    svg.add(parent, "rect", **shape, fill=look.ground, stroke=look.line)


def _sample(parent: Element, link: Link, x: float, y: float) -> None:
    colour = _HIDDEN if link.hidden else _INK
    start, end, y = x + (svg.HEAD if link.hidden else 0), x + 28, y - 4
    data = f"M{svg.number(start)} {svg.number(y)}H{svg.number(end - svg.HEAD)}"
    svg.add(parent, "path", d=data, fill="none", **_stroke(link, colour))
    svg.add(parent, "path", d=svg.arrowhead((end, y), True), fill=colour)
    if link.hidden:
        svg.add(parent, "path", d=svg.arrowhead((x, y), False), fill=colour)


# --------------------------------------------------------------------- words


def _order(shown: Picture) -> str:
    """Return the line under the title: the stages, and whether causes are declared."""
    stages = " \N{RIGHTWARDS ARROW} ".join(shown.stages)
    text = f"Stages in order: {stages}." if len(shown.stages) > 1 else ""
    return text if shown.declared else f"{text} {LEFT_OUT.capitalize()}.".strip()


def _notes(shown: Picture) -> str:
    if not shown.forbidden:
        return ""
    return "Forbidden: " + ", ".join(map(str, shown.forbidden)) + "."


def _spoken(link: Link) -> str:
    if link.hidden:
        return f"{link}: a hidden cause is common to both"
    return str(link)


def _described(shown: Picture) -> str:
    groups = [
        f"{g.title}: {', '.join(v.name for v in g.vertices)}"
        for g in shown.groups
        if g.vertices
    ]
    links = ", ".join(map(str, shown.links)) if shown.declared else LEFT_OUT
    return f"{'; '.join(groups)}. {links}. {_notes(shown)}".strip()
