"""Units, durations and money."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.config import units
from labagent.errors import DataError


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (25, "degC", "kelvin", 298.15),
        (300, "kelvin", "degC", 26.85),
        (77, "degF", "degC", 25),
        (10, "degC/min", "kelvin/s", 1 / 6),
        (35, "percent", "", 0.35),
        (0.35, "", "percent", 35),
        (2, "mol%", "mol_percent", 2),
        (1, "eV/atom", "eV", 1),
        (5, "Å", "nm", 0.5),
        (90, "°C", "degC", 90),
        (3, "equiv", "", 3),
        (1, "bar", "kPa", 100),
        (500, "sccm", "standard_liter_per_minute", 0.5),
        (7, "", "", 7),
    ],
)
def test_convert(value: float, source: str, target: str, expected: float) -> None:
    assert units.convert(value, source, target) == pytest.approx(expected, rel=1e-9)


@given(st.floats(-1e6, 1e6), st.sampled_from([("degC", "kelvin"), ("min", "hour")]))
def test_there_and_back_is_the_same(value: float, pair: tuple[str, str]) -> None:
    there = units.convert(value, *pair)
    back = units.convert(there, pair[1], pair[0])
    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("source", "target", "match"),
    [
        ("degX", "degC", r"unit degX: got 'degX', must be a unit.*did you mean 'degC'"),
        ("min", "degC", "got min, must convert to degC"),
        ("", "nm", "got a plain number, must convert to nm"),
        ("kg", "", "got kg, must convert to a plain number"),
    ],
)
def test_what_does_not_convert_is_told(source: str, target: str, match: str) -> None:
    with pytest.raises(DataError, match=match):
        units.convert(1, source, target)


@pytest.mark.parametrize(
    "text",
    [
        "10 m",
        "9**9**9**9",
        "m^9^9^9",
        "(9)**(9)",
        "__import__('os')",
        "m(",
        "EUR",
        "m" * 70,
        "m\x00",
        "m+s",
    ],
)
def test_what_is_no_unit_is_refused_at_once(text: str) -> None:
    assert not units.known(text)


@pytest.mark.parametrize("text", ["", "J/(mol*K)", "1/s", "s^-1", "µm", *units.COMMON])
def test_units_that_are_known(text: str) -> None:
    assert units.known(text)


def test_only_temperatures_have_an_offset() -> None:
    assert units.has_offset("degC")
    assert not units.has_offset("kelvin")
    assert not units.has_offset("degC/min")
    assert units.affine("degC", "kelvin") == (1.0, 273.15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 min", (10.0, "min")),
        ("-1.5e3 kg/m^3", (-1500.0, "kg/m^3")),
        ("12", (12.0, "")),
        ("5%", (5.0, "%")),
        ("min", None),
        ("1e999 s", None),
    ],
)
def test_split_amount(text: str, expected: tuple[float, str] | None) -> None:
    assert units.split_amount(text) == expected


def test_money_is_an_amount_and_three_letters() -> None:
    assert units.money("3.50 EUR") == (3.5, "EUR")
    for text in ("3.50", "EUR 3", "3 Euro", "3 eur"):
        with pytest.raises(DataError, match="write for example 12 EUR"):
            units.money(text)
