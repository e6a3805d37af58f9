"""Writing campaigns, decisions, approvals and past experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import uuid4

from sqlalchemy import Connection, func, select

from db.campaigns import newest_goal
from db.chain import digest
from db.checking import (
    Declared,
    check_intervention,
    check_predictions,
    declared,
)
from db.schema import (
    approval,
    decision,
    experiment,
    model_version,
    prediction,
    step,
    step_quantity,
)
from db.writing import Fields, Transaction
from labagent.campaigns import Stage
from labagent.errors import DataError, StateError
from labagent.experiments import (
    Decision,
    Prediction,
    Proposal,
    StepState,
)
from labagent.variables import Role


def write_decision(
    writer: Transaction,
    campaign_id: int,
    offered: Decision,
    stages: Sequence[Stage],
    by: str,
) -> tuple[int, ...]:
    """Add a decision, its experiments, their steps and sealed predictions."""
    connection = writer.connection
    variables = declared(connection, campaign_id)
    _check_batch(connection, campaign_id, offered)
    _check_proposals(offered, stages, variables)
    ids = _write_experiments(writer, campaign_id, offered, by)
    _write_steps(writer, ids, stages, variables)
    writer.insert(
        prediction,
        [
            _prediction_fields(sealed, experiment_id, writer)
            for experiment_id, proposal in zip(ids, offered.proposals, strict=True)
            for sealed in proposal.predictions
        ],
    )
    return tuple(ids)


def _write_experiments(
    writer: Transaction, campaign_id: int, offered: Decision, by: str
) -> Sequence[int]:
    """Add the decision itself and an experiment for each of its proposals."""
    connection = writer.connection
    goal_id, _ = newest_goal(connection, campaign_id)
    decision_id = writer.add(
        decision,
        campaign_id=campaign_id,
        goal_version_id=goal_id,
        model_version_id=_keep_model(writer, campaign_id, offered.model),
        batch=offered.batch,
        as_of=offered.as_of,
        strategy=offered.strategy,
        acquisition=offered.acquisition,
        seed=offered.seed,
        trained_on=offered.trained_on,
        pending=list(offered.pending),
        versions=dict(offered.versions),
        decided_by=by,
        decided_at=writer.now,
    )
    first = next_number(connection, campaign_id)
    common: Fields = {
        "campaign_id": campaign_id,
        "goal_version_id": goal_id,
        "decision_id": decision_id,
        "batch": offered.batch,
        "source": "person" if offered.strategy == "person" else "agent",
        "imported": False,
        "proposed_at": writer.now,
    }
    return writer.insert(
        experiment,
        [
            {**common, "number": first + place, **_proposal_fields(proposal)}
            for place, proposal in enumerate(offered.proposals)
        ],
    )


def _check_batch(connection: Connection, campaign_id: int, offered: Decision) -> None:
    newest = connection.execute(
        select(func.max(decision.c.batch)).where(decision.c.campaign_id == campaign_id)
    ).scalar()
    expected = 0 if newest is None else newest + 1
    if offered.batch < expected:
        raise StateError(
            f"batch {offered.batch}: is taken, must be {expected}; "
            "another process proposed first"
        )
    if offered.batch > expected:
        raise DataError(f"batch {offered.batch}: leaves a gap, must be {expected}")


def _measured(stage: Stage, variables: Mapping[str, Declared]) -> list[str]:
    """Return what a stage measures and must predict; context is only observed."""
    for name in stage.measures:
        if name not in variables:
            raise DataError(f"stage {stage.name}: measures {name}, which is undeclared")
    roles = (Role.STATE, Role.OUTCOME)
    return [name for name in stage.measures if variables[name].role in roles]


def _check_proposals(
    offered: Decision, stages: Sequence[Stage], variables: Mapping[str, Declared]
) -> None:
    if not offered.proposals or not stages:
        raise DataError(
            f"batch {offered.batch}: got {len(offered.proposals)} proposals and "
            f"{len(stages)} stages, must have at least one of each"
        )
    required = [q for stage in stages for q in _measured(stage, variables)]
    for place, proposal in enumerate(offered.proposals):
        where = f"batch {offered.batch} proposal {place}"
        check_intervention(where, proposal.intervention, variables)
        check_predictions(where, proposal.predictions, required, variables)


def _keep_model(
    writer: Transaction, campaign_id: int, model: Mapping[str, object]
) -> int:
    """Return the id of a fitted model's row; the same numbers are kept once."""
    hashed = digest(model)
    found = writer.connection.execute(
        select(model_version.c.id).where(
            model_version.c.campaign_id == campaign_id, model_version.c.sha256 == hashed
        )
    ).scalar()
    return found or writer.add(
        model_version,
        campaign_id=campaign_id,
        sha256=hashed,
        content=dict(model),
        created_at=writer.now,
    )


def next_number(connection: Connection, campaign_id: int) -> int:
    """Return the number of a campaign's next experiment."""
    newest = connection.execute(
        select(func.max(experiment.c.number)).where(
            experiment.c.campaign_id == campaign_id
        )
    ).scalar()
    return (newest or 0) + 1


def _proposal_fields(proposal: Proposal) -> Fields:
    return {
        "intervention": dict(proposal.intervention),
        "score": proposal.score,
        "runners_up": [
            {"intervention": dict(r.intervention), "score": r.score}
            for r in proposal.runners_up
        ],
    }


def _prediction_fields(
    sealed: Prediction, experiment_id: int, writer: Transaction
) -> Fields:
    low, high = sealed.interval(0.9)
    return {
        "experiment_id": experiment_id,
        "quantity": sealed.quantity,
        "unit": sealed.unit,
        "mean": sealed.mean,
        "std": sealed.std,
        "q05": low,
        "q95": high,
        "basis": sealed.basis.value,
        "members": [asdict(m) for m in sealed.members],
        "sealed_at": writer.now,
    }


def _write_steps(
    writer: Transaction,
    experiments: Sequence[int],
    stages: Sequence[Stage],
    variables: Mapping[str, Declared],
) -> None:
    pairs = [(e, place) for e in experiments for place in range(len(stages))]
    ids = writer.begin_steps(
        [
            step_fields(e, place, stages[place].name, stages[place].executor)
            for e, place in pairs
        ]
    )
    writer.insert(
        step_quantity,
        [
            {"step_id": step_id, "quantity": name, "unit": variables[name].unit}
            for step_id, (_, place) in zip(ids, pairs, strict=True)
            for name in _measured(stages[place], variables)
        ],
    )


def step_fields(experiment_id: int, place: int, stage: str, runs: str) -> Fields:
    """Return the fields of a proposed step."""
    return {
        "experiment_id": experiment_id,
        "stage": stage,
        "position": place,
        "executor": runs,
        "key": uuid4().hex,  # before any dispatch, so that a lost reply can be traced
        "state": StepState.PROPOSED.value,
        "token": 0,
        "attempts": 0,
        "handed_over": False,
        "message": "",
        "provenance": {},
    }


def write_approval(
    writer: Transaction,
    experiments: Sequence[int],
    *,
    approved: bool,
    by: str,
    reason: str,
) -> None:
    """Approve or reject experiments with all their steps.

    Raises:
        StateError: One of them is not waiting for a decision.
    """
    wanted = sorted(set(experiments))
    rows = writer.connection.execute(
        select(experiment.c.id, experiment.c.campaign_id, step.c.state)
        .join(step, step.c.experiment_id == experiment.c.id)
        .where(experiment.c.id.in_(wanted))
    ).all()
    missing = set(wanted) - {row.id for row in rows}
    decided = {row.id for row in rows if row.state != StepState.PROPOSED}
    if missing or decided:
        names = ", ".join(str(i) for i in sorted(missing | decided))
        raise StateError(f"experiments {names}: are not waiting for a decision")
    if len({row.campaign_id for row in rows}) == 1:
        writer.campaign = rows[0].campaign_id
    writer.insert(
        approval,
        [
            {
                "experiment_id": experiment_id,
                "approved": approved,
                "approved_by": by,
                "reason": reason,
                "approved_at": writer.now,
            }
            for experiment_id in wanted
        ],
    )
    chosen = step.c.experiment_id.in_(wanted)
    if approved:
        writer.move(chosen, StepState.APPROVED)
    else:
        writer.move(chosen, StepState.REJECTED, message=reason)
