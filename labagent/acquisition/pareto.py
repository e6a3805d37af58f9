"""Expected growth of the Pareto front's hypervolume.

.. [Daulton2021] S. Daulton, M. Balandat, E. Bakshy. Parallel Bayesian optimization of
   multiple noisy objectives with expected hypervolume improvement. NeurIPS 2021.
"""

import torch
from botorch.acquisition.multi_objective.logei import (
    qLogNoisyExpectedHypervolumeImprovement,
)
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.utils.multi_objective.hypervolume import infer_reference_point
from botorch.utils.multi_objective.pareto import is_non_dominated
from torch import Tensor

from labagent.acquisition.task import AcquisitionTask
from labagent.world.devices import seeded


def reference_point(task: AcquisitionTask) -> Tensor:
    """Return the corner (number of objectives,) hypervolume is counted from.

    It is in standard deviations of the data, as utilities are.

    The scientist's ``good_enough`` where given; else a tenth of the front's range below
    the front's worst value, BoTorch's rule [Daulton2021].
    """
    columns = [task.evidence.column(n) for n in task.names]
    Y = task.evidence.Y[:, columns]
    U = task.utilities(Y[~Y.isnan().any(dim=-1)])
    inferred = (
        infer_reference_point(U[is_non_dominated(U)])
        if len(U)
        else U.new_zeros(len(task.goal.objectives))
    )
    declared = [
        None if o.good_enough is None else o.utility(o.good_enough) / float(scale)
        for o, scale in zip(task.goal.objectives, task.scale, strict=False)
    ]
    return torch.tensor(
        [
            float(found) if wish is None else wish
            for found, wish in zip(inferred, declared, strict=True)
        ],
        dtype=torch.float64,
    )


def make_qlognehvi(task: AcquisitionTask) -> qLogNoisyExpectedHypervolumeImprovement:
    """Return log noisy expected hypervolume improvement [Daulton2021].

    Maps (b, q, d) to (b,) log hypervolumes of the objectives' utilities.
    """

    def utilities(Y: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG001
        return task.utilities(task.declared(Y))

    # pruning draws samples of its own from the global generator
    with seeded(task.seed):
        return qLogNoisyExpectedHypervolumeImprovement(
            model=task.model,
            ref_point=reference_point(task).to(task.device),
            X_baseline=task.baseline,
            sampler=task.sampler(),
            objective=GenericMCMultiOutputObjective(utilities),
            constraints=task.constraints(),
            X_pending=task.pending_or_none,
            prune_baseline=True,
        )
