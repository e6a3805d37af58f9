"""Whether every dispatch came after the sealing of its predictions.

Works on the rows the chain tells of; whether the tables hold the same is checked
elsewhere. Times are ISO text in UTC with microseconds, so text order is time order.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from labagent.experiments import StepState
from labagent.ports import Fault

Rows = Mapping[str, Mapping[int, Mapping[str, object]]]

_NEVER = "9999"


def seal_faults(rows: Rows) -> Iterator[Fault]:
    """Yield every step that ran before, or without, its sealed predictions."""
    sealed = {
        (row.get("experiment_id"), row.get("quantity")): row
        for row in rows["prediction"].values()
    }
    measures: dict[object, list[object]] = defaultdict(list)
    for row in rows["step_quantity"].values():
        measures[row.get("step_id")].append(row.get("quantity"))
    promised = {row.get("experiment_id") for row in rows["prediction"].values()}
    started = _first_starts(rows)
    for step_id, step in rows["step"].items():
        place = f"step {step_id}"
        yield from _order_faults(place, step)
        if step_id not in started:
            yield from _unstarted_faults(place, step, rows)
            continue
        if step.get("experiment_id") not in promised:
            yield Fault(place, "ran without any sealed prediction")
        for quantity in measures[step_id]:
            seal = sealed.get((step.get("experiment_id"), quantity))
            if seal is None:
                yield Fault(place, f"ran without a sealed prediction of {quantity}")
            elif not _earlier(seal, step, started[step_id]):
                yield Fault(
                    place,
                    f"was dispatched at {step.get('dispatched_at')}, not after its "
                    f"prediction of {quantity} was sealed at {seal.get('sealed_at')}",
                )
    yield from _result_faults(rows)


def _first_starts(rows: Rows) -> dict[object, object]:
    """Return step id to the event that dispatched it first."""
    started: dict[object, object] = {}
    for _, row in sorted(rows["step_state"].items()):
        if row.get("state") == StepState.RUNNING:
            started.setdefault(row.get("step_id"), row.get("event_seq"))
    return started


def _earlier(
    seal: Mapping[str, object], step: Mapping[str, object], started: object
) -> bool:
    in_time = str(seal.get("sealed_at")) < str(step.get("dispatched_at") or "")
    return in_time and int(str(seal.get("event_seq"))) < int(str(started))


def _order_faults(place: str, step: Mapping[str, object]) -> Iterator[Fault]:
    begun = str(step.get("dispatched_at") or "")
    ended = str(step.get("finished_at") or _NEVER)
    if begun > ended:
        yield Fault(place, f"finished at {ended}, before its dispatch at {begun}")


def _unstarted_faults(
    place: str, step: Mapping[str, object], rows: Rows
) -> Iterator[Fault]:
    """Tell of results of a step that never ran, unless they were imported."""
    owner = rows["experiment"].get(int(str(step.get("experiment_id"))), {})
    ran = step.get("dispatched_at") is not None
    over = step.get("state") in (StepState.MEASURED, StepState.FAILED)
    if ran or (over and not owner.get("imported")):
        yield Fault(place, f"is {step.get('state')}, but was never dispatched")


def _result_faults(rows: Rows) -> Iterator[Fault]:
    for row_id, row in rows["measurement"].items():
        step = rows["step"].get(int(str(row.get("step_id"))), {})
        begun = str(step.get("dispatched_at") or "")
        if str(row.get("measured_at")) < begun:
            yield Fault(
                f"measurement {row_id}",
                f"was recorded at {row.get('measured_at')}, before its step was "
                f"dispatched at {begun}",
            )
