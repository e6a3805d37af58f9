"""What a person types as results, checked and in declared units.

::

    plqy=33            in the declared unit
    plqy=33percent     or with its unit, glued or not: "grain_size=0.2 um"
    plqy=33+-1.5%      with its standard uncertainty
    t85=n/a            it was not measured
    operator=ada       a label
    anneal.temperature=148   what a control really was (a readback)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from labagent.campaigns import Campaign
from labagent.config.nodes import did_you_mean
from labagent.config.units import affine, split_amount
from labagent.errors import DataError
from labagent.experiments import Kind, Measurement
from labagent.variables import Choice, Composition, Label, Role, Variable

_PLUS_MINUS = re.compile(r"(.*?)(?:±|\+-|\+/-)\s*([\d.eE+-]+)\s*(.*)", re.DOTALL)
NOT_MEASURED = "n/a"
"""What a person types where there is no value."""
_KINDS = {Role.CONTROL: Kind.READBACK, Role.CONTEXT: Kind.CONTEXT}


@dataclass(frozen=True)
class Entries:
    """What was typed.

    Attributes:
        measurements: In declared units.
        answered: Names that were given, those that were not measured included.
    """

    measurements: tuple[Measurement, ...]
    answered: frozenset[str]


def read_entries(campaign: Campaign, entries: Iterable[str], stage: str) -> Entries:
    """Return the measurements a person typed.

    Args:
        campaign: Says what can be measured, and in which units.
        entries: Texts such as ``plqy=33percent``.
        stage: Stage whose results they are.

    Raises:
        DataError: One of them is wrong; every mistake is named.
    """
    known = known_variables(campaign, stage)
    pairs = [_pair(entry) for entry in entries]
    found: list[Measurement] = []
    problems: list[str] = []
    for name, text in pairs:
        try:
            found += _measurement(known, name, text)
        except DataError as error:
            problems.append(str(error))
    names = [name for name, _ in pairs]
    twice = sorted({n for n in names if names.count(n) > 1})
    problems += [f"result {n}: got several values, must be given once" for n in twice]
    if problems:
        raise DataError("\n".join([*problems, "nothing was recorded"]))
    return Entries(tuple(found), frozenset(names))


def missing(campaign: Campaign, stage: str, given: Entries) -> tuple[str, ...]:
    """Return the quantities a stage measures that were not answered for."""
    measures = [q for s in campaign.stages if s.name == stage for q in s.measures]
    return tuple(q for q in measures if q not in given.answered)


def known_variables(campaign: Campaign, stage: str) -> dict[str, Variable]:
    """Return what may be recorded for a stage by name: results, context, readbacks."""
    stages = [s for s in campaign.stages if s.name == stage]
    results = {q for s in stages for q in s.measures}
    controls = {c for s in stages for c in s.controls}
    variables = [v for v in campaign.measured if v.name in results]
    variables += campaign.context
    variables += [c for c in campaign.space.controls if c.name in controls]
    return {v.name: v for v in variables}


def _pair(entry: str) -> tuple[str, str]:
    name, equals, text = entry.partition("=")
    if not equals or not name.strip() or not text.strip():
        raise DataError(
            f"result {entry}: got no quantity=value, must be like plqy=33percent"
        )
    return name.strip(), text.strip()


def _measurement(known: dict[str, Variable], name: str, text: str) -> list[Measurement]:
    """Return the measurement of an entry; none where it says it was not measured."""
    variable = known.get(name)
    if variable is None:
        hint = did_you_mean(name, list(known))
        raise DataError(
            f"result {name}: is not measured here, must be one of "
            f"{', '.join(known)}{'; ' + hint if hint else ''}"
        )
    if text.lower() == NOT_MEASURED:
        return []
    kind = _KINDS.get(variable.role, Kind.RESULT)
    if isinstance(variable.domain, Composition):
        raise DataError(
            f"result {name}: got {text!r}, must be a single number; the composition "
            "that was really made cannot be recorded here"
        )
    if isinstance(variable.domain, (Label, Choice)):
        _refuse(name, text, variable.domain.violations(text))
        return [Measurement(name, None, variable.unit, label=text, kind=kind)]
    value, sigma = _number(name, text, variable.unit)
    return [Measurement(name, value, variable.unit, sigma=sigma, kind=kind)]


def _refuse(name: str, text: str, violations: list[str]) -> None:
    if violations:
        raise DataError(f"result {name}: {violations[0] or text}")


def _number(name: str, text: str, unit: str) -> tuple[float, float | None]:
    """Return value and standard uncertainty, converted to the declared unit."""
    spread = _PLUS_MINUS.fullmatch(text)
    plain = f"{spread[1]} {spread[3]}" if spread else text
    amount = split_amount(plain.strip())
    width = split_amount(spread[2]) if spread else None
    if amount is None or (spread and width is None):
        raise DataError(
            f"result {name}: got {text!r}, must be a number with or without a unit; "
            f"for example {name}=1.2{unit}"
        )
    value, given = amount
    try:
        slope, offset = affine(given or unit, unit)
    except DataError as error:
        raise DataError(f"result {name}: got {text!r}; {error}") from error
    sigma = None if width is None else abs(slope * width[0])
    return slope * value + offset, sigma
