"""The lines of ``causes:`` and ``forbid_causes:`` to arrows between names.

``a, b -> c`` are two arrows, ``a -> c ? 0.7`` is one that holds with probability 0.7,
and ``a <-> b`` says that something nobody observes causes both.
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from labagent.config.nodes import Node, Place, Report
from labagent.config.numerals import rewritten

_EDGE = re.compile(
    r"(?P<parents>[^<>?]+?)\s*->\s*(?P<child>[^<>,?]+?)\s*(?:\?(?P<p>.*))?"
)
_HIDDEN = re.compile(
    r"(?P<one>[^<>,?]+?)\s*<->\s*(?P<other>[^<>,?]+?)\s*(?:\?(?P<p>.*))?"
)
_BACKWARD = re.compile(r"(?P<child>[^<>,?-]+?)\s*<-\s*(?P<parents>[^<>?-]+)")
_MANY_CHILDREN = re.compile(r"(?P<parents>[^<>?]+?)\s*->\s*(?P<children>[^<>?]+)")
_CHAIN = re.compile(r"[^<>?]+?(?:\s*->\s*[^<>?]+?){2,}")
_MANY_HIDDEN = re.compile(r"(?P<ones>[^<>?]+?)\s*<->\s*(?P<others>[^<>?]+)")
_OTHER_ARROWS = ("→", "⟶", "=>", "-->", "—>", "–>")  # noqa: RUF001 as typed elsewhere
_OTHER_DOUBLES = ("↔", "⟷", "<=>", "<-->")
_FORM = "must read like: a, b -> c"


@dataclass(frozen=True)
class Arrow:
    """One line of the file.

    Attributes:
        parents: What causes; for a hidden cause the two variables it has in common.
        child: What is caused; empty for a hidden cause.
        probability: That the arrow is there.
        place: Where the line stands.
        shown: The line as messages quote it.
    """

    parents: tuple[str, ...]
    child: str
    probability: float
    place: Place
    shown: str

    @property
    def hidden(self) -> bool:
        """Whether it stands for a common cause that nobody observes."""
        return not self.child


def read_arrow(node: Node, names: Collection[str], report: Report) -> Arrow | None:
    """Return what a line says; None where it is wrong and reported.

    Args:
        node: The line.
        names: All names declared, for suggestions.
        report: Receives what is wrong.
    """
    text = " ".join(node.value.split()) if isinstance(node.value, str) else ""
    if hidden := _HIDDEN.fullmatch(text):
        if hidden["p"] is not None:
            report.add(
                node.place,
                f"hidden cause: got {node.shown}",
                "must be without probability",
                f"write {hidden['one']} <-> {hidden['other']}, or leave it out",
            )
        pair = (hidden["one"], hidden["other"])
        return Arrow(pair, "", 1.0, node.place, node.shown)
    found = _EDGE.fullmatch(text)
    parents = _split(found["parents"]) if found else ()
    if found is None or not all(parents):
        advice = _advice(text, names)
        report.add(node.place, f"cause: got {node.shown}", _FORM, advice)
        return None
    probability = 1.0 if found["p"] is None else _probability(found["p"], node, report)
    return Arrow(parents, found["child"], probability, node.place, node.shown)


def _probability(text: str, node: Node, report: Report) -> float:
    """Return a probability; one that is wrong is reported and taken for certain."""
    text = text.strip()
    try:
        value = float(text) if not rewritten(text) else math.nan
    except ValueError:
        value = math.nan
    if 0 < value < 1:
        return value
    report.add(
        node.place,
        f"cause: got the probability {text!r}",
        "must be a number between 0 and 1, as in a -> b ? 0.7",
        _better(text, value),
    )
    return 1.0


def _better(text: str, value: float) -> str:
    """Return what to write instead of a probability."""
    percent = re.fullmatch(r"(\d{1,2}(?:\.\d+)?) ?(?:%|percent)?", text)
    if value == 1:
        return "leave out the ? and what follows, it is certain then"
    if value == 0:
        return "leave the cause out, or write it under forbid_causes"
    if percent and float(percent[1]) > 0:
        return f"write {float(percent[1]) / 100:g}"
    return rewritten(text)


def _advice(text: str, names: Collection[str]) -> str:
    """Return how a line that cannot be read was perhaps meant."""
    for arrow in _OTHER_DOUBLES:
        text = text.replace(arrow, "<->")
    for arrow in _OTHER_ARROWS:
        text = text.replace(arrow, "->")
    if text in names:
        return f"put the whole line in quotes: '{text}, b -> c'"
    if _EDGE.fullmatch(text) or _HIDDEN.fullmatch(text):
        return f"write {text}"
    if found := _BACKWARD.fullmatch(text):
        return f"write {found['parents'].strip()} -> {found['child']}"
    lines = _lines(text)
    return "write a line each: " + "; ".join(lines) if lines else ""


def _lines(text: str) -> list[str]:
    """Return the lines of which one was made, as in ``a -> b -> c``."""
    if found := _MANY_CHILDREN.fullmatch(text):
        return [f"{found['parents']} -> {x}" for x in _split(found["children"])]
    if _CHAIN.fullmatch(text):
        links = [x.strip() for x in text.split("->")]
        return [f"{a} -> {b}" for a, b in pairwise(links)]
    if found := _MANY_HIDDEN.fullmatch(text):
        ones, others = _split(found["ones"]), _split(found["others"])
        return [f"{a} <-> {b}" for a in ones for b in others]
    return []


def _split(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))
