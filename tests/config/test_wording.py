"""What people write instead of what is meant: told once, with what to write."""

from pathlib import Path

import pytest

from labagent.config import draft
from tests.config.samples import ONE_SHOT, STAGED, changed, mistakes, write

GOAL = "goal: maximize"
TEMPERATURE = "range: [40, 140]"
ELEMENTS = "elements: [Al, Cu, Ni]"
BUDGET = "budget: {experiments: 40}"
BENCH = "executors: {bench: manual}"

# id: (what is replaced, by what, line:column, parts of the message)
VALUE = "goal: target, value: "
NOTATIONS = {
    "decimal comma": (GOAL, f'{VALUE}"100,5"', "5:46", "got '100,5'", "write 100.5"),
    "comma and unit": (GOAL, f'{VALUE}"1,5 %"', "5:46", "write 1.5 %"),
    "hours and minutes": (GOAL, f"{VALUE}1:30", "5:46", "write 90 min or 90 s"),
    "underscores": (GOAL, f"{VALUE}1_000", "5:46", "write 1000"),
    "hexadecimal": (GOAL, f"{VALUE}0x10", "5:46", "write 16"),
    "thousands": (GOAL, f'{VALUE}"1.200,5"', "5:46", "write 1200.5"),
    "thousands or decimals": (GOAL, f'{VALUE}"1,200"', "5:46", "1.2 or 1200"),
    "a quotient": (GOAL, f"{VALUE}1/4", "5:46", "write 0.25"),
    "another minus": (GOAL, f"{VALUE}−3", "5:46", "write -3"),  # noqa: RUF001
    "steps of 1/0": (ELEMENTS, f"{ELEMENTS}, step: 1/0", "10:41", "write 1/16"),
    "price with a comma": (BENCH, f"{BENCH}\ncost: 12,50 EUR", "14:7", "12.50 EUR"),
    "duration with a comma": (BENCH, f"{BENCH}\nduration: 1,5 h", "14:11", "1.5 h"),
    "duration in words": (BENCH, f"{BENCH}\nduration: long", "14:11", "10 min"),
    "whole number quoted": (BUDGET, 'budget: {experiments: "20"}', "12:23", "quotes"),
}
SMALLER = {
    "coulomb": ("unit: degC", "unit: C", "7:41", "reads it as coulomb", "write degC"),
    "farad": ("unit: degC", "unit: F", "7:41", "reads it as farad", "write degF"),
    "deg C": ("unit: degC", "unit: deg C", "7:41", "coulomb * degree", "write degC"),
    "Celsius": ("unit: degC", "unit: Celsius", "7:41", "write degC"),
    "range in C": (TEMPERATURE, "range: [40 C, 140]", "7:25", "write degC"),
    "rule in C": ("130 degC", "130 C", "11:15", "write degC"),
    "rule in Celsius": ("130 degC", "130 Celsius", "11:15", "write degC"),
    "more at once than there are": (
        ELEMENTS,
        f"{ELEMENTS}, at_most: 9",
        "10:44",
        "must not exceed the 3 members",
    ),
    "letters of German": ("  time:", "  härte:", "8:3", "write haerte"),
    "letters with accents": ("  time:", "  durée:", "8:3", "write duree"),
    "capitals alone": (
        "  time:",
        "  Temperature:",
        "8:3",
        "control Temperature: got a name taken by control temperature (line 7)",
    ),
}
CASES = {**NOTATIONS, **SMALLER}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_with_what_to_write(tmp_path: Path, name: str) -> None:
    old, new, place, *parts = CASES[name]
    (told,) = mistakes(tmp_path, changed(ONE_SHOT, (old, new)))
    assert told.place == f"films.yaml:{place}"
    assert all(part in str(told) for part in parts), told


ONCE = [
    (ONE_SHOT, "controls:", "search_space:", "did you mean 'controls'?"),
    (ONE_SHOT, "objectives:", "targets:", "did you mean 'objectives'?"),
    (ONE_SHOT, "executors:", "executor_s:", "did you mean 'executors'?"),
    (STAGED, "stages:", "steps:", "did you mean 'stages'?"),
    (ONE_SHOT, f"{TEMPERATURE}", "bounds: [40, 140]", "did you mean 'range'?"),
]


@pytest.mark.parametrize("case", ONCE, ids=[case[2] for case in ONCE])
def test_a_wrong_key_is_one_mistake_and_read_as_if_it_were_right(
    tmp_path: Path, case: tuple[str, str, str, str]
) -> None:
    text, old, new, part = case
    (tmp_path / "h.csv").write_text("temperature,time,base,alloy,plqy\n")
    rest = "stop: plqy >= 35\n"
    if text is ONE_SHOT:
        rest += "history: {file: h.csv}\n"
    (told,) = mistakes(tmp_path, changed(text, (old, new)) + rest)
    assert part in told.suggestion


def test_without_controls_nothing_else_is_said_of_them(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("temperature,time,base,alloy,plqy\n")
    head, tail = ONE_SHOT.split("controls:")
    tail = tail[tail.index("constraints:") :]
    (told,) = mistakes(tmp_path, f"{head}{tail}history: {{file: h.csv}}\n")
    assert "controls is missing" in told.problem


def test_a_long_rule_is_not_repeated_whole(tmp_path: Path) -> None:
    rule = " + ".join(["temperature"] * 5000) + " <= 1"
    text = changed(ONE_SHOT, ("temperature <= 130 degC", rule))
    (told,) = mistakes(tmp_path, text)
    assert "must be at most 500 long" in told.rule
    assert len(str(told)) < 300


def test_an_objective_without_expectation_is_noted(tmp_path: Path) -> None:
    path = write(tmp_path, ONE_SHOT)
    (note,) = draft(path).notes
    assert note.startswith(f"{path}:5:3: objective plqy: got no expect")
    told = changed(ONE_SHOT, (GOAL, f"{GOAL}, expect: [0, 60]"))
    assert draft(write(tmp_path, told)).notes == ()
