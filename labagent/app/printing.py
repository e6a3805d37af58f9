"""What goes to the terminal, free of characters that could steer it."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict

import typer

from labagent.errors import ConfigurationError

_SPACES = "\n\u00a0\u202f"


class Styled(str):
    """Text whose parts were made printable, and that may hold our own colours."""

    __slots__ = ()


def printable(text: str) -> str:
    """Return a text with control characters spelled out, such as ESC.

    Names, messages and labels come from files, instruments and databases; an escape
    sequence among them could clear the screen or forge a line.
    """
    return "".join(
        c if c.isprintable() or c in _SPACES else repr(c)[1:-1] for c in text
    )


def colours(stream: object) -> bool:
    """Return whether a stream is a terminal whose owner wants colours."""
    terminal = getattr(stream, "isatty", lambda: False)()
    return bool(terminal) and not os.environ.get("NO_COLOR")


def say(lines: Iterable[str]) -> None:
    """Print lines to stdout."""
    for line in lines:
        typer.echo(line if isinstance(line, Styled) else printable(line))


def say_json(data: object) -> None:
    """Print one JSON value, in ASCII so that every pipe can carry it."""
    typer.echo(json.dumps(data, indent=2, allow_nan=False))


def say_error(error: BaseException) -> None:
    """Print what went wrong to stdout as JSON, each mistake as an object."""
    mistakes = error.mistakes if isinstance(error, ConfigurationError) else ()
    text = getattr(error, "message", "") or str(error)
    say_json({"error": text, "mistakes": [asdict(m) for m in mistakes]})


def complain(message: str, label: str = "error: ") -> None:
    """Print a message to stderr, red on a terminal."""
    text = f"{label}{printable(message)}"
    typer.secho(text, fg="red" if colours(sys.stderr) else None, err=True)
