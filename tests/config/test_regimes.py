"""What tables of past experiments say was set, or took its own course."""

from pathlib import Path

import pytest

from labagent.campaigns import Campaign, ColumnMap
from labagent.config import from_document, read_history, read_past
from labagent.errors import ConfigurationError
from labagent.experiments import USUAL, Regime
from tests.config.samples import ONE_SHOT, changed, loaded

MEASURED = """\
measured:
  grain: {unit: nm, settable: [20, 80]}
  phase: {settable: [0, 1]}
  tint: {}
context: {wet: {unit: percent}}
"""
HEAD = "temperature,time,base,alloy,grain,phase,plqy"
FILM = "50,3,K2CO3,AlCu3"


def film(folder: Path, more: str = "") -> Campaign:
    return loaded(folder, ONE_SHOT + MEASURED + more)


def table(folder: Path, head: str, *rows: str) -> Path:
    path = folder / "films.csv"
    lines = [f"{HEAD},{head}".rstrip(","), *(f"{FILM},{row}" for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def regimes(
    folder: Path, head: str, *rows: str, said: Regime = USUAL
) -> list[dict[str, bool]]:
    path = table(folder, head, *rows)
    return [dict(r.regime) for r in read_past(path, (), film(folder), said=said).rows]


def told(folder: Path, head: str, *rows: str, said: Regime = USUAL) -> list[str]:
    """Return the mistakes of a table without the folder's name."""
    with pytest.raises(ConfigurationError) as raised:
        regimes(folder, head, *rows, said=said)
    return [str(m).removeprefix(f"{folder}/") for m in raised.value.mistakes]


def test_a_table_without_words_says_nothing(tmp_path: Path) -> None:
    assert regimes(tmp_path, "", "30,0.5,12") == [{}]


def test_columns_say_row_by_row_what_was_set(tmp_path: Path) -> None:
    found = regimes(
        tmp_path,
        "observed,set",
        "30,0.5,12,,",
        '30,0.5,12,base ;time,"grain, phase"',
        "30,0.5,12,-,grain;",
    )
    controls = dict.fromkeys(["temperature", "time", "base", "alloy"], True)
    assert found[0] == {**controls, "grain": False, "phase": False}
    mixed = {"base": False, "time": False, "grain": True, "phase": True}
    assert found[1] == {**controls, **mixed}
    assert found[2] == {**controls, "grain": True, "phase": False}


def test_one_word_may_hold_for_a_whole_table(tmp_path: Path) -> None:
    said = {"grain": True, "base": False}
    assert regimes(tmp_path, "", "30,0.5,12", said=said) == [said]
    found = regimes(tmp_path, "set", "30,0.5,12,phase", said={"base": False})
    assert found == [{"base": False, "grain": False, "phase": True}]


def test_a_variable_of_that_name_keeps_its_column(tmp_path: Path) -> None:
    text = changed(ONE_SHOT + MEASURED, ("tint: {}", "set: {unit: nm}"))
    path = table(tmp_path, "set", "30,0.5,12,7")
    (row,) = read_past(path, (), loaded(tmp_path, text)).rows
    assert row.regime == {}
    assert [m.quantity for m in row.measurements] == ["grain", "phase", "set", "plqy"]


def test_history_may_name_the_columns_otherwise(tmp_path: Path) -> None:
    table(tmp_path, "by hand", "30,0.5,12,grain", "30,0.5,12,")
    more = "history: {file: films.csv, columns: {set: by hand}}\n"
    campaign = film(tmp_path, more)
    assert campaign.history is not None
    assert ColumnMap("set", "by hand") in campaign.history.columns
    assert from_document(campaign.document) == campaign
    found = [row.regime["grain"] for row in read_history(campaign, tmp_path)]
    assert found == [True, False]


def test_candidates_say_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "pool.csv").write_text(f"temperature,time,base,alloy,set\n{FILM},7\n")
    campaign = film(tmp_path, "candidates: {file: pool.csv}\nbatch: 1\n")
    assert campaign.space.candidates is not None
    assert len(campaign.space.candidates) == 1


WRONG = {
    "misspelt": ("set", "30,0.5,12,grian", "must be among grain, phase", "'grain'?"),
    "yes": ("set", "30,0.5,12,yes", "got 'yes', must be among grain, phase", ""),
    "not settable": (
        "set",
        "30,0.5,12,tint",
        "must be settable, which tint is not",
        "write settable: [low, high] under measured: tint",
    ),
    "objective": ("set", "30,0.5,12,plqy", "plqy is an objective", ""),
    "control": ("set", "30,0.5,12,base", "base is a control", "counts as set where"),
    "state": ("observed", "30,0.5,12,grain", "is a measured state", "only where set"),
    "context": ("observed", "30,0.5,12,wet", "wet is context", "leave it out"),
    "no value": ("set", ",0.5,12,grain", "got nothing, must have the value grain", ""),
    "too much": ("set", "90,0.5,12,grain", "'90', must lie in [20, 80] nm", "settable"),
}


@pytest.mark.parametrize("name", WRONG)
def test_words_that_cannot_be_true_are_told(tmp_path: Path, name: str) -> None:
    head, row, rule, remedy = WRONG[name]
    (mistake,) = told(tmp_path, head, "30,0.5,12,", row)
    assert mistake.startswith("films.csv:3: column ")
    assert rule in mistake
    assert remedy in mistake


def test_a_cell_that_is_no_number_is_told_once(tmp_path: Path) -> None:
    (mistake,) = told(tmp_path, "set", "big,0.5,12,grain")
    assert "must be a number in nm" in mistake


def test_a_word_of_the_whole_table_needs_its_column(tmp_path: Path) -> None:
    (mistake,) = told(tmp_path, "set", "30,0.5,12,", said={"grain": True})
    assert "--set: got grain beside a column 'set', must be one of the two" in mistake
    path = tmp_path / "films.csv"
    path.write_text(f"temperature,time,base,alloy,plqy\n{FILM},12\n")
    with pytest.raises(ConfigurationError, match="of which there is no column"):
        read_past(path, (), film(tmp_path), said={"grain": True})
    found = told(tmp_path, "", "30,0.5,12", ",0.5,12", said={"grain": True})
    assert found == [
        "films.csv:3: column 'grain': got nothing, must have the value grain was set "
        "to; add it, or do not say that grain was set"
    ]
