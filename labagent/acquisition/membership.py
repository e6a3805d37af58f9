"""Probability of belonging to the best of the space: for finding many, not one.

An intervention is worth the model's probability that it lies among the top share of
the whole space. For a known bound of the top this is the probability of improvement
[Kushner1964]_ over it; here the bound is a quantile of the model's own predictions over
the space, as level sets with an implicit threshold have it [Gotovos2013]_.

.. [Kushner1964] H. J. Kushner. A new method of locating the maximum point of an
   arbitrary multipeak curve in the presence of noise. J. Basic Engineering 86(1), 1964.
.. [Gotovos2013] A. Gotovos, N. Casati, G. Hitz, A. Krause. Active learning for level
   set estimation. IJCAI 2013 (section 4: implicitly defined threshold level).
"""

import torch
from botorch.acquisition import AcquisitionFunction
from botorch.utils.transforms import t_batch_mode_transform
from torch import Tensor

from labagent.acquisition.task import AcquisitionTask, moments
from labagent.errors import ModelError

DRAWS = 32
"""Quantiles of each reference point's density in the pooled estimate of the bound."""

CHUNK = 1024
"""Reference points asked at once."""


class TopFraction(AcquisitionFunction):
    """Log of the expected number of members of the top share among q interventions.

    A utility's posterior is taken as normal with the moments of its samples; for a
    single maximised or minimised quantity it is normal exactly.
    """

    def __init__(self, task: AcquisitionTask) -> None:
        super().__init__(model=task.model)
        self._task = task
        self._sampler = task.sampler()
        self._bound = self._find_bound()

    def _find_bound(self) -> Tensor:
        """Return the utility above which the top share of the reference lies.

        Every reference point contributes its whole density, so that a model that knows
        nothing yet puts the bound where chance would.
        """
        reference = self._task.reference.to(self._task.device)
        if not len(reference):
            raise ModelError("top fraction: got no reference points, must have some")
        middles = (torch.arange(DRAWS, dtype=torch.float64) + 0.5) / DRAWS
        z = torch.special.ndtri(middles).to(reference.device)
        with torch.no_grad():
            parts = [self._moments(x.unsqueeze(-2)) for x in reference.split(CHUNK)]
        mean = torch.cat([p[0].flatten() for p in parts])
        std = torch.cat([p[1].flatten() for p in parts])
        pooled = (mean.unsqueeze(-1) + std.unsqueeze(-1) * z).flatten().sort().values
        rank = min(int((1 - self._task.goal.top) * len(pooled)), len(pooled) - 1)
        return pooled[rank]

    def _moments(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return (b, q) means and standard deviations of the utility at X (b, q, d)."""
        objective = self._task.goal.objectives
        if len(objective) == 1 and objective[0].target is None:
            mean, std = moments(self.model, X)
            # utilities and the model count in the same standard deviations
            return self._task.weighted(mean), std[..., 0]
        worth = self._task.weighted(self._sampler(self.model.posterior(X)))
        return worth.mean(dim=0), worth.std(dim=0).clamp_min(1e-9)

    def _keeping(self, X: Tensor) -> Tensor:
        """Return (b, q) log probabilities of keeping all limits, as if independent."""
        mean, std = moments(self.model, X)
        total = torch.zeros_like(mean[..., 0])
        broken_by = self._task.constraints() or []
        for limit, broken in zip(self._task.goal.limits, broken_by, strict=True):
            j = self._task.names.index(limit.name)
            total = total + torch.special.log_ndtr(-broken(mean) / std[..., j])
        return total

    # BoTorch types its decorator for the base class alone
    @t_batch_mode_transform()  # pyright: ignore[reportArgumentType]
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Tensor
    ) -> Tensor:
        """Map X (b, q, d) to (b,) logs of the expected number of members."""
        mean, std = self._moments(X)
        member = torch.special.log_ndtr((mean - self._bound) / std)
        return (member + self._keeping(X)).logsumexp(dim=-1)


def make_top_fraction(task: AcquisitionTask) -> TopFraction:
    """Return the log probability of belonging to the top share of the space.

    It values each intervention by itself: what is pending neither adds nor takes away.
    """
    return TopFraction(task)
