"""Numbers in other notations than ours: what to write instead.

``100,5``, ``1.200,5``, ``1_000``, ``0x10`` and ``1:30`` are never guessed at; a message
says which numbers they may have been.
"""

import re
from collections.abc import Sequence

_NUMERAL = re.compile(
    r"(?P<number>[-+]?0[xob][0-9a-f_]+|\d+:\d\d(?::\d\d)?|\d+\s*/\s*\d+"
    r"|[-+]?\d(?:[\d.,_']|[ \u00a0\u202f](?=\d))*)(?P<tail>|\s*[^\W\d].*|\s*[%°].*)",
    re.IGNORECASE | re.DOTALL,
)
_GROUPED = re.compile(r"\d{1,3}(?:[_' \u00a0\u202f]\d{3})+(?![\d_'])")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:,\d{3})+")
_PLAIN = re.compile(r"\d+(\.\d+)?")
_MINUSES = ("−", "–", "—")  # noqa: RUF001 typed by word processors
_RADICES = {"0x": 16, "0o": 8, "0b": 2}
_SIXTY = 60


def rewritten(text: str) -> str:
    """Return advice such as ``write 100.5`` for a number in another notation.

    Args:
        text: What was written, perhaps with a unit behind it.

    Returns:
        The advice; empty where the text is no number, or right as it is.
    """
    text = text.strip()
    if text.startswith(_MINUSES):
        plain = f"-{text[1:].strip()}"
        return rewritten(plain) or (f"write {plain}" if text[1:2].isdigit() else "")
    found = _NUMERAL.fullmatch(text)
    if not found:
        return ""
    number, tail = found["number"], found["tail"]
    readings = _readings(number)
    if not readings or number in readings:
        return ""
    return "write " + " or ".join(reading + tail for reading in readings)


def thousands_or_decimals(text: str) -> tuple[str, str] | None:
    """Return both readings of ``1.200`` or ``1,200``; None for anything else."""
    sign = text[:1] if text[:1] in ("+", "-") else ""
    digits = text.removeprefix(sign)
    marks = digits.count(".") + digits.count(",")
    if marks != 1 or not _THOUSANDS.fullmatch(digits):
        return None
    decimals = digits.replace(",", ".").rstrip("0").rstrip(".")
    return sign + decimals, sign + digits.replace(",", "").replace(".", "")


def _readings(number: str) -> Sequence[str]:
    """Return the numbers, in our notation, that a text may stand for."""
    if ":" in number:
        return _clock(number)
    if "/" in number:
        top, bottom = (int(part) for part in number.split("/"))
        return [f"{top / bottom:.6g}"] if bottom else []
    sign = number[:1] if number[:1] in ("+", "-") else ""
    digits = number.removeprefix(sign)
    radix = _RADICES.get(digits[:2].lower())
    if radix:
        return _whole(digits.replace("_", ""), radix)
    if "," in digits and (both := thousands_or_decimals(number)):
        return both
    plain = _decimal(digits)
    return [sign + plain] if plain else []


def _clock(number: str) -> Sequence[str]:
    """Return ``1:30`` as minutes, or seconds; ``1:30:00`` as seconds."""
    first, second, *third = (int(part) for part in number.split(":"))
    total = _SIXTY * first + second
    if third:
        return [f"{_SIXTY * total + third[0]} s"]
    return [f"{total} min", f"{total} s"]


def _whole(digits: str, radix: int) -> Sequence[str]:
    try:
        return [str(int(digits, radix))]
    except ValueError:
        return []


def _decimal(digits: str) -> str:
    """Return digits with a decimal point and no marks between the thousands."""
    if _GROUPED.match(digits) or "_" in digits:
        digits = re.sub(r"[_' \u00a0\u202f]", "", digits)
    marks = [c for c in digits if c in ".,"]
    if len(marks) > 1 and len(set(marks)) == 1 and _THOUSANDS.fullmatch(digits):
        digits = digits.replace(marks[0], "")  # 1.200.000
    elif marks and marks[-1] not in marks[:-1]:
        head, _, tail = digits.rpartition(marks[-1])
        digits = f"{head.replace(',', '').replace('.', '')}.{tail}"
    return digits if _PLAIN.fullmatch(digits) else ""
