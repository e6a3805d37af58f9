"""``labagent record``."""

from pathlib import Path

import pytest

from labagent.experiments import StepState
from tests.lab import Lab

FORM = """\
quantity,value,unit,sigma,comment
plqy,0.31,,,
grain_size,0.2,um,0.01,
humidity,n/a,,,
operator,ada,,,
"""


STAGES = """\
labagent: 1
name: films
goal: Bright films.
objectives:
  plqy: {unit: percent, goal: maximize, expect: [0, 60]}
stages:
  wash:
    controls: {time: {range: [1, 30], unit: min}}
    executor: bench
  bake:
    controls: {temperature: {range: [80, 180], unit: degC}}
    measures: [plqy]
    executor: bench
context:
  humidity: {unit: percent, range: [10, 60]}
executors: {bench: manual}
budget: {experiments: 20}
leash: approve_batch
"""


def row(lab: Lab, number: int = 1) -> dict[str, object]:
    return lab.answer("history")[number - 1]


def test_results_are_kept_in_declared_units(at_work: Lab) -> None:
    result = at_work(
        "record", 1, "plqy=33percent", "grain_size=0.2 um", "operator=ada", "--by", "b"
    )
    assert result.exit_code == 0
    found = row(at_work)
    assert found["status"] == "measured"
    assert found["result"] == pytest.approx({"plqy": 33.0, "grain_size": 200.0})
    assert found["context"] == {"operator": "ada"}
    assert at_work.answer("show", 1)["steps"][0]["provenance"] == {"recorded_by": "b"}
    assert at_work("verify").exit_code == 0


def test_a_filled_in_form_is_read(at_work: Lab) -> None:
    Path("form.csv").write_text(FORM, encoding="utf-8")
    assert at_work("record", 1, "--file", "form.csv").exit_code == 0
    assert row(at_work)["result"] == pytest.approx({"plqy": 0.31, "grain_size": 200.0})


@pytest.mark.parametrize(
    ("words", "state"),
    [(["--failed", "cracked"], "failed"), (["--redo", "no power"], "approved")],
)
def test_a_person_says_what_became_of_it(
    words: list[str], state: str, at_work: Lab
) -> None:
    assert at_work("record", 2, *words).exit_code == 0
    found = row(at_work, 2)
    assert (found["status"], found["message"]) == (state, words[1])


def test_an_unclear_outcome_is_cleared_up(begun: Lab) -> None:
    begun.approve()
    with begun.logbook() as (logbook, campaign):
        claim = logbook.claim(campaign, "w", 60.0)
        assert claim is not None
        logbook.complete(claim, StepState.UNKNOWN, [], "no reply", {})
    assert begun("record", 1, "plqy=30", "grain_size=n/a").exit_code == 0
    assert row(begun)["result"] == {"plqy": 30.0}


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["1", "plqy=33"], 2, "grain_size=n/a where there is none"),
        (["1", "plqy=33", "grain_size=2 degC"], 2, "must convert to nm"),
        (["1", "plqyy=33", "grain_size=2"], 2, "did you mean 'plqy'?"),
        (["1", "plqy=abc", "grain_size=2"], 2, "must be a number"),
        (["1", "plqy=3", "plqy=4", "grain_size=2"], 2, "plqy: got several values"),
        (["1", "plqy=1,200", "grain_size=2"], 2, "write 1.2 or 1200; nothing was"),
        (["1", "plqy"], 2, "got 'plqy', which is no campaign, must be a campaign, or"),
        (["1", "25"], 2, "write QUANTITY=25"),
        (["1", "25.3"], 2, "write QUANTITY=25.3"),
        (["9", "plqy=33"], 2, "experiment 9: got no such id"),
        (["1", "--wrong", " ", "plqy=33"], 2, "got an empty --wrong"),
        (["1", "--wrong", "a", "--redo", "b"], 2, "must be one of them"),
        (["1", "plqy=n/a", "grain_size=n/a"], 1, "got no result"),
        (["plqy=33"], 2, "must name one experiment"),
        (["1-2", "plqy=33"], 2, "must name one experiment"),
        (["1", "--failed", " "], 2, "got an empty --failed"),
        (["1", "--failed", "a", "--redo", "b"], 2, "must be one of them"),
        (["1", "--redo", "a", "plqy=3"], 2, "must have none"),
        (["1", "--file", "none.csv"], 1, "none.csv"),
    ],
)
def test_what_is_wrong_is_refused_whole(
    words: list[str], code: int, match: str, at_work: Lab
) -> None:
    result = at_work("record", *words)
    assert result.exit_code == code, result.output
    assert match in result.stderr
    assert [r["status"] for r in at_work.answer("history")] == ["running", "running"]


def test_an_unlikely_value_must_be_confirmed(at_work: Lab) -> None:
    typed = ("record", 1, "plqy=2530", "grain_size=200")
    result = at_work(*typed)
    assert result.exit_code == 2
    for part in ("got 2530 %", "20 ± 2 % was expected", "--sure", "nothing was"):
        assert part in result.stderr
    assert row(at_work)["status"] == "running"
    assert at_work(*typed, "--sure").exit_code == 0
    assert row(at_work)["result"] == {"plqy": 2530.0, "grain_size": 200.0}


def test_a_surprise_is_no_typing_mistake(at_work: Lab) -> None:
    assert at_work("record", 1, "plqy=59", "grain_size=480").exit_code == 0
    assert at_work.answer("status")["surprises"][0]["sigmas"] == 28.0


def test_a_mistyped_form_must_be_confirmed_too(at_work: Lab) -> None:
    text = FORM.replace("plqy,0.31", "plqy,3100")
    Path("form.csv").write_text(text, encoding="utf-8")
    assert at_work("record", 1, "--file", "form.csv").exit_code == 2
    assert at_work("record", 1, "--file", "form.csv", "--sure").exit_code == 0


def test_a_decimal_comma_in_a_form_is_understood(at_work: Lab) -> None:
    text = FORM.replace("plqy,0.31", 'plqy,"25,3"')
    Path("form.csv").write_text(text, encoding="utf-8")
    assert at_work("record", 1, "--file", "form.csv").exit_code == 0
    assert row(at_work)["result"] == {"plqy": 25.3, "grain_size": 200.0}


@pytest.fixture
def mistyped(at_work: Lab) -> Lab:
    """Experiment 1 with a result that lost its decimal point."""
    typed = ("record", 1, "plqy=2530", "grain_size=200", "operator=ada")
    assert at_work(*typed, "--sure").exit_code == 0
    return at_work


def test_a_wrong_result_is_corrected_and_stays_to_be_seen(mistyped: Lab) -> None:
    words = ("record", 1, "--wrong", "lost the point", "plqy=25.3", "--by", "eve")
    result = mistyped(*words)
    assert result.exit_code == 0
    assert "plqy: 2530 % -> 25.3 %" in result.output
    assert row(mistyped)["result"] == {"plqy": 25.3, "grain_size": 200.0}
    assert row(mistyped)["context"] == {"operator": "ada"}
    shown = mistyped("show", 1).output
    for part in (
        "by eve: plqy: lost the point",
        "plqy = 2530 % (wrong: lost the point)",
        "plqy = 25.3 %",
    ):
        assert part in shown
    [told] = mistyped.answer("show", 1)["corrections"]
    assert (told["quantity"], told["by"]) == ("plqy", "eve")
    assert "2530 % -> 25.3 %" in mistyped("status").output
    assert mistyped("verify").exit_code == 0
    again = mistyped(*words)
    assert again.exit_code == 1
    assert "is recorded like that already" in again.stderr


@pytest.mark.parametrize(
    ("words", "left"),
    [([], {}), (["plqy=n/a"], {"grain_size": 200.0})],
    ids=["all of it", "one quantity"],
)
def test_a_result_may_be_wrong_without_a_right_one(
    words: list[str], left: dict[str, float], mistyped: Lab
) -> None:
    done = mistyped("record", 1, "--wrong", "contaminated", *words)
    assert done.exit_code == 0
    assert row(mistyped)["result"] == left
    assert "plqy wrong: contaminated" in str(row(mistyped)["message"])
    assert mistyped.answer("status")["best"] == []


def test_context_left_out_is_told_and_may_be_added(mistyped: Lab) -> None:
    result = mistyped("record", 2, "plqy=21", "grain_size=200", "operator=ada")
    assert "Not noted down: humidity." in result.output
    assert mistyped("record", 2, "--wrong", "left out", "humidity=40").exit_code == 0
    assert row(mistyped, 2)["context"] == {"operator": "ada", "humidity": 40.0}


def test_what_is_right_is_checked_as_well(mistyped: Lab) -> None:
    for words, code, said in (
        (["plqy=2540"], 2, "--sure"),
        (["plqyy=25"], 2, "did you mean 'plqy'?"),
        (["plqy=1,200"], 2, "write 1.2 or 1200"),
    ):
        result = mistyped("record", 1, "--wrong", "typo", *words)
        assert (result.exit_code, said in result.stderr) == (code, True)
    result = mistyped("record", 2, "--wrong", "typo", "plqy=25")
    assert result.exit_code == 1
    assert "its step is running, must be over" in result.stderr


def test_past_results_are_corrected_like_any(lab: Lab) -> None:
    table = "temperature,solvent,plqy\n100,DMF,550\n"
    (lab.folder / "past.csv").write_text(table, encoding="utf-8")
    lab("import", "films.yaml", "--source", "past.csv")
    assert lab("record", 1, "--wrong", "typo in the table", "plqy=5.5").exit_code == 0
    assert row(lab)["result"] == {"plqy": 5.5}


@pytest.fixture
def washing(lab: Lab) -> Lab:
    """Experiment 1 in a person's hands, at a stage that measures nothing."""
    lab.file.write_text(STAGES, encoding="utf-8")
    assert lab("propose", "films.yaml", "-n", 1).exit_code == 0
    lab.approve()
    lab.hand_over()
    return lab


def test_a_stage_without_results_must_be_said_to_be_done(washing: Lab) -> None:
    [card] = washing.answer("next")
    assert card["details"]["Measure"] == "nothing; say --done when it is done"
    typed = "labagent record 1 --done humidity=..."
    assert card["commands"][0].startswith(typed)
    for words in ((), ("humidity=40",)):
        result = washing("record", 1, *words)
        assert result.exit_code == 2
        assert "add --done, or --failed WHY; nothing was recorded" in result.stderr
    assert washing("record", 1, "--done", "humidity=40").exit_code == 0
    found = row(washing)
    assert (found["status"], found["context"]) == ("approved", {"humidity": 40.0})


def test_what_was_recorded_stays(at_work: Lab) -> None:
    at_work("record", 1, "plqy=33", "grain_size=200")
    result = at_work("record", 1, "plqy=34", "grain_size=200")
    assert result.exit_code == 1
    assert "is measured, must wait for a person's result" in result.stderr
    assert "labagent record 1 --wrong WHY" in result.stderr
    assert row(at_work)["result"] == {"plqy": 33.0, "grain_size": 200.0}
