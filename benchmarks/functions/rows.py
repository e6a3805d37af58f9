"""Results as JSON lines: appended as campaigns finish, read back to go on.

A line is a campaign; a killed run loses those under way. A line that a kill cut short
is passed over, as is one that failed: both are run again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class Job:
    """One campaign.

    Attributes:
        problem: Key in ``PROBLEMS``.
        seed: Of starting points, noise and method.
        arm: Name of the method; a control is written ``labagent/hidden``.
        starts: Starting points, the same for all arms of a seed.
        steps: Proposals.
        seal_starts: Whether labagent predicts the starting points as well.
        device: Where labagent computes; the baselines stay on the CPU.
    """

    problem: str
    seed: int
    arm: str
    starts: int
    steps: int
    seal_starts: bool = False
    device: str = "cpu"


@dataclass(frozen=True)
class Row:
    """How a campaign went.

    Attributes:
        job: Which one.
        regrets: Optimum minus best true value: after the starts, then after each step.
        seconds: Time each proposal took, telling included.
        below: Outcome to the probability, by step, that its sealed prediction gave to
            what is below the result; empty for arms that predict nothing.
        density: Outcome to the log density of its result, by step, in nats.
        points: (starts + steps) points of the unit cube.
        values: Values measured there, in order of the nodes.
        versions: Libraries, and a digest of labagent's source.
        finished: When, UTC, ISO 8601.
        error: What went wrong, with its trace; nothing above then counts.
    """

    job: Job
    regrets: list[float]
    seconds: list[float]
    below: dict[str, list[float]]
    density: dict[str, list[float]]
    points: list[list[float]]
    values: list[list[float]]
    versions: dict[str, str]
    finished: str
    error: str = ""


def failed(job: Job, error: str, versions: dict[str, str], finished: str) -> Row:
    """Return the row of a campaign that ended in an error."""
    return Row(job, [], [], {}, {}, [], [], versions, finished, error)


def append(path: Path, row: Row) -> None:
    """Add a row, on the disk once this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":  # a kill cut the last line short
                file.write(b"\n")
        file.write(json.dumps(asdict(row)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> dict[Job, Row]:
    """Return the last row of every job; failed ones only where nothing succeeded."""
    found: dict[Job, Row] = {}
    for row in _rows(path):
        before = found.get(row.job)
        if before is None or before.error or not row.error:
            found[row.job] = row
    return found


def _rows(path: Path) -> Iterator[Row]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            content: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:
            continue  # cut short by a kill
        yield Row(**{**content, "job": Job(**content["job"])})
