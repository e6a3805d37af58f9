"""Leases on steps: who runs what, for how long, and what became of it.

A claim raises the step's fencing token in one statement; whoever comes back with an
older token is refused. Leases end by the database's clock. A lapsed lease frees the
step for the next claim, except where a person has taken it over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    exists,
    func,
    select,
    update,
)

from db.checking import declared
from db.engine import AnyRow, clock
from db.repeats import repeats, run_key
from db.results import check_measurements, write_measurements
from db.schema import experiment, step, step_quantity, step_state
from db.writing import Transaction
from labagent.errors import DataError, LeaseLostError, StateError
from labagent.experiments import TRANSITIONS, Kind, Measurement, StepState
from labagent.ports import Claim

_OUTCOMES = frozenset(
    {StepState.MEASURED, StepState.FAILED, StepState.UNKNOWN, StepState.CANCELLED}
)
"""What a worker may say became of a step."""


def _waiting(campaign_id: int, now: datetime, only: int | None) -> Select[int]:
    """Select the ids of runnable steps, in the order they are to run."""
    earlier = step.alias("earlier")
    blocked = exists().where(
        earlier.c.experiment_id == step.c.experiment_id,
        earlier.c.position < step.c.position,
        earlier.c.state != StepState.MEASURED.value,
    )
    lapsed = (
        (step.c.state == StepState.RUNNING.value)
        & ~step.c.handed_over
        & (step.c.lease_until <= now)
    )
    chosen = (
        select(step.c.id)
        .join(experiment, experiment.c.id == step.c.experiment_id)
        .where(
            experiment.c.campaign_id == campaign_id,
            (step.c.state == StepState.APPROVED.value) | lapsed,
            ~blocked,
        )
        .order_by(experiment.c.number, step.c.position)
    )
    return chosen if only is None else chosen.where(step.c.id == only)


def runnable_steps(connection: Connection, campaign_id: int) -> tuple[int, ...]:
    """Return ids of the steps a claim would give out now, in order."""
    chosen = _waiting(campaign_id, clock(connection), None)
    return tuple(connection.execute(chosen).scalars())


def is_runnable(connection: Connection, campaign_id: int, only: int | None) -> bool:
    """Return whether a claim would find a step now (or the one named)."""
    chosen = _waiting(campaign_id, clock(connection), only).limit(1)
    return connection.execute(chosen).scalar() is not None


def claim_step(
    writer: Transaction, campaign_id: int, worker: str, lease: float, only: int | None
) -> Claim | None:
    """Lease the first runnable step, in one statement; None where there is none."""
    free = _waiting(campaign_id, writer.clock, only).limit(1)
    free = free.with_for_update(of=step, skip_locked=True)
    rows = writer.move(
        step.c.id == free.scalar_subquery(),
        StepState.RUNNING,
        token=step.c.token + 1,
        attempts=step.c.attempts + 1,
        worker=worker,
        lease_until=writer.clock + timedelta(seconds=lease),
        dispatched_at=func.coalesce(step.c.dispatched_at, writer.now),
    )
    if not rows:
        return None
    return _as_claim(writer, rows[0])


def _as_claim(writer: Transaction, row: AnyRow) -> Claim:
    owner = writer.connection.execute(
        select(experiment).where(experiment.c.id == row.experiment_id)
    ).one()
    before = writer.connection.execute(
        select(step_state.c.state, step_state.c.worker)
        .where(step_state.c.step_id == row.id, step_state.c.event_seq < writer.seq)
        .order_by(step_state.c.event_seq.desc())
        .limit(1)
    ).one()
    return Claim(
        step=row.id,
        experiment=owner.id,
        number=owner.number,
        stage=row.stage,
        executor=row.executor,
        key=run_key(row.key, repeats(writer.connection, [row.id])[row.id]),
        token=row.token,
        attempts=row.attempts,
        intervention=owner.intervention,
        resumed=before.state == StepState.RUNNING,
        worker=row.worker,
        previous=before.worker or "",
    )


def held(claim: Claim) -> ColumnElement[bool]:
    """Return the condition that a claim still holds its step."""
    return (
        (step.c.id == claim.step)
        & (step.c.token == claim.token)
        & (step.c.state == StepState.RUNNING.value)
    )


def lost(claim: Claim) -> LeaseLostError:
    """Return the error for a claim whose step moved on."""
    return LeaseLostError(
        f"step {claim.step}: got token {claim.token} of {claim.worker}, must be the "
        "newest of a running step; another worker or a person has taken it over"
    )


def extend_lease(connection: Connection, claim: Claim, lease: float) -> None:
    """Extend a lease; a step that waits for a person has none to extend."""
    until = clock(connection) + timedelta(seconds=lease)
    kept = (
        update(step).where(held(claim), ~step.c.handed_over).values(lease_until=until)
    )
    if connection.execute(kept).rowcount == 0:
        still = select(step.c.id).where(held(claim))
        if connection.execute(still).scalar() is None:
            raise lost(claim)


def hand_over_step(writer: Transaction, claim: Claim) -> None:
    """Leave a running step with a person."""
    fields = {"handed_over": True, "lease_until": None}
    if not writer.update(step, held(claim), fields):
        raise lost(claim)
    writer.campaign = owner_of(writer.connection, claim.step).campaign_id


def release_step(writer: Transaction, claim: Claim, message: str) -> None:
    """Give a step back to ``approved``."""
    if not writer.move(held(claim), StepState.APPROVED, message=message):
        raise lost(claim)
    writer.campaign = owner_of(writer.connection, claim.step).campaign_id


def lapse_leases(writer: Transaction, worker: str) -> int:
    """End the leases of a worker; return how many."""
    rows = writer.connection.execute(
        update(step)
        .where(
            step.c.worker == worker,
            step.c.state == StepState.RUNNING.value,
            ~step.c.handed_over,
            step.c.lease_until > writer.clock,
        )
        .values(lease_until=writer.clock)
        .returning(step.c.id)
    ).all()
    if rows:  # leases are outside the rows' chain, but who ended them is told
        writer.note("lapsed", {"worker": worker, "steps": [row.id for row in rows]})
    return len(rows)


def lease_holders(connection: Connection, campaign_id: int) -> tuple[str, ...]:
    """Return the workers that hold a lease, in order of their names."""
    rows = connection.execute(
        select(step.c.worker)
        .join(experiment, experiment.c.id == step.c.experiment_id)
        .where(
            experiment.c.campaign_id == campaign_id,
            step.c.state == StepState.RUNNING.value,
            ~step.c.handed_over,
            step.c.lease_until > clock(connection),
        )
        .distinct()
        .order_by(step.c.worker)
    )
    return tuple(str(worker) for worker in rows.scalars())


def complete_step(
    writer: Transaction,
    claim: Claim,
    state: StepState,
    measurements: Sequence[Measurement],
    message: str,
    provenance: Mapping[str, object],
) -> None:
    """Write what a worker says became of its step."""
    if state not in _OUTCOMES:
        raise StateError(
            f"step {claim.step}: got {state}, must be completed as one of "
            f"{', '.join(sorted(_OUTCOMES))}"
        )
    owner = owner_of(writer.connection, claim.step)
    writer.campaign = owner.campaign_id
    fields = {"message": message, "provenance": dict(provenance)}
    if not writer.move(held(claim), state, **fields):
        raise lost(claim)
    _settle(writer, owner, state, measurements)


def record_step(
    writer: Transaction,
    step_id: int,
    state: StepState,
    measurements: Sequence[Measurement],
    message: str,
    by: str,
) -> None:
    """Write what a person says of a step that is handed over, or unknown."""
    owner = owner_of(writer.connection, step_id)
    writer.campaign = owner.campaign_id
    waits = owner.state == StepState.UNKNOWN or owner.handed_over
    if not waits or state not in TRANSITIONS[StepState(owner.state)]:
        raise StateError(
            f"step {step_id} of experiment {owner.number}: is {owner.state}"
            f"{' with a person' if owner.handed_over else ''}, cannot be recorded as "
            f"{state}; only steps handed over or unknown wait for a person"
        )
    if state is StepState.APPROVED and measurements:
        raise DataError(
            f"step {step_id}: got {len(measurements)} measurements, must have none to "
            "be run again"
        )
    fields: dict[str, object] = {"message": message}
    if state is not StepState.APPROVED:
        fields["provenance"] = {**owner.provenance, "recorded_by": by}
    writer.move(step.c.id == step_id, state, **fields)
    _settle(writer, owner, state, measurements)


def owner_of(connection: Connection, step_id: int) -> AnyRow:
    """Return a step with its experiment's number and campaign."""
    row = connection.execute(
        select(step, experiment.c.campaign_id, experiment.c.number)
        .join(experiment, experiment.c.id == step.c.experiment_id)
        .where(step.c.id == step_id)
    ).one_or_none()
    if row is None:
        raise DataError(f"step {step_id}: is not in the database")
    return row


def _settle(
    writer: Transaction,
    owner: AnyRow,
    state: StepState,
    measurements: Sequence[Measurement],
) -> None:
    """Write a step's measurements; cancel what cannot follow any more."""
    connection = writer.connection
    quantities = connection.execute(
        select(step_quantity.c.quantity).where(step_quantity.c.step_id == owner.id)
    ).scalars()
    measured = set(quantities)
    where = f"experiment {owner.number} step {owner.stage}"
    variables = declared(connection, owner.campaign_id)
    check_measurements(where, measurements, measured, variables)
    results = [m for m in measurements if m.kind is Kind.RESULT]
    if state is StepState.MEASURED and measured and not results:
        raise DataError(
            f"{where}: got no result, must have at least one of "
            f"{', '.join(sorted(measured))}; say failed where there is none"
        )
    write_measurements(writer, [(owner.id, owner.experiment_id, measurements)])
    if state in (StepState.FAILED, StepState.CANCELLED):
        _cancel_followers(writer, owner, f"step {owner.stage} was {state}")


def _cancel_followers(writer: Transaction, owner: AnyRow, reason: str) -> None:
    follows = (
        (step.c.experiment_id == owner.experiment_id)
        & (step.c.position > owner.position)
        & (step.c.state == StepState.APPROVED.value)
    )
    writer.move(follows, StepState.CANCELLED, message=reason)


def cancel_steps(writer: Transaction, steps: Sequence[int], reason: str) -> None:
    """Cancel approved steps and what would follow them, all or none.

    Raises:
        StateError: One of them is not approved, or claimed already.
    """
    wanted = sorted(set(steps))
    owners = [owner_of(writer.connection, step_id) for step_id in wanted]
    for owner in owners:
        if owner.state != StepState.APPROVED:
            raise StateError(
                f"step {owner.id} of experiment {owner.number}: is {owner.state}, "
                "must be approved and unclaimed to be cancelled"
            )
    if len({owner.campaign_id for owner in owners}) == 1:
        writer.campaign = owners[0].campaign_id
    writer.move(step.c.id.in_(wanted), StepState.CANCELLED, message=reason)
    for owner in owners:
        _cancel_followers(writer, owner, f"step {owner.stage} was cancelled")
