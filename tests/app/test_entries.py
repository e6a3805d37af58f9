"""Results as people type them."""

import pytest

from labagent.app.entries import Entries, known_variables, missing, read_entries
from labagent.errors import ConfigurationError
from labagent.experiments import Kind
from tests.lab import Lab


def read(lab: Lab, *entries: str) -> Entries:
    return read_entries(known_variables(lab.campaign, "experiment"), entries)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("plqy=33", 33.0),
        ("plqy=33percent", 33.0),
        ("plqy=33%", 33.0),
        ("plqy = 3.3e1 percent", 33.0),
        ("grain_size=0.2 um", 200.0),
        ("grain_size=2000angstrom", 200.0),
        ("temperature=423.15 kelvin", 150.0),
        ("humidity=-1.5e0", -1.5),
        ("plqy=25,3", 25.3),
        ("plqy=-0,12 %", -0.12),
        ("grain_size=0,2um", 200.0),
        ("grain_size=1,5e-1 um", 150.0),
    ],
)
def test_numbers_come_in_any_fitting_unit(entry: str, value: float, lab: Lab) -> None:
    [found] = read(lab, entry).measurements
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.unit == (lab.campaign.space["temperature"].unit
                          if entry.startswith("temp")
                          else lab.campaign.quantity(found.quantity).unit)  # fmt: skip


@pytest.mark.parametrize("sign", ["±", "+-", "+/-"])
def test_uncertainties_are_converted_without_offset(sign: str, lab: Lab) -> None:
    entries = [f"temperature=400{sign}2 kelvin", f"grain_size=0.2 {sign} 0.01 um"]
    first, second = read(lab, *entries).measurements
    assert (first.value, first.sigma) == pytest.approx((126.85, 2.0))
    assert (second.value, second.sigma) == pytest.approx((200.0, 10.0))


def test_an_uncertainty_may_have_a_comma_too(lab: Lab) -> None:
    [found] = read(lab, "plqy=25,3+-1,5 %").measurements
    assert (found.value, found.sigma) == (25.3, 1.5)


def test_results_context_and_readbacks_are_told_apart(lab: Lab) -> None:
    entries = ["plqy=1", "operator=ada = lovelace", "temperature=121", "solvent=DMF"]
    found = read(lab, *entries).measurements
    assert [(m.quantity, m.kind) for m in found] == [
        ("plqy", Kind.RESULT),
        ("operator", Kind.CONTEXT),
        ("temperature", Kind.READBACK),
        ("solvent", Kind.READBACK),
    ]
    assert (found[1].label, found[3].label) == ("ada = lovelace", "DMF")


def test_not_measured_is_an_answer(lab: Lab) -> None:
    typed = read(lab, "plqy=N/A")
    assert typed.measurements == ()
    assert missing(lab.campaign, "experiment", typed.answered) == ("grain_size",)


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ("plqi=3", r"plqi.*did you mean 'plqy'"),
        ("plqy=", "must be like plqy=33percent"),
        ("plqy=much", "must be a number"),
        ("plqy=nan", "must be a number"),
        ("plqy=1e999", "must be a number"),
        ("plqy=3 nm", "must convert to percent"),
        ("plqy=3 furlongx", "got 3 in the unit furlongx, must be a unit pint knows"),
        ("solvent=GBL", "must be one of DMF, DMSO"),
        ("plqy=1,200", "got '1,200', must .* decimal point.*; write 1.2 or 1200"),
        ("plqy=1.025,3 %", "write 1025.3 %"),
        ("plqy=1,025,3", "decimal point"),
    ],
)
def test_wrong_entries_are_explained(entry: str, match: str, lab: Lab) -> None:
    with pytest.raises(ConfigurationError, match=match):
        read(lab, entry)


def test_all_mistakes_are_told_at_once(lab: Lab) -> None:
    entries = ["plqy=x", "grain_size=1 degC", "humidity=1", "humidity=2"]
    with pytest.raises(ConfigurationError) as caught:
        read(lab, *entries)
    text = str(caught.value)
    for part in ("plqy", "grain_size", "humidity: got several", "nothing was recorded"):
        assert part in text
