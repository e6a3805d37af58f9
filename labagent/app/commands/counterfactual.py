"""``labagent counterfactual``: what an experiment would have shown, set otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from labagent.app.answers import (
    beyond,
    change,
    expectation,
    in_words,
    interval,
    plain,
    plain_question,
    refusals,
    stays,
    told,
    unaffected,
    variables,
)
from labagent.app.commands.show import one_id
from labagent.app.layout import paragraph
from labagent.app.progress import bar
from labagent.app.questions import Questions, results_of
from labagent.app.screen import Column, table
from labagent.app.session import Session, split_words, with_session, wrong_words
from labagent.app.settings import read_settings
from labagent.app.text import measured, titled
from labagent.causes import Unidentified
from labagent.errors import DataError
from labagent.experiments import ExperimentRecord
from labagent.loop.asking import Answer
from labagent.review import Row
from labagent.variables import Intervention

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[CAMPAIGN] ID NAME=VALUE...",
        show_default=False,
        help="The experiment's id, and what would have been set; such as: 7 "
        "anneal.temperature=600",
    ),
]


@dataclass(frozen=True)
class Imagined:
    """What was asked of an experiment, and the answers.

    Attributes:
        questions: Who answers.
        record: The experiment.
        setting: What would have been set.
        actual: What was measured, by quantity.
        answers: What would have been.
        same: Quantities that it does not affect.
        untold: What cannot be told.
    """

    questions: Questions
    record: ExperimentRecord
    setting: Intervention
    actual: dict[str, float]
    answers: list[Answer]
    same: tuple[str, ...]
    untold: dict[str, Unidentified]

    def difference(self, answer: Answer) -> Answer | None:
        """Return by how much a quantity would have differed from what it was."""
        was = self.actual.get(answer.quantity)
        if was is None:
            return None
        ends = (answer.mean - was, answer.low - was, answer.high - was)
        return Answer(answer.quantity, answer.unit, *ends)


@with_session
def counterfactual(session: Session, words: Words) -> None:
    """Say what this very experiment would have shown, had this been set.

    Its own scatter, lot and weather stay as they were: what they did to it is read
    from what was measured.
    """
    entries = [w for w in words if "=" in w]
    ids, reference = split_words([w for w in words if "=" not in w])
    number = one_id(ids)
    session = session.of(reference)
    with session.book() as book:
        book.records([number])  # says where there is none
        questions = Questions.of(book.campaign, book.logbook, book.row.id)
    setting = read_settings(variables(questions), entries)
    if not setting:
        raise wrong_words("got no setting", "must name at least one, like NAME=VALUE")
    with bar("Asking the model", shown=not session.json):
        found = _ask(questions, number, setting)
    session.answer(plain_imagined(found), screen(found))


def _ask(questions: Questions, number: int, setting: Intervention) -> Imagined:
    record = questions.record(number)
    actual = dict(results_of(questions.trials, record.id))
    if not actual:
        raise DataError(
            f"experiment {number}: is {record.state.value} and has no results, must "
            "have some to be compared with"
        )
    names, untold = told(questions, setting)
    answers = questions.counterfactual(number, setting, names)
    same = unaffected(questions, answers, setting)
    return Imagined(questions, record, setting, actual, answers, same, untold)


def plain_imagined(found: Imagined) -> Row:
    """Return answers as plain data."""
    answers = plain(found.answers)
    for answer in found.answers:
        other = found.difference(answer)
        row = answers[answer.quantity]
        row["actual"] = found.actual.get(answer.quantity)
        row["difference"] = None if other is None else other.mean
    return {
        **plain_question(found.questions, found.setting),
        "id": found.record.number,
        "would_have_been": answers,
        "not_affected": list(found.same),
        "cannot_be_told": {q: str(u) for q, u in found.untold.items()},
        "warnings": list(beyond(found.questions, found.setting)),
    }


def screen(found: Imagined) -> Iterator[str]:
    """Yield answers as lines for people."""
    questions = found.questions
    was = {
        name: found.record.intervention[name]
        for name in found.setting
        if name in found.record.intervention
    }
    instead = f" instead of {in_words(questions, was)}" if was else ""
    yield paragraph(
        f"Had experiment {found.record.number} been done with "
        f"{in_words(questions, found.setting)}{instead}:"
    )
    columns = [
        Column("quantity"),
        Column("measured", right=True),
        Column("would be", right=True),
        Column("90 % interval", right=True),
        Column("difference", right=True),
    ]
    shown = [a for a in found.answers if a.quantity not in found.same]
    yield table(columns, [_row(found, answer) for answer in shown or found.answers])
    yield ""
    yield paragraph(
        "Everything else of this sample, its lot and its scatter included, stays as it "
        "was; the interval says how far the mechanisms are known."
    )
    told_more = (
        *stays(found.same, "as it was"),
        *beyond(questions, found.setting),
        *refusals(found.untold),
    )
    yield from map(paragraph, told_more)


def _row(found: Imagined, answer: Answer) -> list[str]:
    other, was = found.difference(answer), found.actual.get(answer.quantity)
    return [
        titled(answer.quantity, answer.unit),
        "-" if was is None else measured(was, ""),
        expectation(answer),
        interval(answer),
        "-" if other is None else change(other),
    ]
