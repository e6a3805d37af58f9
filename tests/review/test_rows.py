"""Experiments as plain rows."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from labagent.experiments import (
    Approval,
    Kind,
    Measurement,
    RunnerUp,
    StepState,
)
from labagent.review import history_row, history_rows, iso
from tests.records import START, prediction, record


def test_row_holds_the_whole_life_of_an_experiment() -> None:
    row = history_row(record(2, {"stiff": 12.0}, [prediction("stiff", 10, 2)]))
    at = [datetime.fromisoformat(str(row[f"{verb}_at"])) for verb in
          ("proposed", "predicted", "dispatched", "measured")]  # fmt: skip
    assert at == [START + timedelta(hours=2, minutes=m) for m in range(4)]
    assert (row["id"], row["status"]) == (2, "measured")
    assert row["intervention"] == {"x": 0.2}
    assert row["result"] == {"stiff": 12.0}
    assert row["surprise"] == {"stiff": 1.0}


def test_predictions_carry_unit_width_and_interval() -> None:
    row = history_row(record(1, None, [prediction("stiff", 10, 2)]))
    assert row["prediction"] == {
        "stiff": {
            "mean": 10,
            "std": 2,
            "low90": pytest.approx(10 - 2 * 1.6449, abs=1e-3),
            "high90": pytest.approx(10 + 2 * 1.6449, abs=1e-3),
            "unit": "GPa",
            "basis": "model",
            "sealed_at": iso(START + timedelta(hours=1, minutes=1)),
        }
    }
    assert (row["measured_at"], row["dispatched_at"]) == (None, None)


def test_times_are_written_in_utc() -> None:
    east = timezone(timedelta(hours=5))
    assert iso(datetime(2025, 1, 1, 3, tzinfo=east)) == "2024-12-31T22:00:00+00:00"
    assert iso(START) == START.astimezone(UTC).isoformat()


def test_context_and_reason_of_a_refusal_are_kept() -> None:
    refused = replace(
        record(1, state=StepState.REJECTED),
        approval=Approval("ada", START, approved=False, reason="too hot"),
    )
    step = replace(
        refused.steps[0],
        measurements=(
            Measurement("humidity", 40.0, "percent", kind=Kind.CONTEXT),
            Measurement("operator", None, label="ben", kind=Kind.CONTEXT),
        ),
    )
    row = history_row(replace(refused, steps=(step,)))
    assert row["context"] == {"humidity": 40.0, "operator": "ben"}
    assert (row["message"], row["approved_by"]) == ("too hot", None)


def test_what_was_corrected_is_left_out_and_what_is_gone_is_told() -> None:
    plain = record(1, {"stiff": 1.0, "dense": 2.0})
    seen = (
        Measurement("stiff", 10.0, "GPa", quality="wrong: typo"),
        Measurement("stiff", 1.0, "GPa"),
        Measurement("dense", 2.0, "GPa", quality="wrong: contaminated"),
        Measurement("humidity", 4.0, "%", kind=Kind.CONTEXT, quality="wrong: typo"),
    )
    row = history_row(
        replace(plain, steps=(replace(plain.steps[0], measurements=seen),))
    )
    assert (row["result"], row["context"]) == ({"stiff": 1.0}, {})
    assert row["message"] == "dense wrong: contaminated"


def test_rows_are_plain_json() -> None:
    alloy = replace(
        record(1, {"stiff": 1.0}, [prediction("stiff", 1, 1)]),
        intervention={"alloy": {"Al": 0.5, "Cu": 0.5}, "phase": "fcc"},
        runners_up=(RunnerUp({"alloy": {"Al": 1.0}}, 0.1),),
    )
    rows = history_rows([alloy, record(2)])
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
