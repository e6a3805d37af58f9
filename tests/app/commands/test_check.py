"""``labagent check``."""

import json

import pytest

from tests.lab import Lab


def test_a_sound_file_is_told_in_words(lab: Lab) -> None:
    result = lab("check", "films.yaml")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    for part in (
        "Bright films.",
        "maximize plqy (percent), good enough at 35 %",
        "temperature: 80 to 180 degC",
        "one of DMF, DMSO",
        "run by bench (manual)",
        "20 experiments, 500 EUR",
        "approve_batch",
        "space-filling experiments, then the model proposes 2 at a time",
    ):
        assert part in result.output


def test_mistakes_are_told_in_order_with_place_and_remedy(lab: Lab) -> None:
    text = lab.file.read_text(encoding="utf-8")
    wrong = text.replace("maximize", "maximise").replace("batch: 2", "batch: 0")
    lab.file.write_text(wrong, encoding="utf-8")
    result = lab("check", "films.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    first, second, last = result.stderr.splitlines()
    assert first.startswith("films.yaml:5:")
    assert "did you mean 'maximize'?" in first
    assert second.startswith("films.yaml:19:")
    assert last == "2 mistakes"


def test_mistakes_in_json_are_objects(lab: Lab) -> None:
    lab.file.write_text("labagent: 2\n", encoding="utf-8")
    result = lab("check", "films.yaml", "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert set(found["mistakes"][0]) == {"place", "problem", "rule", "suggestion"}


@pytest.mark.parametrize(
    ("executor", "match"),
    [("robot", "must be one of"), ("{adapter: replay, file: no.csv}", "no.csv")],
    ids=["no such adapter", "no such table"],
)
def test_executors_settings_are_checked_too(
    executor: str, match: str, lab: Lab
) -> None:
    text = lab.file.read_text(encoding="utf-8")
    lab.file.write_text(text.replace("bench: manual", f"bench: {executor}"), "utf-8")
    result = lab("check", "films.yaml")
    assert result.exit_code == 2
    assert match in result.stderr
    assert not (lab.folder / "films-work").exists()


def test_settings_of_executors_are_told_with_all_other_mistakes(lab: Lab) -> None:
    text = lab.file.read_text(encoding="utf-8")
    text = text.replace("bench: manual", "bench: {adapter: python, paralel: 2}")
    text = text.replace("batch: 2", "batch: 0").replace("unit: degC", "unit: degX")
    lab.file.write_text(text, encoding="utf-8")
    told = lab("check", "films.yaml").stderr.splitlines()[:-1]
    line = next(i for i, x in enumerate(text.splitlines(), 1) if "bench:" in x)
    column = text.splitlines()[line - 1].index("{adapter") + 1
    wrong = f"films.yaml:{line}"
    assert any("unit = 'degX'" in x for x in told)
    assert any("batch = 0" in x for x in told)
    assert any(
        x.startswith(f"{wrong}:{column}: executor bench: option fi") for x in told
    )
    assert any("did you mean 'parallel'?" in x and x.startswith(wrong) for x in told)
    assert len(told) == 4


def test_what_an_adapter_cannot_see_for_other_mistakes_is_not_told(lab: Lab) -> None:
    text = lab.file.read_text(encoding="utf-8")
    (lab.folder / "past.csv").write_text("temperature,solvent,plqy\n100,DMF,3\n")
    replay = "bench: {adapter: replay, file: past.csv, columns: {temp: x}}"
    text = text.replace("bench: manual", replay)
    lab.file.write_text(text, encoding="utf-8")
    assert "columns: got 'temp'" in lab("check", "films.yaml").stderr
    lab.file.write_text(text.replace("unit: degC", "unit: degX"), encoding="utf-8")
    (told, count) = lab("check", "films.yaml").stderr.splitlines()
    assert "unit = 'degX'" in told
    assert count == "1 mistake"


def test_a_missing_file_is_a_mistake(lab: Lab) -> None:
    result = lab("check", "filmz.yaml")
    assert result.exit_code == 2
    assert "filmz.yaml" in result.stderr
    assert "Traceback" not in result.output
