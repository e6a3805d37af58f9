"""``labagent identify``: whether the data can tell an effect, and by which formula."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from labagent.app.entries import as_mistake
from labagent.app.layout import fields, paragraph
from labagent.app.questions import Questions
from labagent.app.session import Session, with_session, wrong_words
from labagent.app.settings import unknown
from labagent.campaigns import Campaign
from labagent.causes import Identified, Method, Unidentified
from labagent.errors import ConfigurationError, Mistake
from labagent.review import Row
from labagent.review.wording import plural

NOT_IDENTIFIED = 1
"""Exit code where an effect cannot be told."""

RECIPE = "recipe"
"""Stands in formulas for the controls that every experiment set."""

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[CAMPAIGN] TREATMENT[,TREATMENT]... OUTCOME",
        show_default=False,
        help="What would be set, and what is asked for; such as: grain_size strength",
    ),
]
_DONE = re.compile(r"do\(([^()]*)\)")


@with_session
def identify(session: Session, words: Words) -> None:
    """Say whether an effect can be told from the declared causes and experiments.

    Exit code 0 where it can, with the formula; 1 where it cannot, with the reason and
    the smallest experiment that would settle it.
    """
    reference, treatment, outcome = _split(words)
    session = session.of(reference)
    with session.book() as book:
        questions = Questions.of(book.campaign, book.logbook, book.row.id)
    _check(questions.campaign, treatment, outcome)
    found = questions.identify(treatment, outcome)
    recipe = sorted(found.effect.treatment - set(treatment))
    data = plain(questions, found, treatment, outcome)
    session.answer(data, screen(questions, found, treatment, recipe))
    if isinstance(found, Unidentified):
        raise typer.Exit(NOT_IDENTIFIED)


def _split(words: Sequence[str]) -> tuple[str | None, list[str], str]:
    """Return campaign, treatment and outcome."""
    *head, outcome = words
    if not 1 <= len(head) <= 2:  # noqa: PLR2004 campaign and treatment
        raise wrong_words(
            f"got {plural(len(words), 'word')}",
            "must be what is set and what is asked for",
            "write such as: labagent identify grain_size strength",
        )
    valued = [w for w in words if "=" in w]
    if valued:
        name = valued[0].partition("=")[0]
        raise wrong_words(
            f"got {valued[0]}", "must be a name without a value", f"write {name}"
        )
    treatment = [name.strip() for name in head[-1].split(",") if name.strip()]
    return head[0] if len(head) > 1 else None, treatment, outcome


def _check(campaign: Campaign, treatment: Sequence[str], outcome: str) -> None:
    """Refuse unknown names, and an outcome that is not measured or is set.

    Raises:
        ConfigurationError: Every mistake.
    """
    measured = [v.name for v in campaign.measured]
    names = [*campaign.space.names, *measured, *(v.name for v in campaign.context)]
    mistakes = [
        as_mistake(unknown(f"treatment {name}", name, names))
        for name in treatment
        if name not in names
    ]
    if outcome not in measured:
        mistakes.append(as_mistake(unknown(f"outcome {outcome}", outcome, measured)))
    if outcome in treatment:
        mistakes.append(
            Mistake(f"outcome {outcome}", "got it as treatment too", "must not be set")
        )
    if mistakes:
        raise ConfigurationError(mistakes)


def plain(
    questions: Questions,
    found: Identified | Unidentified,
    treatment: Sequence[str],
    outcome: str,
) -> Row:
    """Return the answer as plain data."""
    told = isinstance(found, Identified)
    return {
        "campaign": questions.campaign.name,
        "experiments": len(questions.trials.measured),
        "treatment": list(treatment),
        "outcome": outcome,
        "also_set": sorted(found.effect.treatment - set(treatment)),
        "identified": told,
        "effect": str(found.effect),
        "formula": str(found.estimand) if told else None,
        "method": found.method.value if told else None,
        "adjustment": _sorted(found.adjustment) if told else None,
        "mediators": _sorted(found.mediators) if told else None,
        "reason": None if told else found.reason,
        "remedies": []
        if told
        else [
            {
                "do": sorted(r.do),
                "measure": sorted(r.measure),
                "hold": sorted(r.hold),
                "text": str(r),
            }
            for r in found.remedies
        ],
    }


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def screen(
    questions: Questions,
    found: Identified | Unidentified,
    treatment: Sequence[str],
    recipe: Sequence[str],
) -> Iterator[str]:
    """Yield the answer as lines for people."""
    told = isinstance(found, Identified)
    outcome = ", ".join(found.effect.outcome)
    word = "can" if told else "cannot"
    yield paragraph(
        f"The effect of {' and '.join(treatment)} on {outcome} {word} be told."
    )
    hold = f"the controls that every experiment set: {', '.join(recipe)}"
    common = [(RECIPE, hold if recipe else "")]
    effect = shorten(str(found.effect), recipe)
    if isinstance(found, Identified):
        formula = shorten(str(found.estimand), recipe)
        yield fields(
            [
                ("effect", effect),
                ("formula", "" if formula == effect else formula),
                ("how", _how(found)),
                *common,
                ("rests on", _rests_on(questions.campaign)),
            ]
        )
        return
    ways = "\n".join(f"or {r}" for r in found.remedies).removeprefix("or ")
    nothing = "no experiment with one or two changes would settle it"
    yield fields(
        [
            ("effect", effect),
            ("why not", found.reason),
            ("to settle", shorten(ways, recipe) or nothing),
            *common,
            ("rests on", _rests_on(questions.campaign)),
        ]
    )


def shorten(text: str, recipe: Sequence[str]) -> str:
    """Return a formula in which one word stands for the controls always set."""

    def short(found: re.Match[str]) -> str:
        names = found[1].split(", ")
        if len(recipe) < 2 or not set(recipe) <= set(names):  # noqa: PLR2004
            return found[0]
        rest = [name for name in names if name not in recipe]
        return f"do({', '.join([*rest, RECIPE])})"

    return _DONE.sub(short, text)


def _how(found: Identified) -> str:
    """Return in words how a formula reads the effect off the data."""
    match found.method:
        case Method.DIRECT:
            return "read off: experiments set exactly this"
        case Method.ADJUSTMENT if found.adjustment:
            names = ", ".join(sorted(found.adjustment))
            return (
                f"adjustment: at each value of {names}, then averaged over them as "
                "they come"
            )
        case Method.ADJUSTMENT:
            return "adjustment: seen is as good as set here, nothing disturbs it"
        case Method.FRONT_DOOR:
            names = ", ".join(sorted(found.mediators or ()))
            return f"front door: through {names}, which carries all of the effect"
        case _:
            return f"{found.method}: from several parts of the process"


def _rests_on(campaign: Campaign) -> str:
    if not campaign.graph.edges:
        return "no causes are declared, so nothing but what was set counts"
    uncertain = ", ".join(" -> ".join(e.ends) for e in campaign.graph.uncertain)
    note = f"; uncertain ones count as causes: {uncertain}" if uncertain else ""
    return f"the causes declared in the campaign file{note}"
