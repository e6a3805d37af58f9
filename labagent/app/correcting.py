"""Correcting what was recorded, and doubting what is about to be."""

from collections.abc import Sequence

from labagent.app.book import Book
from labagent.app.entries import nothing_recorded, read_entries, recorded_variables
from labagent.app.text import expected, measured, sigmas
from labagent.campaigns import Campaign
from labagent.errors import Mistake
from labagent.experiments import ExperimentRecord, Measurement
from labagent.ports import Finding
from labagent.review import doubts

CORRECTED = "correction"
"""Kind of the finding that tells of a correction."""


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


def correct(
    book: Book,
    record: ExperimentRecord,
    entries: Sequence[str],
    reason: str,
    by: str,
    *,
    sure: bool,
) -> tuple[dict[str, object], list[str]]:
    """Write that what was recorded is wrong, and what is right; return the answer.

    Args:
        book: The campaign's pages.
        record: The experiment.
        entries: What is right, as typed; without any, all its results are wrong.
        reason: Why it is wrong.
        by: Who says so.
        sure: Whether values are right however unlikely.

    Raises:
        ConfigurationError: What was typed is wrong, or far from what was expected.
        DataError: It says nothing new; nothing was written.
        StateError: There is no result yet.
    """
    typed = read_entries(recorded_variables(book.campaign, record), entries)
    if not sure:
        refuse_doubtful(book.campaign, record, typed.measurements)
    wrong = sorted(typed.answered if entries else record.results)
    before = {name: _shown(_standing(record, name)) for name in wrong}
    after = {
        name: _shown([m for m in typed.measurements if m.quantity == name])
        for name in wrong
    }
    book.logbook.correct(record.id, wrong, typed.measurements, reason, by)
    changes = [f"{n}: {before[n]} -> {after[n]}" for n in wrong]
    text = f"experiment {record.number} corrected: {'; '.join(changes)} ({reason})"
    book.logbook.add_finding(book.row.id, Finding(CORRECTED, text, record.number))
    data: dict[str, object] = {
        "id": record.number,
        "reason": reason,
        "by": by,
        "was": before,
        "is": after,
    }
    head = f"Experiment {record.number}: corrected, the old stays to be seen. {reason}"
    return data, [head, *(f"  {change}" for change in changes)]


def _standing(record: ExperimentRecord, name: str) -> list[Measurement]:
    found = [m for step in record.steps for m in step.measurements]
    return [m for m in found if m.quantity == name and m.quality == "good"]


def _shown(found: Sequence[Measurement]) -> str:
    """Return values as people read them."""
    shown = [m.label if m.value is None else measured(m.value, m.unit) for m in found]
    return ", ".join(str(text) for text in shown) or "nothing"
