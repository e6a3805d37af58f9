"""A function in the user's own file: ``adapter: python``.

The function runs in a process of its own with the campaign's time-out, which outlives
this program; what it may look like stands in :mod:`adapters.python_task`.

Options:
    file: Python file, counted from the campaign file's folder.
    function: Its name; ``measure`` by default.
    idempotent: Whether running it twice with the same parameters harms nothing; then
        a run whose end nobody saw is repeated instead of waiting for a person.
    simulated: Whether no real sample is consumed.
    parallel: How many may run at once; 1 by default.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from adapters.files import sha256
from adapters.jobs import Jobs
from adapters.options import Options, refuse
from adapters.provenance import common, version_text
from adapters.requests import accept, plain, request_problems, results_of, stage_of
from labagent.config.nodes import did_you_mean
from labagent.experiments import Kind
from labagent.ports import (
    Abort,
    Capabilities,
    Health,
    Observation,
    Report,
    Request,
    Setup,
    Sighting,
)
from labagent.variables import Label, Role, Variable


@dataclass(frozen=True)
class _Settings:
    file: Path
    function: str
    idempotent: bool
    simulated: bool
    parallel: int


def _read(setup: Setup) -> tuple[_Settings, list[str]]:
    options = Options(setup)
    settings = _Settings(
        file=options.file("file").resolve(),
        function=options.text("function", "measure"),
        idempotent=options.flag("idempotent", default=False),
        simulated=options.flag("simulated", default=False),
        parallel=options.whole("parallel", 1, 1, 1024),
    )
    if not options.problems:
        for text in _file_problems(settings.file, settings.function):
            options.problem(text)
    return settings, options.finish()


def _file_problems(file: Path, function: str) -> list[str]:
    """Return what is wrong with the user's file, without running it."""
    try:
        tree = ast.parse(file.read_bytes(), filename=file.name)
    except (SyntaxError, ValueError) as error:
        return [f"file {file.name}: is not Python: {error}"]
    names = list(_top_level_names(tree))
    if function in names:
        return []
    hint = did_you_mean(function, names)
    return [
        f"option function: got {function!r}, must be defined in {file.name}"
        f"{'; ' + hint if hint else ''}"
    ]


def _top_level_names(tree: ast.Module) -> Sequence[str]:
    found: list[str] = []
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found += [a.asname or a.name for a in aliases]
            case ast.Assign(targets=targets):
                found += [t.id for t in targets if isinstance(t, ast.Name)]
            case _:
                pass
    return found


def _declared(result: Variable) -> dict[str, object]:
    context = result.role is Role.CONTEXT
    return {
        "name": result.name,
        "unit": result.unit,
        "label": isinstance(result.domain, Label),
        "kind": (Kind.CONTEXT if context else Kind.RESULT).value,
    }


@final
class PythonCallable:
    """Calls a function of the user's, each time in a process of its own."""

    @staticmethod
    def check(setup: Setup) -> list[str]:
        """Return what is wrong with the settings or the file."""
        return _read(setup)[1]

    def __init__(self, setup: Setup) -> None:
        """Build the executor.

        Raises:
            ConfigurationError: The settings or the file are wrong.
        """
        self._setup = setup
        self._settings, problems = _read(setup)
        if problems:
            refuse(setup, problems)
        self._jobs = Jobs(
            setup.work / "jobs", setup.timeout, idempotent=self._settings.idempotent
        )

    def describe(self) -> Capabilities:
        """Return what it can do."""
        return Capabilities(
            adapter="python",
            version=version_text(),
            parameters=self._setup.parameters,
            results=self._setup.results,
            abort=True,
            lookup=True,
            partial=True,
            seedable=True,
            concurrent=self._settings.parallel,
            idempotent=self._settings.idempotent,
            simulated=self._settings.simulated,
        )

    def health(self) -> Health:
        """Return ready, or that the file is gone or broken."""
        file = self._settings.file
        if not file.is_file():
            return Health(False, (f"file {file}: is gone",))
        if problems := _file_problems(file, self._settings.function):
            return Health(False, tuple(problems))
        return self._jobs.health()

    def validate(self, request: Request) -> list[str]:
        """Return what is wrong with a request."""
        return request_problems(self._setup, request)

    def submit(self, request: Request) -> str:
        """Call the function unless it was called for this key before."""
        accept([*self.validate(request), *self.health().reasons])
        return self._jobs.submit(
            request.key,
            "adapters.python_task:work",
            self._payload(request),
            self._setup.folder,
        )

    def _payload(self, request: Request) -> dict[str, Any]:
        results = results_of(self._setup, request.stage)
        stage = stage_of(self._setup, request.stage)
        turn = stage.turn if stage else None
        names = {own: name for name, own in turn.names.items()} if turn else {}
        return {
            "file": str(self._settings.file),
            "sha256": sha256(self._settings.file),
            "function": self._settings.function,
            "parameters": {
                names.get(k, k): plain(v) for k, v in request.parameters.items()
            },
            "stage": turn.stage if turn else request.stage,
            "turn": turn.number if turn else 1,
            "experiment": request.experiment,
            "seed": request.seed,
            "results": [_declared(r) for r in results],
            "called": {names[r.name]: r.name for r in results if r.name in names},
            "vectors": stage.vectors if stage else {},
        }

    def poll(self, handle: str) -> Report:
        """Return where a call stands."""
        return self._jobs.poll(handle)

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        """Return what the function reported and returned."""
        return self._jobs.observations(handle, after_seq)

    def abort(self, handle: str, how: Abort) -> None:
        """Stop the function: graceful raises inside it, emergency kills it."""
        self._jobs.abort(handle, how)

    def lookup(self, key: str) -> tuple[Sighting, str]:
        """Return what is known of a key."""
        return self._jobs.lookup(key)

    def provenance(self, handle: str) -> Mapping[str, object]:
        """Return the file's sha256, the function, and a failure's traceback."""
        payload = self._jobs.payload(handle)
        told = {k: payload[k] for k in ("sha256", "function", "seed") if k in payload}
        return {
            **common(self._setup, self.describe()),
            **told,
            **self._jobs.provenance(handle),
        }

    def close(self) -> None:
        """Do nothing: running calls are harvested later."""
