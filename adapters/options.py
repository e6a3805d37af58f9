"""Reading an executor's settings, and saying everything that is wrong with them."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, cast

from labagent.config.nodes import did_you_mean
from labagent.config.units import convert, split_amount
from labagent.errors import ConfigurationError, DataError, Mistake
from labagent.ports import Setup


class Options:
    """Reads settings one by one; mistakes are collected, not raised.

    Every reading method returns something usable, so that one pass finds all mistakes;
    what it returns must not be used while ``problems`` is not empty.

    Attributes:
        problems: What is wrong so far.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._known: list[str] = []
        self.problems: list[str] = []

    def problem(self, text: str) -> None:
        """Add something that is wrong with the executor."""
        self.problems.append(f"executor {self._setup.name}: {text}")

    def _wrong(self, name: str, value: object, rule: str) -> None:
        self.problem(f"option {name}: got {value!r}, must {rule}")

    def _take(self, name: str, default: object) -> object:
        self._known.append(name)
        return self._setup.options.get(name, default)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number between two bounds, both included."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(name, value, f"be a whole number from {low} to {high}")
            return default
        if not low <= value <= high:
            self._wrong(name, value, f"lie in [{low}, {high}]")
        return int(value)

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number between two bounds, both included."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self._wrong(name, value, "be a number")
            return default
        if not low <= value <= high:
            self._wrong(name, value, f"lie in [{low:g}, {high:g}]")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            self._wrong(name, value, "be true or false")
            return default
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it must be given."""
        value = self._take(name, default)
        if value is None:
            self.problem(f"option {name}: got nothing, must be given")
        elif not isinstance(value, str) or not (value.strip() or value == default):
            self._wrong(name, value, "be a text")
        else:
            return str(value)
        return ""

    def seconds(self, name: str, default: float) -> float:
        """Return a duration in seconds, written like ``2 s`` or ``5 min``."""
        value = self._take(name, f"{default} s")
        number, unit = (isinstance(value, str) and split_amount(value)) or (0.0, "")
        try:
            seconds = convert(number, unit, "s")  # no unit does not convert
        except DataError:
            self._wrong(name, value, "be a duration such as '2 s' or '5 min'")
            return default
        if seconds < 0:
            self._wrong(name, value, "not be negative")
        return seconds

    def mapping(self, name: str) -> dict[str, object]:
        """Return a mapping from texts; empty where it is not given."""
        value = self._take(name, {})
        if not isinstance(value, Mapping):
            self._wrong(name, value, "map names to values")
            return {}
        return {str(k): v for k, v in cast("Mapping[object, object]", value).items()}

    def file(self, name: str) -> Path:
        """Return the path of a file that exists, counted from the campaign's folder."""
        text = self.text(name)
        path = self._setup.folder / text
        if text and not path.is_file():
            self._wrong(name, text, f"be a file; there is none at {path}")
        return path

    def finish(self) -> list[str]:
        """Add unknown names to the mistakes and return all of them."""
        for name in self._setup.options:
            if name not in self._known:
                hint = did_you_mean(name, self._known)
                known = ", ".join(self._known) or "no option at all"
                self.problem(
                    f"option {name}: is unknown, must be one of {known}"
                    f"{'; ' + hint if hint else ''}"
                )
        return self.problems


def missing_package(package: str, extra: str) -> list[str]:
    """Return what to install where a package is missing, else nothing."""
    if find_spec(package) is not None:
        return []
    return [
        f"package {package}: is not installed, must be for this executor; "
        f'pip install "labagent[{extra}]"'
    ]


def refuse(setup: Setup, problems: list[str]) -> NoReturn:
    """Raise all that is wrong with an executor's settings.

    Raises:
        ConfigurationError: Always.
    """
    mistakes: list[Mistake] = []
    for text in problems:
        problem, _, rule = text.partition(", must ")
        rule, _, suggestion = rule.partition("; ")
        mistakes.append(
            Mistake(
                place=f"executors.{setup.name}",
                problem=problem.removeprefix(f"executor {setup.name}: "),
                rule=f"must {rule or 'be changed'}",
                suggestion=suggestion,
            )
        )
    raise ConfigurationError(mistakes)
