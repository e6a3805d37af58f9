"""What a person types as results, checked and in declared units.

::

    plqy=33            in the declared unit
    plqy=33,5          or with a decimal comma, where it can be nothing else
    plqy=33percent     or with its unit, glued or not: "grain_size=0.2 um"
    plqy=33+-1.5%      with its standard uncertainty
    t85=n/a            it was not measured
    operator=ada       a label
    anneal.temperature=148   what a control really was (a readback)
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from labagent.campaigns import Campaign
from labagent.config.nodes import did_you_mean
from labagent.config.numerals import rewritten, thousands_or_decimals
from labagent.config.units import affine, split_amount
from labagent.errors import ConfigurationError, DataError, Mistake
from labagent.experiments import ExperimentRecord, Kind, Measurement
from labagent.variables import Choice, Composition, Label, Role, Variable

_PLUS_MINUS = re.compile(r"(.*?)(?:±|\+-|\+/-)\s*([\d.,eE+-]+)\s*(.*)", re.DOTALL)
_COMMA = re.compile(r"[-+]?\d+,\d+(?![\d.,])")
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


def read_entries(known: Mapping[str, Variable], entries: Iterable[str]) -> Entries:
    """Return the measurements a person typed.

    Args:
        known: What can be recorded, by name; see :func:`known_variables`.
        entries: Texts such as ``plqy=33percent``.

    Raises:
        ConfigurationError: One of them is wrong; every mistake is named.
    """
    found: list[Measurement] = []
    names: list[str] = []
    mistakes: list[Mistake] = []
    for entry in entries:
        try:
            name, text = _pair(entry)
            names.append(name)
            found += _measurement(known, name, text)
        except DataError as error:
            mistakes.append(as_mistake(error))
    twice = sorted({n for n in names if names.count(n) > 1})
    mistakes += [
        Mistake(f"result {n}", "got several values", "must be given once")
        for n in twice
    ]
    if mistakes:
        raise nothing_recorded(mistakes)
    return Entries(tuple(found), frozenset(names))


def nothing_recorded(mistakes: Sequence[Mistake]) -> ConfigurationError:
    """Return the error of a command that recorded nothing, and says so."""
    *others, last = mistakes
    tail = f"{last.suggestion}; " if last.suggestion else ""
    last = replace(last, suggestion=f"{tail}nothing was recorded")
    return ConfigurationError([*others, last])


def as_mistake(error: DataError) -> Mistake:
    """Return a message as a mistake with its parts."""
    place, _, problem = str(error).partition(": ")
    problem, _, rule = problem.partition(", must ")
    rule, _, suggestion = rule.partition("; ")
    return Mistake(place, problem, f"must {rule or 'be right'}", suggestion)


def missing(
    campaign: Campaign, stage: str, answered: frozenset[str]
) -> tuple[str, ...]:
    """Return the quantities a stage measures that were not answered for."""
    measures = [q for s in campaign.stages if s.name == stage for q in s.measures]
    return tuple(q for q in measures if q not in answered)


def recorded_variables(
    campaign: Campaign, record: ExperimentRecord
) -> dict[str, Variable]:
    """Return what may have been recorded of an experiment by name."""
    stages = [
        s for s in campaign.stages if any(s.name == x.stage for x in record.steps)
    ]
    known: dict[str, Variable] = {}
    for stage in stages:
        known |= known_variables(campaign, stage.name)
    others = (*campaign.measured, *campaign.context) if not stages else ()
    return known | {v.name: v for v in others}


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
            f"result {entry}: got no quantity=value, must be like plqy=33percent; "
            f"write {NOT_MEASURED} where there is no value"
        )
    return name.strip(), text.strip()


def _measurement(
    known: Mapping[str, Variable], name: str, text: str
) -> list[Measurement]:
    """Return the measurement of an entry; none where it says it was not measured."""
    variable = known.get(name)
    if variable is None:
        hint = did_you_mean(name, list(known))
        raise DataError(
            f"result {name}: got what is not measured here, must be one of "
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
    value, sigma = read_number(f"result {name}", text, variable.unit)
    return [Measurement(name, value, variable.unit, sigma=sigma, kind=kind)]


def _pointed(text: str) -> str:
    """Return an amount with a decimal point where its comma can be nothing else."""
    found = _COMMA.match(text)
    if found is None or thousands_or_decimals(found[0]) is not None:
        return text
    return found[0].replace(",", ".") + text[found.end() :]


def _advice(text: str) -> str:
    """Return what to write for a number in another notation; else nothing."""
    spread = _PLUS_MINUS.fullmatch(text)
    parts = (spread[1].strip(), spread[2]) if spread else (text,)
    return next((advice for part in parts if (advice := rewritten(part))), "")


def _refuse(name: str, text: str, violations: list[str]) -> None:
    if violations:
        raise DataError(f"result {name}: {violations[0] or text}")


def read_number(place: str, text: str, unit: str) -> tuple[float, float | None]:
    """Return value and standard uncertainty, converted to the declared unit.

    Args:
        place: What the message begins with, the name last: ``result plqy``.
        text: As typed.
        unit: The declared unit.

    Raises:
        DataError: It is no number, or its unit does not convert.
    """
    spread = _PLUS_MINUS.fullmatch(text)
    if spread:
        text = f"{_pointed(spread[1])} ± {_pointed(spread[2])} {spread[3]}"
    else:
        text = _pointed(text)
    if advice := _advice(text):
        raise DataError(
            f"{place}: got {text!r}, must be written with a decimal point and "
            f"nothing between the thousands; {advice}"
        )
    spread = _PLUS_MINUS.fullmatch(text)
    plain = f"{spread[1]} {spread[3]}" if spread else text
    amount = split_amount(plain.strip())
    width = split_amount(spread[2]) if spread else None
    if amount is None or (spread and width is None):
        raise DataError(
            f"{place}: got {text!r}, must be a number with or without a unit; "
            f"for example {place.rsplit(maxsplit=1)[-1]}=1.2{unit}"
        )
    value, given = amount
    if given[:1] in (",", "."):
        raise DataError(
            f"{place}: got {text!r}, must be one number with a decimal point"
        )
    try:
        slope, offset = affine(given or unit, unit)
    except DataError as error:
        _, _, rule = str(error).partition(", must ")
        raise DataError(
            f"{place}: got {value:g} in the unit {given or '(none)'}, must {rule}"
        ) from error
    sigma = None if width is None else abs(slope * width[0])
    return slope * value + offset, sigma
