"""Parts of an SVG drawing: texts, boxes, curves and arrowheads."""

from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from labagent.review.placing import Path, Point, text_width

HEAD, _HALF = 9.0, 4.0
"""An arrowhead's length and half its width, in pixels."""


def number(value: float) -> str:
    """Return a length with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def clean(text: str) -> str:
    """Return a text without characters that XML cannot hold."""
    return "".join(c for c in text if c.isprintable())


def add(parent: Element, tag: str, **given: str | float) -> Element:
    """Add an element; ``_`` in names of attributes stands for a hyphen."""
    names = {key.rstrip("_").replace("_", "-"): value for key, value in given.items()}
    written = {k: v if isinstance(v, str) else number(v) for k, v in names.items()}
    return SubElement(parent, tag, written)


def add_text(
    parent: Element, at: Point, text: str, size: float, **given: str | float
) -> Element:
    """Add a line of text whose base line is at a point."""
    found = add(parent, "text", x=at[0], y=at[1], font_size=size, **given)
    found.text = clean(text)
    return found


def tip(parent: Element, text: str) -> None:
    """Add what is shown while the pointer rests on something."""
    add(parent, "title").text = clean(text)


def curve(path: Path, cut_left: bool, cut_right: bool) -> str:
    """Return a link's way as SVG path data.

    Args:
        path: The link.
        cut_left: Whether an arrowhead takes the place of its left end.
        cut_right: The same for its right end.
    """
    (x, y), *_, (end, last) = path.points
    short = HEAD - 1
    if path.arc:
        start = x + short if cut_left else x
        out = x + path.arc
        tail = end + short if cut_right else end
        bow = f"{number(end + path.arc)} {number(last)} {number(tail)} {number(last)}"
        return f"M{number(start)} {number(y)}C{number(out)} {number(y)} {bow}"
    points = list(path.points)
    points[0] = (x + short, y) if cut_left else (x, y)
    points[-1] = (end - short, last) if cut_right else (end, last)
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for i, (one, other) in enumerate(pairwise(points)):
        if i % 2:
            parts.append(f"H{number(other[0])}")
            continue
        middle = number((one[0] + other[0]) / 2)
        to = f"{number(other[0])} {number(other[1])}"
        parts.append(f"C{middle} {number(one[1])} {middle} {number(other[1])} {to}")
    return "".join(parts)


def arrowhead(at: Point, rightward: bool) -> str:
    """Return a head whose tip is at a point, as SVG path data."""
    back = at[0] - HEAD if rightward else at[0] + HEAD
    high, low = number(at[1] - _HALF), number(at[1] + _HALF)
    return (
        f"M{number(at[0])} {number(at[1])}L{number(back)} {high}L{number(back)} {low}Z"
    )


def along(path: Path, share: float) -> Point:
    """Return a point of a link's last bend, a share of the way from its left end."""
    (x, y), (end, last) = path.points[-2:]
    if path.arc:
        bends = (x, x + path.arc, end + path.arc, end)
    else:
        bends = (x, (x + end) / 2, (x + end) / 2, end)
    heights = (y, y, last, last)
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    return (
        sum(w * b for w, b in zip(weights, bends, strict=True)),
        sum(w * h for w, h in zip(weights, heights, strict=True)),
    )


def wrapped(text: str, width: float, size: float) -> Iterator[str]:
    """Yield the lines of a text that is at most so wide, in pixels."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size) > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line
