"""The door to memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from labagent.campaigns import Campaign, Stage
from labagent.experiments import (
    USUAL,
    Decision,
    ExperimentRecord,
    Measurement,
    Regime,
    StepState,
    Trials,
)
from labagent.variables import Intervention


@dataclass(frozen=True)
class CampaignRow:
    """A campaign as the database knows it."""

    id: int
    name: str
    goal_version: int
    created_at: datetime


@dataclass(frozen=True)
class Claim:
    """The right to run one step, until the lease ends.

    Attributes:
        step: Step row id.
        experiment: Experiment row id.
        number: Number of the experiment, as people call it.
        stage: Name of the stage.
        executor: Name of the executor.
        key: Idempotency key; another one each time a person asks to run it again.
        token: Fencing token; completion with an older one is refused.
        attempts: How often the step was claimed, this time included.
        intervention: All controls of the experiment.
        resumed: Whether an earlier claim lapsed: ask the executor before submitting.
        worker: Who holds it.
        previous: Who held it before, where it is resumed.
    """

    step: int
    experiment: int
    number: int
    stage: str
    executor: str
    key: str
    token: int
    attempts: int
    intervention: Intervention
    resumed: bool
    worker: str
    previous: str = ""


@dataclass(frozen=True)
class ImportedRow:
    """A past experiment offered for import.

    Attributes:
        intervention: Value of every control.
        measurements: What was seen.
        regime: What was set and what took its own course, where that is said.
    """

    intervention: Intervention
    measurements: tuple[Measurement, ...]
    regime: Regime = field(default_factory=dict[str, bool])


@dataclass(frozen=True)
class DecisionRecord:
    """A decision as the database keeps it.

    Attributes:
        id: Row id.
        decision: What was decided (proposals included).
        goal_version: Version of the goal it served.
        experiments: Row ids of the experiments, in order of the proposals.
        at: When, UTC.
    """

    id: int
    decision: Decision
    goal_version: int
    experiments: tuple[int, ...]
    at: datetime


@dataclass(frozen=True)
class EventRow:
    """One link of the hash chain."""

    seq: int
    campaign: int | None
    at: datetime
    kind: str
    actor: str
    payload: Mapping[str, object]
    hash: str


@dataclass(frozen=True)
class Fault:
    """Something ``verify`` found wrong, and where."""

    place: str
    problem: str


@dataclass(frozen=True)
class Finding:
    """What the agent reports back: a surprise, a stop, a failure."""

    kind: str
    text: str
    experiment: int | None = None
    details: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class Correction:
    """What somebody said of a value that had been recorded wrongly.

    Attributes:
        experiment: Number of the experiment.
        stage: Where it had been measured.
        quantity: Whose earlier values count no more.
        reason: Why.
        by: Who said so.
        at: When, UTC.
    """

    experiment: int
    stage: str
    quantity: str
    reason: str
    by: str
    at: datetime


class Logbook(Protocol):
    """Memory: the only truth. Every writing method is one transaction.

    Times are the database's clock, UTC. Every write adds one event that holds the
    whole content of the rows it wrote, so the rows can be checked against the chain.
    """

    def open_campaign(self, campaign: Campaign, by: str) -> CampaignRow:
        """Register a campaign, or a new goal version if its document changed."""
        ...

    def campaign(self, name: str | None = None) -> CampaignRow:
        """Return a campaign by name; without one, the only campaign there is.

        Raises:
            DataError: No such campaign, or several and no name.
        """
        ...

    def campaigns(self) -> tuple[CampaignRow, ...]:
        """Return all campaigns."""
        ...

    def document(self, campaign: int, goal_version: int | None = None) -> str:
        """Return a goal version's document (canonical JSON); the newest by default."""
        ...

    def trials(self, campaign: int, as_of: int | None = None) -> Trials:
        """Return all experiments as they stood after event ``as_of`` (default: now)."""
        ...

    def experiments(
        self, campaign: int, numbers: Iterable[int] | None = None
    ) -> tuple[ExperimentRecord, ...]:
        """Return experiments for review, in order of their numbers."""
        ...

    def decisions(self, campaign: int) -> tuple[DecisionRecord, ...]:
        """Return every decision in order."""
        ...

    def add_decision(
        self,
        campaign: int,
        decision: Decision,
        stages: Sequence[Stage],
        by: str,
        goal_version: int | None = None,
    ) -> tuple[int, ...]:
        """Write decision, experiments, steps and sealed predictions; return ids.

        Raises:
            StateError: The batch number is taken: another process proposed first.
            GoalChangedError: ``goal_version`` is given and not the newest.
        """
        ...

    def import_rows(
        self, campaign: int, rows: Sequence[ImportedRow], source: str, by: str
    ) -> tuple[int, int]:
        """Add past experiments; return how many were new and how many were known.

        A row is known when a row with the same content and occurrence number came
        from the same source before, so importing a file twice adds nothing. Where it
        now says something else of what was set, that word is added.

        Raises:
            DataError: A row is no past experiment, or tells of a regime that cannot be.
        """
        ...

    def decide(
        self, experiments: Sequence[int], approved: bool, by: str, reason: str
    ) -> None:
        """Approve or reject proposed experiments (row ids), all or none.

        Raises:
            StateError: One of them is not waiting for a decision.
        """
        ...

    def claim(
        self,
        campaign: int,
        worker: str,
        lease: float,
        step: int | None = None,
        goal_version: int | None = None,
    ) -> Claim | None:
        """Lease the first runnable step (or the one named) for ``lease`` seconds.

        Runnable: approved, or running with a lapsed lease (then ``resumed``), with
        sealed predictions and every earlier step of its experiment measured.

        Raises:
            GoalChangedError: ``goal_version`` is given and not the newest: whoever
                asks may hold safety limits that were tightened since.
        """
        ...

    def runnable(self, campaign: int) -> tuple[int, ...]:
        """Return ids of the steps ``claim`` would give out now, in order."""
        ...

    def lapse(self, worker: str) -> int:
        """End the leases of a worker known to be dead; return how many."""
        ...

    def workers(self, campaign: int) -> tuple[str, ...]:
        """Return workers that hold a lease."""
        ...

    def heartbeat(self, claim: Claim, lease: float) -> None:
        """Extend the lease.

        Raises:
            LeaseLostError: The token moved on.
        """
        ...

    def hand_over(self, claim: Claim) -> None:
        """Leave a running step with a person: its lease ends only by a result."""
        ...

    def release(self, claim: Claim, message: str) -> None:
        """Give a step back to ``approved``: the executor saw nothing of it."""
        ...

    def complete(
        self,
        claim: Claim,
        state: StepState,
        measurements: Sequence[Measurement],
        message: str,
        provenance: Mapping[str, object],
        regime: Regime = USUAL,
    ) -> None:
        """Write state, results, provenance and event in one transaction.

        Raises:
            LeaseLostError: The token moved on; nothing is written.
            DataError: A measurement or a word of the regime is wrong.
        """
        ...

    def record(
        self,
        step: int,
        state: StepState,
        measurements: Sequence[Measurement],
        message: str,
        by: str,
        regime: Regime = USUAL,
    ) -> None:
        """Write what a person says of a step that is handed over, or unknown.

        Raises:
            StateError: The step waits for nobody.
            DataError: A measurement or a word of the regime is wrong.
        """
        ...

    def correct(
        self,
        experiment: int,
        wrong: Iterable[str],
        measurements: Sequence[Measurement],
        reason: str,
        by: str,
        regime: Regime = USUAL,
    ) -> None:
        """Say what of an experiment (row id) was recorded wrongly, and what is right.

        Nothing is changed or removed: earlier measurements of ``wrong``, and of what
        ``measurements`` are of, count no more from this event on, nor do earlier words
        on what ``regime`` speaks of.

        Raises:
            DataError: It says nothing new, or what is right is no measurement.
            StateError: The step they are of is not over.
        """
        ...

    def corrections(self, campaign: int) -> tuple[Correction, ...]:
        """Return what was corrected, in order."""
        ...

    def cancel(self, steps: Sequence[int], by: str, reason: str) -> None:
        """Cancel approved steps that have not been claimed."""
        ...

    def register_executor(
        self, campaign: int, name: str, capabilities: Mapping[str, object]
    ) -> str:
        """Keep an executor's capabilities; return their sha256."""
        ...

    def add_finding(self, campaign: int, finding: Finding) -> None:
        """Keep something worth telling; the same text twice is kept once."""
        ...

    def findings(self, campaign: int) -> tuple[Finding, ...]:
        """Return what was worth telling, in order."""
        ...

    def events(self, campaign: int | None = None) -> tuple[EventRow, ...]:
        """Return the chain's events in order."""
        ...

    def verify(self) -> tuple[Fault, ...]:
        """Check hash chain, rows against events, seals and their times, and gaps."""
        ...

    def close(self) -> None:
        """Release connections; safe to repeat."""
        ...
