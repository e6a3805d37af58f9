"""``labagent demo`` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from labagent.app.commands.init import Example, example_text, write_example


def labagent(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "labagent.app.main", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def test_a_short_demo_runs_and_can_be_looked_at_again(tmp_path: Path) -> None:
    write_example(tmp_path, Example.ALLOY)
    shorter = example_text("alloy.yaml").replace("experiments: 30", "experiments: 6")
    (tmp_path / "alloy.yaml").write_text(shorter, encoding="utf-8")
    done = labagent("demo", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "What to type next" in done.stdout
    assert "no truth to compare with" in done.stdout
    again = labagent("demo", tmp_path, "--json")
    assert json.loads(again.stdout)["truth"] is None
    assert len(json.loads(again.stdout)["calibration"]) == 3


@pytest.mark.slow
def test_the_demo_beats_chance_and_is_replayed_from_its_rows(tmp_path: Path) -> None:
    done = labagent("demo", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["truth"]
    assert found["rank"] <= 3
    assert found["as_good_by_chance"] < 0.06
    file = tmp_path / "alloy.yaml"
    assert labagent("verify", file).returncode == 0
    again = json.loads(labagent("replay", file, "--json").stdout)
    assert again["ok"] is True
    assert len(again["decisions"]) == 15
