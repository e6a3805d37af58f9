"""A file as far as it could be read, and what others find wrong with the rest."""

from pathlib import Path

import pytest

from labagent.config import draft, load
from labagent.errors import ConfigurationError, Mistake
from tests.config.samples import ONE_SHOT, STAGED, changed, write

OVEN = "executors:\n  bench: {adapter: python, file: oven.py}\n"


def test_a_sound_draft_is_the_campaign(tmp_path: Path) -> None:
    path = write(tmp_path, ONE_SHOT)
    found = draft(path)
    assert found.whole
    assert found.campaign() == found.sketch == load(path)


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("executors", "bench", "file"), "14:34"),
        (("executors", "bench", "function"), "14:10"),
        (("executors", "bench"), "14:10"),
        (("executors", "stranger"), "14:3"),
    ],
)
def test_a_mistake_that_others_find_gets_its_place(
    tmp_path: Path, keys: tuple[str, ...], place: str
) -> None:
    text = changed(ONE_SHOT, ("executors: {bench: manual}\n", OVEN))
    found = draft(write(tmp_path, text))
    found.add(keys, "executor bench: got nothing", "must be more", "write more")
    with pytest.raises(ConfigurationError) as raised:
        found.campaign()
    (told,) = raised.value.mistakes
    assert str(told) == (
        f"{tmp_path}/films.yaml:{place}: executor bench: got nothing, must be more; "
        "write more"
    )


def test_all_mistakes_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = changed(ONE_SHOT, ("experiments: 40", "experiments: 0"))
    found = draft(write(tmp_path, f"{text}batch: 0\n"))
    found.add(("executors", "bench"), "executor bench: got 'manual'", "must be no one")
    with pytest.raises(ConfigurationError) as raised:
        found.campaign()
    lines = [m.place.rpartition("films.yaml:")[2] for m in raised.value.mistakes]
    assert lines == ["12:23", "13:20", "14:8"]


def test_places_that_are_paths_are_found_in_the_file(tmp_path: Path) -> None:
    found = draft(write(tmp_path, ONE_SHOT))
    given = [
        Mistake("executors.bench.adapter", "got 'manuel'", "must be known", "write x"),
        Mistake("--db", "got nothing", "must be a URL"),
    ]
    first, second = found.located(given)
    assert str(first) == (
        f"{tmp_path}/films.yaml:13:20: executors bench: got 'manuel', must be known; "
        "write x"
    )
    assert second == given[1]


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (ONE_SHOT, "unit: degC", "unit: degX"),
        (ONE_SHOT, "goal: maximize", "goal: maximise"),
        (ONE_SHOT, "{bench: manual}", "{b-b: manual}"),
        (STAGED, "spin:\n", "and:\n"),
        (STAGED, "    cost: 2 EUR", "    executor: nobody"),
    ],
)
def test_a_draft_says_whether_something_is_missing_from_it(
    tmp_path: Path, text: str, old: str, new: str
) -> None:
    assert not draft(write(tmp_path, changed(text, (old, new)))).whole
    assert draft(write(tmp_path, text.replace("experiments: 40", "days: 3"))).whole
