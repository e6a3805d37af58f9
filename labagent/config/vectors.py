"""Measured ``kind: vector``: taken apart into its parts before anything else is read.

``sizes: {kind: vector, parts: [d10, d50, d90], unit: um}`` are three quantities,
``sizes_d10`` and so on; with ``length: 3`` they are ``sizes_1`` to ``sizes_3``. Where
stages and causes say ``sizes`` they mean all of them.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product

from labagent.campaigns import BEFORE
from labagent.config.names import check_name
from labagent.config.nodes import Node, Report
from labagent.config.trees import (
    NAME,
    QUANTITIES,
    children,
    copied,
    refuse_taken,
    rewritten_lists,
    with_fields,
)

MOST = 16
"""Parts of a vector at most: each has a model of its own; a spectrum needs another."""

_OWN = ("kind", "parts", "length")

Vectors = Mapping[str, tuple[str, ...]]
"""Vector to the names of its parts."""


def take_apart(tree: Node, report: Report) -> tuple[Node, Vectors]:
    """Return the file without vectors, and what they were.

    Args:
        tree: The file.
        report: Receives what is wrong.
    """
    entries = children(tree, "measured")
    marked = [n for n, e in entries.items() if _plain(e, "kind") == "vector"]
    vectors = {n: _parts(n, entries[n], report) for n in marked}
    if not vectors:
        return tree, {}
    for name, parts in vectors.items():
        refuse_taken(tree, QUANTITIES, parts, f"vector {name}", report)
    fields = dict(tree.fields)
    measured: dict[str, Node] = {}
    for name, entry in entries.items():
        kept = {k: v for k, v in entry.fields.items() if k not in _OWN}
        bare = with_fields(entry, kept) if name in vectors else entry
        for k, part in enumerate(vectors.get(name, (name,))):
            measured[part] = copied(bare, k) if k else bare
    fields["measured"] = with_fields(fields["measured"], measured)
    if children(tree, "stages"):
        stages = {
            name: rewritten_lists(stage, ("measures",), lambda t: vectors.get(t, (t,)))
            if stage.fields
            else stage
            for name, stage in children(tree, "stages").items()
        }
        fields["stages"] = with_fields(fields["stages"], stages)
    tree = with_fields(tree, fields)
    return rewritten_lists(
        tree, ("causes", "forbid_causes"), lambda text: _cause(text, vectors)
    ), vectors


def _plain(entry: Node, key: str) -> object:
    return entry.fields[key].value if key in entry.fields else None


def _parts(name: str, entry: Node, report: Report) -> tuple[str, ...]:
    """Return the names of a vector's parts; something where that is wrong."""
    what = f"measured {name}"
    rule = f"must be one of parts: [d10, d50, ...] and length: 3, from 2 to {MOST}"
    given = [entry.fields[k] for k in ("parts", "length") if k in entry.fields]
    if len(given) != 1:
        got = "both parts and length" if given else "neither parts nor length"
        report.add(entry.place, f"{what}: got {got}", rule)
        return (f"{name}_1",)
    node = given[0]
    words = [str(i.value) for i in node.items]
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        words = [str(k) for k in range(1, min(node.value, MOST + 1) + 1)]
    elif not all(check_name(f"{what}: part", w, node.place, report) for w in words):
        return (f"{name}_1",)
    if not 2 <= len(words) <= MOST or len({*words}) < len(words):  # noqa: PLR2004 one is a number
        report.add(
            node.place,
            f"{what}: got {node.shown}",
            f"{rule}, each part once",
            "spectra are not in this version yet" if len(words) > MOST else "",
        )
        return (f"{name}_1",)
    return tuple(f"{name}_{word}" for word in words)


def _cause(text: str, vectors: Vectors) -> Sequence[str]:
    """Return a line of causes with the parts of vectors in their place.

    Each part is caused by all that the vector is; two vectors share hidden causes part
    by part with every part.
    """
    hidden = "<->" in text
    left, arrow, right = text.partition("<->" if hidden else "->")
    ends = [_each(right, vectors)] if arrow else [[right]]
    if hidden:
        pairs = product(_each(left, vectors), *ends)
        return [f"{a}{arrow}{b}" for a, b in pairs]
    parents = NAME.sub(lambda found: ", ".join(_named(found, vectors)), left)
    return [f"{parents}{arrow}{child}" for child in ends[0]]


def _each(text: str, vectors: Vectors) -> list[str]:
    """Return the text once for every part of the vector it names."""
    found = NAME.search(text)
    if found is None:
        return [text]
    return [text.replace(found.group(), p, 1) for p in _named(found, vectors)]


def _named(found: re.Match[str], vectors: Vectors) -> list[str]:
    name = found.group()
    base = name.removesuffix(BEFORE)
    return [p + name[len(base) :] for p in vectors.get(base, (base,))]
