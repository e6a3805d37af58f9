"""A person at the bench: ``adapter: manual``.

A step becomes a work card and an empty form under ``cards``. It runs until the filled
form lies under ``results`` (``7-3f2a.csv``, ``.json`` or ``.xlsx`` for experiment 7;
with several stages ``7-anneal-3f2a.csv``; the card says it), or until somebody enters
the result with ``labagent record``. A form that is still being written or that cannot
be understood is left alone and said aloud; one that was taken is kept as it was read.

Options:
    settle: How long a form must lie untouched before it is read; 2 s by default.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, final

from adapters.cards import card, form, stem
from adapters.files import (
    create,
    handle_of,
    is_handle,
    read_json,
    sha256,
    to_json,
)
from adapters.forms import SUFFIXES, Form, read_form
from adapters.jobfolder import from_row, to_row
from adapters.options import Options, refuse
from adapters.provenance import common, version_text
from adapters.requests import (
    accept,
    controls_of,
    plain,
    request_problems,
    results_of,
)
from labagent.errors import DataError, ExecutorError
from labagent.experiments import Kind
from labagent.ports import (
    Abort,
    Capabilities,
    Health,
    Observation,
    Report,
    Request,
    RunStatus,
    Setup,
    Sighting,
)


def _read_options(setup: Setup) -> tuple[float, list[str]]:
    options = Options(setup)
    return options.seconds("settle", 2.0), options.finish()


@final
class Manual:
    """Hands out work cards and takes in forms."""

    @staticmethod
    def check(setup: Setup) -> list[str]:
        """Return what is wrong with the settings."""
        return _read_options(setup)[1]

    def __init__(self, setup: Setup) -> None:
        """Build the executor and its folders.

        Raises:
            ConfigurationError: The settings are wrong.
        """
        self._settle, problems = _read_options(setup)
        if problems:
            refuse(setup, problems)
        self._setup = setup
        self._steps = setup.work / "steps"
        self._cards = setup.work / "cards"
        self._results = setup.work / "results"
        # A store that is new cannot know what was handed out before it was made.
        self._new = create(self._steps / "store.json", to_json({"format": 1}))
        for folder in (self._cards, self._results):
            folder.mkdir(exist_ok=True)

    def describe(self) -> Capabilities:
        """Return what a person can do."""
        return Capabilities(
            adapter="manual",
            version=version_text(),
            parameters=self._setup.parameters,
            results=self._setup.results,
            typical_seconds=86_400.0,
            abort=True,
            lookup=True,
            concurrent=1_000,
            by_person=True,
        )

    def health(self) -> Health:
        """Return ready; the reasons name forms that cannot be understood."""
        if not self._cards.is_dir() or not self._results.is_dir():
            return Health(False, (f"folder {self._setup.work}: cards or results gone",))
        troubles = [self._look(path.parent.name)[1] for path in self._open_steps()]
        return Health(True, tuple(t for t in troubles if t))

    def _open_steps(self) -> list[Path]:
        steps = sorted(self._steps.glob("*/step.json"))
        over = ("taken.json", "abort")
        return [s for s in steps if not any(s.with_name(n).exists() for n in over)]

    def validate(self, request: Request) -> list[str]:
        """Return what is wrong with a request."""
        return request_problems(self._setup, request)

    def submit(self, request: Request) -> str:
        """Write the card, once per key."""
        accept(self.validate(request))
        handle = handle_of(request.key)
        step = {
            "key": request.key,
            "stage": request.stage,
            "experiment": request.experiment,
            "parameters": {k: plain(v) for k, v in request.parameters.items()},
            "stem": stem(request, self._setup),
            "card": card(request, self._setup),
            "form": form(request, self._setup),
        }
        create(self._file(handle, "step.json"), to_json(step))
        self._publish(handle)
        return handle

    def _file(self, handle: str, name: str) -> Path:
        if not is_handle(handle):
            raise ExecutorError(f"handle {handle!r}: must be one that submit returned")
        return self._steps / handle / name

    def _step(self, handle: str) -> dict[str, Any] | None:
        return read_json(self._file(handle, "step.json"))

    def _publish(self, handle: str) -> None:
        """Lay out card and form where they are missing: a crash loses neither."""
        step = self._step(handle)
        if step is not None:
            create(self._cards / f"{step['stem']}.md", step["card"])
            create(self._cards / f"{step['stem']}.csv", step["form"])

    def poll(self, handle: str) -> Report:
        """Return where a step stands, taking in its form if that is complete."""
        step = self._step(handle)
        if step is None:
            return Report(RunStatus.UNKNOWN, f"no step {handle} in {self._steps}")
        if self._file(handle, "abort").exists():
            return Report(RunStatus.ABORTED, "withdrawn")
        trouble = ""
        if not self._file(handle, "taken.json").exists():
            found, trouble = self._look(handle)
            if found is not None:
                self._take(handle, *found)
        taken = read_json(self._file(handle, "taken.json"))
        if taken is None:
            self._publish(handle)
            waiting = f"waiting for results/{step['stem']}.csv"
            return Report(RunStatus.RUNNING, trouble or waiting)
        self._clear_away(step["stem"])
        if taken["failure"]:
            return Report(RunStatus.FAILED_PARTIAL, str(taken["failure"]))
        return Report(RunStatus.SUCCEEDED)

    def _look(self, handle: str) -> tuple[tuple[Path, str, Form] | None, str]:
        """Return a step's form if it is complete, else what is wrong with it."""
        step = self._step(handle) or {}
        for suffix in SUFFIXES:
            path = self._results / f"{step['stem']}{suffix}"
            if not _settled(path, self._settle):
                continue
            digest = sha256(path)
            try:
                found = self._read(path, step["stage"])
            except DataError as error:
                return None, f"results/{path.name}: {error}; correct the file"
            if sha256(path) == digest:  # nobody wrote into it meanwhile
                return (path, digest, found), ""
        return None, ""

    def _read(self, path: Path, stage: str) -> Form:
        controls = controls_of(self._setup, stage)
        return read_form(path, controls, results_of(self._setup, stage))

    def _take(self, handle: str, path: Path, digest: str, found: Form) -> None:
        """Keep a form's content; what happens to the file later changes nothing."""
        asked = (self._step(handle) or {})["parameters"]
        rows = [
            to_row(
                seq,
                replace(m, raw=f"results/{path.name} sha256:{digest}"),
                _setpoint(asked, m.quantity) if m.kind is Kind.READBACK else None,
            )
            for seq, m in enumerate(found.measurements, start=1)
        ]
        taken = {
            "failure": found.failure,
            "form": path.name,
            "sha256": digest,
            "observations": rows,
        }
        create(self._file(handle, "taken.json"), to_json(taken))

    def _clear_away(self, name: str) -> None:
        """Move the card of a finished step to ``cards/done``."""
        done = self._cards / "done"
        for suffix in (".md", ".csv"):
            with suppress(FileNotFoundError):
                (self._cards / f"{name}{suffix}").stat()
                done.mkdir(exist_ok=True)
                (self._cards / f"{name}{suffix}").replace(done / f"{name}{suffix}")

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        """Return what the form said."""
        taken: dict[str, Any] = read_json(self._file(handle, "taken.json")) or {}
        found = [from_row(row) for row in taken.get("observations", [])]
        return [o for o in found if o.seq > after_seq]

    def abort(self, handle: str, how: Abort) -> None:
        """Withdraw the card; a form that was taken stays taken."""
        step = self._step(handle)
        if step is None or self._file(handle, "taken.json").exists():
            return
        if create(self._file(handle, "abort"), to_json({"how": how.value})):
            self._clear_away(step["stem"])

    def lookup(self, key: str) -> tuple[Sighting, str]:
        """Return whether a card was made for a key."""
        handle = handle_of(key)
        if self._file(handle, "step.json").exists():
            return Sighting.SEEN, handle
        return (Sighting.CANNOT_TELL if self._new else Sighting.NOT_SEEN), ""

    def provenance(self, handle: str) -> Mapping[str, object]:
        """Return the form's name and sha256."""
        taken = read_json(self._file(handle, "taken.json")) or {}
        told = {k: taken[k] for k in ("form", "sha256") if k in taken}
        return {**common(self._setup, self.describe()), **told}

    def close(self) -> None:
        """Do nothing: cards stay on the bench."""


def _settled(path: Path, seconds: float) -> bool:
    """Return whether a file is there and nobody has touched it for a while."""
    try:
        touched = path.stat().st_ctime
    except FileNotFoundError:
        return False
    return time.time() - touched >= seconds


def _setpoint(asked: Mapping[str, Any], path: str) -> float | None:
    """Return what was asked of a control or of a composition's species."""
    name, _, component = path.rpartition(".")
    value = asked.get(path, asked.get(name))
    if isinstance(value, Mapping):
        value = cast("Mapping[str, float]", value).get(component, 0.0)
    return value if isinstance(value, (int, float)) else None
