"""Reads the keys of one mapping; what is wrong goes into the report.

Every reading method returns None for what is absent or wrong: wrong values have been
reported by then, so callers only go on without them.
"""

import math
from collections.abc import Mapping, Sequence

from labagent.config import units
from labagent.config.nodes import Node, Place, Report, closest, did_you_mean
from labagent.config.numerals import rewritten
from labagent.config.unsupported import NOT_YET, OTHER_WORDS, path_of, remedy
from labagent.errors import DataError

_MANY = 12  # keys that are too many to list in a message


def not_yet(report: Report, place: Place, shown: str, path: str) -> None:
    """Refuse what this version does not do yet.

    Args:
        report: Receives the mistake.
        place: Where it stands.
        shown: The key or value as the message names it.
        path: Its key in the table of what is not in this version yet.
    """
    report.add(
        place,
        f"{shown} is not in this version yet",
        f"must wait for {NOT_YET[path]}",
        remedy(path),
    )


def amount(
    node: Node, unit: str, what: str, report: Report, *, difference: bool = False
) -> float | None:
    """Return a number in ``unit``, written plainly or with a unit (``10 min``).

    Args:
        node: The value.
        unit: Declared unit, known to pint; empty for a plain number.
        what: How messages call it.
        report: Receives what is wrong.
        difference: Whether it is a distance, so that 5 kelvin are 5 degC.
    """
    value = node.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    parts = units.split_amount(value) if isinstance(value, str) else None
    better = rewritten(value) if isinstance(value, str) else ""
    if parts is None or better:
        wanted = f"a number in {unit}" if unit else "a number"
        report.add(node.place, f"{what}: got {node.shown}", f"must be {wanted}", better)
        return None
    number, written = parts
    if not written:
        report.add(
            node.place,
            f"{what}: got the text {node.shown}",
            "must be a number",
            "remove the quotes",
        )
        return None
    try:
        slope, offset = units.affine(written, unit)
    except DataError:
        report.add(
            node.place,
            f"{what}: got {node.shown}",
            f"must be in {unit or 'plain numbers'} or convert to it",
            units.instead(written),
        )
        return None
    return slope * number + (0.0 if difference else offset)


def duration(node: Node, unit: str, what: str, report: Report) -> float | None:
    """Return a positive time such as ``20 min`` in ``unit``."""
    text = node.value if isinstance(node.value, str) else ""
    parts = units.split_amount(text)
    if not rewritten(text) and (parts is None or not parts[1]):
        report.add(
            node.place,
            f"{what}: got {node.shown}",
            "must be a time with its unit",
            "write for example 10 min",
        )
        return None
    time = amount(node, unit, what, report)
    if time is not None and time <= 0:
        report.add(node.place, f"{what}: got {node.shown}", "must be above zero")
        return None
    return time


def price(node: Node, what: str, report: Report) -> tuple[float, str] | None:
    """Return amount and currency of ``12 EUR``."""
    try:
        found = units.money(node.value if isinstance(node.value, str) else node.shown)
    except DataError:
        report.add(
            node.place,
            f"{what}: got {node.shown}",
            "must be money: an amount and a currency's three capital letters",
            rewritten(node.shown.strip("'\"")) or "write for example 12 EUR",
        )
        return None
    if found[0] < 0:
        report.add(node.place, f"{what}: got {node.shown}", "must not be negative")
        return None
    return found


class Fields:
    """The keys of one mapping of the file.

    Args:
        node: The mapping; anything else is reported and read as empty.
        what: How messages call it, e.g. ``control anneal.time``.
        section: Its kind, as the table of refused keys writes it.
        keys: The keys it may have.
        report: Receives what is wrong.
    """

    def __init__(
        self, node: Node, what: str, section: str, keys: Sequence[str], report: Report
    ) -> None:
        self.node = node
        self.what = what
        self.section = section
        self._report = report
        self._nodes: Mapping[str, Node] = {}
        if isinstance(node.value, Mapping):
            self._nodes = node.value
            self._check_keys(keys)
        else:
            report.add(
                node.place,
                f"{what}: got {node.shown}",
                f"must be a mapping with keys such as {', '.join(keys[:4])}",
                _spelled_out(node),
            )

    def _check_keys(self, keys: Sequence[str]) -> None:
        """Report wrong keys, and read on as if they had been written right."""
        meant: dict[str, Node] = {}
        for key, node in self._nodes.items():
            path = path_of(self.section, key)
            if path in NOT_YET:
                not_yet(self._report, node.key, f"{self.what}: {key}", path)
            elif key not in keys:
                right = _meant(key, keys)
                self._report.add(
                    node.key,
                    f"{self.what}: got the key {key!r}",
                    _one_of(keys),
                    f"did you mean {right!r}?" if right else "",
                )
                if right and right not in self._nodes:
                    meant.setdefault(right, node)
        self._nodes = {**self._nodes, **meant}

    def __contains__(self, key: str) -> bool:
        """Return whether the key is there, right or wrong."""
        return key in self._nodes

    def node_of(self, key: str) -> Node | None:
        """Return the value of a key as it stands in the file."""
        return self._nodes.get(key)

    def is_list(self, key: str) -> bool:
        """Return whether a key is there and holds a list, an empty one included."""
        return key in self._nodes and isinstance(self._nodes[key].value, tuple)

    def is_mapping(self, key: str) -> bool:
        """Return whether a key is there and holds a mapping, an empty one included."""
        return key in self._nodes and isinstance(self._nodes[key].value, Mapping)

    def entries(self, key: str) -> Mapping[str, Node]:
        """Return the entries of a mapping; empty for anything else, unreported."""
        return self._nodes[key].fields if key in self._nodes else {}

    def list_of(self, key: str) -> tuple[Node, ...]:
        """Return the items of a list; empty for anything else, unreported."""
        return self._nodes[key].items if key in self._nodes else ()

    def place_of(self, key: str) -> Place:
        """Return where a key's value stands; the mapping's own place if absent."""
        node = self._nodes.get(key)
        return node.place if node else self.node.place

    def wrong(self, key: str, rule: str, suggestion: str = "") -> None:
        """Report the value of a key."""
        node = self._nodes[key]
        self._report.add(
            node.place,
            f"{self.what}: got {key} = {node.shown}",
            rule,
            suggestion,
        )

    def useless(self, key: str, rule: str) -> None:
        """Report a key that has no effect where it stands."""
        node = self._nodes[key]
        self._report.add(node.key, f"{self.what}: got the key {key!r}", rule)

    def missing(self, key: str, rule: str, suggestion: str = "") -> None:
        """Report a key that should be there."""
        self._report.add(
            self.node.place, f"{self.what}: {key} is missing", rule, suggestion
        )

    def text(self, key: str) -> str | None:
        """Return a text that is not blank."""
        node = self._nodes.get(key)
        if node is None:
            return None
        if isinstance(node.value, str) and node.value.strip():
            return node.value.strip()
        hint = "put it in quotes" if isinstance(node.value, (bool, int, float)) else ""
        self.wrong(key, "must be a text", hint)
        return None

    def option(self, key: str, options: Sequence[str]) -> str | None:
        """Return one of a few words."""
        node = self._nodes.get(key)
        if node is None:
            return None
        word = node.value if isinstance(node.value, str) else None
        if word in options:
            return word
        path = path_of(self.section, key, word)
        if path in NOT_YET:
            not_yet(self._report, node.place, f"{self.what}: {key}: {word}", path)
            return None
        known = [
            *options,
            *(
                p.partition(": ")[2]
                for p in NOT_YET
                if p.startswith(path_of(self.section, key) + ": ")
            ),
        ]
        self.wrong(key, f"must be {_either(options)}", did_you_mean(word or "", known))
        return None

    def unit(self, key: str = "unit") -> str | None:
        """Return a unit pint knows; empty where none is given, None where wrong."""
        if key not in self._nodes:
            return ""
        if self._nodes[key].value == "":
            return ""
        text = self.text(key)
        if text is None:
            return None
        mixed_up = self._nodes[key].typed and text in units.MIXED_UP
        if units.known(text) and not mixed_up:
            return text
        rule = "must be a unit pint knows, such as degC, min or percent"
        if mixed_up:
            rule = f"must be clear; pint reads it as {units.MIXED_UP[text][1]}"
        self.wrong(key, rule, units.instead(text))
        return None

    def number(
        self, key: str, unit: str = "", *, difference: bool = False
    ) -> float | None:
        """Return a number in ``unit``, a value or a distance between values."""
        node = self._nodes.get(key)
        if node is None:
            return None
        what = f"{self.what}: {key}"
        return amount(node, unit, what, self._report, difference=difference)

    def whole(self, key: str, low: int) -> int | None:
        """Return a whole number of at least ``low``."""
        node = self._nodes.get(key)
        if node is None:
            return None
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.wrong(key, "must be a whole number", _as_number(value))
        elif value != math.floor(value) or value < low:
            self.wrong(key, f"must be a whole number of at least {low}")
        else:
            return int(value)
        return None

    def flag(self, key: str) -> bool:
        """Return whether a key is true; false where it is absent or wrong."""
        node = self._nodes.get(key)
        if node is None or isinstance(node.value, bool):
            return bool(node and node.value)
        self.wrong(key, "must be true or false")
        return False

    def interval(self, key: str, unit: str = "") -> tuple[float, float] | None:
        """Return ``[low, high]`` in ``unit``, low below high."""
        node = self._nodes.get(key)
        if node is None:
            return None
        if not isinstance(node.value, tuple) or len(node.value) != 2:  # noqa: PLR2004 a pair
            self.wrong(key, "must be two numbers", f"write {key}: [low, high]")
            return None
        low, high = (
            amount(end, unit, f"{self.what}: {key}", self._report) for end in node.value
        )
        if low is None or high is None:
            return None
        if low > high:
            self.wrong(key, "must have its low end first", f"write [{high:g}, {low:g}]")
            return None
        if low == high:
            self.wrong(key, "must not be empty: low must be below high")
            return None
        return low, high

    def items(self, key: str) -> tuple[Node, ...]:
        """Return the items of a list; empty where absent or wrong."""
        node = self._nodes.get(key)
        if node is None:
            return ()
        if isinstance(node.value, tuple):
            return node.value
        shown = node.value if isinstance(node.value, str) else "..."
        self.wrong(key, "must be a list", f"write {key}: [{shown}]")
        return ()

    def mapping(self, key: str) -> Mapping[str, Node]:
        """Return the entries of a mapping; empty where absent or wrong."""
        node = self._nodes.get(key)
        if node is None:
            return {}
        if isinstance(node.value, Mapping):
            return node.value
        self.wrong(key, "must be a mapping of names to settings")
        return {}


def _as_number(value: object) -> str:
    """Return what to write instead of a number in quotes or another notation."""
    if not isinstance(value, str):
        return ""
    return "remove the quotes" if value.strip().isdecimal() else rewritten(value)


def _one_of(keys: Sequence[str]) -> str:
    if len(keys) > _MANY:
        return "must be a key of the campaign file (see docs/campaign-file.md)"
    return f"must be one of {', '.join(keys)}"


def _meant(key: str, keys: Sequence[str]) -> str | None:
    word = OTHER_WORDS.get(key)
    return word if word in keys else closest(key, keys)


def _either(options: Sequence[str]) -> str:
    if len(options) == 1:
        return options[0]
    return f"{', '.join(options[:-1])} or {options[-1]}"


def _spelled_out(node: Node) -> str:
    """Return what a bare ``[low, high, unit]`` should have been."""
    match node.value:
        case (Node(value=int() | float() as low), Node(value=int() | float() as high)):
            return f"write {{range: [{low}, {high}]}}"
        case (
            Node(value=int() | float() as low),
            Node(value=int() | float() as high),
            Node(value=str() as unit),
        ):
            return f"write {{range: [{low}, {high}], unit: {unit}}}"
        case _:
            return ""
