"""What running a step needs, and what may become of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from labagent.campaigns import Campaign
from labagent.ports import CampaignRow, Executor, Logbook


class Fate(StrEnum):
    """What became of an attempt to run a step."""

    MEASURED = "measured"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RETRY = "retry"  # nothing happened; it may be tried again
    HANDED_OVER = "handed over"  # a person has it
    LEFT = "left"  # it goes on without us, and the next run asks for it
    TAKEN = "taken"  # somebody else has it
    SKIPPED = "skipped"  # a stop was asked for before it began


@dataclass(frozen=True)
class Driven:
    """The fate of a step, with the experiment it belongs to and the reason."""

    fate: Fate
    number: int = 0
    stage: str = ""
    message: str = ""


class Workplace(Protocol):
    """What running a step needs; :class:`flows.wiring.Runtime` has it."""

    @property
    def campaign(self) -> Campaign:
        """What is asked for."""
        ...

    @property
    def campaign_id(self) -> int:
        """The campaign's row."""
        ...

    @property
    def logbook(self) -> Logbook:
        """The memory."""
        ...

    @property
    def row(self) -> CampaignRow:
        """The campaign in the memory, with the goal version that is worked with."""
        ...

    @property
    def worker(self) -> str:
        """Name for leases."""
        ...

    def executor(self, name: str) -> Executor:
        """Return a guarded executor by its name in the campaign file."""
        ...

    def capabilities_sha256(self, name: str) -> str:
        """Return the hash under which the executor's capabilities are kept."""
        ...


@dataclass(frozen=True)
class Patience:
    """How long and how often something is tried.

    Attributes:
        attempts: How often a step that had no effect, or a poll that raised, is tried.
        pause: Seconds before the second attempt; each later one waits four times more.
        overtime: Seconds beyond its time-out that an executor has to say so itself, and
            that it has to stop when it is asked to.
    """

    attempts: int = 3
    pause: float = 0.4
    overtime: float = 15.0


PATIENT = Patience()
"""What a laboratory has."""
