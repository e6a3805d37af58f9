"""``labagent replay``: every decision again, from the rows alone."""

import typer

from labagent import config
from labagent.app.lazy import FAILURE
from labagent.app.options import Reference
from labagent.app.progress import bar
from labagent.app.session import Session, with_session
from labagent.loop import ReplayRow
from labagent.loop import replay as make_again
from labagent.review.wording import plural


@with_session
def replay(session: Session, reference: Reference = None) -> None:
    """Make every decision again from the rows and compare it with what was sealed.

    Exit code 1 where a proposal or prediction comes out differently.
    """
    session = session.of(reference)
    with session.book() as book, bar("Replaying", shown=not session.json) as advance:
        rows = list(
            make_again(book.logbook, book.row.id, config.from_document, advance)
        )
    wrong = [r for r in rows if not r.ok]
    data = {"ok": not wrong, "decisions": [_plain(r) for r in rows]}
    lines = [f"batch {r.batch}: {detail}" for r in wrong for detail in r.details]
    if wrong:
        lines.append(f"{len(wrong)} of {len(rows)} decisions came out differently")
    else:
        exact = sum(r.bitwise for r in rows)
        lines.append(
            f"{plural(len(rows), 'decision')} made again, all alike, "
            f"{exact} to the last bit."
        )
    session.answer(data, lines)
    if wrong:
        raise typer.Exit(FAILURE)


def _plain(row: ReplayRow) -> dict[str, object]:
    return {
        "batch": row.batch,
        "ok": row.ok,
        "bitwise": row.bitwise,
        "details": list(row.details),
    }
