"""What another program tells of an experiment, checked before anything is written."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from labagent.app.regimes import read_regime, refuse_unset
from labagent.campaigns import Campaign, Stage
from labagent.errors import ConfigurationError, DataError
from labagent.experiments import USUAL, Measurement, Regime, StepRecord, StepState
from labagent.variables import Intervention, Variable

LARGEST = 1e100
"""Numbers beyond this are refused: models square them, and a float ends at 1e308."""

_PAIR = 2  # a value and its standard uncertainty


@dataclass(frozen=True)
class Outcome:
    """What becomes of one step.

    Attributes:
        number: Number of the experiment.
        step: The step as it stands.
        state: Measured or failed.
        measurements: What was seen.
        message: Why it failed.
        regime: What was set by hand.
    """

    number: int
    step: StepRecord
    state: StepState
    measurements: tuple[Measurement, ...] = ()
    message: str = ""
    regime: Regime = field(default_factory=dict[str, bool])


def as_number(value: object) -> float | None:
    """Return any real number as a float; None for what is none, or beyond LARGEST."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) <= LARGEST else None


def settings(where: str, intervention: object) -> Intervention:
    """Return an intervention with plain numbers, where it may have those of numpy.

    Args:
        where: What the message begins with.
        intervention: Should be a mapping; its names and values are not checked here.

    Raises:
        DataError: It is no mapping.
    """
    if not isinstance(intervention, Mapping):
        raise DataError(
            f"{where}: got {intervention!r}, must be a mapping of controls to values"
        )
    return _plain(intervention)


def _plain(value: Any) -> Any:  # noqa: ANN401 as it came from another program
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    number = as_number(value)
    if number is None:
        return math.nan  # which every control refuses
    return int(value) if isinstance(value, Integral) else number


def measurements(campaign: Campaign, results: object) -> tuple[Measurement, ...]:
    """Return results as measurements in declared units.

    Args:
        campaign: Says what is measured.
        results: Should map quantities to a value, or to (value, standard uncertainty).

    Raises:
        DataError: A name or value is wrong, or there is none.
    """
    known = {v.name: v for v in campaign.measured}
    names = ", ".join(known)
    if not isinstance(results, Mapping) or not results:
        raise DataError(
            f"tell: got the results {results!r}, must map at least one of {names} to "
            "its value"
        )
    unknown = [str(name) for name in results if name not in known]
    if unknown:
        raise DataError(f"tell: got {', '.join(unknown)}, must be among {names}")
    return tuple(_measurement(known[name], seen) for name, seen in results.items())


def _measurement(variable: Variable, seen: object) -> Measurement:
    value, sigma = seen, None
    if isinstance(seen, (tuple, list)) and len(seen) == _PAIR:
        value, sigma = seen
    unit = f" in {variable.unit}" if variable.unit else ""
    number, spread = as_number(value), as_number(sigma)
    if number is None:
        raise DataError(
            f"tell {variable.name}: got {value!r}, must be a finite number{unit}, at "
            f"most {LARGEST:g}"
        )
    if value is not seen and (spread is None or spread < 0):
        raise DataError(
            f"tell {variable.name}: got the uncertainty {sigma!r}, must be a standard "
            f"uncertainty{unit}, 0 or more"
        )
    return Measurement(variable.name, number, variable.unit, sigma=spread)


def regime(
    campaign: Campaign,
    found: Sequence[Measurement],
    was_set: object,
    observed: object = (),
) -> dict[str, bool]:
    """Return what was set and what took its own course.

    Args:
        campaign: Says what may be set.
        found: The results.
        was_set: Should be names of measured states.
        observed: Should be names of controls.

    Raises:
        DataError: A name may not stand there, or a state was set to no value, or to one
            it may not be set to.
    """
    try:
        words = read_regime(campaign, _names(was_set), _names(observed))
        refuse_unset(campaign, words, {m.quantity: m.value for m in found})
    except ConfigurationError as error:
        said = str(error).replace("--set", "was_set").replace("--observed", "observed")
        raise DataError(f"tell {said}") from error
    return words


def _names(given: object) -> list[str]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DataError(f'tell: got {given!r}, must be names in a list, such as ["x"]')
    return [str(name) for name in given]


def outcomes(
    campaign: Campaign,
    number: int,
    steps: Iterable[StepRecord],
    found: Sequence[Measurement],
    words: Regime = USUAL,
) -> list[Outcome]:
    """Return what results say of an experiment's next steps, stage by stage.

    A stage that measures nothing is done once the stage before it is; one whose
    results are not told yet waits, and so do those that follow.

    Args:
        campaign: Says which stage measures what.
        number: Number of the experiment.
        steps: Its steps without outcome, in route order.
        found: Results to place.
        words: Which of them were set by hand.

    Raises:
        DataError: A result belongs to a stage that is done, or must wait for another.
    """
    stages = {s.name: s for s in campaign.stages}
    done: list[Outcome] = []
    for step in steps:
        stage = stages.get(step.stage, Stage(step.stage, (), (), step.executor))
        seen = tuple(m for m in found if m.quantity in stage.measures)
        if stage.measures and not seen:
            break
        mine = {m.quantity: True for m in seen if words.get(m.quantity)}
        done.append(Outcome(number, step, StepState.MEASURED, seen, regime=mine))
    placed = {m.quantity for outcome in done for m in outcome.measurements}
    left = [m.quantity for m in found if m.quantity not in placed]
    if left:
        raise DataError(
            f"tell: got {', '.join(left)} of experiment {number}, must be told once, "
            f"stage by stage: {_route(campaign)}"
        )
    return done


def _route(campaign: Campaign) -> str:
    """Return the stages that measure something, as a message lists them."""
    return ", then ".join(
        f"{stage.name} ({', '.join(stage.measures)})"
        for stage in campaign.stages
        if stage.measures
    )
