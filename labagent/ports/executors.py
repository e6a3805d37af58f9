"""The door to whoever runs experiments: simulators, instruments, tables, people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from labagent.campaigns import Stage
from labagent.experiments import Measurement
from labagent.variables import Value, Variable


@dataclass(frozen=True)
class Capabilities:
    """What an executor can do: static, versioned, hashed into provenance.

    Attributes:
        adapter: Key in the adapters' table.
        version: Version of the adapter and of the library it drives.
        parameters: What it sets, with unit and limits.
        results: What it measures, with unit.
        typical_seconds: How long a step usually takes.
        abort: Whether a running step can be stopped.
        lookup: Whether it can tell what became of a key after a crash.
        partial: Whether results arrive before the end.
        snapshot: Whether its state can be saved and restored (simulators only).
        seedable: Whether its randomness follows the request's seed.
        concurrent: How many steps it runs at once.
        idempotent: Whether running a key twice harms nothing and changes nothing.
        simulated: Whether no real sample is consumed.
        by_person: Whether a person does the work, so that it may take days.
    """

    adapter: str
    version: str
    parameters: tuple[Variable, ...]
    results: tuple[Variable, ...]
    typical_seconds: float = 1.0
    abort: bool = False
    lookup: bool = False
    partial: bool = False
    snapshot: bool = False
    seedable: bool = False
    concurrent: int = 1
    idempotent: bool = False
    simulated: bool = False
    by_person: bool = False


@dataclass(frozen=True)
class Health:
    """Whether an executor is ready, or the reasons why not."""

    ready: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """One step an executor is asked to run.

    Attributes:
        key: Idempotency key, stored in the logbook before the call.
        stage: Name of the stage.
        experiment: Number of the experiment, as people call it.
        parameters: Control name to value, in ``units``: the stage's own controls.
        units: Control name to unit.
        intervention: All controls of the experiment, in declared units: safety rules
            may relate controls of several stages.
        seed: For executors that have randomness to seed.
    """

    key: str
    stage: str
    experiment: int
    parameters: Mapping[str, Value]
    units: Mapping[str, str]
    intervention: Mapping[str, Value]
    seed: int = 0


class RunStatus(StrEnum):
    """What became of a submitted request."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED_NO_EFFECT = "failed_no_effect"
    FAILED_PARTIAL = "failed_partial"
    ABORTED = "aborted"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether nothing more will come."""
        return self not in (RunStatus.ACCEPTED, RunStatus.RUNNING)


class Sighting(StrEnum):
    """What an executor knows of a key after a crash."""

    SEEN = "seen"  # poll tells the rest
    NOT_SEEN = "not_seen"  # nothing ever happened: safe to submit
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Report:
    """Answer of ``poll``: the status and, where something is wrong, why."""

    status: RunStatus
    message: str = ""


@dataclass(frozen=True)
class Observation:
    """One number an executor saw.

    Attributes:
        seq: Counts up from 1 within a request.
        at: When it was seen, UTC.
        monotonic: Executor's monotonic clock, in seconds.
        measurement: Quantity, value, unit, sigma, quality, kind, raw file.
        setpoint: What was asked for, where ``measurement`` is a readback.
    """

    seq: int
    at: datetime
    monotonic: float
    measurement: Measurement
    setpoint: float | None = None


class Abort(StrEnum):
    """How fast a running step is to stop."""

    GRACEFUL = "graceful"
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class Setup:
    """What an executor is built from.

    Attributes:
        name: Name in the campaign file.
        adapter: Key in the adapters' table.
        options: Settings as read from the campaign file.
        timeout: Longest a step may take, in seconds.
        parameters: The controls it will be asked to set, over all its stages.
        results: The quantities (and context) it is to measure, over all its stages.
        folder: The campaign file's folder: relative paths start here.
        work: A folder of its own for job files and raw data.
        stages: The stages it runs; empty means one that sets and measures all above.
    """

    name: str
    adapter: str
    options: Mapping[str, object]
    timeout: float
    parameters: tuple[Variable, ...]
    results: tuple[Variable, ...]
    folder: Path
    work: Path
    stages: tuple[Stage, ...] = ()


class Executor(Protocol):
    """Runs steps on a simulator, an instrument, a table or a person.

    A driver is a final class built as ``Driver(setup)``. Its static
    ``check(setup) -> list[str]`` says, without side effects, what is wrong with the
    settings; building a driver with wrong settings raises ConfigurationError.
    """

    def describe(self) -> Capabilities:
        """Return static, versioned capabilities."""
        ...

    def health(self) -> Health:
        """Return ready, or the reasons why not."""
        ...

    def validate(self, request: Request) -> list[str]:
        """Return violations of units, limits and needs; has no side effect."""
        ...

    def submit(self, request: Request) -> str:
        """Start a step and return its handle; the same key again starts nothing.

        Raises:
            ExecutorError: The request was refused; nothing happened.
        """
        ...

    def poll(self, handle: str) -> Report:
        """Return where a step stands."""
        ...

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        """Return what was seen since; partial results survive an abort."""
        ...

    def abort(self, handle: str, how: Abort) -> None:
        """Stop a step; safe to repeat."""
        ...

    def lookup(self, key: str) -> tuple[Sighting, str]:
        """Return what is known of a key after a crash, and its handle if SEEN."""
        ...

    def provenance(self, handle: str) -> Mapping[str, object]:
        """Return versions, hashes and files that say how a result came about."""
        ...

    def close(self) -> None:
        """Release everything; safe to repeat."""
        ...
