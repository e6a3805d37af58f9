"""What reaches the terminal: numbers, units, and nothing that could steer it."""

import pytest

from labagent.app.cells import safe
from labagent.app.layout import fields
from labagent.app.printing import printable
from labagent.app.screen import Column, table
from labagent.app.text import amount, expected, number, numbers, setting, settings
from labagent.experiments import Basis, Member, Prediction


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12.0, "12"),
        (0.1 + 0.2, "0.3"),
        (3.90449, "3.904"),
        (123456.7, "1.235e+05"),
        (99999.4, "99999"),
        (1.23456e-7, "1.235e-07"),
        (-0.05, "-0.05"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_units_follow_their_numbers() -> None:
    assert amount(33.0, "percent") == "33 %"
    assert amount(33.0, "") == "33"
    assert setting(120.25, "degC") == "120.25 degC"
    assert setting({"Al": 0.25, "Cu": 0.75, "Ni": 0.0}) == "Al0.25Cu0.75"


def test_settings_keep_the_order_of_the_campaign() -> None:
    units = {"time": "s", "gas": ""}
    found = settings({"gas": "argon", "other": 1.0, "time": 2.0}, units)
    assert found == "time=2 s, gas=argon, other=1"


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [
        (182.4321, 3.14, "182.4 ± 3.1 GPa"),
        (182.4321, 0.0123, "182.432 ± 0.012 GPa"),
        (0.02, 5.0, "0.02 ± 5 GPa"),
    ],
)
def test_predictions_are_rounded_to_what_they_know(
    mean: float, std: float, text: str
) -> None:
    found = Prediction("k", "GPa", (Member("gp", 1.0, mean, std),))
    assert expected(found) == text


def test_a_prior_is_called_one() -> None:
    found = Prediction("k", "GPa", (Member("prior", 1.0, 1.0, 1.0),), Basis.PRIOR)
    assert expected(found).endswith("(prior)")


def test_ids_are_listed_as_ranges() -> None:
    assert numbers([7, 1, 2, 3, 9, 10]) == "1-3 7 9-10"
    assert numbers([]) == ""


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "a\rb", "\x9b31m", "\u202ealloc", "\x07"], ids=repr
)
def test_control_characters_are_spelled_out(text: str) -> None:
    for shown in (printable(text), table([Column("x", share=1)], [[text]])):
        assert all(c.isprintable() or c == "\n" for c in shown)
    assert "\\" in printable(text)


def test_markup_in_a_table_is_text() -> None:
    shown = table([Column("x", share=1)], [["[bold]a[/bold] [link=x]b"]])
    assert "[bold]a[/bold] [link=x]b" in shown


def test_fields_wrap_under_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = fields([("Goal", "word " * 30), ("Empty", ""), ("Two", "a\nb")])
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[1].startswith("        word")
    assert "Empty" not in shown
    assert lines[-2:] == ["  Two   a", "        b"]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@sum", "'@sum"),
        ("\tx", "'\tx"),
        ("plain", "plain"),
        (-1.5, -1.5),
        (0, 0),
        (None, None),
    ],
)
def test_no_spreadsheet_runs_a_cell(cell: object, kept: object) -> None:
    assert safe(cell) == kept
