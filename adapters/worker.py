"""The process that does a job: ``python -m adapters.worker FOLDER LOCK``.

It forks at once, so that nobody has to wait for it; the copy keeps the lock it
inherited until it dies, and that is how others see that it lives.
"""

import faulthandler
import importlib
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from adapters.files import create, read_json, to_json, write_atomically
from adapters.jobfolder import JobFolder, Recorder
from labagent.errors import LabagentError

Task = Callable[[Mapping[str, Any], Recorder], Mapping[str, object]]
"""Does the work of a payload, records what it sees, and returns provenance."""


class Stopped(BaseException):
    """Somebody asked to stop; derives from BaseException so that no task eats it."""


class Expired(BaseException):
    """The time-out is over."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _expire(_number: int, _frame: FrameType | None) -> None:
    raise Expired


def _arm(timeout: float) -> None:
    """Let signals end the work: SIGTERM when asked, SIGALRM after the time-out."""
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _expire)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    # Where compiled code never comes back to Python, a watchdog thread ends it all.
    faulthandler.dump_traceback_later(timeout + 5, exit=True)


def _disarm() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.cancel_dump_traceback_later()


def _load(task: str) -> Task:
    module, _, function = task.partition(":")
    return getattr(importlib.import_module(module), function)


def _work(job: JobFolder, request: Mapping[str, Any]) -> dict[str, object]:
    """Do the work; whatever happens becomes the result that is returned."""
    timeout = float(request["timeout"])
    try:
        _arm(timeout)
        provenance = _load(request["task"])(request["payload"], Recorder(job))
    except Stopped:
        return {"status": "aborted", "message": "stopped when asked to"}
    except Expired:
        where = traceback.format_exc()
        message = f"ran past its time-out of {timeout:g} s and was stopped"
        return {"status": "timed_out", "message": message, "traceback": where}
    except BaseException as error:  # noqa: BLE001  the failure becomes a recorded row
        return {
            "status": "failed",
            "message": _message(error),
            "traceback": traceback.format_exc(),
        }
    finally:
        _disarm()
    return {"status": "succeeded", "provenance": dict(provenance)}


def _message(error: BaseException) -> str:
    """Return what went wrong, and in which line of which file."""
    if isinstance(error, LabagentError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return f"{type(error).__name__}: {error} ({place})"


def run(job: JobFolder) -> str:
    """Do a job and write how it ended; return the status."""
    request = read_json(job.request)
    if request is None:
        raise FileNotFoundError(job.request)
    write_atomically(job.group, str(os.getpgrp()))
    if job.abort.exists():
        result: dict[str, object] = {"status": "aborted", "message": "before it began"}
    else:
        create(job.started, "")
        result = _work(job, request)
    result["python"] = platform.python_version()
    write_atomically(job.result, to_json(result))
    return str(result["status"])


def main() -> None:
    """Fork, do the job in the copy, and leave nothing of it running."""
    folder, lock = sys.argv[1:]
    if os.fork():
        os._exit(0)
    os.set_inheritable(int(lock), False)  # programs the task starts do not keep it
    run(JobFolder(Path(folder)))
    sys.stdout.flush()
    sys.stderr.flush()
    os.killpg(0, signal.SIGKILL)  # ourselves, and whatever the task left running


if __name__ == "__main__":
    main()
