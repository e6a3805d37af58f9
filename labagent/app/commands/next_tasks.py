"""``labagent next``: what a person has to do now."""

from collections.abc import Iterator, Sequence

from labagent.app.book import Book
from labagent.app.layout import fields
from labagent.app.options import Reference
from labagent.app.screen import Column, table
from labagent.app.session import Session, with_session
from labagent.app.tasks import APPROVE, Task, tasks
from labagent.app.text import expected, settings, units_of
from labagent.campaigns import Campaign
from labagent.experiments import ExperimentRecord


@with_session
def next_tasks(session: Session, reference: Reference = None) -> None:
    """Show what a person has to do now, with the exact commands.

    Work cards of experiments to do, proposals to approve, outcomes to clear up.
    """
    session = session.of(reference)
    with session.book() as book:
        found = tasks(book.campaign, book.records(), session)
        lines = list(screen(book, found, session))
    session.answer([t.plain() for t in found], lines)


def screen(book: Book, found: list[Task], session: Session) -> Iterator[str]:
    """Yield the tasks as lines for people."""
    if not found:
        yield "Nothing waits for a person. To go on:"
        yield f"  {session.run_command(book.row.name)}"
    for task in found:
        yield f"{task.headline[0].upper()}{task.headline[1:]}"
        if task.kind == APPROVE:
            yield proposals(book.campaign, book.records(task.ids))
        elif any(text for _, text in task.details):
            yield fields(task.details)
        for command in task.commands:
            yield f"  {command}"
        yield ""


def proposals(campaign: Campaign, found: Sequence[ExperimentRecord]) -> str:
    """Return a table of proposed experiments: settings and what is expected."""
    units = units_of(campaign.space)
    columns = [Column("id", right=True), Column("set", share=3)]
    columns.append(Column("expected", share=2))
    return table(
        columns,
        [
            (
                str(r.number),
                settings(r.intervention, units),
                "\n".join(
                    f"{s.prediction.quantity} {expected(s.prediction)}"
                    for s in r.predictions
                ),
            )
            for r in found
        ],
    )
