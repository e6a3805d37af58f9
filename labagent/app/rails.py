"""A process graph in the terminal: a row per variable, a rail per effect.

A rail runs down from the first cause of an effect to the effect::

    context
      humidity     percent  ──●
    stage anneal              │
      anneal.time  min      ──●
      grain_size   nm       ──◀──●
    outcomes                     │
      plqy         percent  ─────◀
"""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.text import Text

from labagent.app.layout import width
from labagent.app.screen import speaks_unicode
from labagent.review.graphs import Group, Picture, Vertex, causes_of
from labagent.variables import Role

_STYLES = {
    Role.CONTEXT: "yellow",
    Role.CONTROL: "blue",
    Role.STATE: "green",
    Role.OUTCOME: "magenta",
}
_RAILS = ("cyan", "green", "yellow", "magenta", "blue", "red")
_STEP = 3
"""Columns from one rail to the next."""


@dataclass(frozen=True)
class Marks:
    """Characters a graph is drawn with."""

    across: str
    down: str
    dotted: str
    cause: str
    doubtful: str
    effect: str
    hidden: str


UNICODE = Marks("─", "│", "┊", "●", "○", "◀", "◆")
ASCII = Marks("-", "|", ":", "*", "o", "<", "#")


@dataclass(frozen=True)
class Rail:
    """One effect and its causes, or the two ends of a hidden common cause.

    Attributes:
        ends: Row number to the mark there.
        hidden: Whether nobody observes what it stands for.
    """

    ends: Mapping[int, str]
    hidden: bool

    def runs_by(self, row: int) -> bool:
        """Return whether the rail passes a row."""
        return min(self.ends) <= row <= max(self.ends)


def draw_rails(shown: Picture) -> Text:
    """Return a picture as coloured lines; without rails where they find no room."""
    rows = list(_rows(shown))
    marks = UNICODE if speaks_unicode() else ASCII
    names, left = _columns(shown)
    rails = list(_rails(shown, marks)) if has_room(shown) else []
    text = Text()
    for i, row in enumerate(rows):
        text.append("\n" if i else "")
        if isinstance(row, Vertex):
            text.append(f"  {row.name}".ljust(names), _STYLES[row.role])
            text.append(row.note.ljust(left - names), "dim")
        else:
            text.append(_heading(row).ljust(left), "bold")
        for part, style in _track(i, rails, marks):
            text.append(part, style)
        if isinstance(row, Vertex) and not rails:
            text.append("".join(f"\n      {line}" for line in _below(row, shown)))
    return text


def has_room(shown: Picture) -> bool:
    """Return whether the rails of a picture have room right of its names."""
    _, left = _columns(shown)
    rails = len({e.child for e in shown.graph.edges}) + len(shown.graph.hidden)
    return left + _STEP * rails <= width()


def _columns(shown: Picture) -> tuple[int, int]:
    """Return the columns that names take, and those that stand left of the rails."""
    names = 4 + max(len(v.name) for v in shown.vertices)
    notes = 2 + max(len(v.note) for v in shown.vertices)
    headings = 2 + max(len(_heading(group)) for group in shown.groups)
    return names, max(names + notes, headings)


def legend(shown: Picture) -> str:
    """Return what the marks mean."""
    marks = UNICODE if speaks_unicode() else ASCII
    parts: list[str] = []
    if shown.graph.edges:
        parts.append(f"{marks.cause} causes the {marks.effect} on its line")
    if shown.graph.uncertain:
        parts.append(f"{marks.doubtful} perhaps causes it")
    if shown.graph.hidden:
        parts.append(f"{marks.hidden}{marks.dotted}{marks.hidden} share a hidden cause")
    return ", ".join(parts)


def _rows(shown: Picture) -> Iterator[Vertex | Group]:
    for group in shown.groups:
        yield group
        yield from group.vertices


def _heading(group: Group) -> str:
    return f"stage {group.title}" if group.stage else group.title


def _rails(shown: Picture, marks: Marks) -> Iterator[Rail]:
    """Yield one rail per effect, in the order of the effects; then the hidden ones."""
    rows = enumerate(_rows(shown))
    numbers = {row.name: i for i, row in rows if isinstance(row, Vertex)}
    for vertex in shown.vertices:
        causes = [e for e in shown.graph.edges if e.child == vertex.name]
        if causes:
            ends = {
                numbers[e.parent]: marks.cause if e.certain else marks.doubtful
                for e in causes
            }
            yield Rail({**ends, numbers[vertex.name]: marks.effect}, False)
    for pair in shown.graph.hidden:
        yield Rail({numbers[name]: marks.hidden for name in pair}, True)


def _track(row: int, rails: list[Rail], marks: Marks) -> Iterator[tuple[str, str]]:
    """Yield what stands right of a row: rails, and the line that leads to its marks."""
    last = max((i for i, rail in enumerate(rails) if row in rail.ends), default=-1)
    for i, rail in enumerate(rails):
        yield (marks.across if i <= last else " ") * (_STEP - 1), "dim"
        passing = marks.dotted if rail.hidden else marks.down
        beside = marks.across if i < last else " "
        found = rail.ends.get(row, passing if rail.runs_by(row) else beside)
        yield found, "white" if rail.hidden else _RAILS[i % len(_RAILS)]


def _below(vertex: Vertex, shown: Picture) -> Iterator[str]:
    """Yield a variable's links in words, wrapped."""
    for line in in_words(shown, vertex.name):
        yield from textwrap.wrap(
            line,
            width() - 6,
            subsequent_indent="   ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def in_words(shown: Picture, *names: str) -> Iterator[str]:
    """Yield the links to some variables: ``plqy <- grain_size, time ?0.7``.

    Args:
        shown: The picture.
        names: The variables.
    """
    causes = dict(causes_of(shown))
    for name in names:
        if name in causes:
            yield f"{name} <- {causes[name]}"
        for link in shown.links:
            if link.hidden and name == link.child:
                yield f"{link.child} <-> {link.parent}"
