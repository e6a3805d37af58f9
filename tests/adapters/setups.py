"""Executors' settings and requests to test with."""

from collections.abc import Mapping
from pathlib import Path

from labagent.campaigns import Stage
from labagent.ports import Executor, Report, Request, Setup
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    Label,
    Real,
    Role,
    Species,
    Value,
    Variable,
)

TEMPERATURE = Variable("temperature", Role.CONTROL, Continuous(20.0, 150.0), "degC")
BASE = Variable("base", Role.CONTROL, Choice(("K2CO3", "NaOH")))
ALLOY = Variable("alloy", Role.CONTROL, Composition((Species("Cu"), Species("Ni"))))
YIELD = Variable("yield", Role.OUTCOME, Real(), "percent")
PURITY = Variable("purity", Role.OUTCOME, Real(), "percent")
HUMIDITY = Variable("humidity", Role.CONTEXT, Real(), "percent")
OPERATOR = Variable("operator", Role.CONTEXT, Label())
WARM: Mapping[str, Value] = {"temperature": 100.0, "base": "NaOH"}

COOK = Stage("cook", ("temperature", "base"), (), "bench")
TEST = Stage("test", (), ("yield",), "bench")


def setup(  # noqa: PLR0913  a table of defaults
    folder: Path,
    adapter: str,
    options: Mapping[str, object] | None = None,
    *,
    controls: tuple[Variable, ...] = (TEMPERATURE, BASE),
    results: tuple[Variable, ...] = (YIELD,),
    timeout: float = 30.0,
    stages: tuple[Stage, ...] = (),
) -> Setup:
    """Return the settings of an executor called ``bench``."""
    work = folder / "work"
    return Setup(
        "bench",
        adapter,
        options or {},
        timeout,
        controls,
        results,
        folder,
        work,
        stages,
    )


def request(
    parameters: Mapping[str, Value] = WARM,
    *,
    key: str = "key",
    stage: str = "experiment",
    experiment: int = 7,
    intervention: Mapping[str, Value] | None = None,
) -> Request:
    """Return a request in the declared units."""
    units = {v.name: v.unit for v in (TEMPERATURE, BASE, ALLOY)}
    return Request(
        key=key,
        stage=stage,
        experiment=experiment,
        parameters=dict(parameters),
        units={name: units.get(name, "") for name in parameters},
        intervention=dict(parameters if intervention is None else intervention),
    )


def values(executor: Executor, handle: str) -> list[tuple[str, float | str | None]]:
    """Return name and value (or label) of everything observed."""
    seen = [o.measurement for o in executor.observations(handle)]
    return [(m.quantity, m.label if m.value is None else m.value) for m in seen]


def outcome(executor: Executor, handle: str) -> tuple[str, str]:
    """Return status and message."""
    report: Report = executor.poll(handle)
    return report.status.value, report.message
