"""Keeping a lease while a step runs."""

import threading
from types import TracebackType

from labagent.errors import LeaseLostError, LogbookError
from labagent.ports import Claim, Logbook

LEASE_SECONDS = 20.0
"""How long a step stays ours without a sign of life."""

HEARTBEAT_SECONDS = 5.0
"""How often a sign of life is given."""


class Heartbeat:
    """Extends a claim's lease from a thread of its own while the block runs.

    A thread, because a driver may block longer than a lease lasts.
    """

    def __init__(
        self, logbook: Logbook, claim: Claim, every: float = HEARTBEAT_SECONDS
    ) -> None:
        """Prepare to keep a lease.

        Args:
            logbook: Where the lease is.
            claim: What it is on.
            every: Seconds between signs of life.
        """
        self._logbook = logbook
        self._claim = claim
        self._every = every
        self._done = threading.Event()
        self._lost = threading.Event()
        name = f"lease on step {claim.step}"
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def __enter__(self) -> "Heartbeat":
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Make sure the step is still ours.

        Raises:
            LeaseLostError: Somebody else has it.
        """
        if self._lost.is_set():
            raise LeaseLostError(f"step {self._claim.step}: somebody else has it now")

    def _keep(self) -> None:
        while not self._done.wait(self._every):
            try:
                self._logbook.heartbeat(self._claim, LEASE_SECONDS)
            except LeaseLostError:
                self._lost.set()
                return
            except LogbookError:
                continue  # a busy database: the lease outlives several missed beats
