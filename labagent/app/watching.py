"""What a run shows while it runs: a bar for people, lines for a log."""

import sys
from collections.abc import Callable, Collection, Container
from types import TracebackType
from typing import Protocol, Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from flows.outcomes import Kind, News
from labagent.app.printing import printable

_STYLES = {
    Kind.FINDING: "yellow",
    Kind.TROUBLE: "red",
    Kind.STOPPING: "yellow",
    Kind.RECOVERED: "yellow",
}


BRIEF = frozenset(
    {Kind.RECOVERED, Kind.PROPOSED, Kind.FINDING, Kind.STOPPING, Kind.TROUBLE}
)
"""What is told of where there are many steps; a bar moves with all of them."""


class Watcher(Protocol):
    """Is told what happens, and shows it; use it in ``with``."""

    def __call__(self, news: News) -> None:
        """Show a piece of news."""
        ...

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End showing."""
        ...


class Lines:
    """One line a piece of news, on stderr: for pipes and log files."""

    def __init__(self, kinds: Container[Kind] = frozenset(Kind)) -> None:
        self._kinds = kinds

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End showing."""

    def __call__(self, news: News) -> None:
        """Write the line."""
        if news.kind in self._kinds:
            typer.echo(printable(_line(news)), err=True)


class Bar:
    """A bar of experiments done, what happens now, and the best so far."""

    def __init__(
        self,
        done: int,
        of: int | None,
        best: Callable[[News], str],
        kinds: Container[Kind] = frozenset(Kind),
    ) -> None:
        self._best = best
        self._kinds = kinds
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("", total=of, completed=done)

    def __enter__(self) -> Self:
        """Draw the bar."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def __call__(self, news: News) -> None:
        """Move the bar and, where it is worth it, write a line above."""
        best = self._best(news)
        shown = f"best {best}; {news.text}" if best else news.text
        self._progress.update(
            self._task, completed=news.done, total=news.of, description=printable(shown)
        )
        if news.kind in self._kinds:
            line = Text(printable(_line(news)), style=_STYLES.get(news.kind, "dim"))
            self._progress.console.print(line, soft_wrap=True)


def _line(news: News) -> str:
    text = news.text.replace("\n", " ")
    return f"{news.kind.value:<11} {text}"


def watcher(
    done: int, of: int | None, best: Callable[[News], str], kinds: Collection[Kind]
) -> Watcher:
    """Return a bar where a person watches, else lines.

    Args:
        done: Experiments that are over.
        of: How many the budget allows, where it says.
        best: Tells the best so far after a piece of news.
        kinds: What to tell of; nothing is shown at all where there is none.
    """
    if not kinds or not sys.stderr.isatty():
        return Lines(kinds)
    return Bar(done, of, best, kinds)
