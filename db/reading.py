"""Reading memory: as the model sees it, as of any event, and as people review it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Table, func, select

from db.corrections import Corrections
from db.engine import AnyRow
from db.regimes import observed, read_regimes, was_set
from db.repeats import repeats, run_key
from db.schema import (
    approval,
    campaign,
    chain_head,
    decision,
    event,
    experiment,
    finding,
    goal_version,
    measurement,
    model_version,
    prediction,
    step,
    step_state,
)
from labagent.errors import DataError
from labagent.experiments import (
    OPEN_STATES,
    Approval,
    Basis,
    Decision,
    ExperimentRecord,
    Kind,
    Measurement,
    Member,
    Prediction,
    Proposal,
    RunnerUp,
    SealedPrediction,
    StepRecord,
    StepState,
    Trial,
    Trials,
    average_results,
    average_sigmas,
    uses_budget,
)
from labagent.ports import CampaignRow, DecisionRecord, EventRow, Finding


def read_campaigns(
    connection: Connection, name: str | None = None
) -> tuple[CampaignRow, ...]:
    """Return all campaigns with their newest goal version, or the one named."""
    version = func.max(goal_version.c.version).label("version")
    chosen = (
        select(campaign.c.id, campaign.c.name, campaign.c.created_at, version)
        .join(goal_version, goal_version.c.campaign_id == campaign.c.id)
        .group_by(campaign.c.id, campaign.c.name, campaign.c.created_at)
        .order_by(campaign.c.id)
    )
    if name is not None:
        chosen = chosen.where(campaign.c.name == name)
    return tuple(
        CampaignRow(row.id, row.name, row.version, row.created_at)
        for row in connection.execute(chosen)
    )


def read_document(connection: Connection, campaign_id: int, version: int | None) -> str:
    """Return a goal version's document; the newest by default."""
    chosen = select(goal_version.c.document).where(
        goal_version.c.campaign_id == campaign_id
    )
    if version is not None:
        chosen = chosen.where(goal_version.c.version == version)
    newest = chosen.order_by(goal_version.c.version.desc()).limit(1)
    found = connection.execute(newest).scalar_one_or_none()
    if found is None:
        wanted = "" if version is None else f" goal version {version}"
        raise DataError(f"campaign {campaign_id}{wanted}: is not in the database")
    return found


def read_trials(connection: Connection, campaign_id: int, as_of: int | None) -> Trials:
    """Return all experiments as they stood after an event."""
    newest = connection.execute(select(chain_head.c.seq)).scalar_one()
    seq = newest if as_of is None else as_of
    if not 0 <= seq <= newest:
        raise DataError(f"as_of: got event {seq}, must be 0 to {newest}")
    lives = _lives_as_of(connection, campaign_id, seq)
    mine = experiment.c.campaign_id == campaign_id
    measured = _measurements(connection, mine, seq)
    words = read_regimes(connection, mine, seq)
    sealed = _sealed_members(connection, campaign_id)
    rows = connection.execute(
        select(experiment.c.id, experiment.c.intervention, experiment.c.batch)
        .where(mine, experiment.c.event_seq <= seq)
        .order_by(experiment.c.id)
    )
    return Trials(
        seq,
        tuple(
            replace(
                _trial(row, [m for _, m in measured[row.id]], lives[row.id]),
                observed=observed(row.intervention, words[row.id]),
                was_set=was_set(row.intervention, words[row.id]),
                sealed=sealed[row.id],
            )
            for row in rows
        ),
    )


def _sealed_members(
    connection: Connection, campaign_id: int
) -> dict[int, dict[str, tuple[Member, ...]]]:
    """Return experiment id to what a model sealed of each quantity."""
    rows = connection.execute(
        select(prediction.c.experiment_id, prediction.c.quantity, prediction.c.members)
        .join(experiment, experiment.c.id == prediction.c.experiment_id)
        .where(
            experiment.c.campaign_id == campaign_id,
            prediction.c.basis == Basis.MODEL.value,
        )
    )
    found: dict[int, dict[str, tuple[Member, ...]]] = defaultdict(dict)
    for row in rows:
        found[row.experiment_id][row.quantity] = tuple(Member(**m) for m in row.members)
    return found


@dataclass
class _Life:
    """How far a step had come after an event."""

    stage: str
    state: StepState = StepState.PROPOSED
    begun: bool = False


def _lives_as_of(
    connection: Connection, campaign_id: int, seq: int
) -> dict[int, list[_Life]]:
    """Return experiment id to the lives of its steps, in route order."""
    rows = connection.execute(
        select(step_state.c.step_id, step_state.c.state, step.c.experiment_id)
        .add_columns(step.c.stage)
        .join(step, step.c.id == step_state.c.step_id)
        .join(experiment, experiment.c.id == step.c.experiment_id)
        .where(experiment.c.campaign_id == campaign_id, step_state.c.event_seq <= seq)
        .order_by(step_state.c.id)
    )
    lives: dict[int, dict[int, _Life]] = defaultdict(dict)
    for row in rows:
        life = lives[row.experiment_id].setdefault(row.step_id, _Life(row.stage))
        life.state = StepState(row.state)
        life.begun |= life.state is StepState.RUNNING
    return defaultdict(list, {i: list(found.values()) for i, found in lives.items()})


def _measurements(
    connection: Connection, condition: ColumnElement[bool], seq: int | None = None
) -> dict[int, list[tuple[int, Measurement]]]:
    """Return experiment id to (step id, measurement), in the order written.

    Args:
        connection: Of the database.
        condition: Which experiments.
        seq: As of which event; None for now.
    """
    chosen = (
        select(measurement)
        .join(experiment, experiment.c.id == measurement.c.experiment_id)
        .where(condition)
        .order_by(measurement.c.id)
    )
    if seq is not None:
        chosen = chosen.where(measurement.c.event_seq <= seq)
    rows = connection.execute(chosen)
    corrections = Corrections(connection, condition, seq)
    found: dict[int, list[tuple[int, Measurement]]] = defaultdict(list)
    for row in rows:
        seen = Measurement(
            quantity=row.quantity,
            value=row.value,
            unit=row.unit,
            label=row.label,
            sigma=row.sigma,
            quality=row.quality,
            kind=Kind(row.kind),
            raw=row.raw,
        )
        found[row.experiment_id].append((row.step_id, corrections.marked(row, seen)))
    return found


def _trial(row: AnyRow, measured: Sequence[Measurement], steps: list[_Life]) -> Trial:
    context: dict[str, float | str] = {}
    for m in measured:
        seen = m.label if m.value is None else m.value
        if m.kind is Kind.CONTEXT and m.quality == "good" and seen is not None:
            context[m.quantity] = seen
    return Trial(
        id=row.id,
        intervention=row.intervention,
        results=average_results(measured),
        sigmas=average_sigmas(measured),
        context=context,
        open=any(s.state in OPEN_STATES for s in steps),
        failed=any(s.state is StepState.FAILED for s in steps),
        batch=row.batch,
        used=tuple(
            s.stage
            for s in steps
            if s.state in OPEN_STATES or uses_budget(s.state, s.begun)
        ),
    )


def _by_experiment(
    connection: Connection, table: Table, ids: Sequence[int]
) -> dict[int, list[AnyRow]]:
    rows = connection.execute(
        select(table).where(table.c.experiment_id.in_(ids)).order_by(table.c.id)
    )
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[row.experiment_id].append(row)
    return found


def read_experiments(
    connection: Connection, campaign_id: int, numbers: Iterable[int] | None
) -> tuple[ExperimentRecord, ...]:
    """Return experiments for review, in order of their numbers."""
    chosen = (
        select(experiment, goal_version.c.version)
        .join(goal_version, goal_version.c.id == experiment.c.goal_version_id)
        .where(experiment.c.campaign_id == campaign_id)
        .order_by(experiment.c.number)
    )
    if numbers is not None:
        chosen = chosen.where(experiment.c.number.in_(sorted(set(numbers))))
    rows = connection.execute(chosen).all()
    ids = [row.id for row in rows]
    steps = _by_experiment(connection, step, ids)
    again = repeats(connection, [s.id for found in steps.values() for s in found])
    sealed = _by_experiment(connection, prediction, ids)
    decided = _by_experiment(connection, approval, ids)
    measured = _measurements(connection, experiment.c.id.in_(ids))
    words = read_regimes(connection, experiment.c.id.in_(ids))
    return tuple(
        ExperimentRecord(
            id=row.id,
            number=row.number,
            batch=row.batch,
            intervention=row.intervention,
            proposed_at=row.proposed_at,
            predictions=tuple(
                SealedPrediction(_prediction(p), p.sealed_at) for p in sealed[row.id]
            ),
            steps=tuple(_step(s, again[s.id], measured[row.id]) for s in steps[row.id]),
            approval=_approval(decided[row.id]),
            source=row.source,
            goal_version=row.version,
            score=row.score,
            runners_up=_runners_up(row),
            observed=observed(row.intervention, words[row.id]),
            was_set=was_set(row.intervention, words[row.id]),
        )
        for row in rows
    )


def _prediction(row: AnyRow) -> Prediction:
    members = tuple(Member(**m) for m in row.members)
    return Prediction(row.quantity, row.unit, members, Basis(row.basis))


def _runners_up(row: AnyRow) -> tuple[RunnerUp, ...]:
    return tuple(RunnerUp(r["intervention"], r["score"]) for r in row.runners_up)


def _approval(rows: Sequence[AnyRow]) -> Approval | None:
    if not rows:
        return None
    row = rows[0]
    return Approval(row.approved_by, row.approved_at, row.approved, row.reason)


def _step(
    row: AnyRow, again: int, measured: Sequence[tuple[int, Measurement]]
) -> StepRecord:
    return StepRecord(
        id=row.id,
        stage=row.stage,
        position=row.position,
        state=StepState(row.state),
        executor=row.executor,
        key=run_key(row.key, again),
        attempts=row.attempts,
        dispatched_at=row.dispatched_at,
        finished_at=row.finished_at,
        message=row.message,
        provenance=row.provenance,
        measurements=tuple(m for step_id, m in measured if step_id == row.id),
        handed_over=row.handed_over,
    )


def read_decisions(
    connection: Connection, campaign_id: int
) -> tuple[DecisionRecord, ...]:
    """Return every decision in order, with its proposals as they were written."""
    rows = connection.execute(
        select(decision, goal_version.c.version, model_version.c.content)
        .join(goal_version, goal_version.c.id == decision.c.goal_version_id)
        .join(model_version, model_version.c.id == decision.c.model_version_id)
        .where(decision.c.campaign_id == campaign_id)
        .order_by(decision.c.batch)
    ).all()
    proposed = connection.execute(
        select(experiment)
        .where(experiment.c.campaign_id == campaign_id, ~experiment.c.imported)
        .order_by(experiment.c.id)
    ).all()
    sealed = _by_experiment(connection, prediction, [row.id for row in proposed])
    children: dict[int, list[tuple[int, Proposal]]] = defaultdict(list)
    for row in proposed:
        proposal = Proposal(
            intervention=row.intervention,
            predictions=tuple(_prediction(p) for p in sealed[row.id]),
            score=row.score,
            runners_up=_runners_up(row),
        )
        children[row.decision_id].append((row.id, proposal))
    return tuple(_decision(row, children[row.id]) for row in rows)


def _decision(row: AnyRow, children: Sequence[tuple[int, Proposal]]) -> DecisionRecord:
    made = Decision(
        batch=row.batch,
        as_of=row.as_of,
        strategy=row.strategy,
        acquisition=row.acquisition,
        seed=row.seed,
        trained_on=row.trained_on,
        pending=tuple(row.pending),
        model=row.content,
        versions=row.versions,
        proposals=tuple(proposal for _, proposal in children),
    )
    ids = tuple(child for child, _ in children)
    return DecisionRecord(row.id, made, row.version, ids, row.decided_at)


def read_findings(connection: Connection, campaign_id: int) -> tuple[Finding, ...]:
    """Return what was worth telling, in order."""
    rows = connection.execute(
        select(finding)
        .where(finding.c.campaign_id == campaign_id)
        .order_by(finding.c.id)
    )
    return tuple(Finding(r.kind, r.text, r.experiment, r.details) for r in rows)


def read_events(
    connection: Connection, campaign_id: int | None
) -> tuple[EventRow, ...]:
    """Return the chain's events in order."""
    chosen = select(event).order_by(event.c.seq)
    if campaign_id is not None:
        chosen = chosen.where(event.c.campaign_id == campaign_id)
    return tuple(
        EventRow(
            seq=row.seq,
            campaign=row.campaign_id,
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            payload=json.loads(row.payload),
            hash=row.hash,
        )
        for row in connection.execute(chosen)
    )
