"""One batch as one short Prefect run: a window on what the rows say.

The flow is given a name and a number. Campaign, memory and executors reach its tasks
through a closure, so no database URL ever becomes a parameter that Prefect stores. No
task is retried, cached or has its result kept by Prefect: a second run of the flow asks
the rows what is left to do.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import httpx
from prefect import tags
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectException
from prefect.flows import Flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from flows.abandoned import FLOW_NAME, worker_tag
from flows.dispatch import run_step
from flows.signals import Stop
from flows.steps import Driven, Fate, Workplace
from labagent.errors import SchedulerError
from labagent.experiments import ExperimentRecord

if TYPE_CHECKING:
    from prefect.futures import PrefectFuture

_SHOWN = 2000
"""Characters of a message that Prefect is told; the rows have all of it."""


@dataclass(frozen=True)
class Job:
    """A step that may be run: whose it is and who runs it."""

    step: int
    number: int
    stage: str
    executor: str


@dataclass
class Batch:
    """What one flow run works on.

    Attributes:
        place: Campaign, memory, executors.
        number: Number of the batch; None for experiments a person asked for.
        jobs: The batch's steps by row id.
        stop: Asks to begin nothing new, or to stop at once.
        tell: Told what became of each step, from the tasks' threads.
        fates: What became of the steps, in order.
        errors: What went wrong beyond a step's own failure.
    """

    place: Workplace
    number: int | None
    jobs: Mapping[int, Job]
    stop: Stop
    tell: Callable[[Driven], None]
    fates: list[Fate] = field(default_factory=list[Fate])
    errors: list[Exception] = field(default_factory=list)

    def runnable(self) -> list[Job]:
        """Return the batch's steps that may be begun now, in order."""
        if self.stop.asked:
            return []
        steps = self.place.logbook.runnable(self.place.campaign_id)
        return [self.jobs[step] for step in steps if step in self.jobs]

    def run(self, step: int) -> Driven:
        """Run one step and remember its fate."""
        try:
            driven = run_step(self.place, step, self.stop)
        except Exception as error:
            self.errors.append(error)
            raise
        self.fates.append(driven.fate)
        self.tell(driven)
        return driven


def first_batch(
    records: Sequence[ExperimentRecord], runnable: Sequence[int]
) -> tuple[int | None, dict[int, Job]]:
    """Return the number and the steps of the batch that the first runnable step is of.

    Args:
        records: The campaign's experiments.
        runnable: Row ids of runnable steps, in order; at least one.
    """
    number = next(r.batch for r in records for s in r.steps if s.id == runnable[0])
    return number, {
        step.id: Job(step.id, record.number, step.stage, step.executor)
        for record in records
        if record.batch == number
        for step in record.steps
    }


def run_batch(batch: Batch) -> None:
    """Run a batch's steps under Prefect.

    Raises:
        SchedulerError: Prefect failed; the rows hold whatever was done until then.
        LabagentError: The memory failed.
    """
    show = batch_flow(batch)
    try:
        # The beat's thread would hold up the end of every flow by a second.
        with (
            temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
            tags(worker_tag(batch.place.worker)),
        ):
            show(batch.place.campaign.name, batch.number, return_state=True)
    except (httpx.HTTPError, PrefectException, OSError) as error:
        if not batch.errors:
            raise SchedulerError(
                f"Prefect: got {type(error).__name__}: {error}, must take the state of "
                "the run; every result that came in is in the database"
            ) from error
    if batch.errors:
        raise batch.errors[0]


def batch_flow(batch: Batch) -> Flow[[str, int | None], State]:
    """Return the flow that runs a batch; its parameters name it and nothing else."""
    places = _places(batch.place)
    most = min(sum(places.values()), len(batch.jobs))
    step = Task(
        _step_of(batch),
        name="dispatch",
        task_run_name="{campaign} batch {batch_number} experiment {experiment} {stage}",
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=0,
    )

    def labagent_batch(campaign: str, batch_number: int | None) -> State:
        def begin(job: Job, done: Callable[[], None]) -> None:
            future = step.submit(
                campaign, batch_number, job.number, job.stage, job.step
            )
            future.add_done_callback(lambda _: done())

        work_through(batch, places, begin)
        return _summary(batch)

    return Flow(
        labagent_batch,
        name=FLOW_NAME,
        flow_run_name="{campaign} batch {batch_number}",
        task_runner=cast(
            "TaskRunner[PrefectFuture[Any]]",
            ThreadPoolTaskRunner(max_workers=most),
        ),
        persist_result=False,
        retries=0,
        validate_parameters=False,
    )


def _step_of(batch: Batch) -> Callable[[str, int | None, int, str, int], State]:
    """Return the function that runs one step and tells Prefect what became of it."""

    def dispatch(
        campaign: str,  # noqa: ARG001  the names of runs are made of these
        batch_number: int | None,  # noqa: ARG001
        experiment: int,  # noqa: ARG001
        stage: str,  # noqa: ARG001
        step: int,
    ) -> State:
        return _state(batch.run(step))

    return dispatch


def work_through(
    batch: Batch,
    places: Mapping[str, int],
    begin: Callable[[Job, Callable[[], None]], None],
) -> None:
    """Begin steps as places at their executors come free, until none is left.

    A later stage of an experiment becomes runnable when the earlier one is measured, so
    the rows are asked again after every step.

    Args:
        batch: Whose steps.
        places: How many steps each executor runs at once.
        begin: Starts a job and calls back at its end.
    """
    busy: Counter[str] = Counter()
    tried: set[int] = set()
    finished: SimpleQueue[str] = SimpleQueue()
    while True:
        for job in batch.runnable():
            if job.step in tried or busy[job.executor] >= places.get(job.executor, 1):
                continue
            tried.add(job.step)
            busy[job.executor] += 1
            begin(job, lambda name=job.executor: finished.put(name))
        if not busy.total():
            return
        busy[finished.get()] -= 1


def _places(place: Workplace) -> dict[str, int]:
    """Return how many steps each executor of the campaign runs at once."""
    names = {stage.executor for stage in place.campaign.stages}
    return {name: max(1, place.executor(name).describe().concurrent) for name in names}


def _state(driven: Driven) -> State:
    """Return what Prefect shows of a step."""
    message = (driven.message or driven.fate.value)[-_SHOWN:]
    if driven.fate in (Fate.FAILED, Fate.UNKNOWN):
        return Failed(message=f"{driven.fate.value}: {message}")
    return Completed(message=message)


def _summary(batch: Batch) -> State:
    """Return what Prefect shows of a batch."""
    counts = ", ".join(f"{n} {fate.value}" for fate, n in Counter(batch.fates).items())
    if batch.errors:
        return Failed(message=str(batch.errors[0])[-_SHOWN:])
    return Completed(message=counts or "nothing to do")
