"""Numbers, times, settings and predictions as people read them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from labagent.experiments import Basis, Prediction
from labagent.materials import formula
from labagent.variables import DesignSpace, Value, Variable

SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
_SMALLEST = 1e-4
"""Numbers below are written with an exponent."""


def number(value: float, digits: int = 4) -> str:
    """Return a number with a few significant digits: 0.1, 1234, 1.2e-07."""
    if value == 0:
        return "0"
    if _SMALLEST <= abs(value) < 10 ** max(digits, 5):
        decimals = max(0, digits - 1 - _exponent(value))
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{digits}g}"


def _exponent(value: float) -> int:
    return int(f"{abs(value):e}".split("e")[1])


def amount(value: float, unit: str, digits: int = 4) -> str:
    """Return a number with its unit; percent is glued as people write it."""
    if unit in ("percent", "%"):
        return f"{number(value, digits)} %"
    return f"{number(value, digits)} {unit}".rstrip()


def rounded(value: float, unit: str, width: float) -> str:
    """Return a number with its unit, rounded to what an interval's width allows."""
    if not (width > 0 and value):
        return amount(value, unit)
    digits = max(1, _exponent(value) - _exponent(width) + 2)
    return amount(value, unit, min(digits, 8))


def setting(value: Value, unit: str = "") -> str:
    """Return the value of one control: a number, a label or a formula."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return formula(value)
    return amount(value, unit, 6)


def titled(quantity: str, unit: str) -> str:
    """Return a quantity with its unit, which then need not stand in every cell."""
    unit = "%" if unit == "percent" else unit
    return f"{quantity} ({unit})" if unit else quantity


def settings(intervention: Mapping[str, Value], units: Mapping[str, str]) -> str:
    """Return an intervention on one line, in the order of ``units``."""
    known = [name for name in units if name in intervention]
    others = [name for name in intervention if name not in units]
    return ", ".join(
        f"{name}={setting(intervention[name], units.get(name, ''))}"
        for name in (*known, *others)
    )


def units_of(space: DesignSpace, *more: Variable) -> dict[str, str]:
    """Return name to unit of every control and every other variable given."""
    return {v.name: v.unit for v in (*space.controls, *more)}


def expected(prediction: Prediction) -> str:
    """Return a prediction as ``centre ± spread unit``, rounded to what that allows."""
    low, centre = prediction.spread, prediction.centre
    digits = max(2, _exponent(centre) - _exponent(low) + 2) if low else 4
    mean = number(centre, min(digits, 8))
    tail = "" if prediction.basis is Basis.MODEL else " (prior)"
    return f"{mean} ± {amount(low, prediction.unit, 2)}{tail}"


def measured(value: float, unit: str) -> str:
    """Return a result with enough digits to compare it."""
    return amount(value, unit, 5)


def sigmas(distance: float) -> str:
    """Return a surprise in predicted standard deviations, with its sign."""
    return f"{distance:+.1f} {SIGMA}"


def moment(at: datetime | None) -> str:
    """Return a time to the second, in UTC; a dash where there is none."""
    return "-" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def numbers(ids: list[int]) -> str:
    """Return ids shortly, runs as ranges: ``1-3 7``."""
    parts: list[list[int]] = []
    for i in sorted(ids):
        if parts and i == parts[-1][-1] + 1:
            parts[-1].append(i)
        else:
            parts.append([i])
    return " ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else f"{p[0]}" for p in parts)
