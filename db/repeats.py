"""Under which key a step runs, once a person has asked to run it again.

A key names one physical run. After ``labagent record --redo`` the step is the same row,
but another run of it: an executor that knows the old key would answer with the old
result.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from db.schema import event, step_state
from labagent.experiments import StepState


def repeats(connection: Connection, steps: Sequence[int]) -> Counter[int]:
    """Return step id to how often a person asked to run it again."""
    rows = connection.execute(
        select(step_state.c.step_id, func.count())
        .join(event, event.c.seq == step_state.c.event_seq)
        .where(
            step_state.c.step_id.in_(steps),
            step_state.c.state == StepState.APPROVED.value,
            event.c.kind == "record",
        )
        .group_by(step_state.c.step_id)
    )
    return Counter({int(step_id): int(count) for step_id, count in rows})


def run_key(key: str, times: int) -> str:
    """Return the key an executor is given."""
    return key if times == 0 else f"{key}-{times}"
