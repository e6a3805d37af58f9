"""What became of a step, and what of it may be written."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from labagent.campaigns import Campaign, Stage
from labagent.experiments import Kind, Measurement, StepState
from labagent.ports import Observation


@dataclass(frozen=True)
class Ending:
    """What is to be written of a step.

    Attributes:
        state: MEASURED, FAILED or UNKNOWN.
        message: Why, where something is wrong.
        measurements: What was seen.
        provenance: How it came about.
    """

    state: StepState
    message: str = ""
    measurements: tuple[Measurement, ...] = ()
    provenance: Mapping[str, object] = field(default_factory=dict)


T = TypeVar("T")


def storable(content: T) -> T:
    """Return texts with what no database can hold spelled out: NUL, lone surrogates.

    Args:
        content: A text, or lists and mappings with texts in them.
    """
    found: Any = content
    match found:
        case str():
            whole = found.encode("utf-8", "backslashreplace").decode("utf-8")
            found = whole.replace("\0", "\\x00")
        case Mapping():
            found = {storable(k): storable(v) for k, v in found.items()}
        case list() | tuple():
            found = [storable(v) for v in found]
        case _:
            pass
    return found


def judge(
    campaign: Campaign, stage: Stage, observations: Sequence[Observation]
) -> tuple[tuple[Measurement, ...], list[str]]:
    """Return what may be written of a stage's observations, and what is wrong.

    Readbacks of something finer than a control, such as one element of a composition,
    stay out of the measurements; :func:`readbacks` keeps them with the provenance.

    Args:
        campaign: Declares what may be measured.
        stage: What was run.
        observations: What the executor saw.
    """
    good: list[Measurement] = []
    problems: list[str] = []
    for seen in observations:
        found = seen.measurement
        if found.kind is Kind.READBACK and found.quantity not in campaign.space.names:
            continue
        problem = _problem(campaign, stage, found)
        if problem:
            problems.append(problem)
        else:
            good.append(found)
    return tuple(good), problems


def _problem(campaign: Campaign, stage: Stage, found: Measurement) -> str:
    """Return why a measurement must not be written; empty where it may."""
    units = {
        Kind.RESULT: {
            v.name: v.unit for v in campaign.measured if v.name in stage.measures
        },
        Kind.CONTEXT: {v.name: v.unit for v in campaign.context},
        Kind.READBACK: {v.name: v.unit for v in campaign.space.controls},
    }[found.kind]
    what = f"{found.kind} {found.quantity}"
    if found.quantity not in units:
        names = ", ".join(units) or "none"
        return f"{what}: is not declared for stage {stage.name}, must be one of {names}"
    if found.unit != units[found.quantity]:
        return (
            f"{what}: got unit {found.unit or 'none'}, must be "
            f"{units[found.quantity] or 'none'}; convert it in the executor"
        )
    if (found.value is None) == (found.label is None):
        return f"{what}: got neither or both of number and text, must be one of them"
    numbers = [x for x in (found.value, found.sigma) if x is not None]
    if not all(math.isfinite(x) for x in numbers):
        shown = " ± ".join(f"{x:g}" for x in numbers)
        return (
            f"{what}: got {shown} {found.unit}, must be finite; leave missing ones out"
        )
    return ""


def readbacks(observations: Sequence[Observation]) -> dict[str, object]:
    """Return what the controls really were, with what was asked for."""
    return {
        seen.measurement.quantity: {
            "value": seen.measurement.value,
            "unit": seen.measurement.unit,
            "setpoint": seen.setpoint,
        }
        for seen in observations
        if seen.measurement.kind is Kind.READBACK
        and seen.measurement.value is not None
        and math.isfinite(seen.measurement.value)
    }


def ended(
    campaign: Campaign,
    stage: Stage,
    observations: Sequence[Observation],
    provenance: Mapping[str, object],
) -> Ending:
    """Return the ending of a step whose executor says it succeeded."""
    good, problems = judge(campaign, stage, observations)
    results = {m.quantity for m in good if m.kind is Kind.RESULT}
    if stage.measures and not results and not problems:
        problems = [f"got no result, must measure {', '.join(stage.measures)}"]
    if problems:
        # A wrong result casts doubt on its neighbours, so none of them is written.
        return Ending(StepState.FAILED, "; ".join(problems), (), provenance)
    missing = [name for name in stage.measures if name not in results]
    message = f"without {', '.join(missing)}" if missing else ""
    return Ending(StepState.MEASURED, message, good, provenance)
