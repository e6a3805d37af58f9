"""``status``, ``history``, ``show``, ``explain``, ``verify``: to look, not touch."""

import csv
import io
import json
from datetime import datetime, timedelta

import pytest

from tests.lab import Lab

KEYS = {"id", "status", "proposed_at", "predicted_at", "dispatched_at", "measured_at"}
KEYS |= {"intervention", "prediction", "result"}


@pytest.fixture
def done(at_work: Lab) -> Lab:
    """One result as expected, one surprise."""
    at_work("record", 1, "plqy=21", "grain_size=205", "operator==1+1", "humidity=40")
    at_work("record", 2, "plqy=12", "grain_size=n/a", "operator=\x1b[31mEve")
    return at_work


def test_history_is_a_list_of_experiments_with_their_times(done: Lab) -> None:
    rows = done.answer("history")
    assert [r["id"] for r in rows] == [1, 2]
    assert set(rows[0]) >= KEYS
    verbs = ("proposed", "predicted", "dispatched", "measured")
    times = [datetime.fromisoformat(rows[0][f"{verb}_at"]) for verb in verbs]
    assert times == sorted(times)
    assert all(t.utcoffset() == timedelta(0) for t in times)
    assert rows[0]["prediction"]["plqy"]["mean"] == 20.0


@pytest.mark.parametrize(
    "words",
    [["status"], ["history"], ["show", 2], ["explain", 2], ["verify"], ["next"]],
    ids=lambda w: w[0],
)
def test_answers_fit_80_columns_and_steer_no_terminal(
    words: list[object], done: Lab
) -> None:
    result = done(*words)
    assert result.exit_code == 0
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_status_tells_budget_best_calibration_and_surprise(done: Lab) -> None:
    result = done("status")
    for part in (
        "2 measured",
        "2 of 20 experiments, 24 of 500 EUR",
        "#1: plqy 21 % at temperature=120 degC, solvent=DMSO",
        "90 % intervals held 2 of 3 results",
        "#2 plqy -4.0",
        "nothing for a person",
    ):
        assert part in result.output
    found = done.answer("status")
    assert found["budget"]["cost"] == {"used": 24.0, "of": 500.0, "currency": "EUR"}
    assert [b["id"] for b in found["best"]] == [1]
    assert found["calibration"][0]["coverage"][2]["level"] == 0.9


def test_status_tells_the_limits_and_what_was_imported(lab: Lab) -> None:
    text = lab.file.read_text(encoding="utf-8")
    limited = text.replace("expect: [10, 500]", "goal: at_most, value: 300")
    limited = limited.replace("measured:\n", "").replace("experiments: 20, ", "")
    lab.file.write_text(limited, encoding="utf-8")
    table = "temperature,solvent,plqy,grain_size\n100,DMF,5,200\n90,DMF,6,200\n"
    (lab.folder / "past.csv").write_text(table, encoding="utf-8")
    assert lab("import", "films.yaml", "--source", "past.csv").exit_code == 0
    lab.propose(120.0)
    shown = lab("status").output
    for part in (
        "best: maximize plqy (percent)",
        "Keep         grain_size <= 300 nm",
        "1 proposed, 2 measured (2 of them imported)",
        "0 experiments, 0 of 500 EUR",
    ):
        assert part in shown
    assert lab("approve", "--all").exit_code == 0
    lab.hand_over()
    assert "1 experiment, 12 of 500 EUR" in lab("status").output


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(done: Lab) -> None:
    rows = list(csv.DictReader(io.StringIO(done("history", "--csv").stdout)))
    assert rows[0]["temperature [degC]"] == "120.0"
    assert rows[0]["plqy [percent]"] == "21.0"
    assert rows[0]["predicted plqy [percent]"] == "20.0"
    assert rows[0]["operator"] == "'=1+1"
    assert rows[1]["grain_size [nm]"] == ""


def test_show_tells_prediction_result_and_provenance(done: Lab) -> None:
    result = done("show", "films.yaml", 2)
    for part in ("sealed", "16.71 to 23.29 %", "12 %", "-4.0", "by ada: looks safe"):
        assert part in result.output
    found = done.answer("show", 2)
    assert found["surprise"]["plqy"] == -4.0
    assert found["steps"][0]["executor"] == "bench"


def test_explain_tells_why(done: Lab) -> None:
    result = done("explain", 1)
    for part in ("qLogNEI", "0.75", "temperature=121 degC", "--json", "99"):
        assert part in result.output
    found = done.answer("explain", 1)
    assert found["steered_by"] == ""  # before there was a choice
    assert found["runners_up"][0]["score"] == 0.5
    assert (found["seed"], found["trained_on"]) == (99, 3)
    weighing = found["weighing"]
    assert weighing["results_of"] == {"plqy": [], "grain_size": []}
    assert weighing["start"]["plqy"] == {"gp": 0.5}
    assert [m["mean"] for m in weighing["members"]["plqy"]] == [20.0]


@pytest.mark.parametrize("command", ["show", "explain"])
def test_an_unknown_id_is_told(command: str, done: Lab) -> None:
    result = done(command, 7)
    assert result.exit_code == 2
    assert "experiment 7: got no such id in campaign films" in result.stderr
    assert done(command).exit_code == 2


def test_looking_writes_nothing(done: Lab) -> None:
    before = done.answer("verify")
    for words in (["status"], ["history"], ["show", 1], ["explain", 1], ["next"]):
        done(*words)
    assert before["ok"]
    assert done.answer("verify") == before


def test_verify_names_what_was_changed(done: Lab) -> None:
    done.tamper("UPDATE measurement SET value = 99 WHERE value = 21")
    result = done("verify", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert found["faults"]


def test_an_experiment_nobody_proposed_cannot_be_explained(done: Lab) -> None:
    (done.folder / "past.csv").write_text(
        "temperature,solvent,plqy\n100,DMF,5\n", encoding="utf-8"
    )
    assert done("import", "films.yaml", "--source", "past.csv").exit_code == 0
    result = done("explain", 3)
    assert result.exit_code == 1
    assert "came from past.csv" in result.stderr
    assert "past" in done("history").output
