"""The Prefect server a run reports to: the user's, or one of our own.

With ``PREFECT_API_URL`` set, that server is used. Without it a server is started that
listens on the loopback interface only, asks for a password nobody else knows, and ends
with this process whatever ends it (see :mod:`flows.serve`). Several may run at once.
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.context import refresh_global_settings_context
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from flows.settings import STARTUP_SECONDS
from labagent.errors import SchedulerError

_DRAIN_SECONDS = 5.0
"""Longest to wait for the last task states to reach a server that is being left."""

_GOODBYE_SECONDS = 10.0
"""Longest to wait for a server of our own to leave when it is told to."""


class Server:
    """The Prefect server of one run; use it in ``with``.

    :meth:`start` returns at once, :meth:`ready` waits, so that other work is done while
    a server of our own comes up (3 s; 12 s the first time, which makes its tables).
    """

    def __init__(self) -> None:
        self._theirs = os.environ.get("PREFECT_API_URL")
        self._ours: _Embedded | None = None
        self._open = ExitStack()
        self._started = False

    def __enter__(self) -> "Server":
        """Do nothing yet."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the server."""
        self.leave()

    def leave(self) -> None:
        """End the server if it is ours; :meth:`start` may follow."""
        self._open.close()
        self._ours, self._started = None, False

    def start(self) -> None:
        """Start a server of our own unless the user named one; safe to repeat."""
        if self._started:
            return
        self._started = True
        if self._theirs is None:
            self._ours = self._open.enter_context(_Embedded())
        else:
            refresh_global_settings_context()  # it may have been set since the import
        self._open.callback(_drain)

    @property
    def ours(self) -> bool:
        """Whether the server ends with this run, and its records with it."""
        return self._theirs is None

    def ready(self) -> None:
        """Wait until the server answers.

        Raises:
            SchedulerError: It does not.
        """
        self.start()
        problem = _health()
        if problem is None:
            return
        got = f"got {type(problem).__name__}: {problem}, must answer"
        if self._ours is None:
            raise SchedulerError(
                f"Prefect server {self._theirs}: {got}; start it with `prefect server "
                "start`, or unset PREFECT_API_URL to use the embedded one"
            ) from problem
        raise SchedulerError(
            f"embedded Prefect server: {got}; its last words: "
            f"{self._ours.last_words()}; try again, or start one with `prefect server "
            "start` and set PREFECT_API_URL"
        ) from problem


def _health() -> Exception | None:
    """Return what is wrong with the server in use, or None.

    A server that is coming up holds the connection until it can answer.
    """
    patience = {"timeout": float(STARTUP_SECONDS)}
    with get_client(sync_client=True, httpx_settings=patience) as client:
        return client.api_healthcheck()


def _drain() -> None:
    """Send what is still queued for the server, for a few seconds at most."""
    EventsWorker.drain_all(timeout=_DRAIN_SECONDS, at_exit=False)
    APILogWorker.drain_all(timeout=_DRAIN_SECONDS, at_exit=False)


class _Embedded:
    """A server process of our own, and the settings that make this process use it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="labagent-prefect-")
        self._password = f"labagent:{secrets.token_urlsafe(24)}"
        self._complaints = Path(self._folder.name) / "stderr"
        self._before: dict[str, str | None] = {}
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_Embedded":
        """Start it; its address is known before it is up."""
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            self._complaints.open("wb") as complaints,
        ):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
            script = str(Path(__file__).with_name("serve.py"))
            number = listener.fileno()
            self._child = subprocess.Popen(
                # -P: the folder it is started in must not offer it modules
                [sys.executable, "-P", script, str(number), self._folder.name],
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=[number],
                start_new_session=True,  # Ctrl-C is for the run, which ends its server
            )
        self._use({"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": self._password})
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the pipe, upon which the child leaves; restore the settings."""
        self._use(self._before)
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
            try:
                self._child.wait(timeout=_GOODBYE_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._folder.cleanup()

    def last_words(self) -> str:
        """Return the last line the server complained with."""
        said = self._complaints.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return lines[-1] if lines else "none"

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PREFECT_SERVER_API_AUTH_STRING": self._password,
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",  # a second saved
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR",
        }

    def _use(self, settings: Mapping[str, str | None]) -> None:
        """Change Prefect's settings for all threads of this process."""
        self._before = {name: os.environ.get(name) for name in settings}
        for name, value in settings.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        refresh_global_settings_context()
