import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import get_client

from benchmarks.kills import MARK, left_over
from flows.outcomes import Kind, News, Why
from flows.run import run
from flows.server import Server
from flows.wiring import open_runtime
from labagent.errors import SchedulerError
from tests.flows.bench import effects, write_campaign

SERVE = """
import os, sys
from flows.server import Server
with Server() as server:
    server.ready()
    print(os.environ["PREFECT_API_URL"], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def unserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the server that other tests share."""
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)


def serving(folder: Path) -> "subprocess.Popen[bytes]":
    """Start a program that runs a server of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, MARK: str(folder), "TMPDIR": str(folder)},
    )


def said_url(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


@pytest.mark.usefixtures("unserved")
def test_a_killed_program_leaves_no_server_and_no_files(tmp_path: Path) -> None:
    with serving(tmp_path) as first, serving(tmp_path) as second:
        urls = {said_url(first), said_url(second)}
        first.send_signal(signal.SIGKILL)
        second.communicate()  # ends it in good order
    assert len(urls) == 2
    assert left_over(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_server_of_our_own_asks_for_a_password(prefect_server: str) -> None:
    assert prefect_server.startswith("http://127.0.0.1:")
    path = f"{prefect_server}/flows/filter"
    user, password = os.environ["PREFECT_API_AUTH_STRING"].split(":")
    assert httpx.post(path, json={}).status_code == 401
    assert httpx.post(path, json={}, auth=(user, password)).status_code == 200


@pytest.mark.usefixtures("unserved")
def test_settings_are_restored_when_a_server_is_left() -> None:
    with Server() as server:
        server.start()
        assert "PREFECT_API_URL" in os.environ
    assert "PREFECT_API_URL" not in os.environ
    assert "PREFECT_API_AUTH_STRING" not in os.environ


@pytest.mark.usefixtures("unserved")
def test_a_server_of_the_user_that_is_not_there_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    file = write_campaign(tmp_path, budget=1, batch=1)
    with (
        open_runtime(file) as runtime,
        pytest.raises(SchedulerError, match=r"prefect server start.*unset"),
    ):
        run(runtime)
    assert not effects(tmp_path)


@pytest.mark.usefixtures("unserved")
def test_a_run_goes_on_when_its_server_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARK, str(tmp_path))
    file = write_campaign(tmp_path, budget=2, batch=1)
    told: list[News] = []

    def pull_the_plug(news: News) -> None:
        told.append(news)
        if news.kind is Kind.STEP and not any(n.kind is Kind.TROUBLE for n in told):
            kill_server(tmp_path)

    with open_runtime(file) as runtime:
        outcome = run(runtime, progress=pull_the_plug)
        assert runtime.logbook.verify() == ()
    assert outcome.why is Why.BUDGET
    assert effects(tmp_path) == {"1": 1, "2": 1}
    assert [n.kind for n in told].count(Kind.TROUBLE) == 1


def kill_server(folder: Path) -> None:
    """Kill the server whose environment names a folder."""
    mark = f"{MARK}={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in environment and b"serve.py" in words:
            os.kill(int(process.name), signal.SIGKILL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def users_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run ``prefect server start`` as a user would; return the address of its API."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    command = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
    monkeypatch.setenv("PREFECT_API_URL", url)
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    with subprocess.Popen(
        [sys.executable, "-m", "prefect", *command],
        env={**os.environ, "PREFECT_HOME": str(tmp_path / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_for(port)
        yield url
        process.terminate()


def wait_for(port: int, seconds: float = 120.0) -> None:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"no server at port {port}")


@pytest.mark.slow
def test_a_server_of_the_user_shows_flow_and_tasks(
    users_server: str, tmp_path: Path
) -> None:
    file = write_campaign(tmp_path, budget=2, batch=2)
    with open_runtime(file) as runtime:
        assert run(runtime).why is Why.BUDGET
    with Server() as server:
        server.ready()
        with get_client(sync_client=True) as client:
            assert client.api_url == f"{users_server}/"
            flows = client.read_flow_runs()
            give_up = time.monotonic() + 20  # it takes task runs in from a queue
            while len(tasks := client.read_task_runs()) < 2:
                assert time.monotonic() < give_up
                time.sleep(0.2)
    assert [(f.name, f.state_name) for f in flows] == [("heights batch 0", "Completed")]
    assert {t.name for t in tasks} == {
        f"heights batch 0 experiment {n} experiment" for n in (1, 2)
    }
    assert flows[0].parameters == {"campaign": "heights", "batch_number": 0}
