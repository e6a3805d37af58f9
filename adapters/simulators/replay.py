"""Replays a measured table as if it were an instrument: ``adapter: replay``.

The asked intervention is looked up among the table's rows; several rows with equal
controls are replicates, of which the request's key picks one (never their mean). No
row within the tolerance is a failure without effect that names the nearest row.

Options:
    file: CSV or XLSX, counted from the campaign file's folder.
    sheet: Sheet of an XLSX file; the first by default.
    columns: Variable to column, or to ``{column: ..., unit: ...}`` where the table's
        unit differs; species of a composition are called ``alloy.Al``. A variable
        that is left out is looked for under its own name.
    tolerance: Largest difference that still matches, as a share of a control's range
        (0.000001 by default).
    delay: How long an experiment pretends to take, such as ``2 s``.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, final

from adapters.files import create, handle_of, is_handle, read_json, sha256, to_json
from adapters.matching import Match, Recipe, find, make_sources, read_recipes
from adapters.options import Options, refuse
from adapters.provenance import common, version_text
from adapters.requests import accept, request_problems, results_of
from adapters.tables import read_table
from labagent.errors import DataError, ExecutorError
from labagent.experiments import Kind, Measurement
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
from labagent.variables import Role, Variable

SHOWN = 5
"""How many unreadable cells one report names."""


@dataclass(frozen=True)
class _Settings:
    file: Path
    tolerance: float
    delay: float
    recipes: tuple[Recipe, ...]


def _read(setup: Setup) -> tuple[_Settings, list[str]]:
    options = Options(setup)
    if not setup.parameters:
        options.problem("controls: got none, must have one to look up rows by")
    file = options.file("file")
    sheet = options.text("sheet", "") or None
    columns = options.mapping("columns")
    tolerance = options.number("tolerance", 1e-6, 0.0, 1.0)
    delay = options.seconds("delay", 0.0)
    problems = options.finish()
    recipes: list[Recipe] = []
    if not problems:
        try:
            recipes, found = _recipes(setup, file, sheet, columns)
        except DataError as error:
            found = [str(error)]
        for text in found:
            options.problem(text)
    return _Settings(file, tolerance, delay, tuple(recipes)), options.problems


def _recipes(
    setup: Setup, file: Path, sheet: str | None, columns: Mapping[str, object]
) -> tuple[list[Recipe], list[str]]:
    table = read_table(file, sheet)
    variables = (*setup.parameters, *setup.results)
    sources, problems = make_sources(variables, columns, table)
    if problems:
        return [], problems
    recipes, problems = read_recipes(setup.parameters, setup.results, sources, table)
    if len(problems) > SHOWN:
        problems = [*problems[:SHOWN], f"... and {len(problems) - SHOWN} more cells"]
    if not recipes and not problems:
        problems = [
            f"table {file.name}: got no row that sets every control, must hold one"
        ]
    return recipes, [f"table {file.name}: {p}" for p in problems]


@final
class Replay:
    """Answers from a table, after a pretended delay."""

    @staticmethod
    def check(setup: Setup) -> list[str]:
        """Return what is wrong with the settings or the table."""
        return _read(setup)[1]

    def __init__(self, setup: Setup) -> None:
        """Build the executor and remember which table the campaign began with.

        Raises:
            ConfigurationError: The settings or the table are wrong.
        """
        self._setup = setup
        self._settings, problems = _read(setup)
        if problems:
            refuse(setup, problems)
        self._runs = setup.work / "runs"
        self._baseline = setup.work / "table.json"
        self._sha256 = sha256(self._settings.file)
        create(self._baseline, to_json({"sha256": self._sha256}))
        self._runs.mkdir(exist_ok=True)

    def describe(self) -> Capabilities:
        """Return what it can do."""
        return Capabilities(
            adapter="replay",
            version=version_text(),
            parameters=self._setup.parameters,
            results=self._setup.results,
            typical_seconds=self._settings.delay,
            abort=True,
            lookup=True,
            concurrent=1_000,
            idempotent=True,
            simulated=True,
        )

    def health(self) -> Health:
        """Return ready, or that the table is gone or has changed."""
        file = self._settings.file
        if not file.is_file():
            return Health(False, (f"table {file}: is gone",))
        began = (read_json(self._baseline) or {}).get("sha256")
        if sha256(file) == self._sha256 == began:
            return Health(True)
        reason = (
            f"table {file}: changed during the campaign, must stay as it was; restore "
            f"it, or delete {self._baseline} to go on with the new one"
        )
        return Health(False, (reason,))

    def validate(self, request: Request) -> list[str]:
        """Return what is wrong with a request."""
        known = {*request.intervention, *request.parameters}
        return request_problems(self._setup, request) or [
            f"control {p.name}: got no value, must be known to find the row"
            for p in self._setup.parameters
            if p.name not in known
        ]

    def submit(self, request: Request) -> str:
        """Look the request up, once per key; the answer is kept."""
        accept([*self.validate(request), *self.health().reasons])
        handle = handle_of(request.key)
        create(self._run(handle), to_json(self._answer(request)))
        return handle

    def _run(self, handle: str) -> Path:
        if not is_handle(handle):
            raise ExecutorError(f"handle {handle!r}: must be one that submit returned")
        return self._runs / handle / "run.json"

    def _answer(self, request: Request) -> dict[str, Any]:
        """Return what will be told of a request, and from when on."""
        ready = datetime.now(UTC) + timedelta(seconds=self._settings.delay)
        answer: dict[str, Any] = {
            "key": request.key,
            "ready_at": ready.isoformat(),
            "monotonic": time.monotonic() + self._settings.delay,
            "table": {"file": self._settings.file.name, "sha256": self._sha256},
        }
        # All controls count, not only this stage's: a later stage may only measure.
        values = {**request.intervention, **request.parameters}
        match = find(self._settings.recipes, self._setup.parameters, values)
        if match.distance > self._settings.tolerance:
            return answer | {"failure": self._no_match(match)}
        recipe = _replicate(match, request.key)
        wanted = [r.name for r in results_of(self._setup, request.stage)]
        results = [(n, recipe.results[n]) for n in wanted if n in recipe.results]
        answer["table"]["row"] = recipe.row
        if wanted and not results:
            failure = f"row {recipe.row} of the table holds none of {', '.join(wanted)}"
            return answer | {"failure": failure}
        return answer | {"results": results, "replicates": len(match.recipes)}

    def _no_match(self, match: Match) -> str:
        nearest = match.recipes[0]
        values = ", ".join(
            f"{k} = {_shown(v)}" for k, v in nearest.intervention.items()
        )
        return (
            f"no row of {self._settings.file.name} lies within the tolerance of "
            f"{self._settings.tolerance:g}; the nearest is row {nearest.row} "
            f"({values}), {match.distance:g} of a control's range away"
        )

    def poll(self, handle: str) -> Report:
        """Return where a request stands."""
        run = read_json(self._run(handle))
        if run is None:
            return Report(RunStatus.UNKNOWN, f"no run {handle} in {self._runs}")
        if self._aborted(handle):
            return Report(RunStatus.ABORTED, "aborted")
        if not _is_ready(run):
            return Report(RunStatus.RUNNING)
        if "failure" in run:
            return Report(RunStatus.FAILED_NO_EFFECT, str(run["failure"]))
        return Report(RunStatus.SUCCEEDED)

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        """Return the row's results once the delay is over."""
        run: dict[str, Any] | None = read_json(self._run(handle))
        if run is None or self._aborted(handle) or not _is_ready(run):
            return []
        variables = {r.name: r for r in self._setup.results}
        found = [
            Observation(
                seq=seq,
                at=datetime.fromisoformat(run["ready_at"]),
                monotonic=run["monotonic"],
                measurement=_measurement(variables[name], value),
            )
            for seq, (name, value) in enumerate(run.get("results", []), start=1)
        ]
        return [o for o in found if o.seq > after_seq]

    def _aborted(self, handle: str) -> bool:
        return self._run(handle).with_name("abort").exists()

    def abort(self, handle: str, how: Abort) -> None:
        """Stop pretending; a finished run stays finished."""
        run = read_json(self._run(handle))
        if run is not None and not _is_ready(run):
            create(self._run(handle).with_name("abort"), to_json({"how": how.value}))

    def lookup(self, key: str) -> tuple[Sighting, str]:
        """Return whether a key was submitted."""
        handle = handle_of(key)
        if self._run(handle).exists():
            return Sighting.SEEN, handle
        return Sighting.NOT_SEEN, ""

    def provenance(self, handle: str) -> Mapping[str, object]:
        """Return the table's name, sha256 and row."""
        run = read_json(self._run(handle)) or {}
        told = {k: run[k] for k in ("table", "replicates") if k in run}
        return {**common(self._setup, self.describe()), **told}

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _is_ready(run: Mapping[str, Any]) -> bool:
    return datetime.fromisoformat(run["ready_at"]) <= datetime.now(UTC)


def _replicate(match: Match, key: str) -> Recipe:
    """Pick one of several rows with equal controls, the same one for the same key."""
    number = int(hashlib.sha256(key.encode()).hexdigest(), 16)
    return match.recipes[number % len(match.recipes)]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _measurement(variable: Variable, value: float | str) -> Measurement:
    kind = Kind.CONTEXT if variable.role is Role.CONTEXT else Kind.RESULT
    if isinstance(value, str):
        return Measurement(variable.name, None, label=value, kind=kind)
    return Measurement(variable.name, value, variable.unit, kind=kind)
