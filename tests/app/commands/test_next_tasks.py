"""``labagent next``: what waits for a person, and the commands that answer."""

import shlex

from labagent.experiments import StepState
from tests.lab import Lab


def test_nothing_to_do_says_how_to_go_on(begun: Lab) -> None:
    begun.approve()
    result = begun("next", "films.yaml")
    assert "Nothing waits for a person" in result.output
    assert "labagent run films.yaml" in result.output
    assert begun.answer("next") == []


def test_proposals_are_listed_with_what_is_expected(begun: Lab) -> None:
    result = begun("next")
    assert "plqy 20 ± 2 %" in result.output
    assert "temperature=140 degC" in result.output
    [task] = begun.answer("next")
    assert (task["task"], task["ids"]) == ("approve", [1, 2])


def test_the_command_shown_does_what_it_says(begun: Lab) -> None:
    [task] = begun.answer("next")
    command = shlex.split(task["commands"][0])
    assert begun(*command[1:]).exit_code == 0
    assert begun.answer("next") == []


def test_work_cards_show_settings_and_what_to_type(at_work: Lab) -> None:
    first, second = at_work.answer("next")
    assert (first["task"], first["ids"], second["ids"]) == ("measure", [1], [2])
    assert first["details"]["Set"] == "temperature = 120 degC\nsolvent = DMSO"
    assert first["details"]["Measure"] == "plqy (percent), grain_size (nm)"
    assert first["details"]["Note down"] == "humidity (percent), operator"
    assert first["commands"][0].startswith("labagent record 1 plqy=... grain_size=...")


def test_unclear_outcomes_come_first_with_all_three_answers(begun: Lab) -> None:
    begun.approve()
    with begun.logbook() as (logbook, row):
        first, second = logbook.claim(row, "w", 60.0), logbook.claim(row, "w", 60.0)
        assert first is not None
        assert second is not None
        logbook.hand_over(first)
        logbook.complete(second, StepState.UNKNOWN, [], "no reply", {})
    unclear, card = begun.answer("next")
    assert (unclear["task"], unclear["ids"], card["ids"]) == ("resolve", [2], [1])
    assert unclear["details"]["Unclear"] == "no reply"
    options = ("plqy=...", "--failed", "--redo")
    assert all(o in c for o, c in zip(options, unclear["commands"], strict=True))
