"""``labagent predict``: what is expected of a whole recipe."""

from collections.abc import Iterator
from typing import Annotated

import typer

from labagent.app.answers import in_words, plain_question, split
from labagent.app.book import Book
from labagent.app.layout import paragraph
from labagent.app.progress import bar
from labagent.app.questions import Questions
from labagent.app.screen import Column, table
from labagent.app.session import Session, with_session
from labagent.app.settings import read_settings
from labagent.app.text import expected, rounded
from labagent.app.trust import in_words as speaking
from labagent.app.trust import shares
from labagent.campaigns import Campaign
from labagent.errors import ConfigurationError, Mistake
from labagent.experiments import Basis, Prediction
from labagent.loop import predict as expect
from labagent.review import Row
from labagent.review.wording import plural
from labagent.variables import Intervention

LEVEL = 0.9
"""Level of the interval that is shown."""

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CAMPAIGN] [CONTROL=VALUE]...",
        show_default=False,
        help='Every control; such as: temperature=120 "time=90 s" solvent=DMSO',
    ),
]
LikeOption = Annotated[
    int | None,
    typer.Option(
        "--like",
        metavar="ID",
        min=1,
        help="Take what is not given from this experiment.",
    ),
]


@with_session
def predict(session: Session, words: Words = None, like: LikeOption = None) -> None:
    """Say what is expected of a recipe, as it would be sealed were it proposed now.

    Nothing is proposed and nothing is written.
    """
    entries, reference = split(words or [])
    session = session.of(reference)
    with session.book() as book:
        recipe = _recipe(book, entries, like)
        questions = Questions.of(book.campaign, book.logbook, book.row.id)
    with bar("Fitting the model", shown=not session.json):
        [found] = expect(questions.campaign, questions.trials, [recipe])
    data = {
        **plain_question(questions, recipe),
        "prediction": {p.quantity: _plain(p) for p in found},
    }
    session.answer(data, screen(questions, recipe, found))


def _recipe(book: Book, entries: list[str], like: int | None) -> Intervention:
    """Return a value for every control.

    Raises:
        ConfigurationError: One is missing, wrong, or against the campaign's rules.
    """
    campaign = book.campaign
    base: Intervention = {}
    if like is not None:
        [record] = book.records([like])
        base = record.intervention
    _refuse_results(campaign, entries)
    given = {**base, **read_settings(campaign.space.controls, entries)}
    recipe = {n: given[n] for n in campaign.space.names if n in given}
    absent = [name for name in campaign.space.names if name not in recipe]
    if absent:
        mistake = Mistake(
            "recipe",
            f"got no {', '.join(absent)}",
            "must set every control",
            f"add {absent[0]}=VALUE, or --like ID to take the rest from an experiment",
        )
        raise ConfigurationError([mistake])
    if wrong := campaign.space.violations(recipe):
        raise ConfigurationError([_against_rules(w) for w in wrong])
    return recipe


def _against_rules(text: str) -> Mistake:
    problem, _, rule = text.partition(", must ")
    return Mistake("recipe", problem, f"must {rule or 'keep the rules'}")


def _refuse_results(campaign: Campaign, entries: list[str]) -> None:
    """Refuse values of what is not set but measured: that is another question."""
    measured = {v.name for v in (*campaign.measured, *campaign.context)}
    names = [e.partition("=")[0].strip() for e in entries]
    found = [name for name in names if name in measured]
    if found:
        mistake = Mistake(
            f"setting {found[0]}",
            "got a value of what is measured, not set",
            "must be a control",
            f"to set it in thought: labagent do {found[0]}=VALUE",
        )
        raise ConfigurationError([mistake])


def _plain(prediction: Prediction) -> Row:
    low, high = prediction.interval(LEVEL)
    return {
        "unit": prediction.unit,
        "mean": prediction.centre,
        "std": prediction.spread,
        "low": low,
        "high": high,
        "basis": prediction.basis.value,
        "weights": shares(prediction),
    }


def screen(
    questions: Questions, recipe: Intervention, found: tuple[Prediction, ...]
) -> Iterator[str]:
    """Yield a prediction as lines for people."""
    count = plural(len(questions.trials.measured), "experiment")
    yield paragraph(f"Expected after {count} of {in_words(questions, recipe)}:")
    columns = [
        Column("quantity"),
        Column("expected"),
        Column("90 % interval"),
        Column("who speaks", share=1),
    ]
    yield table(columns, [_row(p) for p in found])
    if any(p.basis is Basis.PRIOR for p in found):
        yield paragraph(
            "(prior): too few results yet; only the campaign file's expectation speaks."
        )


def _row(prediction: Prediction) -> list[str]:
    low, high = prediction.interval(LEVEL)
    width = high - low
    return [
        prediction.quantity,
        expected(prediction),
        f"{rounded(low, '', width)} to {rounded(high, prediction.unit, width)}",
        speaking(shares(prediction)),
    ]
