"""Numbers in other notations: what a message tells to write instead."""

import pytest

from labagent.config.numerals import rewritten, thousands_or_decimals

REWRITTEN = {
    "100,5": "write 100.5",
    "0,125": "write 0.125",
    "1.200,5": "write 1200.5",
    "1,200.5": "write 1200.5",
    "1.200.000": "write 1200000",
    "1'000'000": "write 1000000",
    "1 200": "write 1200",
    "1_000": "write 1000",
    "0x10": "write 16",
    "0b11": "write 3",
    "1:30": "write 90 min or 90 s",
    "1:30:00": "write 5400 s",
    "1/3": "write 0.333333",
    "1,200": "write 1.2 or 1200",
    "1,200 nm": "write 1.2 nm or 1200 nm",
    "-3,5 degC": "write -3.5 degC",
    "12,50 EUR": "write 12.50 EUR",
    "1,5e3": "write 1.5e3",
    "\u22123": "write -3",
    "\u22123,5 °C": "write -3.5 °C",
}


@pytest.mark.parametrize("text", REWRITTEN)
def test_other_notations_are_rewritten(text: str) -> None:
    assert rewritten(text) == REWRITTEN[text]


@pytest.mark.parametrize(
    "text",
    [
        *("100.5", "1.200", "1e3", "-3", "10 min", "3 nm", "abc", "", "1/0", "0o"),
        *("5,", "1..2", "10 20", "2024-01-01", "01.03.2024", "1,2,3", "\u2212x"),
    ],
)
def test_what_is_right_or_no_number_is_left_alone(text: str) -> None:
    assert rewritten(text) == ""


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("1.200", ("1.2", "1200")),
        ("-1,234", ("-1.234", "-1234")),
        ("0.200", None),
        ("1.20", None),
        ("1.200,5", None),
        ("1200.125", None),
        ("1.200.000", None),
    ],
)
def test_three_decimals_may_be_thousands(
    text: str, both: tuple[str, str] | None
) -> None:
    assert thousands_or_decimals(text) == both
