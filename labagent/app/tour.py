"""Questions the demo asks its model, and what its simulator answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from labagent.app.answers import change, direction, expectation, interval, plain
from labagent.app.layout import paragraph
from labagent.app.questions import Questions
from labagent.app.screen import Column, table
from labagent.app.simulated import change as true_change
from labagent.app.simulated import had_been
from labagent.app.text import measured, number, titled
from labagent.campaigns import Campaign
from labagent.errors import ModelError
from labagent.experiments import ExperimentRecord
from labagent.loop.asking import Answer
from labagent.review import Row, best
from labagent.review.wording import plural
from labagent.variables import Continuous, Intervention

ASKED = "anneal.temperature"
"""The control that questions are about."""

BEFORE, AFTER = 650.0, 750.0
"""Settings that are compared, in degC."""

OTHERWISE = 50.0
"""By how much the best sample might have been annealed hotter, in K."""


@dataclass(frozen=True)
class Question:
    """A question, the model's answers, and the simulator's.

    Attributes:
        command: What a person types for it.
        sentence: What is asked, in words.
        answers: By how much quantities change, or what they would be.
        were: What was measured instead; empty where a change is asked for.
        truth: Quantity to what the simulator says.
    """

    command: str
    sentence: str
    answers: tuple[Answer, ...]
    were: Mapping[str, float]
    truth: Mapping[str, float]

    @property
    def kept(self) -> int:
        """How many intervals hold what the simulator says."""
        return sum(a.low <= self.truth[a.quantity] <= a.high for a in self.answers)

    def plain(self) -> Row:
        """Return it as plain data."""
        return {
            "command": self.command,
            "answers": plain(self.answers),
            "measured": {a.quantity: self.were.get(a.quantity) for a in self.answers},
            "simulator": {a.quantity: self.truth.get(a.quantity) for a in self.answers},
        }

    def screen(self) -> Iterator[str]:
        """Yield it as lines for people."""
        yield f"$ {self.command}"
        yield paragraph(self.sentence)
        yield table(self._columns(), map(self._row, self.answers))

    def _columns(self) -> list[Column]:
        titles = ["quantity"]
        titles += ["measured", "would be"] if self.were else ["change"]
        titles += ["90 % interval", "in truth"]
        columns = [Column(title, right=title != "quantity") for title in titles]
        return columns if self.were else [*columns, Column("so it")]

    def _row(self, answer: Answer) -> list[str]:
        row = [titled(answer.quantity, answer.unit)]
        if self.were:
            row += [measured(self.were[answer.quantity], ""), expectation(answer)]
        else:
            row.append(change(answer))
        row += [interval(answer), self._true(answer)]
        return row if self.were else [*row, direction(answer)]

    def _true(self, answer: Answer) -> str:
        """Return the truth with the digits of the answer, and its sign if a change."""
        found = self.truth[answer.quantity]
        told = Answer(answer.quantity, answer.unit, found, answer.low, answer.high)
        return expectation(told) if self.were else change(told)


def verdict(asked: Sequence[Question]) -> str:
    """Return how many answers hold what the simulator says, and how many should."""
    count = sum(len(q.answers) for q in asked)
    kept, right = sum(q.kept for q in asked), round(0.9 * count)
    return (
        "In truth: what the simulator says, which the model never asks. "
        f"{kept} of {plural(count, 'interval')} hold it; about {right} should."
    )


def ask(questions: Questions) -> tuple[Question, Question]:
    """Ask what a change would do, and what the best sample might have been.

    Args:
        questions: Of what is known of the example as it ships.

    Raises:
        ModelError: Too little is known.
    """
    return _ask_change(questions), _ask_otherwise(questions)


def _ask_change(questions: Questions) -> Question:
    campaign, records = questions.campaign, questions.records
    first: Intervention = {ASKED: BEFORE}
    second: Intervention = {ASKED: AFTER}
    reached = questions.reached(first)
    wanted = [v.name for v in campaign.measured if v.name in reached]
    answers = questions.compare(first, second, wanted)
    return Question(
        f"labagent do {ASKED}={AFTER:g} --against {ASKED}={BEFORE:g}",
        f"What would annealing at {AFTER:g} instead of {BEFORE:g} degC change, on "
        "average over recipes, lots and weather as in the experiments?",
        tuple(answers),
        {},
        true_change(campaign, records, first, second),
    )


def _ask_otherwise(questions: Questions) -> Question:
    campaign = questions.campaign
    done = [r for r in questions.records if len(r.results) == len(campaign.measured)]
    leaders = best(campaign, done) or done[-1:]
    if not leaders:
        raise ModelError("demo: got no sample measured to its end, must have one")
    record = leaders[0]
    setting: Intervention = {ASKED: _otherwise(campaign, record)}
    reached = questions.reached(setting)
    wanted = [v.name for v in campaign.measured if v.name in reached]
    answers = questions.counterfactual(record.number, setting, wanted)
    return Question(
        f"labagent counterfactual {record.number} {ASKED}={setting[ASKED]:g}",
        f"What would sample {record.number} be, this very lot, day and pellet, had it "
        f"been annealed at {setting[ASKED]:g} instead of "
        f"{number(_set(record), 4)} degC?",
        tuple(answers),
        record.results,
        had_been(campaign, record, setting),
    )


def _set(record: ExperimentRecord) -> float:
    value = record.intervention[ASKED]
    assert isinstance(value, (int, float))  # noqa: S101 - the example's own control
    return float(value)


def _otherwise(campaign: Campaign, record: ExperimentRecord) -> float:
    """Return another temperature, hotter where the furnace can, in whole kelvins."""
    domain = campaign.space[ASKED].domain
    hotter = round(_set(record) + OTHERWISE)
    if isinstance(domain, Continuous) and hotter > domain.high:
        return round(_set(record) - OTHERWISE)
    return hotter
