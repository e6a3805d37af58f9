"""Correcting what was recorded, and doubting what is about to be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from labagent.app.book import Book
from labagent.app.entries import nothing_recorded, read_entries, recorded_variables
from labagent.app.regimes import read_regime, refuse_unset
from labagent.app.text import expected, measured, sigmas
from labagent.campaigns import Campaign
from labagent.errors import Mistake
from labagent.experiments import ExperimentRecord, Measurement, Regime
from labagent.ports import Finding
from labagent.review import doubts

CORRECTED = "correction"
"""Kind of the finding that tells of a correction."""

_COURSES = {True: "was set", False: "took its own course"}


def refuse_doubtful(
    campaign: Campaign, record: ExperimentRecord, found: Sequence[Measurement]
) -> None:
    """Refuse results that are probably typing mistakes.

    Raises:
        ConfigurationError: At least one is far from what was expected.
    """
    mistakes = [
        Mistake(
            f"result {d.measurement.quantity}",
            f"got {measured(d.measurement.value or 0.0, d.measurement.unit)}, where "
            f"{expected(d.prediction)} was expected ({sigmas(d.sigmas)})",
            "must be nearer or confirmed",
            "if it is right, type the same again with --sure",
        )
        for d in doubts(campaign, record, found)
    ]
    if mistakes:
        raise nothing_recorded(mistakes)


@dataclass(frozen=True)
class Right:
    """What is right, as a person types it.

    Attributes:
        entries: Values; without any, and without words, all results are wrong.
        was_set: Variables that somebody set.
        observed: Variables that took their own course.
        sure: Whether values are right however unlikely.
    """

    entries: Sequence[str]
    was_set: Sequence[str] = ()
    observed: Sequence[str] = ()
    sure: bool = False


def correct(
    book: Book, record: ExperimentRecord, right: Right, reason: str, by: str
) -> tuple[dict[str, object], list[str]]:
    """Write that what was recorded is wrong, and what is right; return the answer.

    Args:
        book: The campaign's pages.
        record: The experiment.
        right: What is right.
        reason: Why the old is wrong.
        by: Who says so.

    Raises:
        ConfigurationError: What was typed is wrong, or far from what was expected.
        DataError: It says nothing new; nothing was written.
        StateError: There is no result yet.
    """
    typed = read_entries(recorded_variables(book.campaign, record), right.entries)
    regime = read_regime(book.campaign, right.was_set, right.observed, instead=True)
    _refuse(book.campaign, record, right, typed.measurements, regime)
    # a value typed again beside a word on it says nothing new
    found = [
        m
        for m in typed.measurements
        if m.quantity not in regime or _standing(record, m.quantity) != [m]
    ]
    answered = typed.answered - {m.quantity for m in typed.measurements}
    everything = [] if right.entries or regime else record.results
    wrong = sorted({*answered, *(m.quantity for m in found), *everything})
    before = {name: _shown(_standing(record, name)) for name in wrong}
    after = {name: _shown([m for m in found if m.quantity == name]) for name in wrong}
    book.logbook.correct(record.id, wrong, found, reason, by, regime)
    changes = [f"{n}: {before[n]} -> {after[n]}" for n in wrong]
    changes += [f"{n}: {_COURSES[done]}" for n, done in regime.items()]
    text = f"experiment {record.number} corrected: {'; '.join(changes)} ({reason})"
    book.logbook.add_finding(book.row.id, Finding(CORRECTED, text, record.number))
    data: dict[str, object] = {
        "id": record.number,
        "reason": reason,
        "by": by,
        "was": before,
        "is": after,
        "set": dict(regime),
    }
    head = f"Experiment {record.number}: corrected, the old stays to be seen. {reason}"
    return data, [head, *(f"  {change}" for change in changes)]


def _refuse(
    campaign: Campaign,
    record: ExperimentRecord,
    right: Right,
    found: Sequence[Measurement],
    regime: Regime,
) -> None:
    """Refuse values that are probably typing mistakes, or cannot have been set."""
    values = {m.quantity: m.value for m in found}
    held = {**dict.fromkeys(record.was_set, True), **regime}
    spoken = {n: done for n, done in held.items() if n in regime or n in values}
    refuse_unset(campaign, spoken, {**record.results, **values})
    states = frozenset(v.name for v in campaign.measured if held.get(v.name))
    if not right.sure:
        refuse_doubtful(campaign, replace(record, was_set=states), found)


def _standing(record: ExperimentRecord, name: str) -> list[Measurement]:
    found = [m for step in record.steps for m in step.measurements]
    return [m for m in found if m.quantity == name and m.quality == "good"]


def _shown(found: Sequence[Measurement]) -> str:
    """Return values as people read them."""
    shown = [m.label if m.value is None else measured(m.value, m.unit) for m in found]
    return ", ".join(str(text) for text in shown) or "nothing"
