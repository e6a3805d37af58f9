"""What a worker runs for ``python``: a function in the user's own file.

::

    def measure(parameters, report=None, stage="", turn=1, experiment=0, seed=0):
        report("yield", 41.0)     # optional: kept, as partial, whatever happens later
        return {"yield": 42.0, "purity": {"value": 97.1, "sigma": 0.4}}

Only ``parameters`` (control name to value, in the campaign's units) is required; the
others are passed to functions that name them. Values are in the declared units. Where a
stage repeats, names are the campaign file's and ``turn`` counts from 1; a vector is a
list of as many numbers as it has parts. What is returned counts; of a quantity that is
only reported every report counts, once the function has returned.
"""

import hashlib
import inspect
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from numbers import Real
from pathlib import Path
from typing import Any, cast

from adapters.jobfolder import Recorder
from labagent.errors import DataError
from labagent.experiments import Kind, Measurement

Function = Callable[..., object]

PARTIAL = "partial"
"""Quality of what was reported before the end; it is kept and not averaged."""


def work(payload: Mapping[str, Any], recorder: Recorder) -> Mapping[str, object]:
    """Call the function and record what it reports and returns.

    Args:
        payload: ``file``, ``sha256``, ``function``, ``parameters``, ``stage``,
            ``turn``, ``experiment``, ``seed``, ``results``: name, unit, label, kind;
            ``called``: what the function calls them to their names; ``vectors``: to
            the names of their parts.
        recorder: Where the observations go.

    Raises:
        DataError: It returned something else than finite, declared quantities.
    """
    results = _Results(payload)

    reported: list[Measurement] = []

    def report(name: str, value: object, sigma: float | None = None) -> None:
        content = value if sigma is None else {"value": value, "sigma": sigma}
        found = results.measurements(name, content)
        for measurement in found:
            recorder.observe(replace(measurement, quality=PARTIAL))
        reported.extend(found)

    function = _load(payload)
    offered = {
        k: payload[k] for k in ("stage", "turn", "experiment", "seed") if k in payload
    }
    offered["report"] = report
    worker = os.getpid()
    returned = function(dict(payload["parameters"]), **_named(function, offered))
    if os.getpid() != worker:
        os._exit(0)  # a copy the function forked: its parent speaks for both
    final = results.all_of(returned)
    known = {m.quantity for m in final}
    for measurement in (*final, *(m for m in reported if m.quantity not in known)):
        recorder.observe(measurement)
    if results.names and not recorder.count:
        raise DataError(
            f"{payload['function']}: returned no result, must return "
            f"{{name: value}} for {', '.join(results.names)}"
        )
    return {"file": Path(payload["file"]).name, "sha256": payload["sha256"]}


def _load(payload: Mapping[str, Any]) -> Function:
    """Run the user's file and return the function."""
    path = Path(payload["file"])
    if hashlib.sha256(path.read_bytes()).hexdigest() != payload["sha256"]:
        raise DataError(f"file {path.name}: changed while the step was started")
    sys.path.insert(0, str(path.parent))  # its neighbours can be imported
    name = f"campaign_{path.stem}"  # never the name of a package of ours
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DataError(f"file {path.name}: must be a Python file, named *.py")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    function = getattr(module, payload["function"], None)
    if not callable(function):
        raise DataError(f"file {path.name}: has no function {payload['function']}")
    return function


def _named(function: Function, offered: Mapping[str, object]) -> dict[str, object]:
    """Return what a function asks for by name."""
    wanted = inspect.signature(function).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in wanted):
        return dict(offered)
    names = {p.name for p in wanted}
    return {k: v for k, v in offered.items() if k in names}


class _Results:
    """What may be measured, and how a value becomes a measurement."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self._declared = {d["name"]: d for d in payload["results"]}
        self._called: Mapping[str, str] = payload.get("called", {})
        self._vectors: Mapping[str, list[str]] = payload.get("vectors", {})
        self._function: str = payload["function"]
        self.names = (*self._called, *(n for n in self._declared if n not in self._own))

    @property
    def _own(self) -> set[str]:
        return {*self._called.values()}

    def all_of(self, returned: object) -> list[Measurement]:
        """Check all that was returned before any of it counts."""
        if returned is None:
            return []
        if not isinstance(returned, Mapping):
            raise DataError(
                f"{self._function}: returned {returned!r}, must return a dict of "
                "quantity to value"
            )
        found = cast("Mapping[str, object]", returned)
        return [
            m for n, content in found.items() for m in self.measurements(n, content)
        ]

    def measurements(self, name: str, content: object) -> list[Measurement]:
        """Return what one name stands for: a quantity, or a vector's parts.

        Raises:
            DataError: It is not what was declared.
        """
        parts = self._vectors.get(name)
        if parts is None:
            return [self.measurement(self._called.get(name, name), content)]
        if isinstance(content, str) or not isinstance(content, Iterable):
            raise DataError(f"{name}: got {content!r}, must be {len(parts)} numbers")
        values = list(cast("Iterable[object]", content))
        if len(values) != len(parts):
            raise DataError(
                f"{name}: got {len(values)} numbers, must be {len(parts)}: "
                f"{', '.join(parts)}"
            )
        return [self.measurement(p, v) for p, v in zip(parts, values, strict=True)]

    def measurement(self, name: str, content: object) -> Measurement:
        """Return one value as a measurement.

        Raises:
            DataError: It is not a finite number (or label) of a declared quantity.
        """
        declared = self._declared.get(name)
        if declared is None:
            raise DataError(
                f"{self._function}: gave {name!r}, which this stage does not measure; "
                f"must be one of {', '.join(self.names)}"
            )
        kind = Kind(declared["kind"])
        if declared["label"]:
            if not isinstance(content, str):
                raise DataError(f"{name}: got {content!r}, must be a text")
            return Measurement(name, None, label=content, kind=kind)
        value, sigma = content, None
        if isinstance(content, Mapping):
            pair = cast("Mapping[str, object]", content)
            value, sigma = pair.get("value"), pair.get("sigma")
        return Measurement(
            name,
            self._number(name, value),
            declared["unit"],
            sigma=None if sigma is None else self._sigma(name, sigma),
            kind=kind,
        )

    def _sigma(self, name: str, value: object) -> float:
        sigma = self._number(f"{name} sigma", value)
        if sigma < 0:
            raise DataError(
                f"{self._function}: gave {name} sigma = {sigma:g}, must not be negative"
            )
        return sigma

    def _number(self, name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise DataError(
                f"{self._function}: gave {name} = {value!r}, must be a number"
            )
        number = float(value)
        if not math.isfinite(number):
            raise DataError(f"{self._function}: gave {name} = {number}, must be finite")
        return number
