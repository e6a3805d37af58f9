"""Text to tree: YAML 1.2 from people, JSON from the database.

Only nodes are composed, no Python object is ever constructed from the file; scalars
follow YAML 1.2's core schema, so ``NO`` is a text and ``1e-3`` a number.
"""

import json
import math
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import (
    MarkedYAMLError,
    ReusedAnchorWarning,
    StringMark,
    YAMLError,
)
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from labagent.config.nodes import Node, Place, Report, from_plain

_TAG = "tag:yaml.org,2002:"
_KINDS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp"}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, bool | None] = {
    word: value
    for plain, value in (("null", None), ("true", True), ("false", False))
    for word in (plain, plain.title(), plain.upper())
} | {"": None, "~": None}
_MOST_NODES = 100_000  # an alias that multiplies itself ends here, not in memory
_LONGEST_INTEGER = 18  # digits; longer ones are read as real numbers
_DEEPEST = 60  # levels; campaign files need six


def read_yaml(path: Path, report: Report) -> Node | None:
    """Return a campaign file as a tree, or None where it is no readable mapping.

    Args:
        path: The file.
        report: Receives every mistake found.
    """
    text = _read_text(path, report)
    root = None if text is None else _compose(path, text, report)
    if root is None:
        return None
    tree = _Walk(str(path), report).node(root, None)
    if isinstance(tree.value, Mapping):
        return tree
    report.add(tree.place, f"got {tree.shown}", "must be a mapping of keys to values")
    return None


def _compose(path: Path, text: str, report: Report) -> Any:  # noqa: ANN401 ruamel's nodes are untyped
    start = Place(str(path), 1, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            composer: Any = YAML(typ="safe", pure=True)  # ruamel has no types
            root = composer.compose(text)
    except MarkedYAMLError as error:
        fault: Any = error
        place = _place(str(path), fault.problem_mark or fault.context_mark)
        _syntax(report, place, str(fault.problem or fault.context))
    except YAMLError as error:
        _syntax(report, start, str(error).partition("\n")[0])
    except RecursionError:
        _too_deep(report, start)
    else:
        if root is None:
            report.add(
                start,
                "the file is empty",
                "must be a mapping of keys to values",
                "start from `labagent init --example`",
            )
        return root
    return None


def read_document(document: str) -> Node:
    """Return a stored document (canonical JSON) as a tree.

    Args:
        document: As :func:`write_document` wrote it.
    """
    return from_plain(json.loads(document), "document")


def write_document(tree: Mapping[str, object]) -> str:
    """Return plain values as canonical JSON: no spaces, keys in the order given."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _read_text(path: Path, report: Report) -> str | None:
    place = Place(str(path))
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        report.add(place, "there is no such file", "must name a campaign file")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        report.add(
            Place(str(path), line, column),
            f"got the byte 0x{error.object[error.start]:02x}",
            "must be UTF-8 text",
            "save the file as UTF-8",
        )
    except OSError as error:
        report.add(place, f"cannot be read: {error.strerror}", "must be a text file")
    return None


def _place(file: str, mark: StringMark | None) -> Place:
    if mark is None:
        return Place(file, 1, 1)
    return Place(file, mark.line + 1, mark.column + 1)


def _syntax(report: Report, place: Place, problem: str) -> None:
    hint = ""
    if "\\t" in problem:
        hint = "indent with spaces, not tabs"
    elif "mapping values" in problem:
        hint = "put texts that contain ': ' in quotes"
    elif "another document" in problem:
        hint = "keep one campaign per file"
    report.add(place, f"cannot be read: {problem}", "must be YAML 1.2", hint)


def _too_deep(report: Report, place: Place) -> None:
    report.add(
        place,
        "the file is nested too deeply or too large",
        f"must nest at most {_DEEPEST} levels and hold {_MOST_NODES} values",
    )


def _untyped(node: object) -> Any:  # noqa: ANN401 ruamel's nodes are untyped
    return node


class _Walk:
    """Turns composed YAML nodes into ours; notes duplicate keys, tags and loops."""

    def __init__(self, file: str, report: Report) -> None:
        self._file = file
        self._report = report
        self._count = 0
        self._depth = 0

    def node(self, node: Any, key: Place | None) -> Node:  # noqa: ANN401 ruamel's nodes are untyped
        place = _place(self._file, node.start_mark)
        key = key or place
        self._count += 1
        if self._depth > _DEEPEST or self._count > _MOST_NODES:
            _too_deep(self._report, place)
            self._report.close()  # raises: going on could take for ever
        tag = str(node.tag).removeprefix(_TAG)
        if tag not in _KINDS:
            self._report.add(place, f"got the tag {tag!r}", "must carry no YAML tag")
        self._depth += 1
        try:
            if isinstance(node, MappingNode):
                return Node(self._fields(node), place, key)
            if isinstance(node, SequenceNode):
                return Node(self._items(node), place, key)
            return self._scalar(node, place, key)
        finally:
            self._depth -= 1

    def _items(self, node: Any) -> tuple[Node, ...]:  # noqa: ANN401 ruamel's nodes are untyped
        return tuple(self.node(item, None) for item in node.value)

    def _fields(self, node: Any) -> dict[str, Node]:  # noqa: ANN401 ruamel's nodes are untyped
        fields: dict[str, Node] = {}
        for key, value in node.value:
            place = _place(self._file, key.start_mark)
            if not isinstance(key, ScalarNode):
                self._report.add(
                    place, "got a list or mapping as a key", "must be a name"
                )
                continue
            name = str(_untyped(key).value)
            if name == "<<":
                self._report.add(
                    place, "got the merge key '<<'", "must spell its keys out"
                )
            elif name in fields:
                first = fields[name].key.line
                self._report.add(
                    place,
                    f"got the key {name!r} twice",
                    f"must be given once (first on line {first})",
                )
            else:
                fields[name] = self.node(value, place)
        return fields

    def _scalar(self, node: Any, place: Place, key: Place) -> Node:  # noqa: ANN401 ruamel's nodes are untyped
        text = str(node.value)
        if node.style or str(node.tag) == f"{_TAG}str":
            return Node(text, place, key)
        if text in _WORDS:
            return Node(_WORDS[text], place if text else key, key)
        if _INTEGER.fullmatch(text) and len(text) <= _LONGEST_INTEGER:
            return Node(int(text), place, key)
        if _FLOAT.fullmatch(text):
            return Node(self._finite(text, place), place, key)
        return Node(text, place, key)

    def _finite(self, text: str, place: Place) -> float:
        number = float(text)
        if not math.isfinite(number):
            self._report.add(place, f"got {text}", "must be a finite number")
            return 0.0
        return number
