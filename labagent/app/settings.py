"""What a person types as settings, checked and in declared units.

::

    anneal.temperature=600        in the declared unit
    "anneal.temperature=873 K"    or with its unit, glued or not
    solvent=DMSO                  a label
    alloy=Al0.25Cu0.75            a composition: a formula, or
    alloy=Al:0.25,Cu:0.75         fractions, or {"Al": 0.25, "Cu": 0.75}
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from labagent.app.entries import as_mistake, read_number
from labagent.config.cells import read_formula
from labagent.config.nodes import did_you_mean
from labagent.errors import ConfigurationError, DataError, Mistake
from labagent.variables import (
    Choice,
    Composition,
    Label,
    Role,
    Value,
    Variable,
)

MOST_SIMILAR = 3
"""Names that end as a mistyped one does, and are suggested."""


def read_settings(
    known: Sequence[Variable], entries: Iterable[str]
) -> dict[str, Value]:
    """Return the settings a person typed, in declared units.

    Args:
        known: What can be set.
        entries: Texts such as ``anneal.temperature=600``.

    Raises:
        ConfigurationError: One of them is wrong; every mistake is named.
    """
    by_name = {v.name: v for v in known}
    found: dict[str, Value] = {}
    mistakes: list[Mistake] = []
    for entry in entries:
        try:
            variable, text = _pair(by_name, entry)
            value = _value(variable, text)
        except DataError as error:
            mistakes.append(as_mistake(error))
            continue
        if variable.name in found:
            place = f"setting {variable.name}"
            mistakes.append(Mistake(place, "got several values", "must be given once"))
        found[variable.name] = value
    if mistakes:
        raise ConfigurationError(mistakes)
    return found


def _pair(known: Mapping[str, Variable], entry: str) -> tuple[Variable, str]:
    name, equals, text = (part.strip() for part in entry.partition("="))
    if not equals or not name or not text:
        raise DataError(
            f"setting {entry}: got no name=value, must be like "
            f"{next(iter(known), 'temperature')}=600"
        )
    if name not in known:
        raise unknown(f"setting {name}", name, list(known))
    return known[name], text


def unknown(place: str, name: str, names: Sequence[str]) -> DataError:
    """Return the error of a name that is no variable's.

    Args:
        place: What the message begins with.
        name: As typed.
        names: What it may be.
    """
    alike = [n for n in names if n.rpartition(".")[2] == name]
    hint = did_you_mean(name, names)
    if 0 < len(alike) <= MOST_SIMILAR:
        hint = f"did you mean {' or '.join(alike)}?"
    return DataError(
        f"{place}: got what is no variable here, must be one of {', '.join(names)}"
        f"{'; ' + hint if hint else ''}"
    )


def _value(variable: Variable, text: str) -> Value:
    """Return the value a text says, inside the control's range.

    Raises:
        DataError: It says none, or one that may not be set.
    """
    place = f"setting {variable.name}"
    match variable.domain:
        case Choice() | Label():
            value: Value = text
        case Composition() as domain:
            value = _composition(place, text, domain)
        case _:
            value, sigma = read_number(place, text, variable.unit)
            if sigma is not None:
                raise DataError(f"{place}: got {text!r}, must be a value and no more")
    wrong = variable.domain.violations(value)
    if wrong:
        unit = f" {variable.unit}" if variable.role is Role.CONTROL else ""
        raise DataError(f"{place}: {wrong[0]}{unit}".rstrip())
    return value


def _composition(place: str, text: str, domain: Composition) -> dict[str, float]:
    """Return the fraction of every species, zero where it is not named."""
    found = _fractions(text)
    if found is None:
        raise DataError(
            f"{place}: got {text!r}, must be a composition; write a formula such as "
            f"{'0.5'.join(domain.symbols[:2])}0.5, or fractions such as "
            + ",".join(f"{s}:0.5" for s in domain.symbols[:2])
        )
    return {**dict.fromkeys(domain.symbols, 0.0), **found}


def _fractions(text: str) -> dict[str, float] | None:
    """Return what a formula, pairs or a JSON object say; None if they are none."""
    if text.startswith("{"):
        pairs = _json(text)
    elif ":" in text:
        pairs = [(s.strip(), x) for s, _, x in (p.partition(":") for p in _parts(text))]
    else:
        return read_formula(text)
    try:
        return {symbol: float(str(share)) for symbol, share in pairs}
    except ValueError:
        return None


def _parts(text: str) -> list[str]:
    return [part for part in text.split(",") if part.strip()]


def _json(text: str) -> list[tuple[str, object]]:
    try:
        found = json.loads(text)
    except ValueError:
        return [("", "")]  # which is no number
    return list(found.items())
