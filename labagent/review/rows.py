"""Experiments as plain rows, for tables, CSV and JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from labagent.experiments import (
    ExperimentRecord,
    Kind,
    SealedPrediction,
    StepState,
)
from labagent.review.best import measured_at
from labagent.review.calibration import Calibration
from labagent.variables import Value

Row = dict[str, object]
"""Text to plain data: numbers, texts, lists and mappings of them, None."""


def history_rows(records: Sequence[ExperimentRecord]) -> list[Row]:
    """Return one row per experiment; times are ISO 8601 in UTC or None."""
    return [history_row(r) for r in records]


def history_row(record: ExperimentRecord) -> Row:
    """Return an experiment as plain data."""
    return {
        "id": record.number,
        "status": record.state.value,
        "batch": record.batch,
        "source": record.source,
        "proposed_at": iso(record.proposed_at),
        "predicted_at": iso(predicted_at(record)),
        "approved_by": _approver(record),
        "dispatched_at": iso(dispatched_at(record)),
        "measured_at": iso(_all_measured_at(record)),
        "intervention": plain_intervention(record.intervention),
        "observed": sorted(record.observed),
        "was_set": sorted(record.was_set),
        "prediction": {
            s.prediction.quantity: plain_prediction(s) for s in record.predictions
        },
        "result": record.results,
        "context": context(record),
        "surprise": surprise(record),
        "message": message(record),
    }


def iso(at: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat()


def predicted_at(record: ExperimentRecord) -> datetime | None:
    """Return when the last of an experiment's predictions was sealed, UTC."""
    return max((s.sealed_at for s in record.predictions), default=None)


def dispatched_at(record: ExperimentRecord) -> datetime | None:
    """Return when the first of an experiment's steps was dispatched, UTC."""
    times = [s.dispatched_at for s in record.steps if s.dispatched_at is not None]
    return min(times, default=None)


def plain_intervention(intervention: Mapping[str, Value]) -> Row:
    """Return an intervention with compositions as ordinary dictionaries."""
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in intervention.items()
    }


def plain_prediction(sealed: SealedPrediction) -> Row:
    """Return a sealed prediction with its 90 % interval, in its unit."""
    prediction = sealed.prediction
    low, high = prediction.interval(0.9)
    return {
        "mean": prediction.mean,
        "std": prediction.std,
        "low90": low,
        "high90": high,
        "unit": prediction.unit,
        "basis": prediction.basis.value,
        "sealed_at": iso(sealed.sealed_at),
    }


def surprise(record: ExperimentRecord) -> dict[str, float]:
    """Return quantity to signed distance, in predicted standard deviations.

    Empty where a state was set: nothing was predicted of that.
    """
    results = {} if record.was_set else record.results
    return {
        s.prediction.quantity: s.prediction.surprise(results[s.prediction.quantity])
        for s in record.predictions
        if s.prediction.quantity in results
    }


def context(record: ExperimentRecord) -> dict[str, float | str | None]:
    """Return what was observed but not set: variable to number or label."""
    return {
        m.quantity: m.value if m.label is None else m.label
        for step in record.steps
        for m in step.measurements
        if m.kind is Kind.CONTEXT and m.quality == "good"
    }


def message(record: ExperimentRecord) -> str:
    """Return what a step or a refusal says of itself; empty where all went well."""
    texts = [s.message for s in record.steps if s.message]
    if record.approval is not None and not record.approval.approved:
        texts.append(record.approval.reason)
    texts += _withdrawn(record)
    return "; ".join(dict.fromkeys(texts))


def _withdrawn(record: ExperimentRecord) -> list[str]:
    """Return what is wrong with quantities of which no result is left."""
    last = {
        m.quantity: m.quality
        for step in record.steps
        for m in step.measurements
        if m.kind is Kind.RESULT
    }
    results = record.results
    return [f"{name} {why}" for name, why in last.items() if name not in results]


def _all_measured_at(record: ExperimentRecord) -> datetime | None:
    return measured_at(record) if record.state is StepState.MEASURED else None


def _approver(record: ExperimentRecord) -> str | None:
    approval = record.approval
    return approval.by if approval is not None and approval.approved else None


def plain_calibration(found: Calibration) -> dict[str, object]:
    """Return a calibration as plain data."""
    return {
        "quantity": found.quantity,
        "n": found.n,
        "prior": found.prior,
        "coverage": [
            {
                "level": c.level,
                "inside": c.inside,
                "n": c.n,
                "low": c.low,
                "high": c.high,
            }
            for c in found.coverage
        ],
        "nlpd": found.nlpd,
        "rmse_sigmas": found.rmse,
    }
