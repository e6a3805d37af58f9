"""Jobs end as their files say, whoever was killed."""

import os
import signal
import time
from pathlib import Path

import pytest

from adapters.files import handle_of, sha256
from adapters.jobs import Jobs
from labagent.errors import ExecutorError
from labagent.ports import Abort, Report, RunStatus, Sighting

PROGRAM = """
import os, subprocess, time
from pathlib import Path

def quick(parameters, report):
    report("yield", 1.0)
    return {"yield": 2.0}

def fail(parameters, report):
    report("yield", 1.0)
    raise ValueError("the stirrer stopped")

def leave(parameters):
    raise SystemExit(3)

def die(parameters):
    os.abort()

def hang(parameters, report):
    child = subprocess.Popen(["sleep", "300"])
    Path("child").write_text(str(child.pid))
    report("yield", 1.0)
    time.sleep(300)

def stubborn(parameters, report):
    report("yield", 1.0)
    while True:
        try:
            time.sleep(300)
        except BaseException:
            pass

def tidy(parameters, report):
    try:
        report("yield", 1.0)  # whoever sees it may abort
        time.sleep(300)
    finally:
        Path("tidied").touch()
"""


def payload(folder: Path, function: str) -> dict[str, object]:
    file = folder / "mysim.py"
    file.write_text(PROGRAM)
    result = {"name": "yield", "unit": "percent", "label": False, "kind": "result"}
    return {
        "file": str(file),
        "sha256": sha256(file),
        "function": function,
        "parameters": {},
        "stage": "experiment",
        "experiment": 1,
        "seed": 0,
        "results": [result],
    }


def start(jobs: Jobs, folder: Path, function: str, key: str = "key") -> str:
    task = "adapters.python_task:work"
    return jobs.submit(key, task, payload(folder, function), folder)


def wait(jobs: Jobs, handle: str, seconds: float = 30.0) -> Report:
    give_up = time.monotonic() + seconds
    while not (report := jobs.poll(handle)).status.final:
        assert time.monotonic() < give_up, report
        time.sleep(0.02)
    return report


def wait_until_seen(jobs: Jobs, handle: str) -> None:
    give_up = time.monotonic() + 30
    while not jobs.observations(handle):
        assert time.monotonic() < give_up, jobs.poll(handle)
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def group_of(folder: Path, key: str = "key") -> int:
    return int((folder / "jobs" / handle_of(key) / "group").read_text())


@pytest.mark.parametrize(
    ("function", "idempotent", "status", "message"),
    [
        ("quick", False, RunStatus.SUCCEEDED, ""),
        ("fail", False, RunStatus.FAILED_PARTIAL, "ValueError: the stirrer stopped"),
        ("fail", True, RunStatus.FAILED_NO_EFFECT, "ValueError: the stirrer stopped"),
        ("leave", False, RunStatus.FAILED_PARTIAL, "SystemExit: 3"),
        ("die", False, RunStatus.UNKNOWN, "ended without a result"),
        ("die", True, RunStatus.FAILED_NO_EFFECT, "ended without a result"),
    ],
    ids=["quick", "fail", "fail-again", "leave", "die", "die-again"],
)
def test_how_a_job_ends(
    function: str, idempotent: bool, status: RunStatus, message: str, tmp_path: Path
) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=idempotent)
    report = wait(jobs, start(jobs, tmp_path, function))
    assert report.status is status
    assert message in report.message


def test_a_relative_folder_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jobs = Jobs(Path("jobs"), 30.0, idempotent=False)
    (tmp_path / "elsewhere").mkdir()
    handle = start(jobs, tmp_path / "elsewhere", "quick")
    assert wait(jobs, handle).status is RunStatus.SUCCEEDED


def test_a_failure_keeps_traceback_and_partial_results(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    handle = start(jobs, tmp_path, "fail")
    report = wait(jobs, handle)
    assert "(mysim.py, line 11)" in report.message
    assert "the stirrer stopped" in str(jobs.provenance(handle)["traceback"])
    assert [o.measurement.value for o in jobs.observations(handle)] == [1.0]


@pytest.mark.parametrize(
    ("idempotent", "status"),
    [(False, RunStatus.UNKNOWN), (True, RunStatus.FAILED_NO_EFFECT)],
    ids=["unknown", "idempotent"],
)
def test_a_timeout_stops_the_whole_group(
    idempotent: bool, status: RunStatus, tmp_path: Path
) -> None:
    jobs = Jobs(tmp_path / "jobs", 1.0, idempotent=idempotent)
    handle = start(jobs, tmp_path, "hang")
    report = wait(jobs, handle)
    assert report.status is status
    assert "ran past its time-out of 1 s" in report.message
    child = int((tmp_path / "child").read_text())
    give_up = time.monotonic() + 10
    while is_running(child) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not is_running(child)


def test_who_does_not_heed_a_timeout_is_killed(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 1.0, idempotent=False, grace=0.5)
    report = wait(jobs, start(jobs, tmp_path, "stubborn"))
    assert report.status is RunStatus.UNKNOWN
    assert "ended without a result" in report.message


def test_a_killed_worker_is_unknown_and_not_started_again(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    handle = start(jobs, tmp_path, "hang")
    wait_until_seen(jobs, handle)
    os.killpg(group_of(tmp_path), signal.SIGKILL)
    assert wait(jobs, handle).status is RunStatus.UNKNOWN
    start(jobs, tmp_path, "hang")
    assert jobs.poll(handle).status is RunStatus.UNKNOWN
    assert [o.measurement.value for o in jobs.observations(handle)] == [1.0]


def test_a_killed_idempotent_worker_is_started_again(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=True)
    handle = start(jobs, tmp_path, "hang")
    wait_until_seen(jobs, handle)
    os.killpg(group_of(tmp_path), signal.SIGKILL)
    assert wait(jobs, handle).status is RunStatus.FAILED_NO_EFFECT
    start(jobs, tmp_path, "quick")
    assert wait(jobs, handle).status is RunStatus.SUCCEEDED
    assert [o.measurement.value for o in jobs.observations(handle)] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("how", "tidied"), [(Abort.GRACEFUL, True), (Abort.EMERGENCY, False)]
)
def test_a_graceful_abort_lets_the_function_tidy_up(
    how: Abort, tidied: bool, tmp_path: Path
) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    handle = start(jobs, tmp_path, "tidy")
    wait_until_seen(jobs, handle)
    jobs.abort(handle, how)
    assert wait(jobs, handle).status is RunStatus.ABORTED
    assert (tmp_path / "tidied").exists() is tidied
    start(jobs, tmp_path, "tidy")
    assert jobs.poll(handle).status is RunStatus.ABORTED


def test_an_abort_after_the_end_changes_nothing(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    handle = start(jobs, tmp_path, "quick")
    wait(jobs, handle)
    jobs.abort(handle, Abort.EMERGENCY)
    assert jobs.poll(handle).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("idempotent", "sighting"),
    [(False, Sighting.CANNOT_TELL), (True, Sighting.NOT_SEEN)],
    ids=["real", "idempotent"],
)
def test_a_new_store_cannot_tell_what_ran_before(
    idempotent: bool, sighting: Sighting, tmp_path: Path
) -> None:
    new = Jobs(tmp_path / "jobs", 30.0, idempotent=idempotent)
    assert new.lookup("key") == (sighting, "")
    old = Jobs(tmp_path / "jobs", 30.0, idempotent=idempotent)
    assert old.lookup("key") == (Sighting.NOT_SEEN, "")


def test_a_submitter_that_died_before_the_start_left_nothing(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    folder = tmp_path / "jobs" / handle_of("key")
    folder.mkdir()
    (folder / "request.json").write_text("{}")
    assert Jobs(tmp_path / "jobs", 30.0, idempotent=False).lookup("key") == (
        Sighting.NOT_SEEN,
        "",
    )
    assert jobs.poll(handle_of("key")) == Report(
        RunStatus.FAILED_NO_EFFECT, "was never started"
    )
    assert wait(jobs, start(jobs, tmp_path, "quick")).status is RunStatus.SUCCEEDED


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    handle = start(jobs, tmp_path, "quick")
    wait(jobs, handle)
    with (tmp_path / "jobs" / handle / "observations").open("a") as file:
        file.write('{"seq": 3, "quant')
    assert [o.seq for o in jobs.observations(handle)] == [1, 2]


def test_secrets_do_not_reach_the_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABAGENT_DB", "postgresql://me:hunter2@localhost/lab")
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    program = (
        "import os\ndef f(p):\n    raise ValueError(sorted(os.environ.values()))\n"
    )
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    content = payload(tmp_path, "f")
    (tmp_path / "mysim.py").write_text(program)
    content["sha256"] = sha256(tmp_path / "mysim.py")
    handle = jobs.submit("key", "adapters.python_task:work", content, tmp_path)
    message = wait(jobs, handle).message
    assert "ValueError" in message
    assert "hunter2" not in message


def test_a_worker_that_cannot_start_is_an_error_without_effect(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", 30.0, idempotent=False)
    content = payload(tmp_path, "quick")
    with pytest.raises(ExecutorError, match=r"worker: could not be started: .*no such"):
        jobs.submit("key", "adapters.python_task:work", content, tmp_path / "no such")
    assert jobs.poll(handle_of("key")).status is RunStatus.FAILED_NO_EFFECT
    assert jobs.lookup("key")[0] is not Sighting.SEEN
