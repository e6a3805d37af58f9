"""The file as a tree in which every value knows where it stands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from labagent.errors import ConfigurationError, Mistake

Plain = bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"] | None
"""What JSON can say."""
_LEAST_PREFIX = 3  # letters from which a shortened word is recognised
_LONGEST_QUOTE = 60  # characters of a value that a message repeats
_LONGEST_RULE = 120  # characters of a rule that a message repeats


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands: ``file:line:column``, counted from one.

    Where there are no lines (a stored document, a command line), ``file`` alone says
    it and both numbers are zero. What is read several times, such as a stage that
    repeats, has copies.
    """

    file: str
    line: int = 0
    column: int = 0
    copy: int = field(default=0, compare=False)

    @property
    def short(self) -> str:
        """The place for somebody who has the file before them."""
        return f"line {self.line}" if self.line else self.file

    def __str__(self) -> str:
        """Return the place as editors and terminals open it."""
        numbers = [str(n) for n in (self.line, self.column) if n]
        return ":".join([self.file, *numbers])


@dataclass(frozen=True)
class Node:
    """A value of the file.

    Attributes:
        value: A scalar, the items of a list, or the values of a mapping by key.
        place: Where the value begins.
        key: Where its key begins; the same as ``place`` for items of a list.
    """

    value: "bool | int | float | str | tuple[Node, ...] | Mapping[str, Node] | None"
    place: Place
    key: Place

    @property
    def fields(self) -> "Mapping[str, Node]":
        """The values of a mapping by key; empty for anything else."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> "tuple[Node, ...]":
        """The items of a list; empty for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def typed(self) -> bool:
        """Whether a person's file says it; False for a stored document.

        What a stored campaign was allowed to say once, it may say for ever.
        """
        return self.place.line > 0

    @property
    def places(self) -> "Iterator[Place]":
        """Every place inside, its own and its key's first."""
        yield from (self.key, self.place)
        inside = self.items or self.fields.values()
        for node in inside:
            yield from node.places

    def inner(self, *keys: str) -> "Node":
        """Return the value that keys lead to, or the deepest one on the way there."""
        node = self
        for key in keys:
            if key not in node.fields:
                break
            node = node.fields[key]
        return node

    @property
    def plain(self) -> Plain:
        """The value without places."""
        if isinstance(self.value, tuple):
            return [item.plain for item in self.value]
        if isinstance(self.value, Mapping):
            return {key: node.plain for key, node in self.value.items()}
        return self.value

    @property
    def shown(self) -> str:
        """The value as a message quotes it, shortened."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return str(self.value).lower()
            case str():
                text = repr(self.value)
            case tuple():
                text = "[" + ", ".join(item.shown for item in self.value) + "]"
            case Mapping():
                text = "{" + ", ".join(f"{k}: ..." for k in self.value) + "}"
            case _:
                text = f"{self.value}"
        return shortened(text, _LONGEST_QUOTE)


def shortened(text: str, length: int = _LONGEST_RULE) -> str:
    """Return a text that fits into a message."""
    return text if len(text) <= length else text[:length] + "..."


def from_plain(value: Plain, path: str) -> Node:
    """Return a tree whose places are paths such as ``document.controls.time``.

    Args:
        value: What JSON says.
        path: The place of its root.
    """
    place = Place(path)
    if isinstance(value, Mapping):
        fields = {k: from_plain(v, f"{path}.{k}") for k, v in value.items()}
        return Node(fields, place, place)
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = tuple(from_plain(v, f"{path}[{i}]") for i, v in enumerate(value, 1))
        return Node(items, place, place)
    return Node(value, place, place)


def did_you_mean(word: str, words: Sequence[str]) -> str:
    """Return ``did you mean 'x'?`` for the known word closest to a mistyped one.

    Args:
        word: What was typed.
        words: What would have been right.
    """
    known = closest(word, words)
    return f"did you mean {known!r}?" if known else ""


def closest(word: str, words: Sequence[str]) -> str | None:
    """Return the known word closest to a mistyped one; None where none is close."""
    folded = {w.lower(): w for w in reversed(words)}
    short = {w.lower().rpartition(".")[2]: w for w in reversed(words)}
    for known in (folded, short):
        close = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
        if len(word) >= _LEAST_PREFIX and not close:
            close = [w for w in known if w.startswith(word.lower())]
        if close:
            return known[close[0]]
    return None


class Report:
    """Mistakes as they are found, raised together at the end; and notes.

    A note is about something that is allowed and perhaps not meant.
    """

    def __init__(self) -> None:
        self._found: list[tuple[Place, Mistake]] = []
        self._notes: dict[tuple[Place, str], None] = {}

    def add(self, place: Place, problem: str, rule: str, suggestion: str = "") -> None:
        """Note a mistake; one that another copy has at the same place is told once.

        Args:
            place: Where it stands.
            problem: What was found, with its value.
            rule: What would have been right.
            suggestion: What to type instead.
        """
        mistake = Mistake(str(place), problem, rule, suggestion)
        told = any(p == place and p.copy != place.copy for p, _ in self._found)
        if not told and (place, mistake) not in self._found:
            self._found.append((place, mistake))

    def note(self, place: Place, text: str) -> None:
        """Keep a note: what was found, what follows from it, what may be done."""
        self._notes[place, text] = None

    @property
    def notes(self) -> tuple[str, ...]:
        """All notes with their places, in the order of the file."""
        return tuple(f"{place}: {text}" for place, text in sorted(self._notes))

    @property
    def count(self) -> int:
        """How many mistakes there are so far."""
        return len(self._found)

    def speaks_of(self, places: Iterable[Place]) -> bool:
        """Return whether a mistake stands at one of some places."""
        told = {place for place, _ in self._found}
        return any(place in told for place in places)

    def close(self) -> None:
        """Raise everything found, in the order of the file.

        Raises:
            ConfigurationError: There was at least one mistake.
        """
        if self._found:
            ordered = sorted(self._found, key=lambda pair: pair[0])
            raise ConfigurationError(mistake for _, mistake in ordered)
