"""Every error labagent raises on purpose, in one family.

::

    LabagentError
    ├── ConfigurationError   the campaign file or the command line is wrong
    ├── DataError            a value that was offered is wrong; nothing was written
    ├── EnvelopeError        a request lies outside the safety envelope
    ├── ExecutorError        an executor cannot do what it was asked
    ├── ModelError           a model cannot be fitted or asked
    ├── SchedulerError       the server that shows the runs cannot be reached
    └── LogbookError         the memory refuses
        ├── SealError        a prediction is missing, or somebody tried to change one
        ├── LeaseLostError   the step belongs to somebody else now
        ├── StateError       the step may not go from this state to that one
        ├── GoalChangedError the campaign's goal was changed while somebody worked on it
        └── SchemaError      the database is newer, older or not one of ours

Messages read ``"<what> <name>: got <value> <unit>, must <rule>; <remedy>"``.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class LabagentError(Exception):
    """Root of the family: catch this to catch all of ours and nothing else."""


@dataclass(frozen=True)
class Mistake:
    """One thing wrong with a campaign file, and where.

    Attributes:
        place: ``file:line:column``, or the command-line option's name.
        problem: What was found, with the value that was found.
        rule: What would have been right.
        suggestion: What to type instead; empty where nothing sensible is known.
    """

    place: str
    problem: str
    rule: str
    suggestion: str = ""

    def __str__(self) -> str:
        """Return the mistake as one line a person can act on."""
        tail = f"; {self.suggestion}" if self.suggestion else ""
        return f"{self.place}: {self.problem}, {self.rule}{tail}"


class ConfigurationError(LabagentError):
    """All mistakes of one file or command line, collected and raised once."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(m) for m in self.mistakes))


class DataError(LabagentError):
    """A value that was offered is wrong; nothing was written."""


class EnvelopeError(LabagentError):
    """A request lies outside the safety envelope; nothing moved."""

    def __init__(self, violations: Iterable[str]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(self.violations))


class ExecutorError(LabagentError):
    """An executor cannot do what it was asked."""


class ModelError(LabagentError):
    """A model cannot be fitted or asked."""


class SchedulerError(LabagentError):
    """The server that shows the runs cannot be reached; no row was lost."""


class LogbookError(LabagentError):
    """The memory refuses."""


class SealError(LogbookError):
    """A sealed prediction is missing, or somebody tried to change one."""


class LeaseLostError(LogbookError):
    """The step's fencing token moved on: it belongs to somebody else now."""


class StateError(LogbookError):
    """The step may not go from the state it is in to the one asked for."""


class GoalChangedError(LogbookError):
    """The campaign has a newer goal version than the one somebody works with."""


class SchemaError(LogbookError):
    """The database is newer or older than this program, or not one of ours."""
