"""Declared causes: what they become, and which of them cannot be."""

from pathlib import Path

import pytest

from labagent.causes import Cause, ProcessGraph
from labagent.config import from_document
from tests.config.samples import ONE_SHOT, STAGED, changed, loaded, mistakes

PROCESS = changed(
    STAGED,
    ("  plqy: {unit", "  t85: {unit: hour, goal: at_least, value: 1}\n  plqy: {unit"),
    ("  grain: {unit: nm}\n", "  wet: {unit: nm}\n  grain: {unit: nm}\n"),
    ("    cost: 2 EUR\n", "    measures: [wet]\n"),
    ("[grain, plqy]", "[grain, plqy, t85]"),
    (
        "budget:",
        "context:\n  humidity: {unit: percent}\n  season: {kind: label}\nbudget:",
    ),
)

FIRST = PROCESS.count("\n") + 2


def process(*causes: str, forbid: tuple[str, ...] = ()) -> str:
    """Return a campaign of two stages with causes, the first of them on line FIRST."""
    text = PROCESS + "causes:\n" + "".join(f"  - {line}\n" for line in causes)
    return text + (f"forbid_causes: {list(forbid)}\n" if forbid else "")


def place(number: int, column: int = 5) -> str:
    """Return where a cause stands, the first one having the number 0."""
    return f"films.yaml:{FIRST + number}:{column}"


def test_left_out_causes_are_an_empty_graph(tmp_path: Path) -> None:
    assert loaded(tmp_path, PROCESS).graph == ProcessGraph()


def test_causes_become_edges_in_the_order_declared(tmp_path: Path) -> None:
    text = process(
        "spin.time, humidity -> wet",
        "wet, anneal.time -> grain ? 0.7",
        "grain, wet -> plqy",
        "plqy -> t85",
        "season -> humidity",
        "t85 <-> plqy",
        "grain <-> humidity",
        forbid=("season -> plqy", "season -> t85"),
    )
    graph = loaded(tmp_path, text).graph
    assert graph.edges == (
        Cause("spin.time", "wet"),
        Cause("humidity", "wet"),
        Cause("wet", "grain", 0.7),
        Cause("anneal.time", "grain", 0.7),
        Cause("grain", "plqy"),
        Cause("wet", "plqy"),
        Cause("plqy", "t85"),
        Cause("season", "humidity"),
    )
    assert graph.forbidden == (Cause("season", "plqy"), Cause("season", "t85"))
    assert graph.hidden == (("t85", "plqy"), ("humidity", "grain"))


def test_the_stored_document_has_the_same_causes(tmp_path: Path) -> None:
    lines = ("wet -> grain ? 0.25", "plqy <-> grain", "grain -> plqy")
    campaign = loaded(tmp_path, process(*lines, forbid=("wet -> t85",)))
    again = from_document(campaign.document)
    assert again == campaign
    assert again.document == campaign.document
    assert len(again.graph.edges) == 2


def test_without_stages_names_stand_alone_and_a_composition_is_one(
    tmp_path: Path,
) -> None:
    text = f"{ONE_SHOT}causes: ['temperature, alloy -> plqy', base -> plqy ? 0.5]\n"
    assert [(e.parent, e.probability) for e in loaded(tmp_path, text).graph.edges] == [
        ("temperature", 1.0),
        ("alloy", 1.0),
        ("base", 0.5),
    ]


def test_what_is_said_twice_alike_is_said_once(tmp_path: Path) -> None:
    text = process("wet -> grain", "wet, wet -> grain", "plqy <-> t85", "t85 <-> plqy")
    graph = loaded(tmp_path, text).graph
    assert graph.edges == (Cause("wet", "grain"),)
    assert graph.hidden == (("t85", "plqy"),)


FORMS = {
    "plqy": "put the whole line in quotes: 'plqy, b -> c'",
    "time -> temperature -> plqy": "write a line each: time -> temperature; ",
    '"time -> plqy, base"': "write a line each: time -> plqy; time -> base",
    "plqy <- time": "write time -> plqy",
    '"plqy <- time, base"': "write time, base -> plqy",
    "time → plqy": "write time -> plqy",
    "time => plqy": "write time -> plqy",
    "time ↔ plqy": "write time <-> plqy",
    '"time, base <-> plqy"': "write a line each: time <-> plqy; base <-> plqy",
    "12": "cause: got 12, must read like: a, b -> c",
    "{time: plqy}": "cause: got {time: ...}, must read like: a, b -> c",
    '", -> plqy"': "must read like: a, b -> c",
    '"-> plqy"': "must read like: a, b -> c",
    "time -> plqy ? 2": "must be a number between 0 and 1, as in a -> b ? 0.7",
    "time -> plqy ? maybe": "got the probability 'maybe'",
    "time -> plqy ? nan": "got the probability 'nan'",
    "time -> plqy ?": "got the probability ''",
    "time -> plqy ? 1": "leave out the ? and what follows",
    "time -> plqy ? 0": "write it under forbid_causes",
    "time -> plqy ? 70 %": "write 0.7",
    '"time -> plqy ? 0,7"': "write 0.7",
}


@pytest.mark.parametrize("line", FORMS)
def test_lines_that_cannot_be_read_are_told_with_a_remedy(
    line: str, tmp_path: Path
) -> None:
    (told,) = mistakes(tmp_path, f"{ONE_SHOT}causes:\n  - {line}\n")
    assert told.place == "films.yaml:15:5"
    assert FORMS[line] in str(told)


NAMES = {
    '"temperature, tim -> plqy"': "did you mean 'time'?",
    "temperature -> plq": "did you mean 'plqy'?",
    "alloy.Al -> plqy": "write alloy: Al cannot change without the others",
    "plq <-> plqy": "did you mean 'plqy'?",
    "plqy -> plqy": "causes itself",
    "plqy -> time": "time is set, not caused, must point to something measured or "
    "observed; turn it round: time -> plqy",
    "base -> time": "observed; leave it out",
    "plqy <-> plqy": "has plqy at both ends",
    "plqy <-> time": "time is set, so nothing hidden causes it",
}


@pytest.mark.parametrize("line", NAMES)
def test_arrows_need_two_ends_that_can_have_them(line: str, tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, f"{ONE_SHOT}causes:\n  - {line}\n")
    assert told.place == "films.yaml:15:5"
    assert NAMES[line] in str(told)
    assert told.suggestion


ORDER = {
    "anneal.time -> wet": "stage spin measures wet before stage anneal sets "
    "anneal.time, must lead from earlier to later, or stay within a stage; leave it "
    "out, or measure wet in anneal or later",
    "grain -> wet": "stage spin measures wet before stage anneal measures grain, must "
    "lead from earlier to later, or stay within a stage; turn it round: wet -> grain",
    "plqy -> wet": "plqy is an objective, and wet is measured on the way to it",
    "plqy -> grain": "must lead from what is measured to what is wanted; turn it round",
    "grain -> humidity": "must come from other context; turn it round: humidity ->",
    "spin.time -> humidity": "leave it out, or list humidity under measured",
}


@pytest.mark.parametrize("line", ORDER)
def test_effects_do_not_come_before_their_causes(line: str, tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, process("wet -> grain", line))
    assert told.place == place(1)
    assert ORDER[line] in str(told)


def test_an_outcome_measured_early_is_not_caused_later(tmp_path: Path) -> None:
    text = changed(
        process("anneal.time -> plqy"),
        ("measures: [wet]", "measures: [wet, plqy]"),
        ("[grain, plqy, t85]", "[grain, t85]"),
    )
    (told,) = mistakes(tmp_path, text)
    assert "stage spin measures plqy before stage anneal sets anneal.time" in str(told)


def test_every_circle_is_told_where_it_closes(tmp_path: Path) -> None:
    text = process(
        "humidity -> season",
        "season -> humidity",
        "plqy -> t85",
        "wet -> plqy",
        "t85 -> plqy ? 0.3",
    )
    told = mistakes(tmp_path, text)
    assert [m.place for m in told] == [place(1), place(4)]
    assert all("got the circle" in m.problem and m.suggestion for m in told)
    assert {"plqy -> t85 -> plqy", "t85 -> plqy -> t85"} & {
        m.problem.partition("circle ")[2] for m in told
    }


def test_an_arrow_has_one_probability(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, process("wet -> grain", "wet -> grain ? 0.5"))
    assert str(told) == (
        f"{place(1)}: cause wet -> grain: got the probability 0.5 here and 1 on "
        f"line {FIRST}, must have one probability; leave one of them out"
    )


@pytest.mark.parametrize(("count", "wrong"), [(6, 0), (7, 1), (9, 1)])
def test_at_most_six_causes_are_uncertain(
    count: int, wrong: int, tmp_path: Path
) -> None:
    pairs = [f"{a} -> {b} ? 0.5" for b in ("grain", "plqy", "t85") for a in
             ("spin.time", "anneal.time", "wet")]  # fmt: skip
    told = mistakes(tmp_path, process(*pairs[:count]))
    assert len(told) == wrong
    if wrong:
        assert told[0].place == place(6)
        assert f"number 7 of {count}, must be at most 6" in str(told[0])


FORBIDDEN = {
    "wet -> grain": "is forbidden and declared, must be one or the other (declared on "
    f"line {FIRST})",
    "grain -> plqy": "is forbidden and declared",
    "wet <-> grain": "must be an arrow, and certain; leave it out: a hidden cause",
    "wet -> plqy ? 0.5": "certain; write wet -> plqy, or leave it out",
    "wet -> plq": "did you mean 'plqy'?",
    "wet -> spin.time": "spin.time is set, not caused",
}


@pytest.mark.parametrize("line", FORBIDDEN)
def test_what_is_forbidden_is_an_arrow_nobody_declared(
    line: str, tmp_path: Path
) -> None:
    text = process("wet -> grain", "grain -> plqy ? 0.4", forbid=(line,))
    (told,) = mistakes(tmp_path, text)
    assert told.place == place(2, 17)
    assert FORBIDDEN[line] in str(told)
    assert told.suggestion


def test_what_could_never_be_may_be_forbidden(tmp_path: Path) -> None:
    graph = loaded(tmp_path, process("wet -> grain", forbid=("plqy -> wet",))).graph
    assert graph.forbidden == (Cause("plqy", "wet"),)


def test_causes_of_what_is_broken_elsewhere_are_not_wrong_as_well(
    tmp_path: Path,
) -> None:
    text = changed(process("wet -> grain"), ("wet: {unit: nm}", "wet: {unit: nmm}"))
    (told,) = mistakes(tmp_path, text)
    assert "nmm" in told.problem


def test_causes_are_a_list(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, f"{ONE_SHOT}causes: time -> plqy\n")
    assert "write causes: [time -> plqy]" in str(told)
