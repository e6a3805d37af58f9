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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import prefect.context
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from flows.settings import STARTUP_SECONDS
from labagent.errors import SchedulerError

_DRAIN_SECONDS = 5.0
"""Longest to wait for the last task states to reach a server that is being left."""


@contextmanager
def connection() -> Iterator[str]:
    """Use the server named in the environment, or start one for the time of the block.

    Yields:
        Address of the server's API.

    Raises:
        SchedulerError: The server does not answer.
    """
    if url := os.environ.get("PREFECT_API_URL"):
        with _settings({}):
            check(f"start it (prefect server start) or unset PREFECT_API_URL={url}")
            yield url
            drain()
        return
    with _embedded() as url:
        yield url


def check(remedy: str) -> None:
    """Ask the server in use whether it is well.

    Args:
        remedy: What to do about it if it is not.

    Raises:
        SchedulerError: It does not answer.
    """
    with get_client(
        sync_client=True, httpx_settings={"timeout": float(STARTUP_SECONDS)}
    ) as client:
        url, problem = client.api_url, client.api_healthcheck()
    if problem is not None:
        text = f"Prefect server {url}: got {problem}, must answer; {remedy}"
        raise SchedulerError(text) from problem


def drain() -> None:
    """Send what is still queued for the server, for a few seconds at most."""
    EventsWorker.drain_all(timeout=_DRAIN_SECONDS, at_exit=False)
    APILogWorker.drain_all(timeout=_DRAIN_SECONDS, at_exit=False)


@contextmanager
def _settings(changes: Mapping[str, str]) -> Iterator[None]:
    """Change Prefect's settings for all threads of this process, and restore them."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    prefect.context.refresh_global_settings_context()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        prefect.context.refresh_global_settings_context()


@contextmanager
def _embedded() -> Iterator[str]:
    """Run a server of our own; its address is known before it is up."""
    password = f"labagent:{secrets.token_urlsafe(24)}"
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.TemporaryFile() as complaints,
    ):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        child = subprocess.Popen(
            # -P: the folder it is started in must not offer it modules
            [
                sys.executable,
                "-P",
                str(Path(__file__).with_name("serve.py")),
                str(listener.fileno()),
            ],
            env=_child_environment(password),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C is for the run, which ends its server
        )
        listener.close()
        ours = {"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": password}
        try:
            with _settings(ours):
                _wait_until_up(child, complaints.fileno())
                yield url
                drain()
        finally:
            _stop(child)


def _child_environment(password: str) -> dict[str, str]:
    return {
        **os.environ,
        "PREFECT_SERVER_API_AUTH_STRING": password,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",  # a second of start-up saved
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }


def _wait_until_up(child: "subprocess.Popen[bytes]", complaints: int) -> None:
    """Wait for the first answer: the connection is held until the server takes it."""
    try:
        check("see what it said")
    except SchedulerError as error:
        child.kill()
        child.wait()
        said = os.pread(complaints, 1 << 20, 0).decode(errors="replace").strip()
        last = said.splitlines()[-1] if said else "nothing"
        text = (
            f"embedded Prefect server: got no answer, must start; it said: {last!r}. "
            "Try `labagent doctor`, or use `prefect server start` and PREFECT_API_URL"
        )
        raise SchedulerError(text) from error


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """Close the pipe, upon which the child cleans up and leaves."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
