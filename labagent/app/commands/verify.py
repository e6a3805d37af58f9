"""``labagent verify``: nothing in the database was changed or removed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from db import open_logbook
from labagent.app.database import must_exist
from labagent.app.layout import paragraph
from labagent.app.lazy import FAILURE
from labagent.app.options import Reference
from labagent.app.progress import bar
from labagent.app.session import Session, with_session, wrong_words
from labagent.errors import LabagentError
from labagent.experiments import ExperimentRecord
from labagent.ports import EventRow, Fault, Logbook
from labagent.review import Row
from labagent.review.weights import count_weights, weight_faults
from labagent.review.wording import plural

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
    """Check hash chain, rows against events, seals, gaps, and every member's weight.

    Weights are computed again from the results and densities known at each decision.
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
            found = checked(logbook, noted)
    finally:
        logbook.close()
    session.answer(found.plain(), found.screen())
    if found.faults:
        raise typer.Exit(FAILURE)


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        faults: What is wrong.
        events: How many events the chain has.
        weights: How many sealed weights were computed again.
        head: Number and hash of the last event; None where there is none.
    """

    faults: tuple[Fault, ...]
    events: int
    weights: int
    head: str | None

    def plain(self) -> Row:
        """Return it as plain data."""
        return {
            "ok": not self.faults,
            "events": self.events,
            "weights": self.weights,
            "head": self.head,
            "faults": [{"place": f.place, "problem": f.problem} for f in self.faults],
        }

    def screen(self) -> Iterator[str]:
        """Yield it as lines for people."""
        if self.faults:
            yield from (f"{f.place}: {f.problem}" for f in self.faults)
            count = plural(len(self.faults), "fault")
            yield f"{count}: the database was changed behind labagent"
            return
        yield paragraph(
            f"All is well: {self.events} events in an unbroken chain, every row as it "
            "was written, every prediction sealed before its dispatch, and each of "
            f"their {self.weights} weights as the results before it say."
        )
        yield "Head of the chain, for --expect one day:"
        yield f"  {self.head}"


def checked(logbook: Logbook, noted: tuple[int, str] | None = None) -> Checked:
    """Check a whole database.

    Args:
        logbook: The database.
        noted: Number and first digits of the hash of an event that must be there.
    """
    faults = list(logbook.verify())
    events = _events(logbook, faults)
    records = _records(logbook, faults)
    faults += weight_faults(events, records)
    if not faults and not events:
        faults.append(Fault("chain", "has no event: nothing was ever recorded here"))
    if noted is not None:
        faults += _missing(noted, events)
    head = f"{events[-1].seq}:{events[-1].hash}" if events else None
    return Checked(tuple(faults), len(events), count_weights(records), head)


def _events(logbook: Logbook, faults: Sequence[Fault]) -> tuple[EventRow, ...]:
    """Return the chain's events; none where damage keeps them from being read."""
    try:
        return logbook.events()
    except (ValueError, TypeError):
        if not faults:
            raise
        return ()


def _records(logbook: Logbook, faults: Sequence[Fault]) -> tuple[ExperimentRecord, ...]:
    """Return all experiments; none where damage keeps them from being read."""
    try:
        rows = [logbook.experiments(c.id) for c in logbook.campaigns()]
    except (ValueError, TypeError, LookupError, LabagentError):
        if not faults:
            raise
        return ()
    return tuple(record for found in rows for record in found)


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
