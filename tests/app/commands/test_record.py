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
        (["1", "plqy=33"], 1, "grain_size=n/a where there is none"),
        (["1", "plqy=33", "grain_size=2 degC"], 1, "must convert to nm"),
        (["1", "plqy=n/a", "grain_size=n/a"], 1, "got no result"),
        (["plqy=33"], 2, "must name one experiment"),
        (["1", "2", "plqy=33"], 2, "must name one experiment"),
        (["1", "--failed", " "], 2, "got an empty --failed"),
        (["1", "--failed", "a", "--redo", "b"], 2, "must be one of them"),
        (["1", "--redo", "a", "plqy=3"], 1, "must have none"),
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


def test_what_was_recorded_stays(at_work: Lab) -> None:
    at_work("record", 1, "plqy=33", "grain_size=200")
    result = at_work("record", 1, "plqy=34", "grain_size=200")
    assert result.exit_code == 1
    assert "is measured, must wait for a person's result" in result.stderr
    assert row(at_work)["result"] == {"plqy": 33.0, "grain_size": 200.0}
