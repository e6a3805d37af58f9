"""The best of a finite list of interventions, exactly."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor

from labagent.experiments import RunnerUp
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Intervention, intervention_key

CHUNK = 2048
"""Interventions scored at once: bounds memory at (CHUNK, samples) tensors."""

SURVIVORS = 2000
"""Interventions kept for the second and later members of a batch."""

RUNNERS_UP = 5
"""How many considered interventions are told with each choice."""

MakeAcquisition = Callable[[Tensor], AcquisitionFunction]
"""Builds the acquisition function given (p, d) pending interventions."""


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
    encoder: SpaceEncoder,
    make: MakeAcquisition,
    pending: Tensor,
    count: int,
    taken: Collection[str],
) -> list[Choice]:
    """Choose up to ``count`` interventions of a finite space, one after the other.

    Each later choice counts the earlier ones as pending. For improvements, a joint
    value never exceeds the sum of single ones, so those that score low alone cannot
    win later and only the best :data:`SURVIVORS` stay in play.

    Args:
        encoder: Of the space.
        make: Builds the acquisition.
        pending: (p, d) encoded interventions without result.
        count: How many to choose; fewer come back when the space is used up.
        taken: Keys of interventions not to choose.
    """
    free = [p for p in encoder.space.points() if intervention_key(p) not in taken]
    X = encoder.encode(free)
    chosen: list[Choice] = []
    for turn in range(count):
        if not free:
            break
        acquisition = make(pending)
        values = score(acquisition, X.to(device_of(acquisition)))
        order = torch.argsort(values, descending=True, stable=True).tolist()
        chosen.append(_choice(free, values, order))
        best = order[0]
        pending = torch.cat([pending, X[best : best + 1]])
        key = intervention_key(free[best])
        keep = order[:SURVIVORS] if turn == 0 else list(range(len(free)))
        keep = sorted(i for i in keep if intervention_key(free[i]) != key)
        free = [free[i] for i in keep]
        X = X[torch.tensor(keep, dtype=torch.long)]
    return chosen


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
