"""What lies in a job's folder: everything known of one submitted request.

``lock``          held by the submitter, then by the worker: locked means alive
``request.json``  what is to be done
``started``       made before the first effect; without it nothing ever happened
``group``         the worker's process group
``abort``         somebody asked to stop
``observations``  one JSON object a line, in order, each synced when it was seen
``result.json``   how it ended, and provenance; its presence means it is over
``stdout``, ``stderr``  what the program said
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.files import is_locked, read_json
from labagent.experiments import Kind, Measurement
from labagent.ports import Observation


@dataclass(frozen=True)
class JobFolder:
    """Names of a job's files."""

    path: Path

    @property
    def lock(self) -> Path:
        """The file whose lock says that submitter or worker is alive."""
        return self.path / "lock"

    @property
    def request(self) -> Path:
        """What is to be done."""
        return self.path / "request.json"

    @property
    def started(self) -> Path:
        """Present once the work may have had an effect."""
        return self.path / "started"

    @property
    def group(self) -> Path:
        """The worker's process group."""
        return self.path / "group"

    @property
    def abort(self) -> Path:
        """Present once somebody asked to stop."""
        return self.path / "abort"

    @property
    def seen(self) -> Path:
        """What was observed, one JSON object a line."""
        return self.path / "observations"

    @property
    def result(self) -> Path:
        """How it ended."""
        return self.path / "result.json"

    @property
    def stdout(self) -> Path:
        """What the program printed."""
        return self.path / "stdout"

    @property
    def stderr(self) -> Path:
        """What the program complained about."""
        return self.path / "stderr"

    @property
    def alive(self) -> bool:
        """Whether the submitter or the worker lives."""
        return is_locked(self.lock)

    def ending(self) -> dict[str, object] | None:
        """Return how it ended, or None while that is not written."""
        return read_json(self.result)

    def last_words(self, lines: int = 3) -> str:
        """Return the last lines of stderr on one line."""
        try:
            text = self.stderr.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return " | ".join(line.strip() for line in text.splitlines()[-lines:])


class Recorder:
    """Appends observations to a job's folder as they are made."""

    def __init__(self, folder: JobFolder) -> None:
        self._path = folder.seen
        self._seq = 0

    @property
    def count(self) -> int:
        """Number of observations written."""
        return self._seq

    def observe(self, measurement: Measurement, setpoint: float | None = None) -> None:
        """Write one observation; it is on disk when this returns."""
        self._seq += 1
        line = json.dumps(to_row(self._seq, measurement, setpoint), allow_nan=False)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        handle = os.open(self._path, flags, 0o644)
        try:
            os.write(handle, f"{line}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)


def to_row(
    seq: int, measurement: Measurement, setpoint: float | None = None
) -> dict[str, object]:
    """Return an observation made now, as JSON-able content."""
    return {
        **asdict(measurement),
        "seq": seq,
        "at": datetime.now(UTC).isoformat(),
        "monotonic": time.monotonic(),
        "setpoint": setpoint,
    }


def from_row(row: Mapping[str, Any]) -> Observation:
    """Return the observation that :func:`to_row` wrote."""
    names = [f.name for f in fields(Measurement)]
    content: dict[str, Any] = {name: row[name] for name in names}
    content["kind"] = Kind(row["kind"])
    return Observation(
        seq=row["seq"],
        at=datetime.fromisoformat(row["at"]),
        monotonic=row["monotonic"],
        measurement=Measurement(**content),
        setpoint=row["setpoint"],
    )


def read_observations(path: Path) -> Iterator[Observation]:
    """Yield what a recorder wrote; a line cut off by a kill is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            yield from_row(json.loads(line))
