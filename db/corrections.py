"""Correcting what was recorded, by adding to it: nothing is changed or removed.

A correction says that what a step saw of a quantity so far was wrong, and why. Values
that are right, if they are known, come as measurements of the same event, so whoever
reads the rows as of an earlier event still sees what was believed then.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, exists, select

from db.checking import Declared, declared
from db.engine import AnyRow
from db.results import check_measurements, write_measurements
from db.schema import correction, experiment, measurement, step, step_quantity
from db.writing import Transaction
from labagent.errors import DataError, StateError
from labagent.experiments import Measurement, StepState
from labagent.ports import Correction
from labagent.variables import Role

_OVER = (StepState.MEASURED, StepState.FAILED)


def stands() -> ColumnElement[bool]:
    """Return the condition that a measurement was not corrected since."""
    return ~exists().where(
        correction.c.step_id == measurement.c.step_id,
        correction.c.quantity == measurement.c.quantity,
        correction.c.event_seq > measurement.c.event_seq,
    )


def read_corrections(
    connection: Connection, campaign_id: int
) -> tuple[Correction, ...]:
    """Return a campaign's corrections, in order."""
    rows = connection.execute(
        select(correction, step.c.stage, experiment.c.number)
        .join(step, step.c.id == correction.c.step_id)
        .join(experiment, experiment.c.id == step.c.experiment_id)
        .where(experiment.c.campaign_id == campaign_id)
        .order_by(correction.c.id)
    )
    return tuple(
        Correction(
            experiment=row.number,
            stage=row.stage,
            quantity=row.quantity,
            reason=row.reason,
            by=row.corrected_by,
            at=row.corrected_at,
        )
        for row in rows
    )


class Corrections:
    """Which measurements of some experiments were corrected, as of an event.

    Args:
        connection: Of the database.
        condition: Which experiments.
        seq: The event; None for now.
    """

    def __init__(
        self, connection: Connection, condition: ColumnElement[bool], seq: int | None
    ) -> None:
        chosen = (
            select(correction)
            .join(step, step.c.id == correction.c.step_id)
            .join(experiment, experiment.c.id == step.c.experiment_id)
            .where(condition)
            .order_by(correction.c.id)
        )
        if seq is not None:
            chosen = chosen.where(correction.c.event_seq <= seq)
        self._found: dict[tuple[int, str], list[AnyRow]] = defaultdict(list)
        for row in connection.execute(chosen):
            self._found[row.step_id, row.quantity].append(row)

    def marked(self, row: AnyRow, seen: Measurement) -> Measurement:
        """Return a measurement, its quality saying so where it was corrected."""
        for one in self._found.get((row.step_id, row.quantity), ()):
            if one.event_seq > row.event_seq:
                return replace(seen, quality=f"wrong: {one.reason}")
        return seen


@dataclass(frozen=True)
class _Page:
    """What is known of an experiment whose measurements are to be corrected.

    Attributes:
        number: What people call it.
        imported: Whether it came from a table.
        steps: Its steps in route order.
        standing: Quantity to its measurements that count.
        measures: Step id to the quantities it measures.
        variables: The campaign's variables.
    """

    number: int
    imported: bool
    steps: Sequence[AnyRow]
    standing: Mapping[str, Sequence[AnyRow]]
    measures: Mapping[int, set[str]]
    variables: Mapping[str, Declared]

    def places(self, quantity: str) -> list[int]:
        """Return ids of the steps that saw a quantity, else of the one that should.

        Raises:
            StateError: That step is not over.
        """
        seen = sorted({row.step_id for row in self.standing.get(quantity, ())})
        if seen:
            found = [s for s in self.steps if s.id in seen]
        else:
            owners = [s for s in self.steps if quantity in self.measures[s.id]]
            found = (owners or [s for s in self.steps if s.state in _OVER])[-1:]
        late = [s for s in found if s.state not in _OVER]
        if late or not found:
            state = late[0].state if late else "not run"
            raise StateError(
                f"experiment {self.number}: {quantity}: its step is {state}, must be "
                "over to be corrected; record its result first"
            )
        return [s.id for s in found]

    def allowed(self, step_id: int) -> set[str]:
        """Return the results that may be recorded of a step."""
        if not self.imported:
            return self.measures[step_id]
        roles = (Role.STATE, Role.OUTCOME)
        return {d.name for d in self.variables.values() if d.role in roles}


def _page(connection: Connection, owner: AnyRow) -> _Page:
    mine = step.c.experiment_id == owner.id
    steps = connection.execute(select(step).where(mine).order_by(step.c.position)).all()
    measures: dict[int, set[str]] = {s.id: set() for s in steps}
    for row in connection.execute(
        select(step_quantity).join(step, step.c.id == step_quantity.c.step_id)
        .where(mine)
    ):  # fmt: skip
        measures[row.step_id].add(row.quantity)
    standing: dict[str, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(
        select(measurement)
        .where(measurement.c.experiment_id == owner.id, stands())
        .order_by(measurement.c.id)
    ):
        standing[row.quantity].append(row)
    variables = declared(connection, owner.campaign_id)
    return _Page(owner.number, owner.imported, steps, standing, measures, variables)


def write_correction(
    writer: Transaction,
    experiment_id: int,
    wrong: Iterable[str],
    measurements: Sequence[Measurement],
    reason: str,
    by: str,
) -> None:
    """Mark what was measured of quantities as wrong, and add what is right.

    Raises:
        DataError: There is nothing to correct, or what is right is no measurement.
        StateError: A step is not over yet.
    """
    owner = writer.connection.execute(
        select(experiment).where(experiment.c.id == experiment_id)
    ).one_or_none()
    if owner is None:
        raise DataError(f"experiment row {experiment_id}: is not in the database")
    writer.campaign = owner.campaign_id
    page = _page(writer.connection, owner)
    names = list(dict.fromkeys([*wrong, *(m.quantity for m in measurements)]))
    _check_news(page, names, measurements, reason)
    places = {name: page.places(name) for name in names}
    added: dict[int, list[Measurement]] = defaultdict(list)
    for m in measurements:
        added[places[m.quantity][-1]].append(m)
    for step_id, new in added.items():
        where = f"experiment {page.number}"
        check_measurements(where, new, page.allowed(step_id), page.variables)
    writer.insert(
        correction,
        [
            {
                "step_id": step_id,
                "quantity": name,
                "reason": reason,
                "corrected_by": by,
                "corrected_at": writer.now,
            }
            for name in names
            for step_id in places[name]
        ],
    )
    write_measurements(writer, [(s, owner.id, new) for s, new in added.items()])


def _check_news(
    page: _Page, names: Sequence[str], measurements: Sequence[Measurement], reason: str
) -> None:
    """Refuse a correction that says nothing new, so that none is made twice."""
    where = f"experiment {page.number}"
    if not reason.strip() or not names:
        raise DataError(
            f"{where}: got {'nothing to correct' if reason.strip() else 'no reason'}, "
            "must say what was wrong, and why"
        )
    for name in names:
        old = [(r.value, r.label, r.sigma) for r in page.standing.get(name, ())]
        new = [(m.value, m.label, m.sigma) for m in measurements if m.quantity == name]
        if old == new:
            what = "has no value" if not new else "is recorded like that already"
            raise DataError(
                f"{where}: {name}: {what}, must differ to be corrected; nothing was "
                "changed"
            )
