"""Tables, readable in 80 columns, in a pipe, without colours."""

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from labagent.app.layout import width
from labagent.app.printing import Styled, colours, printable


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        right: Whether its cells are numbers, aligned right.
        share: Share of the free width; 0 keeps the cells on one line.
    """

    title: str
    right: bool = False
    share: int = 0


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], title: str = ""
) -> Styled:
    """Return a table as text."""
    style = box.SIMPLE_HEAD if speaks_unicode() else box.ASCII
    grid = Table(box=style, pad_edge=False, title=_cell(title) or None)
    grid.title_justify = "left"
    for column in columns:
        grid.add_column(
            _cell(column.title),
            justify="right" if column.right else "left",
            ratio=column.share or None,
            no_wrap=not column.share,
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*(_cell(cell) for cell in row))
    return rendered(grid)


def rendered(thing: object) -> Styled:
    """Return something rich can print as text, coloured only for a terminal."""
    coloured = colours(sys.stdout)
    file = io.StringIO()
    console = Console(
        file=file,
        width=width(),
        force_terminal=coloured,
        no_color=not coloured,
        highlight=False,
    )
    console.print(thing)
    lines = (line.rstrip() for line in file.getvalue().splitlines())
    return Styled("\n".join(lines).strip("\n"))


def heading(title: str) -> Iterator[str]:
    """Yield a heading over the whole width, after an empty line."""
    line = "─" if speaks_unicode() else "-"
    yield ""
    yield f"{line * 2} {title} ".ljust(width(), line)


def speaks_unicode() -> bool:
    """Return whether stdout can show more than ASCII."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


_STATES = {
    "measured": "green",
    "ready": "green",
    "ok": "green",
    "failed": "red",
    "fail": "red",
    "unknown": "bold red",
    "rejected": "dim",
    "cancelled": "dim",
    "proposed": "yellow",
    "warn": "yellow",
    "running": "cyan",
}


def _cell(text: str) -> Text:
    return Text(printable(text), style=_STATES.get(text, ""))
