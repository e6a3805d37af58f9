"""What every acquisition function is made from."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from botorch.models.model import Model
from botorch.sampling import SobolQMCNormalSampler
from torch import Tensor

from labagent.campaigns import Direction, Goal, Objective, OutcomeLimit
from labagent.errors import ModelError
from labagent.world import Evidence, Fitted
from labagent.world.drawn import DRAWS, DrawnNetwork
from labagent.world.plain import SMALLEST

FAR = 1e6
"""Standard deviations that a broken limit counts for when points are ranked."""

FEW_DRAWS = 32
"""Draws of a process network that suffice to see where a search should start."""


@dataclass(frozen=True)
class AcquisitionTask:
    """A goal, a fitted model and the data it saw.

    Attributes:
        goal: What is asked for.
        fitted: The model.
        evidence: The data.
        pending: (p, d) encoded interventions whose results are still to come.
        seed: Of the posterior samples.
        rough: Whether fewer draws of a process network do, to screen many points.
        reference: (r, d) encoded interventions that stand for the whole space; needed
            by acquisitions that compare with it, else without rows.
    """

    goal: Goal
    fitted: Fitted
    evidence: Evidence
    pending: Tensor
    seed: int
    rough: bool = False
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
        model = self._whole.subset_output(columns)
        if self.rough and isinstance(model, DrawnNetwork):
            return model.first(FEW_DRAWS)
        return model

    @property
    def _whole(self) -> Model:
        if self.fitted.model is None:
            raise ModelError(
                "acquisition: got a member without a model, must have one to steer by"
            )
        return self.fitted.model

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return next(self._whole.parameters()).device

    @property
    def baseline(self) -> Tensor:
        """(n, d) interventions already measured, on the model's device."""
        return self.evidence.X.to(self.device)

    def promising(self, most: int) -> Tensor:
        """Return the measured interventions (k, d) that may be best, on the device.

        Those with the largest measured utilities; such as keep all limits come first.

        Args:
            most: How many at most.
        """
        if len(self.evidence.X) <= most:
            return self.baseline
        columns = [self.evidence.column(n) for n in self.names]
        Y = self.evidence.Y[:, columns]
        shift, scale = self.fitted.shift[self._columns], self.scale
        standardised = (Y - shift) / scale
        worth = self.weighted(standardised)
        for broken in self.constraints() or []:
            worth = worth - FAR * (broken(standardised) > 0)
        order = worth.nan_to_num(-math.inf).argsort(descending=True, stable=True)
        return self.baseline[order[:most].to(self.device)]

    @property
    def pending_or_none(self) -> Tensor | None:
        """Pending interventions on the model's device, or None where there are none."""
        return self.pending.to(self.device) if len(self.pending) else None

    def sampler(self) -> SobolQMCNormalSampler:
        """Return a sampler that starts at the task's seed."""
        count = FEW_DRAWS if self.rough and has_rough(self.fitted) else DRAWS
        return SobolQMCNormalSampler(torch.Size([count]), seed=self.seed)

    @property
    def scale(self) -> Tensor:
        """(m',) standard deviation of each name's data, in declared units."""
        return self.fitted.scale[self._columns]

    @property
    def _columns(self) -> list[int]:
        return [self.fitted.quantities.index(n) for n in self.names]

    def declared(self, Y: Tensor) -> Tensor:
        """Return the model's standardised values Y (..., m') in declared units."""
        shift = self.fitted.shift[self._columns]
        return shift.to(Y.device) + self.scale.to(Y.device) * Y

    def utilities(self, values: Tensor) -> Tensor:
        """Return what values are worth by each objective, larger is better.

        Args:
            values: (..., m') values of :attr:`names` in declared units.

        Returns:
            (..., number of objectives) utilities in standard deviations of the data, so
            that nothing depends on the units a campaign is written in.
        """
        worth = [
            _utility(o, values[..., i]) for i, o in enumerate(self.goal.objectives)
        ]
        scale = self.scale[: len(worth)].to(values.device)
        return torch.stack(worth, dim=-1) / scale

    def weighted(self, Y: Tensor) -> Tensor:
        """Return the weighted sum of utilities (...) of standardised Y (..., m')."""
        weights = [1.0 if o.weight is None else o.weight for o in self.goal.objectives]
        utilities = self.utilities(self.declared(Y))
        return utilities @ torch.tensor(weights, dtype=Y.dtype, device=Y.device)

    def constraints(self) -> list[Callable[[Tensor], Tensor]] | None:
        """Return the limits as functions of standardised Y, <= 0 where kept.

        Their values are in standard deviations of the data: BoTorch smooths a limit
        over a fixed width, which must not depend on the unit it is written in.
        """
        if not self.goal.limits:
            return None

        def make(limit: OutcomeLimit) -> Callable[[Tensor], Tensor]:
            j = self.names.index(limit.name)
            sign = 1.0 if limit.relation == "<=" else -1.0
            scale = sign / float(self.scale[j])
            return lambda Y: scale * (self.declared(Y)[..., j] - limit.value)

        return [make(limit) for limit in self.goal.limits]


def has_rough(fitted: Fitted) -> bool:
    """Return whether a member's acquisitions come cheaper, from fewer draws."""
    return isinstance(fitted.model, DrawnNetwork)


def moments(model: Model, X: Tensor) -> tuple[Tensor, Tensor]:
    """Return a model's means and standard deviations (b, q, m') at X (b, q, d)."""
    # BoTorch's Posterior leaves these to its kinds; all used here have them
    posterior: Any = model.posterior(X)
    return posterior.mean, posterior.variance.clamp_min(SMALLEST).sqrt()


def _utility(objective: Objective, y: Tensor) -> Tensor:
    """Return utilities of values y of any shape, larger is better, same unit."""
    match objective.direction:
        case Direction.MAXIMIZE:
            return y
        case Direction.MINIMIZE:
            return -y
        case Direction.TARGET:
            return -(y - (objective.target or 0.0)).abs()
