"""Bayesian optimisation without a network, as BoTorch's documentation has it; chance.

``SingleTaskGP`` on the unit cube, standardised outcomes, log noisy expected improvement
[Ament2023]_ over the library's own 512 quasi-random samples, ten restarts of 512 raw
points. It sees outcomes only, never states.

.. [Ament2023] S. Ament, S. Daulton, D. Eriksson, M. Balandat, E. Bakshy. Unexpected
   improvements to expected improvement for Bayesian optimization. NeurIPS 2023.
"""

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from botorch.acquisition import AcquisitionFunction
from botorch.acquisition.logei import (
    qLogNoisyExpectedImprovement,
    qLogProbabilityOfFeasibility,
)
from botorch.acquisition.objective import GenericMCObjective
from botorch.exceptions import BadInitialCandidatesWarning, ModelFittingError
from botorch.exceptions.warnings import OptimizationWarning
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from botorch.optim import optimize_acqf
from botorch.sampling import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor

from benchmarks.functions.problems import Problem, sobol
from labagent.experiments import Member, Prediction
from labagent.world.devices import seeded

logger = logging.getLogger(__name__)

SAMPLES, RESTARTS, RAW = 512, 10, 512
OPTIONS = {"batch_limit": 5, "maxiter": 200}
SEEDS_A_CAMPAIGN = 10_000
"""Room for the seeds of one campaign's steps."""

Sealed = Mapping[str, Prediction]
"""What is expected of each outcome, before the experiment; empty where nothing is."""


class Arm(Protocol):
    """A method: it is told of experiments and asked for the next."""

    def tell(self, u: Tensor, y: Tensor) -> None:
        """Take note of a measured point u (d,) with its values y (m,)."""
        ...

    def ask(self) -> tuple[Tensor, Sealed]:
        """Return the next point (d,) and what is expected of it."""
        ...


def fit(gp: SingleTaskGP) -> None:
    """Fit by maximum a posteriori; where that fails the prior's modes stay."""
    start = {k: v.clone() for k, v in gp.state_dict().items()}
    try:
        fit_gpytorch_mll(ExactMarginalLogLikelihood(gp.likelihood, gp))
    except ModelFittingError:
        logger.warning("a baseline's GP: no fit; the prior's modes are used")
        gp.load_state_dict(start)
    gp.eval()


@contextmanager
def searching(seed: int) -> Iterator[None]:
    """Run a search on generators that start at ``seed``, without its usual warnings.

    Line searches end early where an improvement is flat, and raw points have none where
    it is zero.
    """
    with seeded(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore", BadInitialCandidatesWarning)
        warnings.simplefilter("ignore", OptimizationWarning)
        warnings.filterwarnings("ignore", "Optimization failed", RuntimeWarning)
        yield


def unit_cube(dimension: int) -> Tensor:
    """Return (2, d) bounds."""
    return torch.stack([torch.zeros(dimension), torch.ones(dimension)]).double()


class Told:
    """What an arm was told so far.

    Attributes:
        problem: The process.
        seed: Of the campaign.
        U: (n, d) points.
        Y: (n, m) measured values.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.U = torch.empty(0, len(problem.controls), dtype=torch.float64)
        self.Y = torch.empty(0, len(problem.nodes), dtype=torch.float64)

    def tell(self, u: Tensor, y: Tensor) -> None:
        """Take note of a measured point u (d,) with its values y (m,)."""
        self.U, self.Y = torch.vstack([self.U, u]), torch.vstack([self.Y, y])

    @property
    def step_seed(self) -> int:
        """Seed of the next proposal."""
        return self.seed * SEEDS_A_CAMPAIGN + len(self.U)


class Plain(Told):
    """SingleTaskGP and qLogNEI."""

    def ask(self) -> tuple[Tensor, Sealed]:
        """Return the point of the largest log noisy expected improvement."""
        with searching(self.step_seed):
            return self._ask()

    def _ask(self) -> tuple[Tensor, Sealed]:
        model = self._model()
        found, _ = optimize_acqf(
            self._acquisition(model),
            bounds=unit_cube(self.U.shape[1]),
            q=1,
            num_restarts=RESTARTS,
            raw_samples=RAW,
            options={**OPTIONS, "seed": self.step_seed},
        )
        return found[0].detach(), self._expected(model, found)

    def _model(self) -> SingleTaskGP | ModelListGP:
        """Return a fitted GP, or a list of them, one an outcome."""
        fitted: list[SingleTaskGP] = []
        for name in self.problem.outcomes:
            y = self.Y[:, [self.problem.column(name)]]
            gp = SingleTaskGP(self.U, y, outcome_transform=Standardize(m=1))
            fit(gp)
            fitted.append(gp)
        return fitted[0] if len(fitted) == 1 else ModelListGP(*fitted)

    def _acquisition(self, model: SingleTaskGP | ModelListGP) -> AcquisitionFunction:
        """Return improvement; while nothing keeps the limits, keeping them at all."""
        sampler = SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=self.step_seed)
        constraints = self._constraints()
        if constraints and not self.problem.allowed(self.Y).any():
            return qLogProbabilityOfFeasibility(model, constraints, sampler)
        return qLogNoisyExpectedImprovement(
            model=model,
            X_baseline=self.U,
            sampler=sampler,
            objective=GenericMCObjective(self._utility),
            constraints=constraints,
            prune_baseline=True,
        )

    def _utility(self, Y: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG002
        return self.problem.utility(self._all(Y))

    def _constraints(self) -> list[Callable[[Tensor], Tensor]] | None:
        """Return the limits in standard deviations, <= 0 where kept, None if none."""

        def make(i: int, name: str) -> Callable[[Tensor], Tensor]:
            spread = self.Y[:, self.problem.column(name)].std()
            return lambda Y: self.problem.excess(self._all(Y))[..., i] / spread

        return [make(i, c.name) for i, c in enumerate(self.problem.limits)] or None

    def _all(self, Y: Tensor) -> Tensor:
        """Return outcomes Y (..., outcomes) at their places in (..., m) nodes."""
        full = Y.new_zeros(*Y.shape[:-1], len(self.problem.nodes))
        columns = [self.problem.column(n) for n in self.problem.outcomes]
        return full.index_copy(-1, torch.tensor(columns), Y)

    def _expected(
        self, model: SingleTaskGP | ModelListGP, X: Tensor
    ) -> dict[str, Prediction]:
        with torch.no_grad():
            # BoTorch's Posterior leaves moments to its kinds; these have them
            posterior: Any = model.posterior(X, observation_noise=True)
        moments = zip(
            posterior.mean[0].tolist(), posterior.variance[0].tolist(), strict=True
        )
        return {
            name: Prediction(name, "", (Member("plain", 1.0, mean, math.sqrt(v)),))
            for name, (mean, v) in zip(self.problem.outcomes, moments, strict=True)
        }


class Chance(Told):
    """The campaign's Sobol sequence, continued."""

    def ask(self) -> tuple[Tensor, Sealed]:
        """Return the next point of the sequence."""
        return sobol(self.U.shape[1], len(self.U) + 1, self.seed)[-1], {}
