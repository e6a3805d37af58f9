"""``labagent approve`` and ``labagent reject``."""

from typing import Annotated

import typer

from labagent.app.book import Book
from labagent.app.options import ByOption
from labagent.app.session import Session, split_words, who, with_session, wrong_words
from labagent.app.text import numbers
from labagent.errors import StateError
from labagent.experiments import ExperimentRecord, StepState
from labagent.review.wording import plural

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CAMPAIGN] [IDS]...",
        show_default=False,
        help="Ids as `labagent history` shows them, such as 3 or 5-8.",
    ),
]


@with_session
def approve(
    session: Session,
    words: Words = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Approve whatever waits for a decision.")
    ] = False,
    by: ByOption = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
) -> None:
    """Approve proposed experiments, all of those named or none."""
    ids, reference = split_words(words or [])
    if bool(ids) == everything:
        raise wrong_words(
            "got both ids and --all" if ids else _no_ids(reference),
            "must name experiments, such as 3 or 5-8, or --all",
            "labagent next shows what waits",
        )
    session = session.of(reference)
    with session.book() as book:
        chosen = _waiting(book, ids)
        book.logbook.decide([r.id for r in chosen], True, who(by), reason)
        on = f"Go on with: {session.run_command(book.row.name)}"
    done = [r.number for r in chosen]
    session.answer(
        {"approved": done, "by": who(by)},
        [f"Approved {numbers(done)} as {who(by)}." if done else "Nothing waited.", on],
    )


@with_session
def reject(
    session: Session,
    words: Words = None,
    reason: Annotated[
        str, typer.Option(help="Why; kept with the decision.", show_default=False)
    ] = "",
    by: ByOption = None,
) -> None:
    """Reject proposed experiments, all of those named or none."""
    ids, reference = split_words(words or [])
    if not ids:
        rule = "must name experiments, such as 3 or 5-8"
        raise wrong_words(_no_ids(reference), rule, "labagent next shows what waits")
    if not reason.strip():
        raise wrong_words(
            "got no --reason", "must say why", 'add --reason "too close to #4"'
        )
    session = session.of(reference)
    with session.book() as book:
        chosen = _waiting(book, ids)
        book.logbook.decide([r.id for r in chosen], False, who(by), reason)
    done = [r.number for r in chosen]
    session.answer(
        {"rejected": done, "by": who(by), "reason": reason},
        [f"Rejected {numbers(done)} as {who(by)}: {reason}"],
    )


def _no_ids(reference: str | None) -> str:
    return "got no ids" if reference is None else f"got {reference!r} and no ids"


def _waiting(book: Book, ids: list[int]) -> tuple[ExperimentRecord, ...]:
    """Return the experiments named (all that wait, if none), which must wait.

    Raises:
        StateError: One of them waits for no decision.
    """
    records = book.records(ids or None)
    if not ids:
        return tuple(r for r in records if r.state is StepState.PROPOSED)
    wrong = [r for r in records if r.state is not StepState.PROPOSED]
    if wrong:
        states = ", ".join(f"{r.number} is {r.state.value}" for r in wrong)
        raise StateError(
            f"{plural(len(wrong), 'experiment')} of those named: got {states}, must be "
            "proposed; nothing was decided"
        )
    return records
