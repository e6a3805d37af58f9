"""Trees of a file, rewritten before they are read: every value keeps its place."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from labagent.config.nodes import Node, Report

NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
"""A name, dots included."""

QUANTITIES = ("measured", "objectives")
"""Sections of what is measured."""


def children(tree: Node, key: str) -> Mapping[str, Node]:
    """Return the entries of a mapping under a key; empty where there is none."""
    found = tree.fields.get(key)
    return found.fields if found else {}


def listed(tree: Node, key: str) -> tuple[str, ...]:
    """Return the texts of a list under a key, each once."""
    found = tree.fields.get(key)
    texts = (i.value for i in found.items) if found else ()
    return tuple(dict.fromkeys(t for t in texts if isinstance(t, str)))


def with_fields(node: Node, fields: Mapping[str, Node]) -> Node:
    """Return a mapping with other entries."""
    return replace(node, value=fields)


def refuse_taken(
    tree: Node, keys: Sequence[str], needed: Sequence[str], what: str, report: Report
) -> None:
    """Report entries of the file whose names are needed for something else.

    Args:
        tree: The file.
        keys: Sections that are looked through.
        needed: The names.
        what: What needs them.
        report: Receives what is wrong.
    """
    for key in keys:
        for name, node in children(tree, key).items():
            if name in needed:
                report.add(
                    node.key,
                    f"{key}: got the name {name!r}",
                    f"must be left to {what}, which makes {', '.join(needed)}",
                    "choose another name",
                )


def copied(node: Node, number: int) -> Node:
    """Return the copy of that number: a mistake of the first one is told once."""
    value = node.value
    if isinstance(value, tuple):
        value = tuple(copied(item, number) for item in value)
    elif isinstance(value, Mapping):
        value = {name: copied(item, number) for name, item in value.items()}
    place, key = replace(node.place, copy=number), replace(node.key, copy=number)
    return Node(value, place, key)


def rewritten_lists(
    tree: Node, keys: Sequence[str], rewrite: Callable[[str], Sequence[str]]
) -> Node:
    """Return a mapping with each text of some lists as what it is rewritten to.

    Args:
        tree: The mapping.
        keys: Of the lists.
        rewrite: Text to the texts in its place.
    """
    fields = dict(tree.fields)
    for key in keys:
        if key not in fields or not fields[key].items:
            continue
        items: list[Node] = []
        for item in fields[key].items:
            texts = rewrite(item.value) if isinstance(item.value, str) else None
            if texts is None:
                items.append(item)
                continue
            items += [
                copied(replace(item, value=text), k)
                if k > 1
                else replace(item, value=text)
                for k, text in enumerate(texts, 1)
            ]
        fields[key] = replace(fields[key], value=tuple(items))
    return with_fields(tree, fields)
