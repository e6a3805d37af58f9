"""How a run ends, what it says on the way, and what a person has to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from labagent.experiments import ExperimentRecord, StepRecord, StepState


class Why(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"  # a stop rule was met, or nothing is left to try
    BUDGET = "budget"
    WAITING = "waiting"  # for a person
    STOPPED = "stopped"  # by a person
    FAILING = "failing"  # every experiment fails


EXIT_CODES = {
    Why.FINISHED: 0,
    Why.FAILING: 1,
    Why.WAITING: 3,
    Why.BUDGET: 4,
    Why.STOPPED: 130,
}
"""Exit code of the command line."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        why: The reason as a word.
        text: The reason in a sentence.
        todo: What a person has to do now, one command or action each.
    """

    why: Why
    text: str
    todo: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Exit code of the command line."""
        return EXIT_CODES[self.why]


class Kind(StrEnum):
    """What a piece of news is about."""

    IMPORTED = "imported"
    RECOVERED = "recovered"
    PROPOSING = "proposing"  # begins now, may take seconds
    PROPOSED = "proposed"
    APPROVED = "approved"
    DISPATCHING = "dispatching"  # a batch begins
    STEP = "step"  # a step met its fate
    FINDING = "finding"
    STOPPING = "stopping"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class News:
    """Something that happened while a campaign runs.

    Attributes:
        kind: What it is about.
        text: One line for a person.
        experiment: Number of the experiment it is about, where it is about one.
        done: The agent's experiments that are over.
        of: How many the budget allows, where it says.
    """

    kind: Kind
    text: str
    experiment: int | None = None
    done: int = 0
    of: int | None = None


class Progress(Protocol):
    """Told what happens; called from several threads, but never twice at once."""

    def __call__(self, news: News, /) -> None:
        """Take note of a piece of news."""
        ...


def silent(news: News) -> None:
    """Take no note of anything."""


def todo(records: Sequence[ExperimentRecord]) -> tuple[str, ...]:
    """Return what a person has to do before the campaign can go on."""
    asked = [str(r.number) for r in records if r.state is StepState.PROPOSED]
    found = [_step_todo(r, s) for r in records for s in r.steps if _waits(s)]
    if asked:
        numbers = " ".join(asked)
        found.append(
            f"labagent approve {numbers}  (or: labagent reject {numbers} --reason WHY)"
        )
    return tuple(found)


def _waits(step: StepRecord) -> bool:
    return step.state is StepState.UNKNOWN or (
        step.state is StepState.RUNNING and step.handed_over
    )


def _step_todo(record: ExperimentRecord, step: StepRecord) -> str:
    answers = (
        f"labagent record {record.number} NAME=VALUE...  "
        f'(or: labagent record {record.number} --failed "reason")'
    )
    if step.handed_over:
        return f"do {step.stage} of experiment {record.number}, then: {answers}"
    return (
        f"find out what became of {step.stage} of experiment {record.number}: {answers}"
    )
