"""What every driver checks of a request before it does anything."""

from collections.abc import Sequence

from labagent.campaigns import Stage
from labagent.errors import ExecutorError
from labagent.ports import Request, Setup
from labagent.variables import Value, Variable


def plain(value: Value) -> Value:
    """Return a value of our own that nobody else can change."""
    return value if isinstance(value, (str, int, float)) else dict(value)


def stage_of(setup: Setup, name: str) -> Stage | None:
    """Return a stage by its name; None where the executor has just one, unnamed."""
    return next((s for s in setup.stages if s.name == name), None)


def controls_of(setup: Setup, stage: str) -> tuple[Variable, ...]:
    """Return the controls a stage sets."""
    names = {s.name: s.controls for s in setup.stages}.get(stage)
    if names is None:
        return setup.parameters
    return tuple(p for p in setup.parameters if p.name in names)


def results_of(setup: Setup, stage: str) -> tuple[Variable, ...]:
    """Return the quantities a stage measures, context included."""
    names = {s.name: s.measures for s in setup.stages}.get(stage)
    if names is None:
        return setup.results
    staged = {name for s in setup.stages for name in s.measures}
    return tuple(r for r in setup.results if r.name in names or r.name not in staged)


def request_problems(setup: Setup, request: Request) -> list[str]:
    """Return what is wrong with a request: stage, names, units, limits."""
    stages = [s.name for s in setup.stages]
    if stages and request.stage not in stages:
        return [f"stage {request.stage}: must be one of {', '.join(stages)}"]
    controls = controls_of(setup, request.stage)
    found = _name_problems(controls, request)
    for control in controls:
        if control.name not in request.parameters:
            continue
        unit = request.units.get(control.name, "")
        if unit != control.unit:
            found.append(
                f"parameter {control.name}: got the unit {unit or '(none)'}, must be "
                f"in {control.unit or 'no unit'}"
            )
        value = request.parameters[control.name]
        found += [
            f"parameter {control.name}: {v} {control.unit}".rstrip()
            for v in control.domain.violations(value)
        ]
    return found


def _name_problems(controls: Sequence[Variable], request: Request) -> list[str]:
    names = [c.name for c in controls]
    missing = [n for n in names if n not in request.parameters]
    unknown = [n for n in request.parameters if n not in names]
    return [f"parameter {n}: got no value, must be set" for n in missing] + [
        f"parameter {n}: is unknown, must be one of {', '.join(names)}" for n in unknown
    ]


def accept(problems: Sequence[str]) -> None:
    """Let a request pass that has no problems.

    Raises:
        ExecutorError: It has; nothing happened.
    """
    if problems:
        raise ExecutorError("; ".join(problems))
