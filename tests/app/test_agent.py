"""The ask/tell door for people who keep their own loop."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from db import open_logbook
from labagent.app.agent import Agent, Suggestion, Told
from labagent.errors import ConfigurationError, DataError, LogbookError
from labagent.experiments import Basis, Measurement, StepState
from labagent.ports import ImportedRow
from tests.doors import book, records, written
from tests.lab import FILMS, Lab

WARM = {"temperature": 120.0, "solvent": "DMF"}
SINGLE: Any = np.float32
WHOLE: Any = np.int64
"""Numbers as numpy gives them: no float and no int to Python."""


@pytest.fixture
def agent(lab: Lab) -> Iterator[Agent]:
    """An agent of the campaign ``films``, kept in the laboratory's database."""
    with Agent.open(lab.file, lab.url) as found:
        yield found


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """An agent in memory that was asked for experiment 1."""
    file = tmp_path_factory.mktemp("asked") / "films.yaml"
    file.write_text(FILMS, encoding="utf-8")
    with Agent.open(file) as found:
        found.ask()
        yield found


def test_predictions_are_sealed_before_results_are_told(agent: Agent, lab: Lab) -> None:
    first, second = agent.ask(2)
    assert (first.number, second.number) == (1, 2)
    agent.tell(second, {"plqy": 30.5, "grain_size": 250})
    for suggestion, record in zip((first, second), records(agent), strict=True):
        sealed = {p.prediction.quantity: p.prediction for p in record.predictions}
        assert suggestion.predictions == sealed
        assert suggestion.intervention == record.intervention
    assert [r.state for r in records(agent)] == [StepState.APPROVED, StepState.MEASURED]
    sealed_at = records(agent)[1].predictions[0].sealed_at
    assert sealed_at < (records(agent)[1].steps[0].finished_at or sealed_at)
    agent.close()
    assert lab.answer("verify")["ok"] is True
    assert lab.answer("history")[1]["result"] == {"plqy": 30.5, "grain_size": 250.0}


def test_a_whole_loop_can_be_replayed(agent: Agent, lab: Lab) -> None:
    [suggestion] = agent.ask()
    assert suggestion.predictions["plqy"].basis is Basis.PRIOR
    agent.tell(suggestion, {"plqy": 12.0})
    for plqy in (11.0, 13.0):
        agent.tell(WARM, {"plqy": plqy})
    [suggestion] = agent.ask()
    assert suggestion.predictions["plqy"].basis is Basis.MODEL
    agent.close()
    assert lab.answer("verify")["ok"] is True
    assert lab("replay").exit_code == 0


def test_results_come_in_any_order_and_by_number(agent: Agent) -> None:
    suggestions = agent.ask(3)
    agent.tell(3, {"plqy": 3})
    agent.tell(suggestions[0], {"plqy": (1.0, 0.25)})
    agent.tell(WHOLE(2), {"plqy": SINGLE(2)})
    assert [r.results for r in records(agent)] == [
        {"plqy": float(i)} for i in (1, 2, 3)
    ]
    [measured] = records(agent)[0].steps[0].measurements
    assert (measured.unit, measured.sigma) == ("percent", 0.25)


def test_what_was_tried_elsewhere_is_told_by_its_settings(agent: Agent) -> None:
    agent.tell(WARM, {"plqy": 11.0})
    agent.tell({"temperature": SINGLE(120), "solvent": "DMF"}, {"plqy": 11.0})
    agent.tell({"solvent": "DMSO", "temperature": WHOLE(90)}, {"grain_size": 5})
    assert [r.results for r in records(agent)] == [
        {"plqy": 11.0},
        {"plqy": 11.0},
        {"grain_size": 5.0},
    ]
    assert records(agent)[2].intervention == {"solvent": "DMSO", "temperature": 90}


def test_equal_results_of_two_programs_are_both_kept(agent: Agent) -> None:
    with Agent.open("films.yaml", "labagent.db") as other:
        other.tell(WARM, {"plqy": 11.0})
    logbook, row = book(agent)
    assert records(agent)[0].source == "told 1"
    # the name our next result would get is taken by a program that was quicker
    quicker = ImportedRow(WARM, (Measurement("plqy", 11.0, "percent"),))
    logbook.import_rows(row, [quicker], "told 3", "other")
    agent.tell(WARM, {"plqy": 11.0})
    assert [r.source for r in records(agent)] == ["told 1", "told 3", "told 4"]


def test_failures_are_recorded_and_not_asked_again(agent: Agent) -> None:
    first, second = agent.ask(2)
    agent.tell(first, failed="the film cracked")
    agent.tell(second.number, failed="no light")
    states = [(r.state, r.steps[0].message) for r in records(agent)]
    assert states == [
        (StepState.FAILED, "the film cracked"),
        (StepState.FAILED, "no light"),
    ]
    tried = (first.intervention, second.intervention)
    assert not any(s.intervention in tried for s in agent.ask(4))


@pytest.mark.parametrize(
    ("what", "results", "failed", "match"),
    [
        (1, None, "", "got no results, must have some, or say `failed=`"),
        (1, {}, "", "got no results"),
        (1, {"plqy": 1}, "broken", "got results and `failed=`, must be one of them"),
        (WARM, None, "broken", "only a suggestion can be told to have failed"),
        (1, 25.0, "", "got the results 25.0, must map at least one of"),
        (1, {"brightness": 1}, "", "brightness, must be among grain_size, plqy"),
        (1, {"temperature": 1}, "", "temperature, must be among"),
        (1, {3: 1}, "", "got 3, must be among"),
        (1, {"plqy": "33 %"}, "", "got '33 %', must be a finite number in percent"),
        (1, {"plqy": True}, "", "tell plqy: got True"),
        (1, {"plqy": None}, "", "tell plqy: got None"),
        (1, {"plqy": float("nan")}, "", "tell plqy: got nan"),
        (1, {"plqy": 10**400}, "", "must be a finite number"),
        (1, {"plqy": 1e101}, "", r"at most 1e\+100"),
        (1, {"plqy": (1.0, -0.1)}, "", "got the uncertainty -0.1.* percent, 0 or more"),
        (1, {"plqy": (1.0, float("inf"))}, "", "got the uncertainty inf"),
        (1, {"plqy": (1.0, None)}, "", "got the uncertainty None"),
        (1, {"plqy": (1.0, 0.1, 3)}, "", r"got \(1.0, 0.1, 3\), must be a finite"),
        (1, {"plqy": 1, "grain_size": "?"}, "", "tell grain_size: got '?'"),
        (0, {"plqy": 1}, "", "got experiment 0, must be one that was asked"),
        (-1, {"plqy": 1}, "", "got experiment -1"),
        (7, {"plqy": 1}, "", "got experiment 7"),
        (7, None, "broken", "got experiment 7"),
        (10**30, {"plqy": 1}, "", "got experiment 1000"),
        (True, {"plqy": 1}, "", "got True, must be a suggestion, its number, or"),
        ("1", {"plqy": 1}, "", "got '1', must be a suggestion"),
        (None, {"plqy": 1}, "", "got None, must be a suggestion"),
        ({}, {"plqy": 1}, "", "temperature: got no value.*solvent: got no value"),
        ({**WARM, "temperature": 300}, {"plqy": 1}, "", r"lie in \[80, 180\] degC"),
        ({**WARM, "temperature": 10**400}, {"plqy": 1}, "", "must be a finite number"),
        ({**WARM, "temperature": "120 degC"}, {"plqy": 1}, "", "must be a finite"),
        ({**WARM, "solvent": "GBL"}, {"plqy": 1}, "", "must be one of DMF, DMSO"),
        ({**WARM, "solvent": ["DMF"]}, {"plqy": 1}, "", "must be one of DMF, DMSO"),
        ({**WARM, "time": 3}, {"plqy": 1}, "", "control time: is not one of"),
        ({"temperature": {"x": 1}, "solvent": 1}, {"plqy": 1}, "", "must be a finite"),
    ],
)
def test_a_mistake_writes_nothing(
    what: Any,  # noqa: ANN401
    results: Any,  # noqa: ANN401
    failed: str,
    match: str,
    asked: Agent,
) -> None:
    before = written(asked), records(asked)
    with pytest.raises(DataError, match=match):
        asked.tell(what, results, failed=failed)
    assert (written(asked), records(asked)) == before


def test_results_are_told_once(agent: Agent) -> None:
    [suggestion] = agent.ask()
    agent.tell(suggestion, {"plqy": 1.0})
    agent.tell(WARM, {"plqy": 2.0})
    for what in (suggestion, 1, 2):
        with pytest.raises(DataError, match=r"which is measured, must be .* without a"):
            agent.tell(what, {"plqy": 3.0})
        with pytest.raises(DataError, match="which is measured"):
            agent.tell(what, failed="too late")
    assert [r.results for r in records(agent)] == [{"plqy": 1.0}, {"plqy": 2.0}]


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ([(1, {"plqy": 1}), (9, {"plqy": 1})], "experiment 9"),
        ([(1, {"plqy": 1}), (2, {"plqy": "x"})], "got 'x'"),
        ([(WARM, {"plqy": 1}), ({}, {"plqy": 1})], "got no value"),
        ([(2, {"plqy": 1}), (1, {"plqy": 1}), (2, {"grain_size": 1})], "2 twice"),
    ],
)
def test_several_results_are_told_all_or_none(
    told: list[tuple[Told, Mapping[str, float]]], match: str, agent: Agent
) -> None:
    agent.ask(2)
    before = written(agent)
    with pytest.raises(DataError, match=match):
        agent.tell_all(told)
    assert written(agent) == before
    agent.tell_all([(2, {"plqy": 2}), (WARM, {"plqy": 3}), (1, {"plqy": 1})])
    assert [r.results["plqy"] for r in records(agent)] == [1.0, 2.0, 3.0]


def test_a_suggestion_of_another_campaign_is_refused(agent: Agent, lab: Lab) -> None:
    agent.ask()
    other = lab.folder / "other.yaml"
    text = lab.file.read_text(encoding="utf-8").replace("seed: 7", "seed: 8")
    other.write_text(text.replace("name: films", "name: other"), encoding="utf-8")
    with Agent.open(other, lab.url) as stranger:
        [suggestion] = stranger.ask()
        assert suggestion.number == 1
        with pytest.raises(DataError, match="must be one that was asked here"):
            agent.tell(suggestion, {"plqy": 1.0})
        stranger.tell(suggestion, {"plqy": 1.0})


@pytest.mark.parametrize("n", [0, -1, True, 1.5, "2", None])
def test_a_wrong_number_of_suggestions_is_refused(n: Any, asked: Agent) -> None:  # noqa: ANN401
    with pytest.raises(DataError, match=r"ask: got .*, must be a whole number from 1"):
        asked.ask(n)


def test_the_budget_ends_the_questions(agent: Agent) -> None:
    assert len(agent.ask(WHOLE(15))) == 15
    assert len(agent.ask(10**30)) == 5
    with pytest.raises(DataError, match="the budget is used up; raise `budget:`"):
        agent.ask()
    agent.tell(WARM, {"plqy": 1.0})  # results are welcome nevertheless
    agent.tell(20, {"plqy": 2.0})


def test_predictions_begin_with_what_the_file_expects(agent: Agent) -> None:
    [expected] = agent.predict([WARM])
    assert expected["plqy"].mean == pytest.approx(30.0)
    assert expected["plqy"].std == pytest.approx(60 / 3.92)
    for temperature, plqy in ((80, 10), (110, 20), (180, 50)):
        agent.tell({**WARM, "temperature": temperature}, {"plqy": plqy})
    low, high = agent.predict([WARM, {**WARM, "temperature": WHOLE(175)}])
    assert low["plqy"].mean < high["plqy"].mean
    assert low["plqy"].unit == "percent"
    assert low["grain_size"].mean == pytest.approx(255.0)  # never measured
    assert agent.predict([]) == []


@pytest.mark.parametrize(
    ("interventions", "match"),
    [
        ([WARM, {**WARM, "temperature": 20}], "intervention 1: control temperature"),
        (WARM, "intervention 0: got 'temperature', must be a mapping"),
        ([None], "intervention 0: got None"),
        ([{"solvent": "DMF"}], "temperature: got no value"),
        ([{**WARM, "temperature": float("nan")}], "got nan, must be a finite number"),
    ],
)
def test_predictions_outside_the_space_are_refused(
    interventions: Any,  # noqa: ANN401
    match: str,
    asked: Agent,
) -> None:
    with pytest.raises(DataError, match=match):
        asked.predict(interventions)


def test_a_closed_agent_says_so(lab: Lab) -> None:
    with Agent.open(lab.file) as agent:
        [suggestion] = agent.ask()
        agent.close()
        agent.close()
    for call in (
        agent.ask,
        lambda: agent.tell(suggestion, {"plqy": 1}),
        lambda: agent.predict([WARM]),
    ):
        with pytest.raises(DataError, match="agent: is closed"):
            call()
    assert not (lab.folder / "labagent.db").exists()


def test_a_block_closes_its_agent_whatever_happens(lab: Lab) -> None:
    with pytest.raises(RuntimeError, match="spilled"), Agent.open(lab.file) as agent:
        raise RuntimeError("spilled")
    with pytest.raises(DataError, match="is closed"):
        agent.ask()


@pytest.mark.parametrize(
    ("db", "error", "match"),
    [
        ("", DataError, "db: got '', must be a URL or a path"),
        ("mysql://lab/x", LogbookError, "must be sqlite or postgresql"),
        ("no/such/folder/own.db", LogbookError, "unable to open"),
        ("films.yaml", LogbookError, "is no SQLite database"),
    ],
)
def test_a_database_that_cannot_be_opened_is_explained(
    db: str, error: type[Exception], match: str, lab: Lab
) -> None:
    with pytest.raises(error, match=match):
        Agent.open(lab.file, db)


def test_another_campaign_of_that_name_is_refused(agent: Agent, lab: Lab) -> None:
    text = lab.file.read_text(encoding="utf-8")
    lab.file.write_text(text.replace("  solvent:", "  liquid:"), encoding="utf-8")
    with pytest.raises(DataError, match="give the new campaign another name"):
        Agent.open(lab.file, lab.url)
    assert len(agent.ask()) == 1


def test_a_wrong_campaign_file_is_explained(lab: Lab) -> None:
    lab.file.write_text("labagent: 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="name is missing"):
        Agent.open(lab.file, lab.url)
    assert not (lab.folder / "labagent.db").exists()


def test_the_campaigns_own_table_is_learned_once(lab: Lab) -> None:
    (lab.folder / "past.csv").write_text(
        "temperature,solvent,plqy\n100,DMF,5\n110,DMF,6\n100,DMF,5\n120,DMF,\n",
        encoding="utf-8",
    )
    with lab.file.open("a", encoding="utf-8") as file:
        file.write("history: {file: past.csv}\n")
    for _ in range(2):
        with Agent.open(lab.file, lab.url) as agent:
            assert [r.results["plqy"] for r in records(agent)] == [5.0, 6.0, 5.0]
    assert {row["source"] for row in lab.answer("history")} == {"past.csv"}
    assert lab.answer("import", lab.file)["new"] == 0


def test_a_step_in_a_persons_hands_can_be_told(at_work: Lab) -> None:
    with Agent.open(at_work.file, at_work.url) as agent:
        agent.tell(2, {"plqy": 31.0, "grain_size": 200.0})
        agent.tell(1, failed="spilled")
    first, second = at_work.answer("history")
    assert (first["status"], second["status"]) == ("failed", "measured")
    assert at_work.answer("verify")["ok"] is True


def test_what_nobody_approved_cannot_be_told(begun: Lab) -> None:
    with Agent.open(begun.file, begun.url) as agent:
        with pytest.raises(DataError, match="which is proposed, must be approved"):
            agent.tell(1, {"plqy": 31.0})
        begun.approve()
        agent.tell(1, {"plqy": 31.0})


def test_a_step_that_somebody_runs_is_left_alone(agent: Agent) -> None:
    agent.ask()
    logbook, row = book(agent)
    claim = logbook.claim(row, "robot", 600.0)
    assert claim is not None
    with pytest.raises(DataError, match="experiment 1, which somebody else runs now"):
        agent.tell(1, {"plqy": 31.0})
    assert logbook.lapse("robot") == 1  # it died: its result can be told by hand
    agent.tell(1, {"plqy": 31.0})
    assert records(agent)[0].state is StepState.MEASURED


def test_a_step_with_an_unclear_outcome_can_be_settled(agent: Agent) -> None:
    agent.ask()
    logbook, row = book(agent)
    claim = logbook.claim(row, "robot", 600.0)
    assert claim is not None
    logbook.complete(claim, StepState.UNKNOWN, (), "the line went dead", {})
    agent.tell(1, {"plqy": 31.0})
    assert records(agent)[0].results == {"plqy": 31.0}


def test_any_logbook_will_do(lab: Lab) -> None:
    logbook = open_logbook("sqlite://")
    with Agent(lab.campaign, logbook, "ada") as agent:
        [suggestion] = agent.ask()
        assert isinstance(suggestion, Suggestion)
        agent.tell(suggestion, {"plqy": 1.0})
        assert records(agent)[0].approval is not None
        assert {event.actor for event in logbook.events()} == {"ada"}
        assert logbook.verify() == ()
