"""Writing campaigns, decisions, approvals and past experiments."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, func, select

from db.chain import canonical, digest
from db.checking import (
    Declared,
    check_intervention,
    check_measurements,
    check_predictions,
    check_same_kind,
    declare,
    declared,
)
from db.schema import (
    approval,
    campaign,
    decision,
    executor,
    experiment,
    finding,
    goal_version,
    measurement,
    model_version,
    prediction,
    step,
    step_quantity,
    variable,
)
from db.views import replace_view, view_name
from db.writing import Fields, Transaction
from labagent.campaigns import Campaign, Stage
from labagent.errors import DataError, StateError
from labagent.experiments import (
    Decision,
    Kind,
    Measurement,
    Prediction,
    Proposal,
    StepState,
)
from labagent.ports import Finding, ImportedRow
from labagent.variables import Role, intervention_key


def newest_goal(connection: Connection, campaign_id: int) -> tuple[int, int]:
    """Return id and number of a campaign's newest goal version.

    Raises:
        DataError: No such campaign.
    """
    row = connection.execute(
        select(goal_version.c.id, goal_version.c.version)
        .where(goal_version.c.campaign_id == campaign_id)
        .order_by(goal_version.c.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise DataError(f"campaign {campaign_id}: is not in the database")
    return row.id, row.version


def write_campaign(writer: Transaction, offered: Campaign, by: str) -> int:
    """Add a campaign or a goal version, where there is something new; return its id."""
    connection = writer.connection
    found = connection.execute(
        select(campaign).where(campaign.c.name == offered.name)
    ).one_or_none()
    variables = declare(offered)
    if found is None:
        view = view_name(connection, offered.name)
        campaign_id = writer.add(
            campaign, name=offered.name, view_name=view, created_at=writer.now
        )
        version = 1
    else:
        campaign_id, view = found.id, found.view_name
        goal_id, version = newest_goal(connection, campaign_id)
        known = select(goal_version.c.document).where(goal_version.c.id == goal_id)
        if connection.execute(known).scalar_one() == offered.document:
            return campaign_id
        check_same_kind(offered.name, declared(connection, campaign_id, 1), variables)
        version += 1
    writer.campaign = campaign_id
    _write_goal(writer, offered, by, campaign_id, version)
    replace_view(connection, view, campaign_id, variables)
    return campaign_id


def _write_goal(
    writer: Transaction, offered: Campaign, by: str, campaign_id: int, version: int
) -> None:
    goal_id = writer.add(
        goal_version,
        campaign_id=campaign_id,
        version=version,
        document=offered.document,
        sha256=sha256(offered.document.encode()).hexdigest(),
        written_by=by,
        created_at=writer.now,
    )
    writer.insert(
        variable,
        [
            {
                "goal_version_id": goal_id,
                "position": position,
                "name": d.name,
                "role": d.role.value,
                "unit": d.unit,
                "kind": d.kind,
                "species": list(d.species),
            }
            for position, d in enumerate(declare(offered))
        ],
    )


def write_decision(
    writer: Transaction,
    campaign_id: int,
    offered: Decision,
    stages: Sequence[Stage],
    by: str,
) -> tuple[int, ...]:
    """Add a decision, its experiments, their steps and sealed predictions."""
    connection = writer.connection
    goal_id, _ = newest_goal(connection, campaign_id)
    variables = declared(connection, campaign_id)
    _check_batch(connection, campaign_id, offered)
    _check_proposals(offered, stages, variables)
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
    first = _next_number(connection, campaign_id)
    common: Fields = {
        "campaign_id": campaign_id,
        "goal_version_id": goal_id,
        "decision_id": decision_id,
        "batch": offered.batch,
        "source": "person" if offered.strategy == "person" else "agent",
        "imported": False,
        "proposed_at": writer.now,
    }
    ids = writer.insert(
        experiment,
        [
            {**common, "number": first + place, **_proposal_fields(proposal)}
            for place, proposal in enumerate(offered.proposals)
        ],
    )
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


def _next_number(connection: Connection, campaign_id: int) -> int:
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
            _step_fields(e, place, stages[place].name, stages[place].executor)
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


def _step_fields(experiment_id: int, place: int, stage: str, runs: str) -> Fields:
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


def measurement_fields(
    offered: Measurement, step_id: int, experiment_id: int, writer: Transaction
) -> Fields:
    """Return a measurement as its row's fields."""
    return {
        "step_id": step_id,
        "experiment_id": experiment_id,
        **asdict(offered),
        "kind": offered.kind.value,
        "measured_at": writer.now,
    }


def write_imports(
    writer: Transaction, campaign_id: int, rows: Sequence[ImportedRow], source: str
) -> tuple[int, int]:
    """Add past experiments that are not known yet; return how many were new and known."""
    connection = writer.connection
    goal_id, _ = newest_goal(connection, campaign_id)
    variables = declared(connection, campaign_id)
    keys = _import_keys(rows, source, variables)
    known = set(
        connection.execute(
            select(experiment.c.import_key).where(
                experiment.c.campaign_id == campaign_id, experiment.c.imported
            )
        ).scalars()
    )
    new = [(k, r) for k, r in zip(keys, rows, strict=True) if k not in known]
    first = _next_number(connection, campaign_id)
    ids = writer.insert(
        experiment,
        [
            {
                "campaign_id": campaign_id,
                "number": first + place,
                "goal_version_id": goal_id,
                "intervention": dict(row.intervention),
                "source": source,
                "imported": True,
                "import_key": key,
                "score": 0.0,
                "runners_up": [],
                "proposed_at": writer.now,
            }
            for place, (key, row) in enumerate(new)
        ],
    )
    if ids:
        _write_imported_steps(writer, ids, [row for _, row in new])
    return len(new), len(rows) - len(new)


def _import_keys(
    rows: Sequence[ImportedRow], source: str, variables: Mapping[str, Declared]
) -> list[str]:
    """Return a name for each row: source, content and how often it came before."""
    results = [
        d.name for d in variables.values() if d.role in (Role.STATE, Role.OUTCOME)
    ]
    seen: Counter[str] = Counter()
    keys: list[str] = []
    for place, row in enumerate(rows, start=1):
        where = f"{source} row {place}"
        check_intervention(where, row.intervention, variables)
        check_measurements(where, row.measurements, results, variables)
        if not any(m.kind is Kind.RESULT for m in row.measurements):
            raise DataError(f"{where}: got no result, must have one; leave the row out")
        measured = sorted(canonical(asdict(m)) for m in row.measurements)
        content = digest([intervention_key(row.intervention), measured])
        seen[content] += 1
        keys.append(digest([source, content, seen[content]]))
    return keys


def _write_imported_steps(
    writer: Transaction, experiments: Sequence[int], rows: Sequence[ImportedRow]
) -> None:
    past = {"state": StepState.MEASURED.value, "finished_at": writer.now}
    ids = writer.begin_steps(
        [_step_fields(e, 0, "import", "import") | past for e in experiments]
    )
    writer.insert(
        measurement,
        [
            measurement_fields(m, step_id, experiment_id, writer)
            for step_id, experiment_id, row in zip(ids, experiments, rows, strict=True)
            for m in row.measurements
        ],
    )


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


def write_executor(
    writer: Transaction, campaign_id: int, name: str, capabilities: Mapping[str, object]
) -> str:
    """Keep an executor's capabilities once; return their sha256."""
    hashed = digest(capabilities)
    known = select(executor.c.id).where(
        executor.c.campaign_id == campaign_id,
        executor.c.name == name,
        executor.c.sha256 == hashed,
    )
    if writer.connection.execute(known).scalar() is None:
        writer.add(
            executor,
            campaign_id=campaign_id,
            name=name,
            sha256=hashed,
            capabilities=dict(capabilities),
            registered_at=writer.now,
        )
    return hashed


def write_finding(writer: Transaction, campaign_id: int, offered: Finding) -> None:
    """Keep a finding, unless the same text was kept before."""
    hashed = digest(offered.text)
    known = select(finding.c.id).where(
        finding.c.campaign_id == campaign_id, finding.c.sha256 == hashed
    )
    if writer.connection.execute(known).scalar() is None:
        writer.add(
            finding,
            campaign_id=campaign_id,
            kind=offered.kind,
            text=offered.text,
            sha256=hashed,
            experiment=offered.experiment,
            details=dict(offered.details),
            found_at=writer.now,
        )
