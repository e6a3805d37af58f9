"""A calcination route for a titania photocatalyst: ``adapter: calcination``.

Sets any of ``dry.temperature``, ``dry.time``, ``calcine.temperature``,
``calcine.time``, ``calcine.ramp``, ``anneal.temperature``, ``anneal.time`` and
``anneal.ramp`` (with ``_`` for the dot in a campaign without stages; what is left out
has a usual value). Measures any of ``moisture`` (percent) after drying;
``rutile_calcined``, ``grain_calcined`` (nm), ``green_density`` after calcination;
``rutile_fraction``, ``grain_size`` (nm), ``density``, ``activity`` (1/hour) and
``strength`` (MPa) after annealing. Records the context ``lot``, ``humidity`` (percent)
and ``furnace_offset`` (K) where the campaign declares it; it acts in any case. What is
computed, and from which sources: :mod:`adapters.physics.calcination`.

Options:
    seed: Of all chance; the same seed gives the same samples for ever.
    context_noise: Lots, humidity and furnace offset; 1 is usual, 0 is none.
    process_noise: What nobody sees, but the sample feels; 1 is usual, 0 is none.
    measurement_noise: Errors of the instruments; 1 is usual, 0 is none.
    diffractogram: Whether phases and grains are read from a computed diffractogram,
        which is kept as raw data; false emulates its errors.
    delay: How long a step pretends to take, such as ``2 s``.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, final

from adapters.files import create, handle_of, is_handle, read_json, sha256, to_json
from adapters.options import Options, refuse
from adapters.physics.route import (
    CONTEXT,
    CONTROLS,
    QUANTITIES,
    STAGES,
    field_of,
)
from adapters.provenance import common, version_text
from adapters.requests import accept, request_problems, results_of
from labagent.config.units import affine, compatible, has_offset
from labagent.errors import ExecutorError
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
from labagent.variables import Continuous, Integer, Label, Role, Variable

_KNOWN = {**QUANTITIES, **CONTEXT}


@dataclass(frozen=True)
class _Settings:
    seed: int
    context_noise: float
    process_noise: float
    measurement_noise: float
    diffractogram: bool
    delay: float


def _read(setup: Setup) -> tuple[_Settings, list[str]]:
    options = Options(setup)
    settings = _Settings(
        seed=options.whole("seed", 0, 0, 2**31),
        context_noise=options.number("context_noise", 1.0, 0.0, 5.0),
        process_noise=options.number("process_noise", 1.0, 0.0, 5.0),
        measurement_noise=options.number("measurement_noise", 1.0, 0.0, 5.0),
        diffractogram=options.flag("diffractogram", default=True),
        delay=options.seconds("delay", 0.0),
    )
    found = [p for c in setup.parameters for p in _control_problems(c)]
    found += [p for r in setup.results for p in _result_problems(r)]
    for text in found or _order_problems(setup):
        options.problem(text)
    return settings, options.finish()


def _control_problems(control: Variable) -> list[str]:
    known = CONTROLS.get(field_of(control.name))
    what = f"control {control.name}"
    if known is None:
        names = ", ".join(CONTROLS)
        return [f"{what}: is unknown, must be one of {names} (or with a dot)"]
    if not isinstance(control.domain, Continuous | Integer):
        return [f"{what}: got {type(control.domain).__name__}, must be a range"]
    if not compatible(control.unit, known.unit):
        shown = control.unit or "(none)"
        return [f"{what}: got the unit {shown}, must convert to {known.unit}"]
    slope, offset = affine(control.unit, known.unit)
    low = slope * control.domain.low + offset
    high = slope * control.domain.high + offset
    if low < known.low * (1 - 1e-9) or high > known.high * (1 + 1e-9):
        return [
            f"{what}: got [{low:g}, {high:g}] {known.unit}, must lie in "
            f"[{known.low:g}, {known.high:g}] {known.unit}"
        ]
    return []


def _result_problems(result: Variable) -> list[str]:
    context = result.role is Role.CONTEXT
    table = CONTEXT if context else QUANTITIES
    what = f"{'context' if context else 'measurement'} {result.name}"
    native = table.get(result.name)
    if native is None:
        return [f"{what}: is unknown, must be one of {', '.join(table)}"]
    if isinstance(result.domain, Label) != (result.name == "lot"):
        kind = "a label" if result.name == "lot" else "a number"
        return [f"{what}: must be {kind}"]
    # a difference of temperatures must not be converted like a temperature
    difference = native.unit == "K" and has_offset(result.unit or "")
    if difference or not compatible(result.unit, native.unit):
        shown = result.unit or "(none)"
        return [
            f"{what}: got the unit {shown}, must convert to "
            f"{native.unit or 'a plain number'}"
        ]
    return []


def _ranks(setup: Setup) -> dict[str, int]:
    """Return how far along the route a sample is after each of the campaign's stages.

    A stage without controls only measures; after the last one the route is over.
    """
    found: dict[str, int] = {}
    rank = 0
    for stage in setup.stages:
        own = [_rank_of(name) for name in stage.controls]
        rank = max([rank, *own])
        found[stage.name] = rank
    if setup.stages:
        found[setup.stages[-1].name] = len(STAGES) - 1
    return found


def _rank_of(control: str) -> int:
    return STAGES.index(field_of(control).partition("_")[0])


def _order_problems(setup: Setup) -> list[str]:
    """Return what is set too late or measured too early."""
    spans = [
        (s.name, [_rank_of(name) for name in s.controls])
        for s in setup.stages
        if s.controls
    ]
    found = [
        f"stage {name}: comes after {before}, must come in the order "
        f"{', '.join(STAGES)}"
        for (before, earlier), (name, own) in pairwise(spans)
        if min(own) < max(earlier)
    ]
    ranks = _ranks(setup)
    return found + [
        f"measurement {name}: got the stage {stage.name}, must be measured after "
        f"{_KNOWN[name].after}"
        for stage in setup.stages
        for name in stage.measures
        if ranks[stage.name] < STAGES.index(_KNOWN[name].after)
    ]


@final
class Calcination:
    """Dries, calcines and anneals titania in a computer."""

    @staticmethod
    def check(setup: Setup) -> list[str]:
        """Return what is wrong with the settings."""
        return _read(setup)[1]

    def __init__(self, setup: Setup) -> None:
        """Build the executor.

        Raises:
            ConfigurationError: The settings are wrong.
        """
        self._setup = setup
        self._settings, problems = _read(setup)
        if problems:
            refuse(setup, problems)
        self._ranks = _ranks(setup)
        self._runs = setup.work / "runs"
        self._runs.mkdir(parents=True, exist_ok=True)

    def describe(self) -> Capabilities:
        """Return what it can do."""
        return Capabilities(
            adapter="calcination",
            version=version_text("pymatgen", "scipy", "numpy"),
            parameters=self._setup.parameters,
            results=self._setup.results,
            typical_seconds=self._settings.delay,
            abort=True,
            lookup=True,
            snapshot=True,
            concurrent=os.cpu_count() or 1,
            idempotent=True,
            simulated=True,
        )

    def health(self) -> Health:
        """Return ready, or what is missing."""
        if self._runs.is_dir():
            return Health(True)
        return Health(False, (f"folder {self._runs}: is gone",))

    def validate(self, request: Request) -> list[str]:
        """Return what is wrong with a request."""
        known = {*request.intervention, *request.parameters}
        return request_problems(self._setup, request) or [
            f"control {p.name}: got no value, must be known to follow the sample"
            for p in self._setup.parameters
            if p.name not in known
        ]

    def submit(self, request: Request) -> str:
        """Follow the sample up to this stage, once per key; the answer is kept."""
        accept([*self.validate(request), *self.health().reasons])
        handle = handle_of(request.key)
        run = self._run(handle)
        if not run.exists():
            create(run, to_json(self._answer(request, run.parent)))
        return handle

    def _run(self, handle: str) -> Path:
        if not is_handle(handle):
            raise ExecutorError(f"handle {handle!r}: must be one that submit returned")
        return self._runs / handle / "run.json"

    def _answer(self, request: Request, folder: Path) -> dict[str, Any]:
        """Return what will be told of a request, from when on, and a snapshot.

        Nothing passes from stage to stage but the intervention: every stage follows the
        sample from the gel again. So all stages of an experiment need the same noise,
        which ``request.seed`` is not: the dispatcher makes it from the step's own key.
        Experiment number and option ``seed`` are the same for all of them.
        """
        physics = import_module("adapters.physics.calcination")  # scipy: slow to import
        scatter = import_module("adapters.physics.scatter")
        s = self._settings
        seed = scatter.sample_seed(s.seed, request.experiment)
        levels = scatter.Levels(s.context_noise, s.process_noise, s.measurement_noise)
        wanted = self._wanted(request.stage)
        found = physics.simulate(
            self._recipe(request, physics),
            scatter.draw_noise(seed, levels),
            pattern=s.diffractogram,
            names=[v.name for v in wanted],
        )
        raw = {
            name: _keep(pattern, folder / f"{stage}.csv")
            for stage, pattern in found.patterns.items()
            for name in physics.XRD[stage]
        }
        ready = datetime.now(UTC) + timedelta(seconds=s.delay)
        reached = STAGES[self._ranks.get(request.stage, len(STAGES) - 1)]
        return {
            "key": request.key,
            "ready_at": ready.isoformat(),
            "monotonic": time.monotonic() + s.delay,
            "seed": seed,
            "snapshot": {reached: found.samples[reached].document()},
            "noise": found.noise.document(),
            "results": [_row(v, found, raw.get(v.name)) for v in wanted],
        }

    def _wanted(self, stage: str) -> list[Variable]:
        """Return what can be told after a stage: context of later ones cannot."""
        rank = self._ranks.get(stage, len(STAGES) - 1)
        return [
            v
            for v in results_of(self._setup, stage)
            if STAGES.index(_KNOWN[v.name].after) <= rank
        ]

    def _recipe(self, request: Request, physics: Any) -> Any:  # noqa: ANN401  lazy
        values = {**request.intervention, **request.parameters}
        native: dict[str, float] = {}
        for control in self._setup.parameters:
            unit = CONTROLS[field_of(control.name)].unit
            slope, offset = affine(control.unit, unit)
            value = values[control.name]
            assert isinstance(value, int | float)  # noqa: S101  checked by its domain
            native[control.name] = slope * value + offset
        return physics.Recipe.of(native)

    def poll(self, handle: str) -> Report:
        """Return where a step stands."""
        run = read_json(self._run(handle))
        if run is None:
            return Report(RunStatus.UNKNOWN, f"no run {handle} in {self._runs}")
        if self._aborted(handle):
            return Report(RunStatus.ABORTED, "aborted")
        return Report(RunStatus.SUCCEEDED if _is_ready(run) else RunStatus.RUNNING)

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        """Return what was measured once the delay is over."""
        run: dict[str, Any] | None = read_json(self._run(handle))
        if run is None or self._aborted(handle) or not _is_ready(run):
            return []
        at, clock = datetime.fromisoformat(run["ready_at"]), run["monotonic"]
        rows: list[dict[str, Any]] = run["results"]
        found = [
            Observation(seq, at, clock, _measurement(row))
            for seq, row in enumerate(rows, start=1)
        ]
        return [o for o in found if o.seq > after_seq]

    def _aborted(self, handle: str) -> bool:
        return self._run(handle).with_name("abort").exists()

    def abort(self, handle: str, how: Abort) -> None:
        """Stop pretending; a finished step stays finished."""
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
        """Return the sample's seed, and where its snapshot lies; never the truth."""
        file = self._run(handle)
        told: dict[str, object] = {}
        if (run := read_json(file)) is not None:
            told = {"sample_seed": run["seed"], "snapshot": f"runs/{handle}/run.json"}
        return {**common(self._setup, self.describe()), **told}

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _is_ready(run: Mapping[str, Any]) -> bool:
    return datetime.fromisoformat(run["ready_at"]) <= datetime.now(UTC)


def _measurement(row: Mapping[str, Any]) -> Measurement:
    content: dict[str, Any] = {**row, "kind": Kind(row["kind"])}
    return Measurement(**content)


def _keep(pattern: Any, path: Path) -> str:  # noqa: ANN401  an array of counts
    """Write a diffractogram and return where it lies, with its hash."""
    angles = import_module("adapters.physics.diffraction").ANGLES.tolist()
    pairs = zip(angles, pattern.tolist(), strict=True)
    lines = [f"{angle:.2f},{counts:.1f}" for angle, counts in pairs]
    create(path, "\n".join(["two_theta_degree,counts", *lines, ""]))
    return f"runs/{path.parent.name}/{path.name} sha256:{sha256(path)}"


def _row(variable: Variable, found: Any, raw: str | None) -> dict[str, Any]:  # noqa: ANN401  lazy
    """Return one measurement, in the declared unit, as JSON-able content."""
    name, context = variable.name, variable.role is Role.CONTEXT
    value = found.context[name] if context else found.measured[name]
    kind = (Kind.CONTEXT if context else Kind.RESULT).value
    if isinstance(value, str):
        return {"quantity": name, "value": None, "label": value, "kind": kind}
    slope, offset = affine(_KNOWN[name].unit, variable.unit)
    sigma = found.sigmas.get(name)
    return {
        "quantity": name,
        "value": slope * value + offset,
        "unit": variable.unit,
        "sigma": None if sigma is None else abs(slope) * sigma,
        "kind": kind,
        "raw": raw,
    }
