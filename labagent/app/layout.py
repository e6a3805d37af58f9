"""Lists of fields, readable in 80 columns and in a pipe."""

import shutil
import textwrap
from collections.abc import Iterable

WIDEST = 110
"""Columns; longer lines are hard to read."""


def width() -> int:
    """Return the columns to write in: the terminal's, or 80 in a pipe."""
    return max(40, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))


def fields(pairs: Iterable[tuple[str, str]], indent: int = 2) -> str:
    """Return labels and values, one a line, long values wrapped under themselves."""
    shown = [(label, value) for label, value in pairs if value]
    column = indent + 2 + max((len(label) for label, _ in shown), default=0)
    lines: list[str] = []
    for label, value in shown:
        head = (" " * indent + label).ljust(column)
        for part in value.split("\n"):
            lines.append(
                textwrap.fill(
                    part,
                    width(),
                    initial_indent=head,
                    subsequent_indent=" " * column,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
            head = " " * column
    return "\n".join(lines)


def paragraph(text: str) -> str:
    """Return a sentence or more, wrapped."""
    return textwrap.fill(text, width(), break_long_words=False, break_on_hyphens=False)
