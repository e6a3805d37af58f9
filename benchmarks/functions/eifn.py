"""Expected improvement of function networks: the baseline that knows the true graph.

As [Astudillo2021]_ and their public program have it: one Gaussian process a node, on
its true parents; ARD Matern-5/2 kernel, Gamma(3, 6) prior on length-scales, Gamma(2,
0.15) on the output scale; controls in the unit cube, parent nodes scaled to [0, 1] by
the range of their data, outputs standardised, variance of the noise 1e-6 in the node's
unit. Posterior samples go through the network in order of the nodes with 128 fixed
quasi-random base samples, so that expected improvement over the best value observed is
a smooth function, climbed from 10 d starts out of 100 d raw points and from the
maximiser of the posterior mean, which also wins where it ties.

Ours, since the paper has neither: a node that declares noise infers its variance, and
the best value is then the best posterior mean at a measured point; limits multiply the
improvement by a smoothed indicator, and while nothing keeps them they are all there is.

Notation: n data, b points asked for, s samples, d controls, m nodes; the k-th node has
the inputs (.., c + p): c controls, then p nodes. Values are in declared units.

.. [Astudillo2021] R. Astudillo, P. I. Frazier. Bayesian optimization of function
   networks. NeurIPS 2021. https://github.com/RaulAstudillo06/BOFN
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from botorch.acquisition import AcquisitionFunction
from botorch.models import SingleTaskGP
from botorch.models.utils.gpytorch_modules import (
    get_gaussian_likelihood_with_gamma_prior,
    get_matern_kernel_with_gamma_prior,
)
from botorch.optim import optimize_acqf
from botorch.optim.initializers import gen_batch_initial_conditions
from botorch.utils.sampling import draw_sobol_normal_samples
from linear_operator.utils.cholesky import psd_safe_cholesky
from torch import Tensor

from benchmarks.functions.plain import Sealed, Told, fit, searching, unit_cube
from benchmarks.functions.problems import Node, Problem
from labagent.experiments import Member, Prediction

SAMPLES = 128
RESTARTS, RAW = 10, 100
"""Starts and raw points, each a dimension."""

NOISE = 1e-6
"""Variance of the noise of a node that declares none, in its unit squared.

Theirs when the paper appeared (commit aafbf9e). Since 2025 it is 1e-4, which is not
small for Drop-wave: two seeds of two then measured their best point again and again.
"""

LEAST_NOISE = 1e-6
"""Least variance of the noise of standardised values: GPyTorch's in float64."""

SMALLEST = 1e-12
"""Least variance of a standardised prediction."""

WIDTH = 1e-3
"""Of the smoothed indicator of a limit, in standard deviations."""


@dataclass(frozen=True)
class Mechanism:
    """The Gaussian process of one node.

    Attributes:
        controls: Columns of U among its inputs.
        nodes: Columns of Y among its inputs.
        low: (p,) least values of those nodes.
        span: (p,) their ranges.
        gp: Over standardised values.
        shift: Mean of the node's data.
        scale: Their standard deviation.
        root: (n, n) inverse of the Cholesky factor of the data's covariance.
        weights: (n,) inverse covariance times centred data.
    """

    controls: list[int]
    nodes: list[int]
    low: Tensor
    span: Tensor
    gp: SingleTaskGP
    shift: float
    scale: float
    root: Tensor
    weights: Tensor

    @classmethod
    def learn(cls, problem: Problem, node: Node, U: Tensor, Y: Tensor) -> "Mechanism":
        """Fit the process of a node to U (n, d), Y (n, m)."""
        controls = [i for i, c in enumerate(problem.controls) if c.name in node.parents]
        nodes = [i for i, name in enumerate(problem.names) if name in node.parents]
        low, high = Y[:, nodes].amin(dim=0), Y[:, nodes].amax(dim=0)
        span = torch.where(high > low, high - low, torch.ones_like(high))
        X = torch.cat([U[:, controls], (Y[:, nodes] - low) / span], dim=-1)
        y = Y[:, [problem.column(node.name)]]
        shift, scale = float(y.mean()), float(y.std()) or 1.0
        gp = _process(X, (y - shift) / scale, scale, noisy=node.noise > 0)
        root, weights = _solved(gp)
        return cls(controls, nodes, low, span, gp, shift, scale, root, weights)

    @property
    def noise(self) -> float:
        """Standard deviation of the noise."""
        noise: Any = self.gp.likelihood.noise
        return self.scale * float(noise.detach().mean().sqrt())

    def moments(self, U: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the function, noise left out.

        Args:
            U: (..., d) points.
            Y: (..., m) values of the nodes so far; later columns are not read.

        Returns:
            Two tensors (...), in the node's unit.
        """
        parents = (Y[..., self.nodes] - self.low) / self.span
        X = torch.cat([U[..., self.controls], parents], dim=-1)
        flat = X.reshape(-1, X.shape[-1])
        kernel, data = self._kernel, self._data
        k = kernel(flat, data).to_dense()
        constant: Any = self.gp.mean_module
        mean = constant.constant + k @ self.weights
        explained = (k @ self.root.mT).square().sum(dim=-1)
        variance = (kernel(flat, diag=True) - explained).clamp_min(SMALLEST)
        std = self.scale * variance.sqrt()
        return (
            (self.shift + self.scale * mean).reshape(X.shape[:-1]),
            std.reshape(X.shape[:-1]),
        )

    @property
    def _kernel(self) -> Any:  # noqa: ANN401 - gpytorch's kernels have no useful type
        return self.gp.covar_module

    @property
    def _data(self) -> Tensor:
        inputs: Any = self.gp.train_inputs
        return inputs[0]


def _process(X: Tensor, y: Tensor, scale: float, *, noisy: bool) -> SingleTaskGP:
    """Return the fitted process of standardised values y (n, 1) at X (n, c + p)."""
    kernel = get_matern_kernel_with_gamma_prior(X.shape[-1])
    if noisy:
        likelihood = get_gaussian_likelihood_with_gamma_prior()
        gp = SingleTaskGP(
            X, y, likelihood=likelihood, covar_module=kernel, outcome_transform=None
        )
    else:
        noise = torch.full_like(y, max(NOISE / scale**2, LEAST_NOISE))
        gp = SingleTaskGP(
            X, y, train_Yvar=noise, covar_module=kernel, outcome_transform=None
        )
    fit(gp)
    return gp.requires_grad_(requires_grad=False)


def _solved(gp: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401 - see above
    """Return inverse Cholesky factor (n, n) and weights (n,) of a process's data."""
    X, y = gp.train_inputs[0], gp.train_targets
    K = gp.covar_module(X).to_dense() + gp.likelihood.noise * torch.eye(len(X)).to(X)
    L = psd_safe_cholesky(K)
    root = torch.linalg.solve_triangular(L, torch.eye(len(X)).to(X), upper=False)
    return root, root.mT @ (root @ (y - gp.mean_module.constant))


@dataclass(frozen=True)
class Network:
    """All mechanisms, and the samples that go through them.

    Attributes:
        mechanisms: One a node, parents before children.
        base: (s, m) standard normal base samples.
    """

    mechanisms: tuple[Mechanism, ...]
    base: Tensor

    @classmethod
    def learn(cls, problem: Problem, U: Tensor, Y: Tensor, seed: int) -> "Network":
        """Fit every node to U (n, d), Y (n, m)."""
        found = tuple(Mechanism.learn(problem, node, U, Y) for node in problem.nodes)
        base = draw_sobol_normal_samples(
            len(found), SAMPLES, dtype=torch.float64, seed=seed
        )
        return cls(found, base)

    def sample(self, U: Tensor) -> Tensor:
        """Return (s, b, m) samples of all nodes' functions at U (b, d)."""
        return torch.stack([y for _, _, y in self._walk(U, noisy=False)], dim=-1)

    def moments(self, U: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and standard deviations (s, b, m) of what would be measured.

        Each given one sample of its parents; the mixture over s is the prediction. The
        noise of every node is in it.
        """
        walked = list(self._walk(U, noisy=True))
        mean = torch.stack([m for m, _, _ in walked], dim=-1)
        return mean, torch.stack([s for _, s, _ in walked], dim=-1)

    def _walk(
        self, U: Tensor, *, noisy: bool
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield mean, standard deviation and sample (s, b) of node after node."""
        shape = (len(self.base), len(U))
        above = U.expand(len(self.base), *U.shape)
        samples: list[Tensor] = []
        for k, mechanism in enumerate(self.mechanisms):
            if mechanism.nodes:
                missing = len(self.mechanisms) - k
                known = [*samples, *[samples[0]] * missing]
                mean, std = mechanism.moments(above, torch.stack(known, dim=-1))
            else:  # nothing sampled goes in
                nothing = U.new_zeros(len(U), len(self.mechanisms))
                mean, std = mechanism.moments(U, nothing)
            std = (std**2 + mechanism.noise**2).sqrt() if noisy else std
            samples.append(mean + std * self.base[:, k : k + 1])
            yield mean.expand(shape), std.expand(shape), samples[-1]


class PosteriorMean(AcquisitionFunction):
    """Mean utility over the network's samples; maps (b, 1, d) to (b,)."""

    def __init__(self, problem: Problem, network: Network) -> None:
        super().__init__(model=network.mechanisms[-1].gp)
        self._problem, self._network = problem, network

    def forward(self, X: Tensor) -> Tensor:
        """Return values (b,) at X (b, 1, d)."""
        samples = self._network.sample(X.squeeze(-2))
        return self._problem.utility(samples).mean(dim=0)


class Improvement(AcquisitionFunction):
    """Expected improvement over the best; maps (b, 1, d) to (b,).

    Args:
        problem: Says what is better, and what the limits are.
        network: What the samples come from.
        best: Utility to improve on; None while nothing measured keeps the limits.
    """

    def __init__(self, problem: Problem, network: Network, best: float | None) -> None:
        super().__init__(model=network.mechanisms[-1].gp)
        self._problem, self._network, self._best = problem, network, best
        columns = [problem.column(c.name) for c in problem.limits]
        scales = [network.mechanisms[i].scale for i in columns]
        self._width = WIDTH * torch.tensor(scales, dtype=torch.float64)

    def forward(self, X: Tensor) -> Tensor:
        """Return values (b,) at X (b, 1, d)."""
        Y = self._network.sample(X.squeeze(-2))
        kept = torch.sigmoid(-self._problem.excess(Y) / self._width).prod(dim=-1)
        if self._best is None:
            return kept.mean(dim=0)
        gain = (self._problem.utility(Y) - self._best).clamp_min(0.0)
        return (gain * kept).mean(dim=0)


class Eifn(Told):
    """A Gaussian process a node of the true graph, and expected improvement."""

    def ask(self) -> tuple[Tensor, Sealed]:
        """Return the point of the largest expected improvement."""
        with searching(self.step_seed):
            network = Network.learn(self.problem, self.U, self.Y, self.step_seed)
            best = self._best(network)
            u = self._climb(network, Improvement(self.problem, network, best))
            return u, self._expected(network, u)

    def _best(self, network: Network) -> float | None:
        Y = self.Y
        if any(n.noise > 0 for n in self.problem.nodes):
            Y = network.sample(self.U).mean(dim=0)
        worth = self.problem.utility(Y)[self.problem.allowed(Y)]
        return float(worth.max()) if len(worth) else None

    def _climb(self, network: Network, improvement: Improvement) -> Tensor:
        """Return the best end of all climbs, or the posterior mean's maximiser."""
        d = self.U.shape[1]
        bounds = unit_cube(d)
        middle, _ = optimize_acqf(
            PosteriorMean(self.problem, network),
            bounds=bounds,
            q=1,
            num_restarts=RESTARTS * d,
            raw_samples=RAW * d,
            options={"maxiter": 200, "seed": self.step_seed},
            retry_on_optimization_warning=False,
        )
        starts = gen_batch_initial_conditions(
            improvement,
            bounds=bounds,
            q=1,
            num_restarts=RESTARTS * d,
            raw_samples=RAW * d,
            options={"seed": self.step_seed},
        )
        end, value = optimize_acqf(
            improvement,
            bounds=bounds,
            q=1,
            num_restarts=len(starts) + 1,
            batch_initial_conditions=torch.cat([starts, middle.unsqueeze(0)]),
            options={"maxiter": 200},
            retry_on_optimization_warning=False,
        )
        with torch.no_grad():
            tied = bool((improvement(middle.unsqueeze(0)) >= value).all())
        return (middle if tied else end)[0].detach()

    def _expected(self, network: Network, u: Tensor) -> dict[str, Prediction]:
        with torch.no_grad():
            mean, std = (t[:, 0] for t in network.moments(u.unsqueeze(0)))
        weight = 1.0 / len(mean)
        found: dict[str, Prediction] = {}
        for name in self.problem.outcomes:
            k = self.problem.column(name)
            pairs = zip(mean[:, k].tolist(), std[:, k].tolist(), strict=True)
            members = tuple(Member("eifn", weight, m, s) for m, s in pairs)
            found[name] = Prediction(name, "", members)
        return found
