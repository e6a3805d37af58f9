"""Jobs that outlive whoever started them: one folder and one process per request.

The state of a job follows from its files (:mod:`adapters.jobfolder`), so any process,
after any crash, comes to the same answer:

=============================  ==================================================
result written                 what the result says
locked, not started            accepted
locked, started                running
abandoned, abort asked         aborted
abandoned, not started         failed_no_effect: nothing ever happened
abandoned, started             unknown; failed_no_effect where the work is idempotent
=============================  ==================================================
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from adapters.files import (
    create,
    handle_of,
    is_handle,
    read_json,
    sync_folder,
    to_json,
    try_lock,
    write_atomically,
)
from adapters.jobfolder import JobFolder, read_observations
from labagent.errors import ExecutorError
from labagent.ports import Abort, Health, Observation, Report, RunStatus, Sighting

GRACE = 10.0
"""Seconds a worker has to end itself after its time-out before it is killed."""

HANDOVER = 2.0
"""Seconds to wait for a submitter that holds the lock and has not started yet."""


class Jobs:
    """The jobs of one executor.

    Attributes:
        idempotent: Whether running a job again harms nothing and changes nothing.
    """

    def __init__(
        self, folder: Path, timeout: float, *, idempotent: bool, grace: float = GRACE
    ) -> None:
        """Open the jobs of a folder, making it where it is missing.

        Args:
            folder: Holds one folder per job.
            timeout: Longest a job may take, in seconds.
            idempotent: Whether running a job again harms nothing.
            grace: Seconds a worker has to end itself after its time-out.
        """
        self._folder = folder.resolve()  # the worker starts somewhere else
        self._timeout = timeout
        self._grace = grace
        self.idempotent = idempotent
        # A store that is new cannot know what ran before it was made.
        self._new = create(folder / "store.json", to_json({"format": 1}))

    def _job(self, handle: str) -> JobFolder:
        if not is_handle(handle):
            raise ExecutorError(f"handle {handle!r}: must be one that submit returned")
        return JobFolder(self._folder / handle)

    def health(self) -> Health:
        """Return ready, or why jobs cannot be kept."""
        if not self._folder.is_dir():
            return Health(False, (f"folder {self._folder}: is gone",))
        if not os.access(self._folder, os.W_OK | os.X_OK):
            return Health(False, (f"folder {self._folder}: cannot be written",))
        return Health(True)

    def submit(
        self, key: str, task: str, payload: Mapping[str, object], folder: Path
    ) -> str:
        """Start a job unless it was started before; return its handle.

        Args:
            key: Idempotency key.
            task: ``module:function`` of ours that does the work.
            payload: What the function is given, as JSON.
            folder: Where it runs.

        Raises:
            ExecutorError: The process could not be started; nothing happened.
        """
        handle = handle_of(key)
        job = self._job(handle)
        job.path.mkdir(parents=True, exist_ok=True)
        sync_folder(self._folder)
        lock = self._take_over(job)
        if lock is None:
            return handle
        try:
            if not self._settled(job):
                self._prepare(job, key, task, payload)
                _launch(job, lock, folder)
        finally:
            os.close(lock)  # the worker has its own copy
        return handle

    def _take_over(self, job: JobFolder) -> int | None:
        """Return the job's lock, or None where somebody else is at it."""
        give_up = time.monotonic() + HANDOVER
        while (lock := try_lock(job.lock)) is None:
            if job.started.exists() or time.monotonic() > give_up:
                return None
            time.sleep(0.01)
        return lock

    def _settled(self, job: JobFolder) -> bool:
        """Return whether a job nobody works at must not be started (again)."""
        if job.result.exists() or job.abort.exists():
            return True
        return job.started.exists() and not self.idempotent

    def _prepare(
        self, job: JobFolder, key: str, task: str, payload: Mapping[str, object]
    ) -> None:
        # Left over by a worker that died; only idempotent jobs come here with them.
        job.started.unlink(missing_ok=True)
        job.seen.unlink(missing_ok=True)
        request = {
            "key": key,
            "task": task,
            "payload": payload,
            "timeout": self._timeout,
        }
        write_atomically(job.request, to_json(request))

    def poll(self, handle: str) -> Report:
        """Return where a job stands."""
        job = self._job(handle)
        if not job.path.exists():
            return Report(RunStatus.UNKNOWN, f"no job {handle} in {self._folder}")
        ending = job.ending()
        if ending is None and job.alive:
            self._enforce_timeout(job)
            started = job.started.exists()
            return Report(RunStatus.RUNNING if started else RunStatus.ACCEPTED)
        ending = ending or job.ending()  # it may have ended between the two looks
        if ending is None:
            return self._abandoned(job)
        return self._ended(ending)

    def _enforce_timeout(self, job: JobFolder) -> None:
        """Kill a worker that did not end itself in time."""
        with suppress(FileNotFoundError):
            late = time.time() - job.started.stat().st_mtime - self._timeout
            if late > self._grace:
                _signal(job, signal.SIGKILL)

    def _unclear(self) -> RunStatus:
        """Return the status of work that began and whose end nobody saw."""
        return RunStatus.FAILED_NO_EFFECT if self.idempotent else RunStatus.UNKNOWN

    def _abandoned(self, job: JobFolder) -> Report:
        if job.abort.exists():
            return Report(RunStatus.ABORTED, "aborted")
        if not job.started.exists():
            return Report(RunStatus.FAILED_NO_EFFECT, "was never started")
        words = job.last_words()
        return Report(
            self._unclear(),
            "the worker ended without a result (killed, crashed, or the machine "
            f"stopped); its last words: {words or 'none'}",
        )

    def _ended(self, ending: Mapping[str, object]) -> Report:
        message = str(ending.get("message", ""))
        match ending.get("status"):
            case "succeeded":
                return Report(RunStatus.SUCCEEDED, message)
            case "aborted":
                return Report(RunStatus.ABORTED, message)
            case "timed_out":
                return Report(self._unclear(), message)
            case _ if self.idempotent:
                return Report(RunStatus.FAILED_NO_EFFECT, message)
            case _:
                return Report(RunStatus.FAILED_PARTIAL, message)

    def observations(self, handle: str, after_seq: int = 0) -> list[Observation]:
        """Return what a job has seen so far, after a sequence number."""
        seen = read_observations(self._job(handle).seen)
        return [o for o in seen if o.seq > after_seq]

    def payload(self, handle: str) -> dict[str, Any]:
        """Return what a job was given; empty where there is none."""
        request: dict[str, Any] = read_json(self._job(handle).request) or {}
        return request.get("payload", {})

    def provenance(self, handle: str) -> dict[str, object]:
        """Return what the worker said of itself, and a failure's traceback."""
        ending: dict[str, Any] = self._job(handle).ending() or {}
        told: dict[str, object] = dict(ending.get("provenance", {}))
        known = ("python", "traceback")
        return told | {k: ending[k] for k in known if k in ending}

    def abort(self, handle: str, how: Abort) -> None:
        """Ask a job to stop, or kill it; safe to repeat."""
        job = self._job(handle)
        if not job.path.exists() or job.result.exists():
            return
        create(job.abort, to_json({"how": how.value}))
        graceful = how is Abort.GRACEFUL
        _signal(job, signal.SIGTERM if graceful else signal.SIGKILL)

    def lookup(self, key: str) -> tuple[Sighting, str]:
        """Return what is known of a key, and the job's handle if it was seen."""
        handle = handle_of(key)
        job = self._job(handle)
        marks = (job.result, job.started, job.abort)
        if any(m.exists() for m in marks) or job.alive:
            return Sighting.SEEN, handle
        if self._new and not self.idempotent:
            return Sighting.CANNOT_TELL, ""
        return Sighting.NOT_SEEN, ""


def _signal(job: JobFolder, number: signal.Signals) -> None:
    """Send a signal to the worker and to everything it started."""
    # The lock is held by that group, so its number cannot belong to strangers.
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        group = int(job.group.read_text(encoding="utf-8"))
        if job.alive:
            os.killpg(group, number)


def _environment() -> dict[str, str]:
    """Return our environment without secrets, one thread per job, ours first."""
    secret = ("LABAGENT_", "PREFECT_", "PGPASS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(secret)}
    root = str(Path(__file__).resolve().parents[1])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")]))
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return kept | dict.fromkeys(threads, "1")


def _launch(job: JobFolder, lock: int, folder: Path) -> None:
    """Start a worker in a session of its own, so that it survives us."""
    command = [sys.executable, "-P", "-m", "adapters.worker", str(job.path), str(lock)]
    try:
        with job.stdout.open("ab") as out, job.stderr.open("ab") as err:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env=_environment(),
                pass_fds=(lock,),
                start_new_session=True,
            )
            code = process.wait()  # it forks and returns, so init reaps the worker
    except OSError as error:
        raise ExecutorError(f"worker: could not be started: {error}") from error
    if code != 0:
        raise ExecutorError(f"worker: could not be started: {job.last_words()}")
