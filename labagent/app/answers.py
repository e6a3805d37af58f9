"""Answers of the causal model, as words of a command line, tables and plain data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from labagent.app.questions import Questions
from labagent.app.session import split_words, wrong_words
from labagent.app.text import rounded, settings
from labagent.causes import Unidentified
from labagent.errors import ModelError
from labagent.experiments import Trials
from labagent.loop.asking import Answer
from labagent.review import Row, plain_intervention
from labagent.variables import Intervention, Variable

LINK = {True: "rises", False: "falls"}
UNCLEAR = "unclear"
"""Said of a change whose interval holds zero."""


def split(words: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the settings among words, and the campaign where one is named.

    Raises:
        ConfigurationError: Two campaigns are named, or a value without its name.
    """
    entries = [w for w in words if "=" in w]
    ids, reference = split_words([w for w in words if "=" not in w])
    if ids:
        raise wrong_words(
            f"got {ids[0]}, which sets nothing",
            "must be settings",
            "write such as anneal.temperature=600",
        )
    return entries, reference


def variables(questions: Questions) -> tuple[Variable, ...]:
    """Return everything that can be set, if only in thought."""
    campaign = questions.campaign
    return (*campaign.space.controls, *campaign.measured, *campaign.context)


def in_words(questions: Questions, setting: Intervention) -> str:
    """Return a setting on one line, with units."""
    return settings(setting, {v.name: v.unit for v in variables(questions)})


def told(
    questions: Questions, names: Iterable[str]
) -> tuple[list[str], dict[str, Unidentified]]:
    """Return the quantities whose response to setting these can be told, and others.

    Raises:
        ModelError: None can be told.
    """
    done = list(names)
    untold = questions.untold(done)
    measured = [v.name for v in questions.campaign.measured if v.name not in done]
    found = [q for q in measured if q not in untold]
    if not found and untold:
        raise ModelError(str(next(iter(untold.values()))))
    if not found:
        raise ModelError(
            f"question: got settings of {', '.join(done)}, must leave something that "
            "is measured to ask for"
        )
    return found, untold


def interval(answer: Answer) -> str:
    """Return the 90 % interval, in the quantity's unit."""
    width = answer.high - answer.low
    return f"{rounded(answer.low, '', width)} to {rounded(answer.high, '', width)}"


def expectation(answer: Answer) -> str:
    """Return what is expected, in its unit, rounded to what the interval allows."""
    return rounded(answer.mean, "", answer.high - answer.low)


def change(answer: Answer) -> str:
    """Return a difference with its sign, in the quantity's unit."""
    sign = "+" if answer.mean > 0 else ""
    return f"{sign}{expectation(answer)}"


def direction(answer: Answer) -> str:
    """Return whether a quantity rises or falls, where the interval says so."""
    if answer.low == answer.high == 0:
        return "stays"
    if answer.low <= 0 <= answer.high:
        return UNCLEAR
    return LINK[answer.low > 0]


def plain(answers: Iterable[Answer]) -> dict[str, Row]:
    """Return answers as plain data by quantity."""
    return {
        a.quantity: {"unit": a.unit, "mean": a.mean, "low": a.low, "high": a.high}
        for a in answers
    }


def plain_question(questions: Questions, setting: Intervention) -> Row:
    """Return what every answer begins with: campaign, data and setting."""
    return {
        "campaign": questions.campaign.name,
        "experiments": len(questions.trials.measured),
        "set": plain_intervention(setting),
    }


def free(questions: Questions, setting: Intervention) -> list[str]:
    """Return what is not set and is no consequence: it comes as it was seen."""
    campaign, seen = questions.campaign, _seen(questions.trials)
    roots = [v.name for v in (*campaign.space.controls, *campaign.context)]
    return [name for name in roots if name not in setting and name in seen]


def beyond(questions: Questions, setting: Intervention) -> Iterator[str]:
    """Yield a warning for every number that lies outside what was seen."""
    seen = _seen(questions.trials)
    for variable in variables(questions):
        value, known = setting.get(variable.name), seen.get(variable.name)
        if not isinstance(value, (int, float)) or not known:
            continue
        low, high = min(known), max(known)
        if not low <= value <= high:
            width = high - low
            yield (
                f"{variable.name}={rounded(value, variable.unit, width)} lies outside "
                f"what was seen, {rounded(low, '', width)} to "
                f"{rounded(high, variable.unit, width)}: the answer is a guess."
            )


def unaffected(
    questions: Questions, answers: Iterable[Answer], names: Iterable[str]
) -> tuple[str, ...]:
    """Return the quantities among answers that setting these does not change."""
    reached = questions.reached(names)
    return tuple(a.quantity for a in answers if a.quantity not in reached)


def stays(quantities: Sequence[str], why: str) -> Iterator[str]:
    """Yield a line that tells which quantities stay, and how; none if all change."""
    if quantities:
        yield f"It does not reach {', '.join(quantities)}: {why}."


def refusals(untold: Mapping[str, Unidentified]) -> Iterator[str]:
    """Yield a line for every quantity that cannot be told, with the remedy."""
    for quantity, found in untold.items():
        ways = " or ".join(str(remedy) for remedy in found.remedies)
        yield (
            f"{quantity} cannot be told: {found.reason}"
            f"{'. What would settle it: ' + ways if ways else ''}."
        )


def _seen(trials: Trials) -> dict[str, list[float]]:
    """Return variable to the numbers it was seen with; none for labels."""
    found: dict[str, list[float]] = {}
    for trial in trials.measured:
        together = {**trial.intervention, **trial.context, **trial.results}
        for name, value in together.items():
            numbers = found.setdefault(name, [])
            if isinstance(value, (int, float)):
                numbers.append(float(value))
    return found
