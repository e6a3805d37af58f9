"""Tell a Prefect server that keeps its runs which of them were killed.

A killed program cannot say goodbye, so its flow run would be shown as running for ever.
Each flow run carries its worker's name as a tag; where that worker is dead, the next
run marks it as crashed. The rows need none of this: it is for whoever looks.
"""

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import PrefectException
from prefect.states import Crashed

from flows.workers import parse

FLOW_NAME = "labagent-batch"
"""Name of the flow that runs a batch."""

_TAG = "worker "


def worker_tag(worker: str) -> str:
    """Return the tag of a worker's flow runs."""
    return f"{_TAG}{worker}"


def mark_crashed() -> int:
    """Mark the flow runs of this host's dead workers as crashed; return how many.

    A server that will not have it is left as it is.
    """
    try:
        return _mark_crashed()
    except (httpx.HTTPError, PrefectException):
        return 0


def _mark_crashed() -> int:
    running = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW_NAME])),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=running)),
        )
        dead = [run for run in found if any(_is_dead(tag) for tag in run.tags)]
        for run in dead:
            message = "the program was killed; another run goes on with its steps"
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
    return len(dead)


def _is_dead(tag: str) -> bool:
    worker = parse(tag.removeprefix(_TAG)) if tag.startswith(_TAG) else None
    return worker is not None and worker.dead
