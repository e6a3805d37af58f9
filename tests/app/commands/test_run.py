"""``labagent run``, ``propose`` and ``replay``, for real: torch, Prefect, a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import Lab

FUNCTION = """\
def measure(parameters):
    return {"plqy": 30.0 - abs(parameters["temperature"] - 140.0) / 5.0,
            "grain_size": 2.0 * parameters["temperature"]}
"""


def labagent(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "labagent.app.main", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def automatic(lab: Lab) -> Lab:
    """The campaign with a function that does the experiments, after a yes."""
    (lab.folder / "oven.py").write_text(FUNCTION, encoding="utf-8")
    text = lab.file.read_text(encoding="utf-8")
    for old, new in (
        ("bench: manual", "bench: {adapter: python, file: oven.py, idempotent: true}"),
        ("context:\n  humidity: {unit: percent, range: [10, 60]}\n", ""),
        ("  operator: {kind: label}\n", ""),
        ("experiments: 20", "experiments: 4"),
        ("batch: 2", "batch: 2\ninitial: 2"),
    ):
        assert old in text
        text = text.replace(old, new)
    lab.file.write_text(text, encoding="utf-8")
    return lab


def test_a_run_asks_goes_on_and_ends_with_its_budget(automatic: Lab) -> None:
    folder = automatic.folder
    asked = labagent(folder, "run", "films.yaml")
    assert asked.returncode == 3, asked.stderr
    assert "labagent approve 1-2 -c films.yaml" in asked.stdout
    ended = labagent(folder, "run", "films.yaml", "--yes", "--by", "ada", "--json")
    assert ended.returncode == 4, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["why"], found["measured"]) == ("budget", 4)
    assert automatic.answer("show", 3)["approval"]["by"] == "ada"
    assert automatic("verify").exit_code == 0
    words = ("record", 1, "--wrong", "lamp was off", "plqy=5", "grain_size=9")
    assert automatic(*words).exit_code == 0
    again = automatic.answer("replay")  # the second batch believed the old result
    assert again["ok"] is True
    assert [d["batch"] for d in again["decisions"]] == [0, 1]
    assert automatic.answer("history")[0]["result"] == {"plqy": 5.0, "grain_size": 9.0}


def test_a_run_whose_experiment_failed_says_so(automatic: Lab) -> None:
    oven = automatic.folder / "oven.py"
    oven.write_text("def measure(parameters):\n    raise ValueError('cold oven')\n")
    done = labagent(automatic.folder, "run", "films.yaml", "-n", "1", "--yes")
    assert done.returncode == 0, done.stderr
    assert "1 experiment failed in this run:" in done.stdout
    assert "  #1: ValueError: cold oven" in done.stdout
    assert "Warning" not in done.stderr


def test_a_waiting_run_goes_on_after_a_yes(automatic: Lab) -> None:
    words = ["run", "films.yaml", "--wait", "--max-experiments", "2"]
    running = subprocess.Popen(
        [sys.executable, "-m", "labagent.app.main", *words],
        cwd=automatic.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:  # it says what it waits for, once
        if "waiting for a person" in line:
            break
    assert automatic("approve", "--all").exit_code == 0
    said, _ = running.communicate()
    assert running.returncode == 0, said
    assert [r["status"] for r in automatic.answer("history")] == ["measured"] * 2


def test_a_proposal_is_sealed_and_waits(lab: Lab) -> None:
    found = lab.answer("propose", "films.yaml", "-n", 3)
    assert [(r["id"], r["status"]) for r in found] == [
        (n, "proposed") for n in (1, 2, 3)
    ]
    assert all(r["prediction"]["plqy"]["basis"] == "prior" for r in found)
    assert lab.answer("next")[0]["ids"] == [1, 2, 3]


def test_proposing_beyond_the_budget_is_refused(lab: Lab) -> None:
    text = lab.file.read_text(encoding="utf-8")
    lab.file.write_text(text.replace("experiments: 20", "experiments: 2"), "utf-8")
    cut = lab("propose", "films.yaml", "-n", 5)
    assert cut.exit_code == 0
    assert "The budget leaves 2 of the 5 asked for." in cut.output
    told = lab("propose", "films.yaml", "--json")
    assert "budget is used up" in json.loads(told.stdout)["error"]
    result = lab("propose", "films.yaml")
    assert result.exit_code == 4
    assert "budget" in result.stderr


def test_rejected_proposals_leave_the_budget_as_it_is(lab: Lab) -> None:
    text = lab.file.read_text(encoding="utf-8")
    lab.file.write_text(text.replace("experiments: 20", "experiments: 2"), "utf-8")
    assert lab("propose", "films.yaml").exit_code == 0
    assert lab("reject", "1-2", "--reason", "too hot").exit_code == 0
    budget = lab.answer("status")["budget"]
    assert (budget["experiments"]["used"], budget["cost"]["used"]) == (0, 0.0)
    assert lab("propose", "films.yaml").exit_code == 0
    lab.approve()
    assert lab("propose", "films.yaml").exit_code == 4
    lab.hand_over()
    assert lab.answer("status")["budget"]["experiments"]["used"] == 2


def test_a_campaign_that_is_not_there_is_a_mistake(lab: Lab) -> None:
    result = labagent(lab.folder, "run", "filmz.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert "filmz.yaml" in result.stderr
    assert "Traceback" not in result.stderr


def test_replay_sees_a_decision_that_was_made_differently(lab: Lab) -> None:
    lab.answer("propose", "films.yaml")
    lab.tamper("UPDATE decision SET seed = seed + 1")
    result = lab("replay", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False
