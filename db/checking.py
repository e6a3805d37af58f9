"""Checks of what is offered for writing, before anything is written."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from db.schema import goal_version, variable
from labagent.campaigns import Campaign
from labagent.errors import DataError, SealError
from labagent.experiments import Measurement, Prediction
from labagent.variables import Composition, Intervention, Label, Role, Value, Variable

_NO_NAME = frozenset('"\\%')
"""Letters no database agrees on in a path into JSON, or in a column's name."""

_WEIGHT_SLACK = 1e-6
"""How far members' weights may be from summing to one."""


@dataclass(frozen=True)
class Declared:
    """A variable as a goal version declared it.

    Attributes:
        name: Its name.
        role: What it is to the campaign.
        unit: Unit of its numbers.
        kind: ``number``, ``label`` or ``composition``.
        species: Members of a composition, else empty.
    """

    name: str
    role: Role
    unit: str
    kind: str
    species: tuple[str, ...] = ()


def declare(campaign: Campaign) -> tuple[Declared, ...]:
    """Return what a campaign declares: controls, measured quantities, context.

    Raises:
        DataError: A name could not stand in a query's path into JSON.
    """
    everything = (*campaign.space.controls, *campaign.measured, *campaign.context)
    found = tuple(_declared(v) for v in everything)
    for name in (name for d in found for name in (d.name, *d.species)):
        if not name or set(name) & _NO_NAME:
            raise DataError(
                f"variable {name!r}: got a name that is empty or has one of "
                f"{' '.join(sorted(_NO_NAME))}, must do without; rename it"
            )
    return found


def _declared(variable: Variable) -> Declared:
    domain = variable.domain
    if isinstance(domain, Composition):
        return Declared(
            variable.name, variable.role, variable.unit, "composition", domain.symbols
        )
    labels = isinstance(domain, Label) or hasattr(domain, "options")
    kind = "label" if labels else "number"
    return Declared(variable.name, variable.role, variable.unit, kind)


def declared(
    connection: Connection, campaign: int, version: int | None = None
) -> dict[str, Declared]:
    """Return a goal version's variables by name, in order; the newest by default."""
    chosen = select(goal_version.c.id).where(goal_version.c.campaign_id == campaign)
    if version is not None:
        chosen = chosen.where(goal_version.c.version == version)
    newest = chosen.order_by(goal_version.c.version.desc()).limit(1)
    rows = connection.execute(
        select(variable)
        .where(variable.c.goal_version_id == newest.scalar_subquery())
        .order_by(variable.c.position)
    )
    return {
        row.name: Declared(
            row.name, Role(row.role), row.unit, row.kind, tuple(row.species)
        )
        for row in rows
    }


def check_same_kind(
    name: str, first: Mapping[str, Declared], new: Sequence[Declared]
) -> None:
    """Refuse a goal version whose rows could not be read together with the old ones.

    Raises:
        DataError: Controls or measured quantities differ, or a unit does.
    """
    fixed = (Role.CONTROL, Role.STATE, Role.OUTCOME)
    before = {d.name for d in first.values() if d.role in fixed}
    after = {d.name for d in new if d.role in fixed}
    changed = [
        f"{d.name} in {d.unit or 'no unit'} as {d.kind}"
        for d in new
        if d.name in first
        and (first[d.name].unit, first[d.name].kind) != (d.unit, d.kind)
    ]
    changed += [f"no {n}" for n in sorted(before - after)]
    changed += [f"new {n}" for n in sorted(after - before)]
    if changed:
        raise DataError(
            f"campaign {name}: got {'; '.join(changed)}, must keep its controls, "
            "measured quantities and units; give the new campaign another name"
        )


def check_intervention(
    where: str, intervention: Intervention, variables: Mapping[str, Declared]
) -> None:
    """Refuse an intervention that does not set every control to a value of its kind.

    Raises:
        DataError: A control is missing, unknown or of the wrong kind.
    """
    controls = {d.name: d for d in variables.values() if d.role is Role.CONTROL}
    if set(intervention) != set(controls):
        raise DataError(
            f"{where}: got controls {', '.join(sorted(intervention)) or 'none'}, "
            f"must set exactly {', '.join(controls)}"
        )
    for name, value in intervention.items():
        if not _fits(controls[name], value):
            raise DataError(
                f"{where}: control {name}: got {value!r}, must be a "
                f"{controls[name].kind} with finite numbers"
            )


def _fits(control: Declared, value: Value) -> bool:
    if isinstance(value, Mapping):
        known = set(value) <= set(control.species)
        finite = all(math.isfinite(x) for x in value.values())
        return control.kind == "composition" and known and finite
    if isinstance(value, str):
        return control.kind == "label"
    return control.kind == "number" and math.isfinite(value)


def check_predictions(
    where: str,
    predictions: Sequence[Prediction],
    required: Iterable[str],
    variables: Mapping[str, Declared],
) -> None:
    """Refuse predictions that are missing, doubled, or no densities.

    Raises:
        SealError: A measured quantity has none, or more than one.
        DataError: A unit or a density is wrong.
    """
    found = sorted(p.quantity for p in predictions)
    if found != sorted(set(required)):
        raise SealError(
            f"{where}: got predictions of {', '.join(found) or 'nothing'}, must have "
            f"exactly one of each of {', '.join(sorted(set(required)))}"
        )
    for prediction in predictions:
        check_unit(f"{where}: prediction", prediction, variables[prediction.quantity])
        _check_density(f"{where}: prediction {prediction.quantity}", prediction)


def check_unit(where: str, offered: Prediction | Measurement, known: Declared) -> None:
    """Refuse a number in another unit than the declared one."""
    if offered.unit != known.unit:
        raise DataError(
            f"{where} {offered.quantity}: got unit {offered.unit or 'none'}, "
            f"must be {known.unit or 'none'}; convert it first"
        )


def _check_density(where: str, prediction: Prediction) -> None:
    numbers = [x for m in prediction.members for x in (m.weight, m.mean, m.std)]
    if not all(math.isfinite(x) for x in numbers):
        raise DataError(f"{where}: got a member that is not finite, must be finite")
    if any(m.std <= 0 or m.weight < 0 for m in prediction.members):
        raise DataError(
            f"{where}: got a member with std <= 0 or weight < 0 {prediction.unit}, "
            "must be a density"
        )
    total = sum(m.weight for m in prediction.members)
    if abs(total - 1) > _WEIGHT_SLACK:
        raise DataError(f"{where}: got weights that sum to {total:g}, must sum to 1")
