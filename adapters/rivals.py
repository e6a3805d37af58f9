"""Other processes that submit the same steps, to be raced with or killed."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from adapters import build
from adapters.examples import EXAMPLES, request_of
from labagent.ports import Setup


class Rivals:
    """Processes that each submit one step of an example.

    They are forked off one process that has imported everything, so that starting one
    takes milliseconds. They wait for :meth:`go`; those started later do not wait.
    """

    def __init__(self, setup: Setup) -> None:
        """Start the process they are forked from.

        Args:
            setup: Of an example, made in its folder.
        """
        self._folder = setup.folder
        self._pids: list[int] = []
        self._server = subprocess.Popen(
            [sys.executable, "-m", "adapters.rivals", setup.adapter, self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Rivals":
        """Return itself."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Kill all of them."""
        for pid in list(self._pids):
            self.kill(pid)
        self._server.kill()
        self._server.communicate()

    def _said(self) -> str:
        return self._server.stdout.readline().strip() if self._server.stdout else ""

    def start(self, key: str) -> int:
        """Start one that submits a step with this key; return its process id."""
        if self._server.stdin:
            self._server.stdin.write(f"{key}\n")
            self._server.stdin.flush()
        words = self._said()
        while words == "submitted":  # of an earlier one
            words = self._said()
        self._pids.append(int(words))
        return self._pids[-1]

    def go(self) -> None:
        """Let them submit."""
        _signal_file(self._folder).touch()

    def submitted(self) -> bool:
        """Wait until ``submit`` has returned in one more of them."""
        return self._said() == "submitted"

    def kill(self, pid: int) -> None:
        """Kill one with SIGKILL; it can clean up nothing."""
        self._pids.remove(pid)  # its number may soon be somebody else's
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _signal_file(folder: Path) -> Path:
    return folder / "go"


def _submit(adapter: str, folder: Path, key: str) -> None:
    """Say the process id, wait for the signal, submit, say so, wait for the end."""
    example = EXAMPLES[adapter](folder)
    executor = build(example.setup)
    request = request_of(example, key)
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    while not _signal_file(folder).exists():
        time.sleep(0.0005)
    executor.submit(request)
    sys.stdout.write("submitted\n")
    sys.stdout.flush()
    time.sleep(60)


def main(adapter: str, folder: Path) -> None:
    """Fork a process for every key that comes in."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody needs to wait for them
    for line in iter(sys.stdin.readline, ""):
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _submit(adapter, folder, line.strip())
            os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
