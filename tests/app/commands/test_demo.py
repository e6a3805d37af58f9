"""``labagent demo`` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from db import open_logbook
from labagent.app.commands.init import example_text
from labagent.app.simulated import had_been, shipped, spread

SHORT = {"experiments: 24": "experiments: 8", "batch: 2": "batch: 2\ninitial: 6 #"}
"""Six space-filling experiments and one decision by the model."""


def labagent(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "labagent.app.main", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def answer(*words: object) -> Any:  # noqa: ANN401
    done = labagent(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write(folder: Path, name: str, changes: dict[str, str]) -> None:
    """Write an example into a folder, changed."""
    text = example_text(name)
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a short demo, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    write(folder, "calcination.yaml", SHORT)
    done = labagent("demo", folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("proposed") == 4  # and not a line for every step
    assert "step " not in done.stderr
    return folder, done.stdout


@pytest.mark.parametrize(
    "told",
    [
        "furnace_offset       K                ──│──●──●──│──●──●──●",
        "Best of 8 experiments: #",
        "72 predictions sealed before dispatch; those of models against results:",
        "What the data say of the uncertain causes:",
        "$ labagent do anneal.temperature=750 --against anneal.temperature=650",
        "$ labagent counterfactual ",
        "of 10 intervals hold it; about 9 should.",
        "All is well: ",
        "What to type next",
    ],
)
def test_it_shows_what_was_computed(told: str, shown: tuple[Path, str]) -> None:
    assert " ".join(told.split()) in " ".join(shown[1].split())


def test_it_can_be_looked_at_again(shown: tuple[Path, str]) -> None:
    folder, _ = shown
    found = answer("demo", folder)
    assert len(found["calibration"]) == 9
    assert found["truth"]["recipes"] == 4000
    assert found["verify"]["ok"] is True
    for question in found["asked"].values():
        assert set(question["answers"]) == set(question["simulator"])


def test_the_simulator_knows_the_demos_own_samples(shown: tuple[Path, str]) -> None:
    """So labagent, chance and truth are measured alike, down to each one's scatter."""
    book = open_logbook(f"sqlite:///{shown[0] / 'labagent.db'}")
    records = book.experiments(book.campaign().id, [1, 2])
    book.close()
    campaign = shipped("calcination.yaml")
    for record, recipe in zip(records, spread(campaign, 2), strict=True):
        assert record.intervention == recipe.intervention
        for name in ("moisture", "activity", "strength"):  # read without X-rays
            assert record.results[name] == pytest.approx(recipe.results[name])
        assert had_been(campaign, record, {}) == pytest.approx(record.results)


def test_a_demo_that_asks_something_else_has_no_truth(tmp_path: Path) -> None:
    other = {
        "value: 60": "value: 40",
        "24}": "4}",
        "batch: 2": "batch: 2\ninitial: 4 #",
    }
    write(tmp_path, "calcination.yaml", other)
    done = labagent("demo", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nothing to compare with" in " ".join(done.stdout.split())
    assert "counterfactual" not in done.stdout


def test_a_short_demo_of_alloys_runs(tmp_path: Path) -> None:
    write(tmp_path, "alloy.yaml", {"experiments: 30": "experiments: 6"})
    done = labagent("demo", tmp_path, "--example", "alloy")
    assert done.returncode == 0, done.stderr
    assert "The truth: " in done.stdout
    again = answer("demo", tmp_path, "--example", "alloy")
    assert len(again["calibration"]) == 3


@pytest.mark.slow
def test_the_demo_is_checked_and_replayed_from_its_rows(tmp_path: Path) -> None:
    found = answer("demo", tmp_path)
    assert found["truth"]["as_good_by_chance"] < 0.5
    file = tmp_path / "calcination.yaml"
    assert labagent("verify", file).returncode == 0
    again = answer("replay", file)
    assert again["ok"] is True
    assert len(again["decisions"]) == 12


@pytest.mark.slow
def test_the_demo_of_alloys_beats_chance(tmp_path: Path) -> None:
    found = answer("demo", tmp_path, "--example", "alloy")["truth"]
    assert found["rank"] <= 3
    assert found["as_good_by_chance"] < 0.06
    file = tmp_path / "alloy.yaml"
    assert labagent("verify", file).returncode == 0
    assert len(answer("replay", file)["decisions"]) == 15
