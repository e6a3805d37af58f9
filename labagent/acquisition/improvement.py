"""Expected improvement over the best so far, on the log scale.

.. [Ament2023] S. Ament, S. Daulton, D. Eriksson, M. Balandat, E. Bakshy. Unexpected
   improvements to expected improvement for Bayesian optimization. NeurIPS 2023.
.. [Letham2019] B. Letham, B. Karrer, G. Ottoni, E. Bakshy. Constrained Bayesian
   optimization with noisy experiments. Bayesian Analysis 14(2), 2019.
"""

import warnings

import torch
from botorch.acquisition.logei import (
    qLogExpectedImprovement,
    qLogNoisyExpectedImprovement,
)
from botorch.acquisition.objective import GenericMCObjective
from botorch.acquisition.utils import compute_best_feasible_objective
from botorch.models.gpytorch import GPyTorchModel
from torch import Tensor

from labagent.acquisition.task import AcquisitionTask, moments
from labagent.world.devices import seeded

MOST = 64
"""Measured points among which every draw of a network has its best."""


def _objective(task: AcquisitionTask) -> GenericMCObjective:
    def weighted(Y: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG001
        return task.weighted(Y)

    return GenericMCObjective(weighted)


def make_qlognei(
    task: AcquisitionTask,
) -> qLogNoisyExpectedImprovement | qLogExpectedImprovement:
    """Return log noisy EI: the best so far is itself uncertain [Letham2019, Ament2023].

    Maps (b, q, d) to (b,) log improvements of the weighted, standardised utility;
    outcome limits multiply by a smoothed probability of keeping them. Draws of a
    process network are whole functions, so each of them has its own best, and knows
    what pending experiments will show.
    """
    if not isinstance(task.model, GPyTorchModel):
        return _above_each_best(task)
    # pruning draws samples of its own from the global generator
    with seeded(task.seed), warnings.catch_warnings():
        # While nothing keeps the limits BoTorch advises to look for them alone; over
        # the demo's alloys that was slower (DECISIONS.md: "Improvement at once").
        warnings.filterwarnings("ignore", "When all training points are infeasible")
        return qLogNoisyExpectedImprovement(
            model=task.model,
            X_baseline=task.baseline,
            sampler=task.sampler(),
            objective=_objective(task),
            X_pending=task.pending_or_none,
            constraints=task.constraints(),
            prune_baseline=True,
        )


def _above_each_best(task: AcquisitionTask) -> qLogExpectedImprovement:
    known = torch.cat([task.promising(MOST), task.pending.to(task.device)])
    with torch.no_grad():
        Y = task.model.posterior(known).rsample()
        worth = task.weighted(Y)  # (S, n)
        best = compute_best_feasible_objective(
            Y, worth, task.constraints(), infeasible_obj=worth.min()
        )
    return qLogExpectedImprovement(
        model=task.model,
        best_f=best.unsqueeze(-1),  # of every draw, for all t-batches
        sampler=task.sampler(),
        objective=_objective(task),
        constraints=task.constraints(),
    )


def make_qlogei(task: AcquisitionTask) -> qLogExpectedImprovement:
    """Return log EI over the best posterior mean at a measured point [Ament2023].

    Maps (b, q, d) to (b,). The improvement is counted from the best mean among measured
    points that keep the limits; where none does, from the worst.
    """
    with torch.no_grad():
        Y, _ = moments(task.model, task.baseline)
        worth = task.weighted(Y)
        for broken in task.constraints() or []:
            worth = torch.where(broken(Y) <= 0, worth, worth.min())
    return qLogExpectedImprovement(
        model=task.model,
        best_f=worth.max(),
        sampler=task.sampler(),
        objective=_objective(task),
        X_pending=task.pending_or_none,
        constraints=task.constraints(),
    )
