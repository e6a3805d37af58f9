"""The causal model's door for Python."""

from typing import Any

import numpy as np
import pytest

from labagent.app.agent import Agent
from labagent.causes import Identified, Unidentified
from labagent.errors import DataError, ModelError
from tests.lab import Lab

SINGLE: Any = np.float32
WHOLE: Any = np.int64
"""Numbers as numpy gives them: no float and no int to Python."""


def test_questions_are_answered_from_what_was_told(lab: Lab) -> None:
    with Agent.open(lab.file) as agent:
        for i in range(10):
            heat = 90.0 + 9.0 * i
            told = {"plqy": 60.0 - heat / 4 + i % 3 / 10, "grain_size": 2.0 * heat}
            agent.tell({"temperature": heat, "solvent": "DMF"}, told)
        why = agent.questions()  # answers after the agent is closed, too
    first, second = {"temperature": SINGLE(100)}, {"temperature": WHOLE(140)}
    [change] = why.compare(first, second, of=["plqy"])
    assert (change.quantity, change.unit) == ("plqy", "percent")
    assert change.mean == pytest.approx(-10, abs=1)
    assert {a.quantity for a in why.do(second)} == {"plqy", "grain_size"}
    assert {a.quantity for a in why.observe(second)} == {"plqy", "grain_size"}
    other = {a.quantity: a.mean for a in why.counterfactual(3, second)}
    assert other["grain_size"] == pytest.approx(280, abs=10)
    assert isinstance(why.identify("temperature", "plqy"), Identified)
    assert isinstance(why.identify(["grain_size"], "plqy"), Unidentified)
    with pytest.raises(ModelError, match="cannot be told"):
        why.do({"grain_size": 300.0})
    with pytest.raises(DataError, match="experiment 99: is not in the campaign"):
        why.counterfactual(99, second)
