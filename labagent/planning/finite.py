"""The best of a finite list of interventions, exactly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor

from labagent.experiments import RunnerUp
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import DesignSpace, Intervention, Value, intervention_key

CHUNK = 2048
"""Interventions scored at once: bounds memory at (CHUNK, samples) tensors."""

SURVIVORS = 2000
"""Interventions kept for the second and later members of a batch."""

RUNNERS_UP = 5
"""How many considered interventions are told with each choice."""

MakeAcquisition = Callable[[Tensor], AcquisitionFunction]
"""Builds the acquisition function given (p, d) pending interventions."""


@dataclass(frozen=True)
class Wanted:
    """How many interventions are wanted, and what is known before.

    Attributes:
        count: How many to choose; fewer come back when the space is used up.
        pending: (p, d) encoded interventions without result.
        taken: Key to how often an intervention was tried or is under way.
        seed: Of the search; lists are scored without one.
        around: Good interventions known, best first: a search also starts there.
    """

    count: int
    pending: Tensor
    taken: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    around: Sequence[Intervention] = ()


@dataclass(frozen=True)
class Choice:
    """An intervention, its score, and what came next."""

    intervention: Intervention
    score: float
    runners_up: tuple[RunnerUp, ...]


def score(acquisition: AcquisitionFunction, X: Tensor) -> Tensor:
    """Return (k,) values of single interventions X (k, d), without gradients."""
    with torch.no_grad():
        parts = [acquisition(x.unsqueeze(-2)) for x in X.split(CHUNK)]
    return torch.cat(parts).cpu()


def choose_finite(
    encoder: SpaceEncoder, make: MakeAcquisition, wanted: Wanted
) -> list[Choice]:
    """Choose interventions of a finite space, one after the other.

    Each later choice counts the earlier ones as pending. For improvements, a joint
    value never exceeds the sum of single ones, so those that score low alone cannot
    win later and only the best :data:`SURVIVORS` stay in play.

    Args:
        encoder: Of the space.
        make: Builds the acquisition.
        wanted: How many, and what is known before.
    """
    left = _left(encoder.space, wanted.taken)
    pending = wanted.pending
    free = [point for point, _ in left.values()]
    room = {key: times for key, (_, times) in left.items()}
    X = encoder.encode(free)
    chosen: list[Choice] = []
    for turn in range(wanted.count):
        if not free:
            break
        acquisition = make(pending)
        values = score(acquisition, X.to(device_of(acquisition)))
        order = torch.argsort(values, descending=True, stable=True).tolist()
        chosen.append(_choice(free, values, order))
        best = order[0]
        pending = torch.cat([pending, X[best : best + 1]])
        room[intervention_key(free[best])] -= 1
        keep = sorted(order[:SURVIVORS] if turn == 0 else order)
        keep = [i for i in keep if room[intervention_key(free[i])] > 0]
        free = [free[i] for i in keep]
        X = X[torch.tensor(keep, dtype=torch.long)]
    return chosen


def _left(
    space: DesignSpace, taken: Mapping[str, int]
) -> dict[str, tuple[dict[str, Value], int]]:
    """Return key to (intervention, how often it may still be chosen).

    A grid point may be chosen once; a candidate as often as its table lists it, since
    equal rows of a table are replicates that were really made.
    """
    left: dict[str, tuple[dict[str, Value], int]] = {}
    for point in space.points():
        key = intervention_key(point)
        left[key] = (point, left[key][1] + 1 if key in left else 1)
    return {
        key: (point, times - taken.get(key, 0))
        for key, (point, times) in left.items()
        if times > taken.get(key, 0)
    }


def _choice(
    free: Sequence[Intervention], values: Tensor, order: Sequence[int]
) -> Choice:
    runners = tuple(
        RunnerUp(free[i], float(values[i])) for i in order[1 : RUNNERS_UP + 1]
    )
    return Choice(free[order[0]], float(values[order[0]]), runners)


def device_of(acquisition: AcquisitionFunction) -> torch.device:
    """Return where an acquisition function's model lives."""
    return next(acquisition.model.parameters()).device
