"""``labagent approve`` and ``labagent reject``."""

import pytest

from tests.lab import Lab


def states(lab: Lab) -> list[str]:
    return [row["status"] for row in lab.answer("history")]


@pytest.mark.parametrize(
    "words",
    [["1", "2"], ["1-2"], ["1,2"], ["1,", "#2"], ["--all"], ["films.yaml", "--all"]],
)
def test_approving_keeps_who_and_why(words: list[str], begun: Lab) -> None:
    result = begun("approve", *words, "--by", "ada", "--reason", "looks safe")
    assert result.exit_code == 0
    assert "Approved 1-2 as ada." in result.output
    assert "Go on with: labagent run films.yaml" in result.output
    assert states(begun) == ["approved", "approved"]
    approval = begun.answer("show", 2)["approval"]
    assert (approval["by"], approval["reason"]) == ("ada", "looks safe")


def test_rejecting_keeps_the_reason(begun: Lab) -> None:
    assert begun("reject", 2, "--reason", "too hot").exit_code == 0
    assert states(begun) == ["proposed", "rejected"]
    assert begun.answer("history")[1]["message"] == "too hot"


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["approve"], 2, "got no ids"),
        (["approve", "abc"], 2, "got 'abc' and no ids, must name experiments"),
        (["approve", "films.yaml"], 2, "got 'films.yaml' and no ids"),
        (["approve", "9-"], 2, "got '9-', must be an id; write 3 or 5-8"),
        (["approve", "1..2"], 2, "got '1..2', must be an id"),
        (["reject", "1;2", "--reason", "why"], 2, "got '1;2' and no ids"),
        (["approve", "1", "--all"], 2, "got both ids and --all"),
        (["approve", "1", "9"], 2, "experiment 9: got no such id"),
        (["reject", "1"], 2, "got no --reason"),
        (["reject", "1", "--reason", "  "], 2, "got no --reason"),
        (["reject", "--reason", "why"], 2, "got no ids"),
    ],
)
def test_impossible_decisions_change_nothing(
    words: list[str], code: int, match: str, begun: Lab
) -> None:
    result = begun(*words)
    assert result.exit_code == code
    assert match in result.stderr
    assert states(begun) == ["proposed", "proposed"]


def test_all_of_those_named_or_none(begun: Lab) -> None:
    begun("reject", 1, "--reason", "too hot")
    result = begun("approve", 1, 2)
    assert result.exit_code == 1
    assert "1 is rejected" in result.stderr
    assert states(begun) == ["rejected", "proposed"]


def test_approving_nothing_is_said(begun: Lab) -> None:
    begun("approve", "--all")
    assert begun.answer("approve", "--all")["approved"] == []
