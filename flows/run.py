"""A campaign from where it stands to where it must stop or wait.

Every tick asks the rows what is next, so a run that was killed, or shares its campaign
with another run, goes on from the truth::

    recover ─► collect ─► approved steps? ─► dispatch them as one Prefect flow
                              └─► a person needed? ─► waiting
                                    └─► stop rule, budget? ─► done
                                          └─► propose, seal, approve as the leash says
"""

import threading
from collections.abc import Sequence

from flows.abandoned import mark_crashed
from flows.batch import Batch, first_batch, run_batch
from flows.harvest import collect
from flows.outcomes import Kind, News, Outcome, Progress, Why, silent, todo
from flows.server import Server
from flows.signals import Stop, listening
from flows.steps import Driven, Fate
from flows.wiring import Runtime
from flows.workers import recover
from labagent import config
from labagent.campaigns import Leash
from labagent.errors import GoalChangedError, SchedulerError, StateError
from labagent.experiments import Decision, ExperimentRecord, StepState
from labagent.ports import Finding
from labagent.review import surprises
from labagent.review.wording import plural

AGENT = "agent"
"""Who proposes, in the memory's records."""

SURPRISING = 3.0
"""Predicted standard deviations from which a result is worth telling."""

HOPELESS = 5
"""Failures in a row, at least, after which a run gives up."""

RECONNECTIONS = 2
"""How often a run looks for a server again that went away."""

_DONE = (StepState.MEASURED, StepState.FAILED)
"""Ends that somebody worked for; a rejection is none."""

_OTHERS_SECONDS = 0.5
"""How often to look whether another run has finished its steps."""


def run(
    runtime: Runtime,
    *,
    progress: Progress = silent,
    max_experiments: int | None = None,
    stop: Stop | None = None,
) -> Outcome:
    """Run a campaign until a stop rule, the budget, a needed person, or Ctrl-C.

    Args:
        runtime: Campaign, memory and executors.
        progress: Told what happens.
        max_experiments: Propose no more than this many in this run.
        stop: Asks to stop; Ctrl-C and SIGTERM press it where possible.

    Raises:
        SchedulerError: Prefect cannot be reached; nothing is lost.
        ConfigurationError: An executor cannot be built.
    """
    return Run(runtime, progress, max_experiments, stop or Stop()).until_done()


class Run:
    """One run of one campaign."""

    def __init__(
        self,
        runtime: Runtime,
        progress: Progress,
        max_experiments: int | None,
        stop: Stop,
    ) -> None:
        self._place = runtime
        self._campaign = runtime.campaign
        self._logbook = runtime.logbook
        self._progress = progress
        self._left = max_experiments
        self._stop = stop
        self._server = Server()
        self._lost_contacts = 0  # in a row
        self._tidied = False
        self._told = {f.text for f in runtime.logbook.findings(runtime.campaign_id)}
        self._complaints: set[Driven] = set()  # of executors, said once
        self._failures = 0  # in a row
        self._done = 0
        self._lock = threading.RLock()  # a signal may interrupt whoever holds it

    def until_done(self) -> Outcome:
        """Tick until there is a reason to end."""
        for stage in self._campaign.stages:
            self._place.executor(stage.executor)  # wrong settings are told before work
        self._import_history()
        with listening(self._stop, self._tell_stopping), self._server:
            while (outcome := self._tick()) is None:
                pass
        return outcome

    def _tick(self) -> Outcome | None:
        """Do what is next; return how the run ended, if it did."""
        self._catch_up()
        # In this order: another run may add steps between the two.
        runnable = self._logbook.runnable(self._place.campaign_id)
        records = self._logbook.experiments(self._place.campaign_id)
        self._count(records)
        if self._stop.asked:
            return self._stopped()
        if (obstacle := self._obstacle()) is not None:
            return obstacle
        if self._approve_by_rule(records):
            return None
        if runnable:
            return self._dispatch(records, runnable)
        if any(_elsewhere(record) for record in records):
            self._stop.wait(_OTHERS_SECONDS)
            return None
        return self._waiting(records) or self._propose()

    def _obstacle(self) -> Outcome | None:
        """Return why this run must not go on, if so."""
        if self._failures >= max(HOPELESS, 2 * self._campaign.batch):
            return self._hopeless()
        newest = self._logbook.campaign(self._campaign.name).goal_version
        if newest == self._place.row.goal_version:
            return None
        again = "type the same command again, to go on with the new goal"
        text = f"the campaign's goal was changed while this ran; {again}"
        return Outcome(Why.WAITING, text, (again,))

    def _catch_up(self) -> None:
        """Take over from runs that died, and take in what people filed."""
        if freed := recover(self._logbook, self._place.campaign_id):
            self._tell(
                Kind.RECOVERED, f"steps taken over from a run that died: {freed}"
            )
        for driven in collect(self._place):
            if driven.fate is not Fate.HANDED_OVER or driven not in self._complaints:
                self._tell_step(driven)
            self._complaints.add(driven)

    def _import_history(self) -> None:
        """Offer the campaign's table of past experiments; known rows add nothing."""
        history = self._campaign.history
        if history is None:
            return
        rows = config.read_history(self._campaign, self._place.folder)
        new, known = self._logbook.import_rows(
            self._place.campaign_id, rows, history.file, AGENT
        )
        if new:
            past = plural(new, "past experiment")
            text = f"{past} from {history.file}, {known} known before"
            self._tell(Kind.IMPORTED, text)

    def _approve_by_rule(self, records: Sequence[ExperimentRecord]) -> bool:
        """Approve what is proposed if the leash allows it; return whether it did."""
        proposed = [r for r in records if r.state is StepState.PROPOSED]
        if not proposed or self._campaign.leash is not Leash.AUTONOMOUS:
            return False
        ids = [record.id for record in proposed]
        numbers = ", ".join(str(record.number) for record in proposed)
        try:
            self._logbook.decide(
                ids, True, "leash: autonomous", "the campaign needs no approval"
            )
        except StateError:
            return True  # another run, or a person, was quicker: look again
        self._tell(Kind.APPROVED, f"experiments {numbers}, by the leash")
        return True

    def _unready(
        self, records: Sequence[ExperimentRecord], runnable: Sequence[int]
    ) -> Outcome | None:
        """Return that an executor cannot work now, before a step is spent on it."""
        known = {stage.executor for stage in self._campaign.stages}
        wanted = {s.executor for r in records for s in r.steps if s.id in set(runnable)}
        reasons = [
            f"executor {name} is not ready: {reason}"
            for name in sorted(wanted & known)
            for health in [self._place.executor(name).health()]
            if not health.ready
            for reason in health.reasons or ("it does not say why",)
        ]
        if not reasons:
            return None
        again = "mend that, then type the same command again"
        return Outcome(Why.WAITING, "; ".join(reasons), (again,))

    def _dispatch(
        self, records: Sequence[ExperimentRecord], runnable: Sequence[int]
    ) -> Outcome | None:
        """Run the batch that the first runnable step belongs to, or say why not."""
        if (unready := self._unready(records, runnable)) is not None:
            return unready
        number, jobs = first_batch(records, runnable)
        batch = Batch(self._place, number, jobs, self._stop, self._tell_step)
        self._server.ready()
        if not self._server.ours and not self._tidied:
            self._tidied = True
            mark_crashed()
        self._tell(Kind.DISPATCHING, f"batch {number}: {plural(len(runnable), 'step')}")
        try:
            run_batch(batch)
        except SchedulerError as error:
            self._lost_contacts += 1
            if self._lost_contacts > RECONNECTIONS:
                raise
            self._tell(Kind.TROUBLE, f"{error}; connecting again")
            self._server.leave()
        else:
            self._lost_contacts = 0
        self._report_surprises()
        return None

    def _waiting(self, records: Sequence[ExperimentRecord]) -> Outcome | None:
        """Return what a person has to do, if nothing goes on without."""
        actions = todo(records)
        if not actions:
            return None
        return Outcome(Why.WAITING, "waiting for a person", actions)

    def _propose(self) -> Outcome | None:
        """Write the next batch, or return why there is none."""
        self._server.start()  # comes up while the model is fitted
        # torch takes 3 s to import: not before it is needed
        from labagent import loop  # noqa: PLC0415

        if self._stop.asked:
            return None
        trials = self._logbook.trials(self._place.campaign_id)
        left = loop.budget_left(self._campaign, trials)
        if reason := loop.stop_reason(self._campaign, trials):
            return self._over(Why.FINISHED, reason)
        if left < 1:
            return self._over(Why.BUDGET, "the budget is used up")
        if self._left == 0:
            return Outcome(Why.FINISHED, "as many experiments as asked for")
        size = int(min(self._size, left))
        self._tell(Kind.PROPOSING, plural(size, "experiment"))
        taken = [t.batch for t in trials.rows if t.batch is not None]
        number = max(taken, default=-1) + 1
        decision = loop.propose(self._campaign, trials, number, size)
        if not decision.proposals:
            return self._over(Why.FINISHED, "everything that may be tried was tried")
        if not self._stop.asked:  # else the next run proposes the same
            self._write(decision)
        return None

    def _write(self, decision: Decision) -> None:
        """Keep a batch of proposals with their sealed predictions."""
        try:
            ids = self._logbook.add_decision(
                self._place.campaign_id,
                decision,
                self._campaign.stages,
                AGENT,
                self._place.row.goal_version,
            )
        except (StateError, GoalChangedError):
            return  # another run, or a person, was quicker: look again
        if self._left is not None:
            self._left -= len(ids)
        how = f"{decision.strategy}, {decision.acquisition}"
        text = f"batch {decision.batch}: {plural(len(ids), 'experiment')} ({how})"
        self._tell(Kind.PROPOSED, text)

    @property
    def _size(self) -> int:
        """Most experiments to propose now."""
        each = self._campaign.leash is Leash.APPROVE_EACH
        asked = 1 if each else self._campaign.batch
        return asked if self._left is None else min(asked, self._left)

    def _over(self, why: Why, reason: str) -> Outcome:
        done = f"{reason}; {plural(self._done, 'experiment')} done"
        self._find(Finding("stop", done))
        return Outcome(why, reason)

    def _stopped(self) -> Outcome:
        text = "stopped; nothing is lost, the same command goes on"
        return Outcome(Why.STOPPED, text)

    def _hopeless(self) -> Outcome:
        text = (
            f"the last {self._failures} experiments failed; see why with `labagent "
            "history`, mend it, and type the same command"
        )
        self._find(Finding("failing", text))
        return Outcome(Why.FAILING, text)

    def _report_surprises(self) -> None:
        records = self._logbook.experiments(self._place.campaign_id)
        self._count(records)
        for s in surprises(records, SURPRISING):
            was = f"{s.value:.5g} {s.unit}".rstrip()
            spread = f"{float(f'{s.std:.2g}'):g}"  # two digits, and 100 not 1e+02
            text = (
                f"experiment {s.number}: {s.quantity} was {was}, "
                f"predicted {s.mean:.5g} ± {spread} ({s.sigmas:+.1f} sigma)"
            )
            self._find(Finding("surprise", text, s.number))

    def _count(self, records: Sequence[ExperimentRecord]) -> None:
        over = [r for r in records if r.batch is not None and r.state in _DONE]
        self._done = len(over)

    def _find(self, finding: Finding) -> None:
        """Keep something worth telling, and tell it once."""
        with self._lock:
            if finding.text in self._told:
                return
            self._told.add(finding.text)
        self._logbook.add_finding(self._place.campaign_id, finding)
        self._tell(Kind.FINDING, finding.text, finding.experiment)

    def _tell_step(self, driven: Driven) -> None:
        """Tell what became of a step, and keep failures as findings."""
        if driven.fate is Fate.SKIPPED:
            return
        what = f"experiment {driven.number} {driven.stage}"
        last = (driven.message.strip().splitlines() or [""])[-1]
        text = f"{what}: {driven.fate.value}" + (f": {last}" if last else "")
        with self._lock:
            self._failures += driven.fate is Fate.FAILED
            if driven.fate is Fate.MEASURED:
                self._failures = 0
                self._done += 1
        self._tell(Kind.STEP, text, driven.number or None)
        if driven.fate in (Fate.FAILED, Fate.UNKNOWN):
            details = {"message": driven.message}
            kind = "failure" if driven.fate is Fate.FAILED else "unknown"
            self._find(Finding(kind, text, driven.number, details))

    def _tell_stopping(self) -> None:
        text = (
            "stopping at once; simulations are left to be picked up by the next run"
            if self._stop.now
            else "finishing what runs; Ctrl-C again stops it"
        )
        self._tell(Kind.STOPPING, text)

    def _tell(self, kind: Kind, text: str, experiment: int | None = None) -> None:
        with self._lock:
            budget = self._campaign.budget.experiments
            self._progress(News(kind, text, experiment, self._done, budget))


def _elsewhere(record: ExperimentRecord) -> bool:
    """Return whether another run is, or will be, at one of an experiment's steps."""
    if record.state is StepState.APPROVED:
        return True  # since we asked what is runnable
    return any(s.state is StepState.RUNNING and not s.handed_over for s in record.steps)
