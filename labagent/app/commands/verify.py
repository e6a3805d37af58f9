"""``labagent verify``: nothing in the database was changed or removed."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from db import open_logbook
from labagent.app.database import must_exist
from labagent.app.lazy import FAILURE
from labagent.app.options import Reference
from labagent.app.progress import bar
from labagent.app.session import Session, with_session, wrong_words
from labagent.ports import EventRow, Fault, Logbook

_HEAD = re.compile(r"(?P<seq>[1-9]\d*):(?P<hash>[0-9a-f]{8,64})")

ExpectOption = Annotated[
    str | None,
    typer.Option(
        metavar="SEQ:HASH",
        help="A chain head noted earlier: must still be in the chain.",
    ),
]


@with_session
def verify(
    session: Session, reference: Reference = None, expect: ExpectOption = None
) -> None:
    """Check hash chain, rows against events, seals against dispatch times, and gaps.

    Exit code 1 where something is wrong; every fault is named. Note the chain head it
    prints, outside the database: given back as `--expect`, it shows that no later
    event, and with it everything it recorded, was cut off.
    """
    session = session.of(reference)
    noted = None if expect is None else _read_head(expect)
    must_exist(session.url)
    logbook = open_logbook(session.url)
    try:
        with bar("Verifying", shown=not session.json):
            faults = list(logbook.verify())
            events = _events(logbook, faults)
    finally:
        logbook.close()
    if not faults and not events:
        faults.append(Fault("chain", "has no event: nothing was ever recorded here"))
    if noted is not None:
        faults += _missing(noted, events)
    head = f"{events[-1].seq}:{events[-1].hash}" if events else None
    session.answer(
        {
            "ok": not faults,
            "events": len(events),
            "head": head,
            "faults": [{"place": f.place, "problem": f.problem} for f in faults],
        },
        _screen(faults, len(events), head),
    )
    if faults:
        raise typer.Exit(FAILURE)


def _screen(faults: Sequence[Fault], events: int, head: str | None) -> Iterator[str]:
    if faults:
        yield from (f"{f.place}: {f.problem}" for f in faults)
        yield f"{len(faults)} faults: the database was changed behind labagent"
        return
    yield f"All is well: {events} events in an unbroken chain,"
    yield "every row as it was written, every prediction sealed before its dispatch."
    yield "Head of the chain, for --expect one day:"
    yield f"  {head}"


def _events(logbook: Logbook, faults: Sequence[Fault]) -> tuple[EventRow, ...]:
    """Return the chain's events; none where damage keeps them from being read."""
    try:
        return logbook.events()
    except (ValueError, TypeError):
        if not faults:
            raise
        return ()


def _read_head(text: str) -> tuple[int, str]:
    found = _HEAD.fullmatch(text.strip().lower())
    if found is None:
        raise wrong_words(
            f"--expect: got {text!r}",
            "must be a chain head as `labagent verify` prints it",
            "such as 16:3fa9…, at least eight digits of the hash",
        )
    return int(found["seq"]), found["hash"]


def _missing(noted: tuple[int, str], events: Sequence[EventRow]) -> Iterator[Fault]:
    seq, digits = noted
    known = {e.seq: e.hash for e in events}
    if seq not in known:
        yield Fault(
            f"event {seq}",
            f"was the head when it was noted, and is gone: {len(events)} are left",
        )
    elif not known[seq].startswith(digits):
        yield Fault(f"event {seq}", f"has not the hash {digits} that was noted of it")
