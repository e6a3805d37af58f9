"""Checking and writing measurements."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from db.checking import Declared, check_unit
from db.schema import measurement
from db.writing import Transaction
from labagent.errors import DataError
from labagent.experiments import Kind, Measurement
from labagent.variables import Role


def check_measurements(
    where: str,
    measurements: Sequence[Measurement],
    quantities: Iterable[str],
    variables: Mapping[str, Declared],
) -> None:
    """Refuse measurements of what is not measured here, in wrong units, not finite.

    Args:
        where: What the message begins with.
        measurements: What is offered.
        quantities: What the step measures.
        variables: The campaign's variables.

    Raises:
        DataError: One of them is wrong.
    """
    allowed = {
        Kind.RESULT: set(quantities),
        Kind.CONTEXT: {d.name for d in variables.values() if d.role is Role.CONTEXT},
        Kind.READBACK: {d.name for d in variables.values() if d.role is Role.CONTROL},
    }
    for offered in measurements:
        known = variables.get(offered.quantity)
        if known is None or offered.quantity not in allowed[offered.kind]:
            names = ", ".join(sorted(allowed[offered.kind])) or "nothing"
            raise DataError(
                f"{where}: {offered.kind} {offered.quantity}: is not measured here, "
                f"must be among {names}"
            )
        check_unit(f"{where}: {offered.kind}", offered, known)
        _check_value(f"{where}: {offered.kind} {offered.quantity}", offered)


def _check_value(where: str, offered: Measurement) -> None:
    if (offered.value is None) == (offered.label is None):
        raise DataError(
            f"{where}: got value {offered.value!r} and label {offered.label!r}, "
            "must have one of the two; leave missing ones out"
        )
    if offered.value is not None and not math.isfinite(offered.value):
        raise DataError(
            f"{where}: got {offered.value} {offered.unit}, must be a finite number; "
            "leave missing ones out"
        )
    if offered.sigma is not None and not (
        math.isfinite(offered.sigma) and offered.sigma >= 0
    ):
        raise DataError(
            f"{where}: got a standard uncertainty of {offered.sigma} {offered.unit}, "
            "must be finite and not negative"
        )


def write_measurements(
    writer: Transaction, seen: Iterable[tuple[int, int, Sequence[Measurement]]]
) -> None:
    """Add measurements of (step id, experiment id)."""
    writer.insert(
        measurement,
        [
            {
                "step_id": step_id,
                "experiment_id": experiment_id,
                **asdict(one),
                "kind": one.kind.value,
                "measured_at": writer.now,
            }
            for step_id, experiment_id, measurements in seen
            for one in measurements
        ],
    )
