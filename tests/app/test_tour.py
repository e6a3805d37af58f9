"""The demo's questions as people read them."""

from labagent.app.tour import Question, verdict
from labagent.loop.asking import Answer

CHANGE = Question(
    command="labagent do x=2 --against x=1",
    sentence="What would x=2 instead of 1 change?",
    answers=(
        Answer("size", "nm", 12.0, 8.0, 16.0),
        Answer("activity", "1/hour", -0.5, -0.75, -0.25),
    ),
    were={},
    truth={"size": 10.04, "activity": 0.1},
)
OTHERWISE = Question(
    command="labagent counterfactual 3 x=2",
    sentence="What would sample 3 be?",
    answers=(Answer("size", "nm", 40.0, 36.0, 44.0),),
    were={"size": 28.125},
    truth={"size": 41.32},
)


def row(question: Question, name: str) -> list[str]:
    (found,) = (x for x in question.screen() if name in x and "%" in x)
    (line,) = (x for x in found.splitlines() if x.strip().startswith(name))
    return line.split()


def test_a_change_stands_beside_the_true_one() -> None:
    assert row(CHANGE, "size") == "size (nm) +12 8 to 16 +10 rises".split()
    activity = "activity (1/hour) -0.5 -0.75 to -0.25 +0.1 falls".split()
    assert row(CHANGE, "activity") == activity


def test_what_would_be_stands_beside_what_was_and_the_truth() -> None:
    assert row(OTHERWISE, "size") == "size (nm) 28.125 40 36 to 44 41.3".split()


def test_intervals_that_hold_the_truth_are_counted() -> None:
    assert (CHANGE.kept, OTHERWISE.kept) == (1, 1)
    assert "2 of 3 intervals hold it; about 3 should" in verdict([CHANGE, OTHERWISE])


def test_a_question_as_plain_data() -> None:
    found = OTHERWISE.plain()
    assert found["measured"] == {"size": 28.125}
    assert found["simulator"] == {"size": 41.32}
    assert CHANGE.plain()["measured"] == {"size": None, "activity": None}
