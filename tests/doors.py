"""What the tests of the ask/tell doors say, and how they look behind them."""

import json
from typing import Any

from db import SqlLogbook
from labagent.app.agent import Agent
from labagent.app.stdio import Session
from labagent.experiments import ExperimentRecord


def book(agent: Agent) -> tuple[SqlLogbook, int]:
    """Return an agent's database and the row of its campaign."""
    assert isinstance(agent._opened, SqlLogbook)
    return agent._opened, agent._row.id


def records(agent: Agent) -> tuple[ExperimentRecord, ...]:
    """Return the experiments as the database keeps them."""
    logbook, row = book(agent)
    return logbook.experiments(row)


def written(door: Agent | Session) -> int:
    """Return how often something was written to the database."""
    if isinstance(door, Session):
        assert door._door is not None
        return written(door._door.agent)
    return len(book(door)[0].events())


def line(op: object, **fields: object) -> str:
    """Return an operation as one line of JSON."""
    return json.dumps({"op": op, **fields})


def say(session: Session, op: str, **fields: object) -> Any:  # noqa: ANN401 what JSON says
    """Return a session's answer to an operation."""
    return session.answer(line(op, **fields))
