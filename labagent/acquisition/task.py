"""What every acquisition function is made from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from botorch.models.model import Model
from botorch.sampling import SobolQMCNormalSampler
from torch import Tensor

from labagent.campaigns import Direction, Goal, Objective
from labagent.errors import ModelError
from labagent.world import Evidence, Fitted

SAMPLES = 128
"""Quasi-random posterior samples per value of an acquisition function."""


@dataclass(frozen=True)
class AcquisitionTask:
    """A goal, a fitted model and the data it saw.

    Attributes:
        goal: What is asked for.
        fitted: The model.
        evidence: The data.
        pending: (p, d) encoded interventions whose results are still to come.
        seed: Of the posterior samples.
        reference: (r, d) encoded interventions that stand for the whole space; needed
            by acquisitions that compare with it, else without rows.
    """

    goal: Goal
    fitted: Fitted
    evidence: Evidence
    pending: Tensor
    seed: int
    reference: Tensor = field(
        default_factory=lambda: torch.empty(0, 0, dtype=torch.float64)
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Quantities the goal speaks of: objectives, then limits, each once."""
        spoken = [o.name for o in self.goal.objectives] + [
            limit.name for limit in self.goal.limits
        ]
        return tuple(dict.fromkeys(spoken))

    @property
    def model(self) -> Model:
        """The model of just those quantities, in that order.

        Raises:
            ModelError: One of them has too few results to be modelled.
        """
        missing = [n for n in self.names if n not in self.fitted.quantities]
        if missing:
            raise ModelError(
                f"goal: got too few results of {', '.join(missing)}, must have at "
                "least two each; measure them first"
            )
        columns = [self.fitted.quantities.index(n) for n in self.names]
        return self.fitted.model.subset_output(columns)

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return next(self.fitted.model.parameters()).device

    @property
    def baseline(self) -> Tensor:
        """(n, d) interventions already measured, on the model's device."""
        return self.evidence.X.to(self.device)

    @property
    def pending_or_none(self) -> Tensor | None:
        """Pending interventions on the model's device, or None where there are none."""
        return self.pending.to(self.device) if len(self.pending) else None

    def sampler(self) -> SobolQMCNormalSampler:
        """Return a sampler that starts at the task's seed."""
        return SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=self.seed)

    def utilities(self, Y: Tensor) -> Tensor:
        """Return what the objectives are worth, larger is better.

        Args:
            Y: (..., m') values of :attr:`names` in declared units.

        Returns:
            (..., number of objectives) utilities in declared units.
        """
        return torch.stack(
            [_utility(o, Y[..., i]) for i, o in enumerate(self.goal.objectives)], dim=-1
        )

    def weighted(self, Y: Tensor) -> Tensor:
        """Return the weighted sum of standardised utilities of shape (...)."""
        weights = [1.0 if o.weight is None else o.weight for o in self.goal.objectives]
        scaled = torch.tensor(weights, dtype=Y.dtype) / self._spread()
        return (self.utilities(Y) * scaled.to(Y.device)).sum(dim=-1)

    def _spread(self) -> Tensor:
        """Return each objective's standard deviation over the data; 1 if constant."""
        columns = [self.evidence.column(o.name) for o in self.goal.objectives]
        spreads: list[float] = []
        for j in columns:
            seen = self.evidence.Y[:, j]
            seen = seen[~seen.isnan()]
            spread = float(seen.std()) if len(seen) > 1 else 0.0
            spreads.append(spread if spread > 0 else 1.0)
        return torch.tensor(spreads, dtype=torch.float64)

    def constraints(self) -> list[Callable[[Tensor], Tensor]] | None:
        """Return the limits as functions of Y (..., m') that are <= 0 where kept."""
        if not self.goal.limits:
            return None

        def make(j: int, sign: float, bound: float) -> Callable[[Tensor], Tensor]:
            return lambda Y: sign * (Y[..., j] - bound)

        return [
            make(self.names.index(c.name), 1.0 if c.relation == "<=" else -1.0, c.value)
            for c in self.goal.limits
        ]


def moments(model: Model, X: Tensor) -> tuple[Tensor, Tensor]:
    """Return posterior means and standard deviations (b, q, m') at X (b, q, d)."""
    # BoTorch's Posterior leaves mean and variance to its kinds; all used here have them
    posterior: Any = model.posterior(X)
    return posterior.mean, posterior.variance.clamp_min(1e-18).sqrt()


def _utility(objective: Objective, y: Tensor) -> Tensor:
    """Return utilities of values y of any shape, larger is better, same unit."""
    match objective.direction:
        case Direction.MAXIMIZE:
            return y
        case Direction.MINIMIZE:
            return -y
        case Direction.TARGET:
            return -(y - (objective.target or 0.0)).abs()
