"""``labagent verify``: nothing in the database was changed or removed."""

import typer

from db import open_logbook
from labagent.app.database import must_exist
from labagent.app.lazy import FAILURE
from labagent.app.options import Reference
from labagent.app.progress import bar
from labagent.app.session import Session, with_session


@with_session
def verify(session: Session, reference: Reference = None) -> None:
    """Check hash chain, rows against events, seals against dispatch times, and gaps.

    Exit code 1 where something is wrong; every fault is named.
    """
    session = session.of(reference)
    must_exist(session.url)
    logbook = open_logbook(session.url)
    try:
        with bar("Verifying", shown=not session.json):
            faults = logbook.verify()
        events = len(logbook.events())
    finally:
        logbook.close()
    lines = [f"{f.place}: {f.problem}" for f in faults]
    if faults:
        lines.append(f"{len(faults)} faults: the database was changed behind labagent")
    else:
        lines = [
            f"All is well: {events} events in an unbroken chain,",
            "every row as it was written, every prediction sealed before its dispatch.",
        ]
    session.answer(
        {
            "ok": not faults,
            "events": events,
            "faults": [{"place": f.place, "problem": f.problem} for f in faults],
        },
        lines,
    )
    if faults:
        raise typer.Exit(FAILURE)
