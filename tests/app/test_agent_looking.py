"""Looking at what an agent knows: tables, the best, and how values print."""

from labagent.app.agent import Agent
from tests.lab import Lab

WARM = {"temperature": 120.0, "solvent": "DMF"}
COOL = {"temperature": 90.0, "solvent": "DMSO"}


def test_history_is_a_table_with_units(lab: Lab) -> None:
    with Agent.open(lab.file) as agent:
        assert agent.history().empty
        agent.tell(WARM, {"plqy": 20.0})
        [suggestion] = agent.ask()
        agent.tell(suggestion, {"plqy": 25.0, "grain_size": 100.0})
        found = agent.history()
    assert list(found.index) == [1, 2]
    assert list(found["plqy [percent]"]) == [20.0, 25.0]
    assert found["temperature [degC]"].iloc[0] == 120.0
    assert found["predicted plqy [percent]"].isna().tolist() == [True, False]


def test_the_best_is_a_row_of_the_history(lab: Lab) -> None:
    with Agent.open(lab.file) as agent:
        assert agent.best().empty
        agent.tell(WARM, {"plqy": 20.0})
        agent.tell(COOL, {"plqy": 30.0})
        found = agent.best()
    assert list(found.index) == [2]
    assert list(found["solvent"]) == ["DMSO"]


def test_suggestions_and_predictions_print_as_people_read_them(lab: Lab) -> None:
    with Agent.open(lab.file) as agent:
        [suggestion] = agent.ask()
        [expected] = agent.predict([WARM])
    text = repr(suggestion)
    assert text.startswith("<experiment 1: temperature=")
    assert "plqy 30 ± 15 % (prior)" in text
    assert repr(expected["plqy"]) == "<plqy 30 ± 15 percent>"
