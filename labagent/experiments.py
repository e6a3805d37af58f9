"""Proposals, measurements, and the life of a step."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from labagent.predictions import Basis as Basis  # noqa: PLC0414 - part of this room
from labagent.predictions import Member, Prediction
from labagent.variables import Intervention


class StepState(StrEnum):
    """Where a step stands; :data:`TRANSITIONS` says where it may go."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RUNNING = "running"
    MEASURED = "measured"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ABANDONED = "abandoned"


TRANSITIONS: Mapping[StepState, frozenset[StepState]] = {
    StepState.PROPOSED: frozenset({StepState.APPROVED, StepState.REJECTED}),
    StepState.APPROVED: frozenset({StepState.RUNNING, StepState.CANCELLED}),
    StepState.RUNNING: frozenset(
        {
            StepState.APPROVED,  # nothing happened, or the executor is idempotent
            StepState.MEASURED,
            StepState.FAILED,
            StepState.UNKNOWN,
            StepState.CANCELLED,
        }
    ),
    StepState.UNKNOWN: frozenset(  # only a person leads a step out of here
        {StepState.APPROVED, StepState.MEASURED, StepState.FAILED}
    ),
    StepState.MEASURED: frozenset(),
    StepState.FAILED: frozenset(),
    StepState.CANCELLED: frozenset(),
    StepState.REJECTED: frozenset(),
    StepState.ABANDONED: frozenset(),
}
"""Allowed changes of state. ``approved -> abandoned`` belongs to re-planning routes."""

OPEN_STATES = frozenset(
    {StepState.PROPOSED, StepState.APPROVED, StepState.RUNNING, StepState.UNKNOWN}
)
"""A step in one of these may still bring a result: its experiment is pending."""


def uses_budget(state: StepState, begun: bool) -> bool:
    """Return whether a step counts: not if rejected, or cancelled before it began."""
    if state in (StepState.CANCELLED, StepState.ABANDONED):
        return begun
    return state not in (StepState.PROPOSED, StepState.APPROVED, StepState.REJECTED)


@dataclass(frozen=True)
class RunnerUp:
    """An intervention that was considered and not proposed, with its score."""

    intervention: Intervention
    score: float


@dataclass(frozen=True)
class Proposal:
    """An intervention, what is expected of it, and why it was chosen.

    Attributes:
        intervention: What is to be set.
        predictions: One per measured quantity, to be sealed.
        score: Value of the acquisition function; 0 for space-filling proposals.
        runners_up: The next best, best first.
    """

    intervention: Intervention
    predictions: tuple[Prediction, ...]
    score: float = 0.0
    runners_up: tuple[RunnerUp, ...] = ()


@dataclass(frozen=True)
class Decision:
    """A batch of proposals and everything needed to make it again from the rows.

    Attributes:
        batch: Number of the batch, counted from zero.
        as_of: Sequence number of the last event the decision saw.
        strategy: ``space-filling`` or ``model``.
        acquisition: Name of the acquisition function, e.g. ``qLogNEI``.
        seed: Seed of this decision's generator.
        trained_on: Number of experiments with results the model saw.
        pending: Ids of experiments without a result that were accounted for.
        model: The fitted model in numbers: hyper-parameters by quantity.
        versions: Library versions and device that a bitwise replay depends on.
        proposals: What is proposed.
    """

    batch: int
    as_of: int
    strategy: str
    acquisition: str
    seed: int
    trained_on: int
    pending: tuple[int, ...]
    model: Mapping[str, object]
    versions: Mapping[str, str]
    proposals: tuple[Proposal, ...]


Regime = Mapping[str, bool]
"""Control or state to whether somebody set it, where that was said.

Without a word a control was set, and a state came about from what was set before it.
"""

USUAL: Regime = MappingProxyType[str, bool]({})
"""Nothing is said: controls were set, and nothing else."""


class Kind(StrEnum):
    """What a measurement row holds."""

    RESULT = "result"
    CONTEXT = "context"
    READBACK = "readback"  # what a control really was: the causal action


@dataclass(frozen=True)
class Measurement:
    """One number (or label) that was seen.

    Attributes:
        quantity: A measured quantity, context variable or (for readbacks) a control.
        value: A number in ``unit``; None for labels.
        unit: The variable's declared unit.
        label: Text of a label; None for numbers.
        sigma: Standard uncertainty in ``unit``, where the source gives one.
        quality: ``good``, or what the source says is wrong with it.
        kind: Result, context or readback.
        raw: Where the raw data lie and their sha256, where there are any.
    """

    quantity: str
    value: float | None
    unit: str = ""
    label: str | None = None
    sigma: float | None = None
    quality: str = "good"
    kind: Kind = Kind.RESULT
    raw: str | None = None


@dataclass(frozen=True)
class Trial:
    """One experiment as the model sees it.

    Attributes:
        id: Experiment id.
        intervention: What was set.
        results: Quantity to value, in declared units; quantities measured more than
            once are averaged; missing ones are absent.
        sigmas: Quantity to standard uncertainty, where given.
        context: Context variable to number or label.
        observed: Controls that took their own course and were only written down.
        was_set: Measured states that somebody set: what came before did not make them.
        sealed: Quantity to the densities a model sealed before; absent where only the
            prior spoke, and for imported history.
        open: Whether a result may still come (the experiment is pending).
        failed: Whether a step failed.
        batch: Number of the batch that proposed it; None for imported history.
        used: Stages that use up budget, or still may; None for the whole route.
    """

    id: int
    intervention: Intervention
    results: Mapping[str, float] = field(default_factory=dict[str, float])
    sigmas: Mapping[str, float] = field(default_factory=dict[str, float])
    context: Mapping[str, float | str] = field(default_factory=dict[str, float | str])
    observed: frozenset[str] = frozenset()
    was_set: frozenset[str] = frozenset()
    sealed: Mapping[str, tuple[Member, ...]] = field(
        default_factory=dict[str, tuple[Member, ...]]
    )
    open: bool = False
    failed: bool = False
    batch: int | None = None
    used: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Trials:
    """All experiments of a campaign as of one event, in order of their ids."""

    as_of: int
    rows: tuple[Trial, ...]

    @property
    def measured(self) -> tuple[Trial, ...]:
        """Those with at least one result."""
        return tuple(t for t in self.rows if t.results)

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Those whose result may still come."""
        return tuple(t for t in self.rows if t.open)


@dataclass(frozen=True)
class SealedPrediction:
    """A prediction as the database keeps it."""

    prediction: Prediction
    sealed_at: datetime


@dataclass(frozen=True)
class StepRecord:
    """One stage run on one sample, as the database keeps it.

    Attributes:
        id: Row id.
        stage: Name of the stage.
        position: Place in the route, from zero.
        state: Where it stands.
        executor: Name of the executor.
        key: Idempotency key, made before the first dispatch and kept.
        attempts: How often it was claimed.
        dispatched_at: When it was first claimed, UTC.
        finished_at: When it reached a final state, UTC.
        message: Reason of a failure, rejection or unknown outcome.
        provenance: What the executor said of itself.
        measurements: What was recorded.
        handed_over: Whether it runs in a person's hands: only ``record`` ends it.
    """

    id: int
    stage: str
    position: int
    state: StepState
    executor: str
    key: str
    attempts: int
    dispatched_at: datetime | None
    finished_at: datetime | None
    message: str
    provenance: Mapping[str, object]
    measurements: tuple[Measurement, ...]
    handed_over: bool = False


@dataclass(frozen=True)
class Approval:
    """Who said yes or no to an experiment, when, and why."""

    by: str
    at: datetime
    approved: bool
    reason: str


@dataclass(frozen=True)
class ExperimentRecord:
    """One experiment as the database keeps it, for review.

    Attributes:
        id: Row id.
        number: Place in its campaign, from 1: what people call it.
        batch: Number of the batch that proposed it; None for imported history.
        intervention: What is set.
        proposed_at: UTC.
        predictions: Sealed predictions; empty for imported history.
        steps: In route order.
        approval: None while nobody decided.
        source: ``agent``, ``person`` or the imported file's name.
        goal_version: Version of the goal it was proposed under.
        score: Value of the acquisition function.
        runners_up: What was considered and not proposed.
        observed: Controls that took their own course and were only written down.
        was_set: Measured states that somebody set.
    """

    id: int
    number: int
    batch: int | None
    intervention: Intervention
    proposed_at: datetime
    predictions: tuple[SealedPrediction, ...]
    steps: tuple[StepRecord, ...]
    approval: Approval | None
    source: str
    goal_version: int
    score: float = 0.0
    runners_up: tuple[RunnerUp, ...] = ()
    observed: frozenset[str] = frozenset()
    was_set: frozenset[str] = frozenset()

    @property
    def state(self) -> StepState:
        """The state of the first step that is not measured, else measured."""
        for step in self.steps:
            if step.state is not StepState.MEASURED:
                return step.state
        return StepState.MEASURED

    @property
    def results(self) -> dict[str, float]:
        """Quantity to measured value; repeats of good quality are averaged."""
        return average_results([m for step in self.steps for m in step.measurements])


def average_results(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Return quantity to mean value over the good results among measurements."""
    values: dict[str, list[float]] = {}
    for m in measurements:
        if m.kind is Kind.RESULT and m.quality == "good" and m.value is not None:
            values.setdefault(m.quantity, []).append(m.value)
    return {quantity: sum(v) / len(v) for quantity, v in values.items()}


def average_sigmas(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Return standard uncertainties of the averages, where every repeat gives one."""
    given: dict[str, list[float | None]] = {}
    for m in measurements:
        if m.kind is Kind.RESULT and m.quality == "good" and m.value is not None:
            given.setdefault(m.quantity, []).append(m.sigma)
    known = {q: [s for s in all_ if s is not None] for q, all_ in given.items()}
    return {
        q: math.hypot(*sigmas) / len(sigmas)
        for q, sigmas in known.items()
        if sigmas and len(sigmas) == len(given[q])
    }
