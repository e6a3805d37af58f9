"""Ctrl-C: once to finish what runs, twice to stop it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """How urgently a person wants the run to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._now = threading.Event()

    @property
    def asked(self) -> bool:
        """Whether nothing new is to be started."""
        return self._asked.is_set()

    @property
    def now(self) -> bool:
        """Whether running steps are to be stopped as well."""
        return self._now.is_set()

    def press(self) -> None:
        """Ask; a second time, insist; a third time, interrupt whatever runs.

        Raises:
            KeyboardInterrupt: This was the third time.
        """
        if self._now.is_set():
            raise KeyboardInterrupt
        if self._asked.is_set():
            self._now.set()
        self._asked.set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the first request to stop."""
        self._asked.wait(seconds)


@contextmanager
def listening(stop: Stop, tell: Callable[[], None]) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into requests to stop while the block runs.

    Args:
        stop: What the signals press.
        tell: Called after each, to say what happens now.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may have signal handlers
        return

    def press(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stop.press()
        tell()

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, press) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
