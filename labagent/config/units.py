"""Units, durations and money: the only place that asks pint.

Unit texts are pint's (``degC``, ``angstrom``, ``kg/m^3/h``), and besides::

    atom, equiv            counts, so eV/atom converts to eV
    mol_percent, at_percent, wt_percent, vol_percent    also mol%, at%, wt%, vol%
    sccm                   standard cubic centimetres a minute

Money is an amount and three letters (``12 EUR``); it is never converted.
"""

import math
import re
from functools import lru_cache
from tokenize import TokenError
from typing import Any

import pint

from labagent.config.nodes import did_you_mean
from labagent.errors import DataError

Unit = Any  # pint's units carry no types
COMMON = (
    "percent",
    "degC",
    "kelvin",
    "second",
    "min",
    "minute",
    "hour",
    "day",
    "angstrom",
    "nm",
    "um",
    "mm",
    "cm",
    "meter",
    "mg",
    "gram",
    "kg",
    "g/cm^3",
    "mL",
    "uL",
    "liter",
    "mol",
    "mmol",
    "mol/L",
    "mM",
    "rpm",
    "Pa",
    "kPa",
    "MPa",
    "GPa",
    "bar",
    "mbar",
    "torr",
    "eV",
    "meV",
    "eV/atom",
    "kJ/mol",
    "volt",
    "mV",
    "mA",
    "mA/cm^2",
    "watt",
    "degree",
    "Hz",
    "sccm",
    "equiv",
    "mol_percent",
    "wt_percent",
    "at_percent",
)
MIXED_UP = {
    "C": ("degC", "coulomb"),
    "F": ("degF", "farad"),
    "c": ("degC", "speed_of_light"),
    "deg C": ("degC", "coulomb * degree"),
    "deg F": ("degF", "farad * degree"),
    "° C": ("degC", "coulomb * degree"),
    "° F": ("degF", "farad * degree"),
}
"""Units that mean a temperature to people, and something else to pint."""
_MEANT = {
    "celsius": "degC",
    "celcius": "degC",
    "centigrade": "degC",
    "c°": "degC",
    "fahrenheit": "degF",
    "farenheit": "degF",
    "f°": "degF",
    "std": "hour",
    "stunden": "hour",
    "minuten": "min",
    "sekunden": "second",
    "prozent": "percent",
}
_DEFINITIONS = (
    "atom = 1 = _ = atoms",
    "equiv = 1 = _ = equivalent = equivalents",
    "mol_percent = 0.01",
    "at_percent = 0.01",
    "wt_percent = 0.01",
    "vol_percent = 0.01",
    "sccm = 0.001 * standard_liter_per_minute",
)
_SHORT_PERCENT = re.compile(r"\b(mol|at|wt|vol)\.? ?%")
# What may be in a unit: names, small exponents, products. Numbers are never raised
# to powers, so that no text can make the parser compute for ever.
_UNIT_TEXT = re.compile(r"[^\W\d]|[\w°%µμ*/^() .\-]")
_POWER_OF_POWER = re.compile(r"\d[\s()]*(\^|\*\*)|\d{3}")
_AMOUNT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*", re.S)
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST = 60


@lru_cache(maxsize=1)
def _registry() -> Any:  # noqa: ANN401 pint's registry is generated at run time
    make: Any = pint.UnitRegistry  # its type is not fully known to checkers
    registry = make(cache_folder=None)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


@lru_cache(maxsize=1024)
def _unit(text: str) -> Unit:
    """Return pint's unit for a text.

    Raises:
        DataError: No such unit.
    """
    spelled = _SHORT_PERCENT.sub(r"\1_percent", text.strip())
    allowed = len(text) <= _LONGEST and all(_UNIT_TEXT.match(c) for c in spelled)
    if not allowed or _POWER_OF_POWER.search(spelled):
        raise _unknown(text)
    try:
        return _registry().parse_units(spelled)
    except (
        pint.errors.PintError,
        AssertionError,
        TokenError,
        TypeError,
        ValueError,
        SyntaxError,
        ArithmeticError,
    ) as error:
        raise _unknown(text) from error


def instead(text: str) -> str:
    """Return what to write for a unit that pint lacks or reads as another one.

    Args:
        text: The unit as written.

    Returns:
        Advice; empty where none is needed or known.
    """
    if text in MIXED_UP:
        meant, other = MIXED_UP[text]
        return f"write {meant}, or {other} where that is meant"
    return "" if known(text) else _closest(text)


def _closest(text: str) -> str:
    meant = _MEANT.get(text.strip().lower())
    return f"write {meant}" if meant else did_you_mean(text, COMMON)


def _unknown(text: str) -> DataError:
    hint = _closest(text)
    return DataError(
        f"unit {text}: got {text!r}, must be a unit pint knows, such as degC, min or "
        f"percent{'; ' + hint if hint else ''}"
    )


def known(text: str) -> bool:
    """Return whether a text is a unit; the empty text is (a plain number)."""
    try:
        _unit(text)
    except DataError:
        return False
    return True


def compatible(one: str, other: str) -> bool:
    """Return whether numbers convert between two known units."""
    return one == other or _unit(one).is_compatible_with(_unit(other))


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """Return a value in another unit; temperatures with their offset.

    Args:
        value: A number in ``from_unit``.
        from_unit: Such as ``degC``; empty for a plain number.
        to_unit: Such as ``kelvin``.

    Raises:
        DataError: One of the units is unknown, or they measure different things.
    """
    slope, offset = affine(from_unit, to_unit)
    return value if (slope, offset) == (1.0, 0.0) else slope * value + offset


@lru_cache(maxsize=1024)
def affine(from_unit: str, to_unit: str) -> tuple[float, float]:
    """Return (slope, offset) such that ``slope * value + offset`` converts a value.

    Args:
        from_unit: Unit of the value.
        to_unit: Unit asked for.

    Raises:
        DataError: One of the units is unknown, or they measure different things.
    """
    if from_unit.strip() == to_unit.strip():
        _unit(from_unit)
        return 1.0, 0.0
    source, target = _unit(from_unit), _unit(to_unit)
    quantity = _registry().Quantity
    try:
        zero = float(quantity(0.0, source).to(target).magnitude)
        one = float(quantity(1.0, source).to(target).magnitude)
    except (pint.errors.PintError, ArithmeticError) as error:
        raise DataError(
            f"unit {from_unit or '(none)'}: got {from_unit or 'a plain number'}, must "
            f"convert to {to_unit or 'a plain number'}; it measures something else"
        ) from error
    if zero == 0.0:
        return one, 0.0
    return _difference(source, target), zero


def _difference(source: Unit, target: Unit) -> float:
    """Slope between units with offsets, free of the rounding of one minus zero."""
    quantity = _registry().Quantity
    far = float(quantity(1e6, source).to(target).magnitude)
    near = float(quantity(-1e6, source).to(target).magnitude)
    return float(f"{(far - near) / 2e6:.15g}")


def has_offset(unit: str) -> bool:
    """Return whether zero in this unit is not zero of the quantity (degC, degF)."""
    base = _unit(unit)
    quantity = _registry().Quantity
    return float(quantity(0.0, base).to_base_units().magnitude) != 0.0


def split_amount(text: str) -> tuple[float, str] | None:
    """Return number and unit of ``10 min``; None where the text is no amount.

    The unit is not checked; it is empty where the text is a plain number.
    """
    found = _AMOUNT.fullmatch(text)
    if not found or not math.isfinite(float(found[1])):
        return None
    return float(found[1]), found[2]


def money(text: str) -> tuple[float, str]:
    """Return amount and currency of ``12 EUR``.

    Raises:
        DataError: The text is not an amount of money.
    """
    amount = split_amount(text)
    if amount is None or not _CURRENCY.fullmatch(amount[1]):
        raise DataError(
            f"money {text}: got {text!r}, must be an amount and a currency's three "
            "letters; write for example 12 EUR"
        )
    return amount
