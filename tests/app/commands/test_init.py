"""``labagent init``: files to start from, all of them sound."""

import pytest

from labagent.app.commands.init import Example
from tests.lab import Lab


@pytest.mark.parametrize("example", list(Example))
def test_every_example_is_written_and_sound(example: Example, lab: Lab) -> None:
    result = lab("init", "new", "--example", example.value)
    assert result.exit_code == 0
    assert f"labagent run new/{example.value}.yaml" in result.output
    checked = lab("check", f"new/{example.value}.yaml")
    assert checked.exit_code == 0, checked.output


def test_nothing_is_overwritten(lab: Lab) -> None:
    (lab.folder / "past_films.csv").write_text("mine", encoding="utf-8")
    result = lab("init", "--example", "manual")
    assert result.exit_code == 2
    assert "past_films.csv: is already there" in result.stderr
    assert (lab.folder / "past_films.csv").read_text(encoding="utf-8") == "mine"
    assert not (lab.folder / "manual.yaml").exists()


def test_an_unknown_example_is_told_the_known_ones(lab: Lab) -> None:
    result = lab("init", "--example", "alloys")
    assert result.exit_code == 2
    assert "'alloy'" in result.stderr
