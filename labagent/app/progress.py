"""Progress on stderr, for people at a terminal only."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

Advance = Callable[[int, int | None], None]
"""Called with how much is done, and of how much where that is known."""


@contextmanager
def bar(doing: str, shown: bool = True) -> Generator[Advance]:
    """Show a bar while something is done; it vanishes at the end.

    Args:
        doing: What is being done, e.g. ``Replaying decisions``.
        shown: False keeps quiet, as for ``--json``.
    """
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _done, _of: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def at_terminal() -> bool:
    """Return whether a person watches stderr."""
    return sys.stderr.isatty()
