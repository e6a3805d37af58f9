"""``labagent do``: what would follow if something were set."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from labagent.app.answers import (
    beyond,
    change,
    direction,
    expectation,
    free,
    in_words,
    interval,
    plain,
    plain_question,
    refusals,
    split,
    stays,
    told,
    unaffected,
    variables,
)
from labagent.app.layout import paragraph
from labagent.app.progress import bar
from labagent.app.questions import Questions
from labagent.app.screen import Column, table
from labagent.app.session import Session, with_session, wrong_words
from labagent.app.settings import read_settings
from labagent.app.text import number, titled
from labagent.causes import Unidentified
from labagent.loop.asking import Answer
from labagent.review import Row, plain_intervention
from labagent.review.wording import plural
from labagent.variables import Intervention

SettingWords = Annotated[
    list[str],
    typer.Argument(
        metavar="[CAMPAIGN] NAME=VALUE...",
        show_default=False,
        help='Such as: anneal.temperature=600 "anneal.time=90 min". States and context '
        "may be set too, in thought.",
    ),
]
AgainstOption = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="NAME=VALUE",
        help="Tell the difference from this value; what is not named stays as set. "
        "May be repeated.",
    ),
]
ObserveOption = Annotated[
    bool,
    typer.Option(
        "--observe", help="Show beside it what was merely seen at these values."
    ),
]


_SAMPLES = "The interval holds 9 of 10 samples made so."
_AVERAGE = (
    "The change is that of the average; with 90 % probability it lies in the interval."
)
_SEEN = (
    "Merely seen: samples that happened to have these values, with whatever brought "
    "the values about. What setting them does, the columns before say."
)


@dataclass(frozen=True)
class Told:
    """What was asked, and the answers.

    Attributes:
        questions: Who answers.
        setting: What would be set.
        before: What it is compared with; None where there is nothing.
        answers: Expected values, or differences between them.
        seen: What was merely seen; the same quantities, as far as there are any.
        same: Quantities that it does not affect.
        untold: What cannot be told.
    """

    questions: Questions
    setting: Intervention
    before: Intervention | None
    answers: list[Answer]
    seen: dict[str, Answer]
    same: tuple[str, ...]
    untold: dict[str, Unidentified]

    @property
    def shown(self) -> list[Answer]:
        """Answers for the table: what is affected, or seen to go along with it."""
        some = [a for a in self.answers if self.seen or a.quantity not in self.same]
        return some or self.answers


@with_session
def do(
    session: Session,
    words: SettingWords,
    against: AgainstOption = None,
    observe: ObserveOption = False,
) -> None:
    """Say what would be measured if this were set, whatever usually comes with it.

    What is not set comes as it did in the experiments. An effect that the data cannot
    tell is refused with the reason, and with what would settle it.
    """
    entries, reference = split(words)
    session = session.of(reference)
    with session.book() as book:
        questions = Questions.of(book.campaign, book.logbook, book.row.id)
    known = variables(questions)
    setting = read_settings(known, entries)
    if not setting:
        raise wrong_words("got no setting", "must name at least one, like NAME=VALUE")
    before = _before(setting, read_settings(known, against or []))
    with bar("Asking the model", shown=not session.json):
        found = _ask(questions, setting, before, observe=observe)
    session.answer(plain_told(found), screen(found))


def _before(setting: Intervention, against: Intervention) -> Intervention | None:
    """Return what a setting is compared with; what is not named stays as set."""
    strange = [name for name in against if name not in setting]
    if strange:
        raise wrong_words(
            f"got --against {strange[0]}, which is not set",
            "must name what is set",
            f"add {strange[0]}=VALUE before --against",
        )
    return {**setting, **against} if against else None


def _ask(
    questions: Questions,
    setting: Intervention,
    before: Intervention | None,
    *,
    observe: bool,
) -> Told:
    names, untold = told(questions, setting)
    seen: dict[str, Answer] = {}
    if before is None:
        answers = questions.do(setting, names)
        if observe:
            seen = {a.quantity: a for a in questions.observe(setting)}
    else:
        answers = questions.compare(before, setting, names)
        if observe:
            seen = _seen_change(questions, before, setting)
    changed = [n for n in setting if before is None or before[n] != setting[n]]
    same = unaffected(questions, answers, changed)
    return Told(questions, setting, before, answers, seen, same, untold)


def _seen_change(
    questions: Questions, before: Intervention, setting: Intervention
) -> dict[str, Answer]:
    """Return how what was seen differs; no interval is known of the difference."""
    first = {a.quantity: a for a in questions.observe(before)}
    return {
        a.quantity: Answer(a.quantity, a.unit, *[a.mean - first[a.quantity].mean] * 3)
        for a in questions.observe(setting)
    }


def plain_told(found: Told) -> Row:
    """Return answers as plain data."""
    compared = found.before is not None
    return {
        **plain_question(found.questions, found.setting),
        "against": plain_intervention(found.before) if found.before else None,
        "not_set": free(found.questions, found.setting),
        "change" if compared else "expected": plain(found.answers),
        "seen": {q: a.mean for q, a in found.seen.items()}
        if compared
        else plain(found.seen.values()),
        "not_affected": list(found.same),
        "cannot_be_told": {q: str(u) for q, u in found.untold.items()},
        "warnings": _warnings(found),
    }


def _warnings(found: Told) -> list[str]:
    settings = [found.setting, *([found.before] if found.before else [])]
    said = [line for s in settings for line in beyond(found.questions, s)]
    return list(dict.fromkeys(said))


def screen(found: Told) -> Iterator[str]:
    """Yield answers as lines for people."""
    questions = found.questions
    count = plural(len(questions.trials.measured), "experiment")
    wanted = in_words(questions, found.setting)
    if found.before is None:
        yield paragraph(f"If {wanted} were set, {count} say:")
        yield _expected(found)
    else:
        was = in_words(questions, found.before)
        yield paragraph(f"If {wanted} were set instead of {was}, {count} say:")
        yield _changes(found)
    yield ""
    if rest := free(questions, found.setting):
        yield paragraph(f"Not set, so as in the experiments: {', '.join(rest)}.")
    as_seen = "as in the experiments" if found.before is None else "no change"
    told_more = (
        *stays(found.same, as_seen),
        _SAMPLES if found.before is None else _AVERAGE,
        *([_SEEN] if found.seen else []),
        *_warnings(found),
        *refusals(found.untold),
    )
    yield from map(paragraph, told_more)


def _expected(found: Told) -> str:
    columns = [
        Column("quantity"),
        Column("expected", right=True),
        Column("90 % interval", right=True),
    ]
    if found.seen:
        columns += [
            Column("merely seen", right=True),
            Column("90 % interval", right=True),
        ]
    return table(columns, [_expected_row(found, a) for a in found.shown])


def _expected_row(found: Told, answer: Answer) -> list[str]:
    row = [titled(answer.quantity, answer.unit), expectation(answer), interval(answer)]
    seen = found.seen.get(answer.quantity)
    if found.seen:
        row.extend([expectation(seen), interval(seen)] if seen else ["-", "-"])
    return row


def _changes(found: Told) -> str:
    columns = [
        Column("quantity"),
        Column("change", right=True),
        Column("90 % interval", right=True),
        Column("so it"),
    ]
    if found.seen:
        columns.append(Column("merely seen", right=True))
    return table(columns, [_change_row(found, a) for a in found.shown])


def _change_row(found: Told, answer: Answer) -> list[str]:
    row = [titled(answer.quantity, answer.unit), "0", "-", "stays"]
    if answer.quantity not in found.same:
        row[1:] = [change(answer), interval(answer), direction(answer)]
    seen = found.seen.get(answer.quantity)
    if found.seen:
        row.append(f"{'+' * (seen.mean > 0)}{number(seen.mean, 2)}" if seen else "-")
    return row
