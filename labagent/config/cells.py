"""What a cell of a table says: a number, a label, a formula, or nothing.

Nothing is guessed: a number that may be read in two ways is a mistake.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from labagent.config import units
from labagent.config.nodes import did_you_mean
from labagent.config.numerals import rewritten, thousands_or_decimals
from labagent.errors import DataError
from labagent.variables import Choice, Composition

_MISSING = frozenset({"", "-", "na", "n/a", "nan", "none", "null", "#n/a"})
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_COMMA_NUMBER = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_POINT_NUMBER = re.compile(r"[-+]?\d*\.\d+([eE][-+]?\d+)?")
_FORMULA_PART = re.compile(r"([A-Z][a-z]?)(\d+\.?\d*|\.\d+)?")


@dataclass(frozen=True)
class Percent:
    """A number that a spreadsheet shows as percent: 0.112 shown as 11.2 %."""

    fraction: float

    def __str__(self) -> str:
        """Return the number as it is shown."""
        return f"{100 * self.fraction:.12g}%"


class CellError(Exception):
    """What a cell must be, and what to do."""

    def __init__(self, rule: str, suggestion: str = "") -> None:
        self.rule, self.suggestion = rule, suggestion
        super().__init__(rule)


@dataclass(frozen=True)
class Marks:
    """How a table writes its numbers.

    Attributes:
        separator: What stands between its cells; empty for a spreadsheet.
        comma: Whether 3,5 occurs: a comma that cannot split thousands.
        point: Whether 3.5 occurs: a point that cannot split thousands.
    """

    separator: str = ""
    comma: bool = False
    point: bool = False

    def number(self, text: str) -> float | None:
        """Return the number a text says; None where it says none.

        Raises:
            CellError: It may be one of two numbers.
        """
        if self._unclear(text):
            decimals, thousands = thousands_or_decimals(text) or ("", "")
            if len(decimals.partition(".")[2]) == 3:  # noqa: PLR2004 still unclear
                decimals += "0"
            raise CellError(
                "must be clear (thousands or decimals)",
                f"write {decimals} or {thousands}",
            )
        if self.separator and _COMMA_NUMBER.fullmatch(text):
            text = text.replace(",", ".")
        if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            return None
        return float(text)

    def _unclear(self, text: str) -> bool:
        """Return whether 1.200 or 1,200 may be thousands as well as decimals."""
        if not self.separator or thousands_or_decimals(text) is None:
            return False
        if "," in text:
            return self.point or (self.separator == "," and not self.comma)
        return self.comma or (self.separator == ";" and not self.point)


def marks_of(cells: Iterable[object], separator: str) -> Marks:
    """Return how a table writes its numbers, as far as its cells show.

    Args:
        cells: All cells below the headings.
        separator: What stands between them.
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    clear = [text for text in texts if not thousands_or_decimals(text)]
    return Marks(
        separator,
        comma=any(_COMMA_NUMBER.fullmatch(text) for text in clear),
        point=any(_POINT_NUMBER.fullmatch(text) for text in clear),
    )


def blank(cell: object) -> bool:
    """Return whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def missing(cell: object) -> bool:
    """Return whether a cell says that there is no value."""
    if isinstance(cell, float) and math.isnan(cell):
        return True
    return blank(cell) or str(cell).strip().lower() in _MISSING


def text_of(cell: object) -> str:
    """Return what a cell shows; dates without the midnight that nobody wrote."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return "" if cell is None else str(cell).strip()


def shown(cell: object) -> str:
    """Return a cell as a message quotes it."""
    if blank(cell):
        return "nothing"
    if isinstance(cell, (date, time)):
        return f"the {'time' if isinstance(cell, time) else 'date'} {text_of(cell)}"
    return text_of(cell) if isinstance(cell, Percent) else repr(cell)


def number(cell: object, unit: str, marks: Marks) -> float:
    """Return a cell's number in the unit of its column.

    Args:
        cell: As the table holds it.
        unit: The column's; a cell shown as percent is converted to it.
        marks: How the table writes its numbers.

    Raises:
        CellError: It is no number, or may be one of two.
    """
    wanted = f"must be a number in {unit}" if unit else "must be a number"
    if isinstance(cell, Percent):
        return _percent(cell, unit, wanted)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if math.isfinite(cell):
            return float(cell)
        raise CellError(wanted)
    found = marks.number(cell.strip()) if isinstance(cell, str) else None
    if found is None:
        raise CellError(wanted, _advice(cell))
    return found


def _percent(cell: Percent, unit: str, wanted: str) -> float:
    try:
        # 0.112 is shown as 11.2, not as 11.200000000000001
        return float(f"{units.convert(cell.fraction, '', unit):.15g}")
    except DataError as error:
        raise CellError(wanted, "format the cell as a number, not percent") from error


def _advice(cell: object) -> str:
    """Return what to do about a cell that holds no number."""
    if isinstance(cell, (date, time)):
        return (
            "spreadsheets take 1.5 for a date: format the column as numbers and type "
            "the values again"
        )
    if not isinstance(cell, str):
        return ""
    if better := rewritten(cell):
        return better
    if units.split_amount(cell.replace(",", ".")):
        return "write the number alone, without unit or error"
    return ""


def option(cell: object, domain: Choice) -> str:
    """Return the label a cell says.

    Raises:
        CellError: It is none of the choice's labels.
    """
    text = text_of(cell)
    if text in domain.options:
        return text
    if _NUMBER.fullmatch(text):
        # spreadsheets turn the label 1.0 into the number 1
        numbers = {o: float(o) for o in domain.options if _NUMBER.fullmatch(o)}
        same = [o for o, number in numbers.items() if number == float(text)]
        if same:
            return same[0]
    raise CellError(
        f"must be one of {', '.join(domain.options)}",
        did_you_mean(text, domain.options),
    )


def fractions(cell: object, domain: Composition) -> dict[str, float]:
    """Return the mole fractions of the formula a cell says.

    Raises:
        CellError: It is no formula, or one of other members.
    """
    found = read_formula(text_of(cell))
    if found is None:
        raise CellError("must be a formula such as Al0.25Cu0.75")
    strange: Sequence[str] = [s for s in found if s not in domain.symbols]
    if strange:
        raise CellError(f"must be made of {', '.join(domain.symbols)}")
    return {s: found.get(s, 0.0) for s in domain.symbols}


def read_formula(text: str) -> dict[str, float] | None:
    """Return mole fractions of ``Al0.25Cu0.75`` or ``AlCu3``; None if it is none."""
    parts = list(_FORMULA_PART.finditer(text))
    if not parts or "".join(p[0] for p in parts) != text:
        return None
    amounts: dict[str, float] = {}
    for part in parts:
        amounts[part[1]] = amounts.get(part[1], 0.0) + float(part[2] or 1)
    total = sum(amounts.values())
    return {s: x / total for s, x in amounts.items()} if total > 0 else None
