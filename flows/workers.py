"""Names of workers that tell whether the process behind them still lives.

A name is ``host:pid:start@store``. Process ids are given out again, starting times are
not, so a lease whose worker died on this host is ended at once by the next run instead
of after its time. ``store`` names the folder in which its executors keep what they did:
whoever takes a step over and looks into another one cannot tell from it what happened.
"""

import os
import platform
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

from labagent.ports import Logbook


@dataclass(frozen=True)
class Worker:
    """One process that runs steps.

    Attributes:
        host: Name of the machine.
        pid: Process id on it.
        start: When the process began, in the words of its operating system.
    """

    host: str
    pid: int
    start: str

    def __str__(self) -> str:
        """Return the name that goes on leases."""
        return f"{self.host}:{self.pid}:{self.start}"

    @property
    def dead(self) -> bool:
        """Whether it certainly runs no more; False for workers of other hosts."""
        return self.host == platform.node() and started(self.pid) != self.start


@cache
def this_worker() -> Worker:
    """Return this process."""
    return Worker(platform.node(), os.getpid(), started(os.getpid()) or "unknown")


def parse(name: str) -> Worker | None:
    """Return the worker a lease names, or None for names that are not ours."""
    host, _, rest = name.partition("@")[0].partition(":")
    pid, _, start = rest.partition(":")
    return Worker(host, int(pid), start) if pid.isdecimal() and start else None


def store_of(name: str) -> str:
    """Return the name of the store of a worker; empty where it told none."""
    return name.partition("@")[2]


def store_name(folder: Path) -> str:
    """Return the name of a store, made once and kept in it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "store-id"
    with suppress(FileExistsError):
        draft = folder / f".store-{uuid4().hex}"
        draft.write_text(uuid4().hex[:12], encoding="utf-8")
        try:
            os.link(draft, file)  # complete or not there, whoever is first
        finally:
            draft.unlink()
    return file.read_text(encoding="utf-8")


def started(pid: int) -> str | None:
    """Return when a process began; None where there is none, or only its remains."""
    status = Path(f"/proc/{pid}/stat")
    if status.parent.parent.joinpath("self").exists():
        try:
            # after the name in brackets: the state, and 19 fields on the start's ticks
            fields = status.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return shown.stdout.strip().replace(" ", "_").replace(":", ".") or None


def recover(logbook: Logbook, campaign: int) -> int:
    """End the leases of this host's dead workers; return how many steps that frees.

    Args:
        logbook: Where the leases are.
        campaign: Row id.
    """
    dead = [
        name
        for name in logbook.workers(campaign)
        if (worker := parse(name)) is not None and worker.dead
    ]
    return sum(logbook.lapse(name) for name in dead)
