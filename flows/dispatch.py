"""Running one step: claim, ask what is known, submit, poll, record.

The same code runs a step for the first time and after a crash. What an executor knows
of the key decides; what nobody can know is written down as unknown::

    claim ─► lookup(key) ─► seen ─────────────► poll ─► final ─► complete
         (if resumed)  └──► not seen ► submit ──┘  ▲
                       └──► cannot tell ─► idempotent: submit, else unknown
"""

import hashlib
import time
import traceback
from dataclasses import dataclass

from flows.endings import Ending, ended, judge, readbacks, storable
from flows.leases import LEASE_SECONDS, Heartbeat
from flows.signals import Stop
from flows.steps import PATIENT, Driven, Fate, Patience, Workplace
from flows.workers import store_of
from labagent.campaigns import Campaign, Stage
from labagent.errors import (
    DataError,
    EnvelopeError,
    ExecutorError,
    GoalChangedError,
    LeaseLostError,
    LogbookError,
)
from labagent.experiments import StepState
from labagent.ports import (
    Abort,
    Claim,
    Executor,
    Finding,
    Report,
    Request,
    RunStatus,
    Sighting,
)

FASTEST, SLOWEST = 0.02, 1.0
"""Limits of the time between two polls, in seconds."""


def run_step(
    place: Workplace, step: int, stop: Stop, patience: Patience = PATIENT
) -> Driven:
    """Claim a step and run it to an end, or until it is somebody else's.

    Args:
        place: Campaign, memory, executors.
        step: Row id.
        stop: Asks to begin nothing new, or to stop at once.
        patience: How long and how often to try.
    """
    pause = patience.pause
    for left in reversed(range(patience.attempts)):
        if stop.asked:
            return Driven(Fate.SKIPPED)
        try:
            claim = place.logbook.claim(
                place.campaign_id,
                place.worker,
                LEASE_SECONDS,
                step,
                place.row.goal_version,
            )
        except GoalChangedError:
            return Driven(Fate.SKIPPED)  # the run looks at the goal before it goes on
        if claim is None:
            return Driven(Fate.TAKEN)
        try:
            with Heartbeat(place.logbook, claim) as lease:
                errand = Errand(place, claim, lease, stop, patience)
                driven = _drive(errand, last=left == 0)
        except LeaseLostError as error:
            return Driven(Fate.TAKEN, claim.number, claim.stage, str(error))
        if driven.fate is not Fate.RETRY:
            return driven
        stop.wait(pause)
        pause *= 4
    raise AssertionError("the last attempt never asks for another")


@dataclass(frozen=True)
class Errand:
    """One attempt at one claimed step.

    Attributes:
        place: Campaign, memory, executors.
        claim: The right to run it.
        lease: Kept while it runs.
        stop: Asks to stop at once.
        patience: How long to try.
    """

    place: Workplace
    claim: Claim
    lease: Heartbeat
    stop: Stop
    patience: Patience


def _drive(errand: Errand, *, last: bool) -> Driven:
    """Run a claimed step once, if the campaign still knows how."""
    place, claim = errand.place, errand.claim
    stage = next((s for s in place.campaign.stages if s.name == claim.stage), None)
    known = {spec.name for spec in place.campaign.executors}
    if stage is not None and claim.executor in known:
        return _Drive(errand, stage).attempt(last=last)
    message = (
        f"the campaign has no stage {claim.stage} with an executor {claim.executor} "
        "any more"
    )
    if claim.resumed:
        state = StepState.UNKNOWN
        message = f"it was begun, and nobody can be asked how it ended: {message}"
    else:
        state = StepState.FAILED
        message = f"nothing was run: {message}"
    place.logbook.complete(claim, state, (), message, {})
    return Driven(Fate(state.value), claim.number, claim.stage, message)


def request_for(campaign: Campaign, stage: Stage, claim: Claim) -> Request:
    """Return what an executor is asked to do for a claimed step."""
    return Request(
        key=claim.key,
        stage=claim.stage,
        experiment=claim.number,
        parameters={name: claim.intervention[name] for name in stage.controls},
        units={name: campaign.space[name].unit for name in stage.controls},
        intervention=claim.intervention,
        seed=seed_of(claim.key),
    )


def seed_of(key: str) -> int:
    """Return 31 bits of a key's hash: the same key gives the same randomness."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") >> 1


def _traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).strip()


class _Cut(Exception):  # noqa: N818  not an error: it ends an attempt from deep within
    """The attempt is over before the executor's last word.

    Attributes:
        fate: RETRY where nothing happened, UNKNOWN where nobody can tell, LEFT where
            the step goes on without us.
    """

    def __init__(self, fate: Fate, text: str) -> None:
        super().__init__(text)
        self.fate = fate


class _Drive:
    """The conversation with the executor, and what is written of it."""

    def __init__(self, errand: Errand, stage: Stage) -> None:
        self._place = errand.place
        self._claim = errand.claim
        self._stage = stage
        self._lease = errand.lease
        self._stop = errand.stop
        self._patience = errand.patience
        self._request = request_for(errand.place.campaign, stage, errand.claim)
        self._handle = ""

    def attempt(self, *, last: bool) -> Driven:
        """Run the step and write what became of it.

        Args:
            last: Whether a step without effect counts as failed now.

        Raises:
            LeaseLostError: Somebody else has the step; nothing was written.
        """
        try:
            ending = self._operate(self._place.executor(self._claim.executor))
        except LogbookError:
            raise
        except _Cut as cut:
            return self._cut(cut, last=last)
        except EnvelopeError as error:
            ending = self._refused(error)
        except Exception as error:  # noqa: BLE001  a broken driver becomes a row
            ending = self._broken(error)
        if ending is None:
            self._place.logbook.hand_over(self._claim)
            return self._driven(Fate.HANDED_OVER, "")
        return self._complete(ending)

    def _cut(self, cut: _Cut, *, last: bool) -> Driven:
        """Write what is known of an attempt that was cut short."""
        text = storable(str(cut))
        if cut.fate is Fate.UNKNOWN:
            return self._complete(Ending(StepState.UNKNOWN, text))
        if cut.fate is Fate.RETRY and last:
            return self._complete(Ending(StepState.FAILED, text))
        if cut.fate is Fate.RETRY:
            self._place.logbook.release(self._claim, text)
        return self._driven(cut.fate, text)

    def _driven(self, fate: Fate, message: str) -> Driven:
        return Driven(fate, self._claim.number, self._claim.stage, message)

    def _complete(self, ending: Ending) -> Driven:
        # what a user's function or an instrument said may hold what no database keeps
        message = storable(ending.message)
        provenance = {
            **storable(dict(ending.provenance)),
            "executor": self._claim.executor,
            "capabilities": self._place.capabilities_sha256(self._claim.executor),
            "seed": self._request.seed,
            "handle": self._handle,
            "worker": self._claim.worker,
        }
        self._lease.check()
        write = self._place.logbook.complete
        try:
            write(
                self._claim,
                ending.state,
                ending.measurements,
                message,
                provenance,
            )
        except DataError as error:  # the memory is stricter than we are
            text = storable(f"the results cannot be recorded: {error}")
            write(self._claim, StepState.FAILED, (), text, provenance)
            return self._driven(Fate.FAILED, text)
        return self._driven(Fate(ending.state.value), message)

    def _broken(self, error: Exception) -> Ending:
        """Tell of a driver that broke its own promises."""
        can = self._place.executor(self._claim.executor).describe()
        state = StepState.FAILED if can.idempotent else StepState.UNKNOWN
        return Ending(state, _traceback(error))

    def _refused(self, error: EnvelopeError) -> Ending:
        """Tell of a request that the envelope stopped before the driver saw it."""
        text = f"experiment {self._claim.number}: refused by the envelope: {error}"
        finding = Finding("envelope", text, self._claim.number)
        self._place.logbook.add_finding(self._place.campaign_id, finding)
        return Ending(StepState.FAILED, f"nothing was run: {error}")

    def _operate(self, executor: Executor) -> Ending | None:
        """Run the step; None means that a person has it now."""
        can = executor.describe()
        if not (self._claim.resumed and self._seen_before(executor)):
            self._submit(executor)
        if can.by_person:
            return None
        report = self._poll(executor)
        return self._ending(executor, report)

    def _seen_before(self, executor: Executor) -> bool:
        """Return whether the executor knows the key, after an earlier claim lapsed."""
        sighting, handle = executor.lookup(self._claim.key)
        if sighting is Sighting.NOT_SEEN and not self._same_store:
            sighting = Sighting.CANNOT_TELL
        if sighting is Sighting.CANNOT_TELL and not executor.describe().idempotent:
            raise _Cut(
                Fate.UNKNOWN,
                "the run was interrupted and the executor cannot tell whether the step "
                "was run; look at the sample and record what you find",
            )
        self._handle = handle
        return sighting is Sighting.SEEN

    @property
    def _same_store(self) -> bool:
        """Whether the earlier worker's executors kept their files where ours do."""
        return store_of(self._claim.previous) == store_of(self._claim.worker)

    def _submit(self, executor: Executor) -> None:
        self._lease.check()
        try:
            self._handle = executor.submit(self._request)
        except EnvelopeError:
            raise
        except ExecutorError as error:  # by contract nothing happened
            raise _Cut(Fate.RETRY, str(error)) from error
        except Exception as error:  # noqa: BLE001  whatever it is becomes a row
            self._after_crash(executor, error)

    def _after_crash(self, executor: Executor, error: Exception) -> None:
        """Find out what a submit did that ended in an exception of its own."""
        text = _traceback(error)
        try:
            sighting, handle = executor.lookup(self._claim.key)
        except Exception as again:
            raise _Cut(Fate.UNKNOWN, f"{text}\nand lookup failed: {again}") from again
        if sighting is Sighting.SEEN:
            self._handle = handle
        elif sighting is Sighting.NOT_SEEN or executor.describe().idempotent:
            raise _Cut(Fate.RETRY, text) from error
        else:
            raise _Cut(Fate.UNKNOWN, text) from error

    def _poll(self, executor: Executor) -> Report:
        """Poll until the step is over, the time is, or a person insists."""
        timeout = self._place.campaign.executor(self._claim.executor).timeout
        give_up = time.monotonic() + timeout + self._patience.overtime
        pause, failures = FASTEST, 0
        while True:
            self._lease.check()
            try:
                report = executor.poll(self._handle)
                failures = 0
            except Exception as error:  # noqa: BLE001  the third becomes a row
                failures += 1
                if failures == self._patience.attempts:
                    self._lost_sight(executor, error)
                report = Report(RunStatus.RUNNING)
            if report.status.final:
                return report
            if self._stop.now:
                return self._stopped(executor)
            if time.monotonic() > give_up:
                return self._overdue(executor, timeout)
            time.sleep(pause)
            pause = min(pause * 1.3, SLOWEST)

    def _lost_sight(self, executor: Executor, error: Exception) -> None:
        """Give up on a step whose executor answers with exceptions."""
        text = _traceback(error)
        if executor.describe().idempotent:
            raise _Cut(Fate.RETRY, text) from error
        raise _Cut(Fate.UNKNOWN, text) from error

    def _stopped(self, executor: Executor) -> Report:
        """Stop an instrument because a person insists; let a simulation run on."""
        can = executor.describe()
        if can.idempotent or not can.abort:
            raise _Cut(
                Fate.LEFT, "goes on by itself; the next run asks what became of it"
            )
        executor.abort(self._handle, Abort.GRACEFUL)
        give_up = time.monotonic() + self._patience.overtime
        while not (report := executor.poll(self._handle)).status.final:
            if time.monotonic() > give_up:
                raise _Cut(Fate.UNKNOWN, "asked to stop, and did not say that it did")
            time.sleep(10 * FASTEST)
        return report

    def _overdue(self, executor: Executor, timeout: float) -> Report:
        """Give up on a step that takes too long: nobody knows what it does now."""
        text = (
            f"no result after {timeout:g} s; raise the executor's timeout if it is slow"
        )
        can = executor.describe()
        if can.abort:
            executor.abort(self._handle, Abort.GRACEFUL)
        if can.idempotent:
            return Report(RunStatus.FAILED_PARTIAL, text)
        raise _Cut(Fate.UNKNOWN, text)

    def _ending(self, executor: Executor, report: Report) -> Ending:
        """Turn the executor's last word into what is written."""
        match report.status:
            case RunStatus.FAILED_NO_EFFECT:
                raise _Cut(Fate.RETRY, report.message or "failed without effect")
            case RunStatus.UNKNOWN if not executor.describe().idempotent:
                raise _Cut(Fate.UNKNOWN, report.message or "the executor does not know")
            case RunStatus.UNKNOWN:
                raise _Cut(Fate.RETRY, report.message or "the executor does not know")
            case _:
                pass
        observations = executor.observations(self._handle)
        provenance = {
            **executor.provenance(self._handle),
            "readbacks": readbacks(observations),
        }
        if report.status is RunStatus.SUCCEEDED:
            return ended(self._place.campaign, self._stage, observations, provenance)
        kept, _ = judge(self._place.campaign, self._stage, observations)
        message = report.message or report.status.value
        return Ending(StepState.FAILED, message, kept, provenance)
