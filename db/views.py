"""Read-only wide views: one table per campaign that any SQL tool or pandas can open.

One row per experiment: number, status, batch, times, every control (a composition has
one column per species, ``alloy.Al``), for every measured quantity its mean measured
value, ``<quantity>_predicted`` and ``<quantity>_std`` as sealed, and the names of the
controls that were only ``observed`` and of the states that somebody set (``was_set``),
``; `` between them. Units stand in the table ``variable``. Nothing computes with these
views.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Select,
    Subquery,
    Table,
    case,
    exists,
    func,
    inspect,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.ddl import CreateView, DropView

from db.checking import Declared, declared
from db.corrections import stands
from db.schema import campaign, experiment, measurement, prediction, regime, step
from labagent.experiments import Kind, StepState
from labagent.ports import Fault
from labagent.variables import Role

_LONGEST = 63
"""PostgreSQL's limit on a name, in bytes."""


def view_name(connection: Connection, name: str) -> str:
    """Return a free view name for a new campaign."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    taken = set(connection.execute(select(campaign.c.view_name)).scalars())
    return _free_name(f"campaign_{plain}", taken)


def _free_name(wanted: str, taken: set[str]) -> str:
    """Return a name that fits and is not taken, whatever the case of its letters."""
    count, name = 1, _cut(wanted, _LONGEST)
    while name.casefold() in taken:
        count += 1
        name = f"{_cut(wanted, _LONGEST - 5)}_{count}"
    taken.add(name.casefold())
    return name


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")


def replace_view(
    connection: Connection,
    name: str,
    campaign_id: int,
    variables: Sequence[Declared],
) -> None:
    """Create a campaign's view, or make it anew for a new goal version."""
    connection.execute(DropView(Table(name, MetaData()), if_exists=True))
    connection.execute(CreateView(_wide(campaign_id, variables), name))


def drop_views(connection: Connection) -> None:
    """Take every campaign's view away, so that a migration may change tables."""
    if inspect(connection).has_table(campaign.name):
        for name in connection.execute(select(campaign.c.view_name)).scalars().all():
            connection.execute(DropView(Table(name, MetaData()), if_exists=True))


def place_views(connection: Connection) -> None:
    """Create every campaign's view anew, for its newest goal version."""
    for row in connection.execute(select(campaign)).all():
        variables = tuple(declared(connection, row.id).values())
        replace_view(connection, row.view_name, row.id, variables)


def _wide(campaign_id: int, variables: Sequence[Declared]) -> Select[*tuple[Any, ...]]:
    measured = [d.name for d in variables if d.role in (Role.STATE, Role.OUTCOME)]
    seen, sealed, said = _seen(measured), _sealed(measured), _said(variables)
    columns: list[tuple[str, ColumnElement[object]]] = [
        ("experiment", experiment.c.number),
        ("status", _status()),
        ("batch", experiment.c.batch),
        ("source", experiment.c.source),
        ("proposed_at", experiment.c.proposed_at),
        ("dispatched_at", _first_dispatch()),
        ("measured_at", _last_result()),
    ]
    for control in variables:
        if control.role is Role.CONTROL:
            columns += _settings(control)
    for place, name in enumerate(measured):
        columns += [
            (name, seen.c[f"value_{place}"]),
            (f"{name}_predicted", sealed.c[f"mean_{place}"]),
            (f"{name}_std", sealed.c[f"std_{place}"]),
        ]
    columns += [("observed", said.c.observed), ("was_set", said.c.was_set)]
    taken: set[str] = set()
    return (
        select(*(column.label(_free_name(label, taken)) for label, column in columns))
        .select_from(experiment)
        .outerjoin(seen, seen.c.experiment_id == experiment.c.id)
        .outerjoin(sealed, sealed.c.experiment_id == experiment.c.id)
        .outerjoin(said, said.c.experiment_id == experiment.c.id)
        .where(experiment.c.campaign_id == campaign_id)
        .order_by(experiment.c.number)
    )


def _settings(control: Declared) -> list[tuple[str, ColumnElement[object]]]:
    found = experiment.c.intervention[control.name]
    if control.kind == "composition":
        return [
            (
                f"{control.name}.{symbol}",
                func.coalesce(
                    experiment.c.intervention[(control.name, symbol)].as_float(),
                    literal(0.0),
                ),
            )
            for symbol in control.species
        ]
    if control.kind == "label":
        return [(control.name, found.as_string())]
    return [(control.name, found.as_float())]


def _status() -> ColumnElement[object]:
    """State of the first step that is not measured, else measured."""
    first = (
        select(step.c.state)
        .where(
            step.c.experiment_id == experiment.c.id,
            step.c.state != StepState.MEASURED.value,
        )
        .order_by(step.c.position)
        .limit(1)
    )
    return func.coalesce(first.scalar_subquery(), literal(StepState.MEASURED.value))


def _first_dispatch() -> ColumnElement[object]:
    first = select(step.c.dispatched_at).where(
        step.c.experiment_id == experiment.c.id, step.c.position == 0
    )
    return first.scalar_subquery()


def _last_result() -> ColumnElement[object]:
    last = (
        select(step.c.finished_at)
        .where(
            step.c.experiment_id == experiment.c.id,
            step.c.state == StepState.MEASURED.value,
        )
        .order_by(step.c.position.desc())
        .limit(1)
    )
    return last.scalar_subquery()


def _seen(names: Sequence[str]) -> Subquery:
    """Select the mean of the good results of every quantity, by experiment."""
    good = (measurement.c.kind == Kind.RESULT.value) & (measurement.c.quality == "good")
    means = (
        func.avg(
            case((good & (measurement.c.quantity == name), measurement.c.value))
        ).label(f"value_{place}")
        for place, name in enumerate(names)
    )
    chosen = select(measurement.c.experiment_id, *means).where(stands())
    return chosen.group_by(measurement.c.experiment_id).subquery("seen")


def _sealed(names: Sequence[str]) -> Subquery:
    """Select mean and standard deviation of every sealed prediction, by experiment."""
    columns: list[ColumnElement[object]] = []
    for place, name in enumerate(names):
        mine = prediction.c.quantity == name
        columns += [
            func.max(case((mine, prediction.c.mean))).label(f"mean_{place}"),
            func.max(case((mine, prediction.c.std))).label(f"std_{place}"),
        ]
    chosen = select(prediction.c.experiment_id, *columns)
    return chosen.group_by(prediction.c.experiment_id).subquery("sealed")


def _said(variables: Sequence[Declared]) -> Subquery:
    """Select controls that were observed and states that were set, by experiment."""
    newer = regime.alias("newer")
    outdated = exists().where(
        newer.c.experiment_id == regime.c.experiment_id,
        newer.c.variable == regime.c.variable,
        newer.c.event_seq > regime.c.event_seq,
    )
    lists: list[ColumnElement[object]] = []
    for label, role, done in (
        ("observed", Role.CONTROL, False),
        ("was_set", Role.STATE, True),
    ):
        names = literal("")
        for name in (d.name for d in variables if d.role is role):
            told = (regime.c.variable == name) & (regime.c.was_set == done)
            found = func.max(case((told, f"; {name}"), else_=""))
            names = names.concat(found)
        lists.append(func.nullif(func.substr(names, 3), "").label(label))
    chosen = select(regime.c.experiment_id, *lists).where(~outdated)
    return chosen.group_by(regime.c.experiment_id).subquery("said")


def view_faults(connection: Connection) -> Iterator[Fault]:
    """Yield every campaign's view that shows something else than the rows hold.

    What a view shows is compared, not how it is written: servers rewrite that.
    """
    known = set(inspect(connection).get_view_names())
    for row in connection.execute(select(campaign).order_by(campaign.c.id)).all():
        place = f"view {row.view_name}"
        if row.view_name not in known:
            yield Fault(place, "is gone")
            continue
        variables = tuple(declared(connection, row.id).values())
        rows = _wide(row.id, variables).subquery("expected")
        view = table(row.view_name)
        try:
            found = _content(connection, view)
        except DBAPIError as error:
            yield Fault(place, f"cannot be read: {error.orig}")
            return  # on PostgreSQL nothing can be asked after an error
        if found != _content(connection, rows):
            yield Fault(place, "shows something else than the rows hold")


def _content(connection: Connection, source: FromClause) -> list[object]:
    """Return names of columns and all rows, unconverted, in order of experiments."""
    everything: ColumnElement[object] = literal_column("*")
    first: ColumnElement[object] = literal_column("1")
    result = connection.execute(select(everything).select_from(source).order_by(first))
    return [tuple(result.keys()), *(tuple(row) for row in result)]
