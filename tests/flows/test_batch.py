import time
from dataclasses import replace

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, TaskRun

from db import SqlLogbook
from flows.batch import Batch, first_batch, run_batch
from flows.signals import Stop
from flows.steps import Driven, Fate
from labagent.errors import LogbookError
from labagent.experiments import StepState
from labagent.ports import Report, RunStatus
from tests.factories import ROUTE, make_campaign
from tests.flows.bench import Bench, Place, make_place

RUNNING = Report(RunStatus.RUNNING)
SUCCEEDED = Report(RunStatus.SUCCEEDED)

pytestmark = pytest.mark.usefixtures("prefect_server")


def batch_of(place: Place, stop: Stop | None = None) -> tuple[Batch, list[Driven]]:
    """Return the batch of the first runnable step, and where it tells fates."""
    told: list[Driven] = []
    runnable = place.logbook.runnable(place.campaign_id)
    records = place.logbook.experiments(place.campaign_id)
    number, jobs = first_batch(records, runnable)
    return Batch(place, number, jobs, stop or Stop(), told.append), told


def shown(name: str, tasks: int) -> tuple[FlowRun, list[TaskRun]]:
    """Return the flow run of a name, and its task runs once the server has them."""
    chosen = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
    with get_client(sync_client=True) as client:
        (run,) = client.read_flow_runs(flow_run_filter=chosen)
        of_run = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run.id]))
        found: list[TaskRun] = []
        for _ in range(100):
            found = client.read_task_runs(task_run_filter=of_run)
            if len(found) == tasks and all(t.state_name != "Running" for t in found):
                break
            time.sleep(0.1)  # the server takes task runs in from a queue
        (run,) = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        )
    return run, found


def test_prefect_sees_names_and_numbers_and_nothing_else(book: SqlLogbook) -> None:
    place = make_place(book, Bench(), make_campaign("seen"))
    place.propose(1.0, 2.0)
    batch, _ = batch_of(place)
    run_batch(batch)
    run, tasks = shown("seen batch 0", 2)
    assert run.parameters == {"campaign": "seen", "batch_number": 0}
    assert run.state_name == "Completed"
    assert {t.name for t in tasks} == {
        "seen batch 0 experiment 1 experiment",
        "seen batch 0 experiment 2 experiment",
    }
    assert {t.empirical_policy.retries for t in tasks} == {0}


def test_prefect_shows_which_step_failed_and_why(book: SqlLogbook) -> None:
    bench = Bench(reports=(Report(RunStatus.FAILED_PARTIAL, "cracked"),))
    place = make_place(book, bench, make_campaign("failing"))
    place.propose(1.0)
    batch, told = batch_of(place)
    run_batch(batch)
    run, (task,) = shown("failing batch 0", 1)
    assert [d.fate for d in told] == [Fate.FAILED]
    assert task.state is not None
    assert (task.state_name, task.state.message) == ("Failed", "failed: cracked")
    assert run.state is not None
    assert (run.state_name, run.state.message) == ("Completed", "1 failed")


def test_later_stages_follow_in_the_same_flow(book: SqlLogbook) -> None:
    campaign = make_campaign("route", ROUTE)
    place = make_place(book, Bench(), campaign)
    stages = {s.name: s.measures for s in ROUTE}
    everything = place.bench.seen

    def measure(request: object) -> None:
        names = stages[getattr(request, "stage", "")]
        place.bench.seen = [m for m in everything if m.quantity in names]

    place.bench.on_submit = measure
    place.propose(1.0)
    batch, told = batch_of(place)
    run_batch(batch)
    assert [(d.stage, d.fate) for d in told] == [
        ("mix", Fate.MEASURED),
        ("anneal", Fate.MEASURED),
        ("test", Fate.MEASURED),
    ]
    assert place.record().state is StepState.MEASURED


@pytest.mark.parametrize("places", [1, 3])
def test_an_executor_runs_no_more_than_it_can(book: SqlLogbook, places: int) -> None:
    bench = Bench(reports=(*[RUNNING] * 10, SUCCEEDED), concurrent=places)
    place = make_place(book, bench)
    place.propose(1.0, 2.0, 3.0, 4.0)
    batch, told = batch_of(place)
    run_batch(batch)
    assert len(told) == 4
    assert bench.busiest == places


def test_only_the_batch_of_the_first_step_is_run(book: SqlLogbook) -> None:
    place = make_place(book, Bench())
    place.propose(1.0, batch=0)
    (later,) = place.propose(2.0, batch=1)
    batch, told = batch_of(place)
    run_batch(batch)
    assert (batch.number, [d.number for d in told]) == (0, [1])
    assert book.runnable(place.campaign_id) == (later,)


def test_a_stop_begins_nothing_more(book: SqlLogbook) -> None:
    stop = Stop()
    place = make_place(book, Bench())
    place.propose(1.0, 2.0, 3.0)
    place.bench.on_poll = lambda: None if stop.asked else stop.press()
    batch, told = batch_of(place, stop)
    run_batch(batch)
    assert [(d.number, d.fate) for d in told] == [(1, Fate.MEASURED)]
    assert len(book.runnable(place.campaign_id)) == 2


def test_trouble_with_the_memory_comes_out(book: SqlLogbook) -> None:
    place = make_place(book, Bench())
    place.propose(1.0)
    batch, _ = batch_of(place)
    batch = replace(batch, place=_Forgetful(**vars(place)))
    with pytest.raises(LogbookError, match="disk full"):
        run_batch(batch)


class _Forgetful(Place):
    """A place whose memory refuses to write."""

    def capabilities_sha256(self, name: str) -> str:  # noqa: ARG002
        raise LogbookError("disk full")
