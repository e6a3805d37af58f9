"""What was set by hand, from a table or a person to an answer.

The process: X -> Z -> Y, Z = exp(-X) + e, Y = cos Z - exp(-Z / 20) + e.
"""

import math
from random import Random

import pytest

from tests.lab import Lab

TOY = """\
labagent: 1
name: toy
goal: Find where Y is least.
objectives:
  Y: {goal: minimize, expect: [-3, 3]}
measured:
  Z: {expect: [-2, 10], settable: [-5, 20]}
controls:
  X: {range: [-5, 5]}
executors: {bench: manual}
budget: {experiments: 20}
seed: 3
"""
CAUSES = "causes: [X -> Z, Z -> Y]\n"
HIDDEN = "causes: [X -> Z, Z -> Y, Z <-> Y]\n"


def table(*, words: bool = True, seed: int = 1) -> str:
    """Return 30 rows as they came, then 40 in which Z was set between -5 and 20."""
    random = Random(seed)  # noqa: S311  # not for secrets
    lines = ["X,Z,Y" + ",set" * words]
    for i in range(70):
        x, e, u = (random.gauss(0, 1) for _ in range(3))
        natural = i < 30
        z = math.exp(-x) + 0.1 * e if natural else -5 + 25 * (i - 30 + 0.5) / 40
        y = math.cos(z) - math.exp(-z / 20) + 0.1 * u
        lines.append(f"{x},{z},{y}" + ("," + "Z" * (not natural)) * words)
    return "\n".join(lines) + "\n"


def teach(lab: Lab, causes: str = CAUSES, **how: bool) -> Lab:
    (lab.folder / "films.yaml").write_text(TOY + causes, encoding="utf-8")
    (lab.folder / "past.csv").write_text(table(**how), encoding="utf-8")
    words = ("import", "films.yaml", "--source", "past.csv", "--observed", "X")
    assert lab(*words).exit_code == 0
    return lab


def do(lab: Lab, *words: object) -> dict[str, float]:
    found = lab.answer("do", "films.yaml", *words)
    return found["expected"]["Y"]


@pytest.mark.parametrize("causes", [CAUSES, HIDDEN, ""], ids=["told", "hidden", "none"])
def test_setting_a_state_is_answered_by_those_who_set_it(lab: Lab, causes: str) -> None:
    teach(lab, causes)
    found = do(lab, "Z=-3.2")
    assert found["low"] < -2.17 < found["high"]
    assert found["high"] - found["low"] < 1.5
    assert lab.answer("identify", "Z", "Y")["identified"]
    assert lab("verify").exit_code == 0


def test_what_makes_a_state_is_learned_where_nobody_set_it(lab: Lab) -> None:
    teach(lab)
    found = lab.answer("do", "films.yaml", "X=-1")["expected"]
    assert found["Z"]["mean"] == pytest.approx(math.exp(1), abs=0.3)
    assert found["Z"]["high"] - found["Z"]["low"] < 1


def test_taken_for_what_came_about_the_same_rows_mislead(lab: Lab) -> None:
    teach(lab, words=False)
    found = lab.answer("do", "films.yaml", "X=-1")["expected"]["Z"]
    assert found["high"] - found["low"] > 5


def test_without_anybody_who_set_it_a_hidden_cause_is_refused(lab: Lab) -> None:
    teach(lab, HIDDEN, words=False)
    result = lab("do", "films.yaml", "Z=-3.2")
    assert result.exit_code == 1
    assert "cannot be told" in result.stderr
    assert "set Z at will" in " ".join(result.stderr.split())
    text = (TOY + HIDDEN).replace(", settable: [-5, 20]", "")
    lab.file.write_text(text, encoding="utf-8")
    again = lab("import", "films.yaml", "--source", "past.csv")
    assert again.exit_code == 0
    result = lab("do", "films.yaml", "Z=-3.2")
    assert "set Z at will" not in " ".join(result.stderr.split())


def test_commands_tell_what_was_set(lab: Lab) -> None:
    teach(lab)
    checked = " ".join(lab("check", "films.yaml").output.split())
    assert "Z, expected between -2 and 10, may be set from -5 to 20" in checked
    said = lab("import", "films.yaml", "--source", "past.csv")
    assert "Imported 0 experiments from past.csv, 70 were there" in said.output
    assert "Z was set in 40; X took its own course in 70." in said.output
    rows = lab.answer("history")
    assert [r["was_set"] for r in rows] == [[]] * 30 + [["Z"]] * 40
    assert all(r["observed"] == ["X"] for r in rows)
    shown = lab("show", 70).output
    assert "set by hand    Z" in shown
    assert "only observed  X" in shown
    assert lab.answer("show", 70)["was_set"] == ["Z"]
    assert " set" in lab("history").output
    best = lab.answer("status")["best"]
    assert [b["was_set"] for b in best] == [[]]


def test_what_was_said_of_a_whole_table_may_be_said_later(lab: Lab) -> None:
    teach(lab, words=False)
    words = ("import", "films.yaml", "--source", "past.csv")
    found = lab.answer(*words, "--set", "Z")
    assert (found["new"], found["known"], found["set"]) == (0, 70, {"Z": 70})
    assert found["observed"] == {"X": 70}
    lab.answer("record", 1, "--wrong", "that one was left alone", "--observed", "Z")
    assert lab.answer(*words, "--set", "Z")["set"] == {"Z": 69}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "Y"], "--set: got 'Y', must be among Z; Y is an objective"),
        (["--set", "X"], "X is a control; a control counts as set where observed"),
        (["--observed", "Z"], "--observed: got 'Z', must be among X; Z is a measured"),
        (["--observed", "x"], "did you mean 'X'?"),
        (["--set", "Z"], "--set: got Z beside a column 'set', must be one of the two"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_words_that_may_not_stand_there_are_told(
    lab: Lab, words: list[str], message: str
) -> None:
    teach(lab)
    result = lab("import", "films.yaml", "--source", "past.csv", *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_table_that_sets_what_may_not_be_set_is_refused(lab: Lab) -> None:
    teach(lab)
    narrow = (TOY + CAUSES).replace("[-5, 20]", "[0, 20]")
    lab.file.write_text(narrow, encoding="utf-8")
    result = lab("import", "films.yaml", "--source", "past.csv")
    assert result.exit_code == 2
    assert "past.csv:32: column 'Z'" in result.stderr
    assert "must lie in [0, 20], where it may be set" in result.stderr


# ------------------------------------------------------------ one experiment

GRAIN = ("grain_size: {unit: nm, expect: [10, 500]}", "settable: [20, 400]")


@pytest.fixture
def sieving(lab: Lab) -> Lab:
    """A laboratory with two experiments in a person's hands, and a sieve."""
    text = lab.file.read_text(encoding="utf-8")
    old, key = GRAIN
    assert old in text
    lab.file.write_text(text.replace(old, f"{old[:-1]}, {key}}}"), encoding="utf-8")
    lab.propose(120.0, 140.0)
    lab.approve()
    lab.hand_over()
    return lab


def test_a_technician_says_what_was_set(sieving: Lab) -> None:
    words = ("plqy=50", "grain_size=0.03 um", "--set", "grain_size")
    found = sieving.answer("record", 1, *words)  # doubtful, had it come about
    assert found["set"] == ["grain_size"]
    row = sieving.answer("history")[0]
    assert (row["was_set"], row["surprise"]) == (["grain_size"], {})
    assert row["result"] == pytest.approx({"plqy": 50.0, "grain_size": 30.0})
    shown = sieving("record", 2, *words)
    assert "grain_size = 30 nm (set)" in shown.output
    assert sieving("verify").exit_code == 0


def test_words_are_corrected_like_values(sieving: Lab) -> None:
    sieving.answer("record", 1, "plqy=21", "grain_size=210")
    words = ("--wrong", "it was sieved", "--set", "grain_size")
    found = sieving.answer("record", 1, *words, "grain_size=210")
    assert (found["was"], found["set"]) == ({}, {"grain_size": True})
    assert sieving.answer("history")[0]["was_set"] == ["grain_size"]
    again = sieving("record", 1, *words)
    assert again.exit_code == 1
    assert "grain_size: is recorded like that already" in again.stderr
    back = ("--wrong", "no sieve that day", "--observed", "grain_size")
    shown = sieving("record", 1, *back, "grain_size=205")
    assert "grain_size: 210 nm -> 205 nm" in shown.output
    assert "grain_size: took its own course" in shown.output
    row = sieving.answer("history")[0]
    assert (row["was_set"], row["result"]["grain_size"]) == ([], 205.0)
    assert "(no sieve that day)" in sieving("status").output
    assert sieving("verify").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["grain_size=900", "--set", "grain_size"],
            "got 900 nm, must lie in [20, 400]",
        ),
        (["grain_size=n/a", "--set", "grain_size"], "got nothing, must have the value"),
        (["grain_size=90", "--set", "plqy"], "--set: got 'plqy', must be among grain"),
        (["grain_size=90", "--observed", "solvent"], "must go with --wrong WHY"),
        (["--redo", "oven was off", "--set", "grain_size"], "got --redo and --set"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_what_cannot_have_been_is_refused(
    sieving: Lab, words: list[str], message: str
) -> None:
    measured = [] if "--redo" in words else ["plqy=21"]
    result = sieving("record", 1, *measured, *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert sieving.answer("history")[0]["result"] == {}


def test_corrections_keep_what_may_be_set(sieving: Lab) -> None:
    words = ("plqy=21", "grain_size=210", "--set", "grain_size")
    sieving.answer("record", 1, *words)
    result = sieving("record", 1, "--wrong", "misread", "grain_size=900")
    assert result.exit_code == 2
    assert "must lie in [20, 400] nm" in result.stderr
    result = sieving("record", 1, "--wrong", "x", "--set", "solvent")
    assert "is recorded like that already" in result.stderr
    result = sieving("record", 1, "--wrong", "x", "--observed", "solvent")
    assert "must be set in an experiment that was proposed" in result.stderr
    both = ("--set", "grain_size", "--observed", "grain_size")
    result = sieving("record", 1, "--wrong", "x", *both)
    assert "got 'grain_size', and --observed too" in result.stderr
