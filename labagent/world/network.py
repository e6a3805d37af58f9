"""The process network: a mechanism for every measured quantity, chained.

Each node is an exact Gaussian process on what comes before it. A recipe is followed
through the nodes by sampling: a draw of each state's mechanism becomes an input of the
mechanisms after it [Astudillo2021]_. Draws are functions of base samples, so an
acquisition's gradient flows through the whole process.

What is worth optimising is a recipe's *expected* outcome. A draw without observation
noise is therefore a draw of the mechanisms, averaged over a few realisations of the
states' noise and of the context, the same ones at every recipe; what is uncertain is
then what could be learned.

.. [Astudillo2021] R. Astudillo, P. I. Frazier. Bayesian optimization of function
   networks. NeurIPS 2021.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from botorch.posteriors import Posterior
from botorch.sampling.get_sampler import GetSampler
from botorch.sampling.normal import SobolQMCNormalSampler
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labagent.world.exact import ExactGP

QUADRATURE = 64
"""Quasi-random draws behind a posterior's mean and variance."""

REPEATS = 4
"""Realisations of noise and context over which a recipe's expectation is taken."""

QUIET = 1e-4
"""States with less noise variance than this, standardised, count as noise-free."""

JITTER = 1e-7
"""Added to variances of joint draws, relative to standardised values."""


Pair = tuple[Tensor, Tensor]
"""Means and variances."""


@final
@dataclass(frozen=True)
class Mechanism:
    """One node's Gaussian process and where its inputs lie.

    Attributes:
        name: The quantity.
        columns: Entries of an encoded intervention it sees.
        states: Positions of the nodes it sees, in the network's order.
        context: Entries of an encoded context it sees.
        offset: Of each seen state: its scaled input is (value - offset) / span.
        span: Likewise.
        gp: Over columns, then scaled states, then context.
    """

    name: str
    columns: tuple[int, ...]
    states: tuple[int, ...]
    context: tuple[int, ...]
    offset: Tensor
    span: Tensor
    gp: ExactGP

    def inputs(self, X: Tensor, values: Sequence[Tensor], context: Tensor) -> Tensor:
        """Return the process's inputs (..., q, d').

        Args:
            X: (..., q, d) encoded interventions.
            values: Of every earlier node, standardised values (..., q).
            context: (..., q, c) encoded context.
        """
        parts = [X[..., list(self.columns)]]
        if self.states:
            seen = torch.stack([values[i] for i in self.states], dim=-1)
            parts.append((seen - self.offset) / self.span)
        if self.context:
            parts.append(context[..., list(self.context)])
        shape = torch.broadcast_shapes(*(p.shape[:-1] for p in parts))
        return torch.cat([p.expand(*shape, p.shape[-1]) for p in parts], dim=-1)


def _joint_draw(gp: ExactGP, x: Tensor, z: Tensor) -> Tensor:
    """Return a draw (..., q) of m + f at x (..., q, d) from normals z (..., q)."""
    if x.shape[-2] == 1:
        mean, variance = gp.marginal(x)
        return mean + variance.sqrt() * z
    mean, covariance = gp.joint(x)
    covariance = covariance + JITTER * torch.eye(x.shape[-2], dtype=x.dtype)
    L = torch.linalg.cholesky(covariance)
    return mean + (L @ z.unsqueeze(-1)).squeeze(-1)


class NetworkPosterior(Posterior):
    """What the network expects at X (..., q, d): draws of standardised quantities.

    Attributes:
        network: The network.
        X: (..., q, d) encoded interventions.
        noisy: Whether draws of the outputs carry observation noise.
    """

    def __init__(self, network: "ProcessNetwork", X: Tensor, noisy: bool) -> None:
        self.network = network
        self.X = X
        self.noisy = noisy

    @property
    def device(self) -> torch.device:
        """Where draws live."""
        return self.X.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of draws."""
        return self.X.dtype

    @property
    def batch_shape(self) -> torch.Size:
        """Shape of the t-batches."""
        return self.X.shape[:-2]

    @property
    def base_sample_shape(self) -> torch.Size:
        """(..., q, width): what one draw at one recipe needs."""
        return torch.Size([*self.X.shape[:-1], self.network.width])

    @property
    def batch_range(self) -> tuple[int, int]:
        """T-batches share base samples."""
        return (0, -2)

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008
        return torch.Size([*sample_shape, *self.X.shape[:-1], self.network.num_outputs])

    def rsample_from_base_samples(
        self, sample_shape: torch.Size, base_samples: Tensor
    ) -> Tensor:
        """Return draws (*sample_shape, ..., q, m) from normal base samples."""
        count = math.prod(sample_shape)
        z = base_samples.reshape(count, *base_samples.shape[len(sample_shape) :])
        draws = self.network.draw(self.X, z, self.noisy)
        return draws.reshape(self._extended_shape(sample_shape))

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Return draws (*sample_shape, ..., q, m) from the global generator."""
        shape = torch.Size([1]) if sample_shape is None else sample_shape
        z = torch.randn(*shape, *self.base_sample_shape, dtype=self.X.dtype)
        return self.rsample_from_base_samples(shape, z.to(self.device))

    def _moments(self) -> tuple[Tensor, Tensor]:
        return self.network.moments(self.X, self.noisy)

    @property
    def mean(self) -> Tensor:
        """(..., q, m) means."""
        return self._moments()[0]

    @property
    def variance(self) -> Tensor:
        """(..., q, m) variances."""
        return self._moments()[1]


@GetSampler.register(NetworkPosterior)
def _sampler(  # pyright: ignore[reportUnusedFunction]
    posterior: NetworkPosterior,  # noqa: ARG001
    sample_shape: torch.Size,
    *,
    seed: int | None = None,
) -> SobolQMCNormalSampler:
    return SobolQMCNormalSampler(sample_shape=sample_shape, seed=seed)


class ProcessNetwork(Model):
    """All mechanisms of a process, causes before effects.

    Maps (..., q, d) encoded interventions to draws of the standardised values of
    ``outputs``, unmeasured context averaged over what was seen of it.

    Attributes:
        mechanisms: In an order in which causes come first.
        outputs: Positions of the mechanisms that are predicted.
        context: (r, c) encoded context seen so far; (1, 0) where there is none.
    """

    def __init__(
        self,
        mechanisms: Sequence[Mechanism],
        outputs: Sequence[int],
        context: Tensor,
    ) -> None:
        super().__init__()
        self.mechanisms = tuple(mechanisms)
        self.outputs = tuple(outputs)
        self.context = context
        self.repeats = REPEATS if self._noisy_inside() else 1
        # BoTorch asks a model's parameters where it lives
        self.place = torch.nn.Parameter(context.new_zeros(()), requires_grad=False)

    @property
    def num_outputs(self) -> int:
        """Number of predicted quantities."""
        return len(self.outputs)

    @property
    def batch_shape(self) -> torch.Size:
        """A network is one model."""
        return torch.Size()

    def _noisy_inside(self) -> bool:
        """Whether context or the noise of a state changes what comes after it."""
        seen = {i for m in self.mechanisms for i in m.states}
        noise = [self.mechanisms[i].gp.parameters.noise for i in seen]
        return len(self.context) > 1 or max(noise, default=0.0) > QUIET

    @property
    def width(self) -> int:
        """Normal samples a draw needs at each recipe.

        For every node its function at each repeat, and one observation noise.
        """
        return len(self.mechanisms) * (self.repeats + 1)

    def subset_output(self, idcs: list[int]) -> "ProcessNetwork":
        """Return the network of some of its outputs."""
        chosen = [self.outputs[i] for i in idcs]
        return ProcessNetwork(self.mechanisms, chosen, self.context)

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: PosteriorTransform | None = None,
        **_: Any,  # noqa: ANN401 - BoTorch's models take their own options
    ) -> Posterior:
        """Return the posterior at X (..., q, d)."""
        network = self if output_indices is None else self.subset_output(output_indices)
        posterior = NetworkPosterior(network, X, noisy=bool(observation_noise))
        return posterior_transform(posterior) if posterior_transform else posterior

    def draw(self, X: Tensor, z: Tensor, noisy: bool) -> Tensor:
        """Return draws (S, ..., q, m) at X (..., q, d).

        Args:
            X: Encoded interventions.
            z: (S, ..., q, width) normal samples, broadcast over t-batches.
            noisy: Whether a draw is one experiment; else it is the expectation over
                experiments under one draw of the mechanisms.
        """
        if noisy:
            return self._experiments(X, z)
        q, r, k = X.shape[-2], self.repeats, len(self.mechanisms)
        many = X.repeat_interleave(r, dim=-2)  # (..., q r, d)
        z = z[..., : k * r].unflatten(-1, (k, r)).movedim(-1, -2)  # (S, ..., q, r, k)
        errors, context = self._realisations(q)
        values: list[Tensor] = []
        for i, mechanism in enumerate(self.mechanisms):
            if mechanism.states or mechanism.context:
                x = mechanism.inputs(many, values, context)
                f = _joint_draw(mechanism.gp, x, z[..., i].flatten(-2))
            else:  # all repeats and draws see the same inputs
                x = mechanism.inputs(X, values, context[:1])
                f = _joint_draw(mechanism.gp, x, z[..., 0, i])
                f = f.repeat_interleave(r, dim=-1)
            values.append(f + math.sqrt(mechanism.gp.parameters.noise) * errors[:, i])
        draws = torch.stack([values[i] for i in self.outputs], dim=-1)
        return draws.unflatten(-2, (q, r)).mean(dim=-2)

    def _realisations(self, q: int) -> Pair:
        """Return errors (q r, k) and contexts (q r, c), the same for each recipe."""
        r, k = self.repeats, len(self.mechanisms)
        if r == 1:
            errors = self.context.new_zeros(1, k)
        else:
            half = draw_sobol_normal_samples(
                k, r // 2, dtype=self.context.dtype, seed=1
            )
            errors = torch.cat([half, -half]).to(self.context.device)
        rows = torch.linspace(0, len(self.context) - 1, r).round().long()
        return errors.repeat(q, 1), self.context[rows].repeat(q, 1)

    def _experiments(self, X: Tensor, z: Tensor) -> Tensor:
        """Return single experiments (S, ..., q, m): noise and context as they come."""
        k = len(self.mechanisms)
        context = self._contexts(len(z), X)
        values: list[Tensor] = []
        for i, mechanism in enumerate(self.mechanisms):
            x = mechanism.inputs(X, values, context)
            f = _joint_draw(mechanism.gp, x, z[..., i])
            noise = math.sqrt(mechanism.gp.parameters.noise)
            values.append(f + noise * z[..., k + i])
        return torch.stack([values[i] for i in self.outputs], dim=-1)

    def _contexts(self, count: int, X: Tensor) -> Tensor:
        """Return contexts (S, 1, ..., 1, c): draws take turns among those seen."""
        rows = torch.arange(count, device=self.context.device) % len(self.context)
        ones = (1,) * (X.dim() - 1)
        return self.context[rows].reshape(count, *ones, self.context.shape[-1])

    def moments(self, X: Tensor, noisy: bool, count: int = QUADRATURE) -> Pair:
        """Return means and variances (..., q, m) at X (..., q, d), each row by itself.

        Args:
            X: Encoded interventions.
            noisy: Of single experiments, or of a recipe's expected outcome.
            count: Draws behind them.
        """
        X = X.unsqueeze(-2)  # (..., q, 1, d): rows are not joint
        z = draw_sobol_normal_samples(self.width, count, dtype=X.dtype, seed=0)
        z = z.to(X.device).reshape(count, *(1,) * (X.dim() - 1), self.width)
        if noisy:
            mean, variance = self._predictive(X, z)
            return mean.squeeze(-2), variance.squeeze(-2)
        draws = self.draw(X, z, noisy=False).squeeze(-2)
        return draws.mean(dim=0), draws.var(dim=0)

    def _predictive(self, X: Tensor, z: Tensor) -> Pair:
        """Return moments (..., 1, m) of single experiments at X (..., 1, d).

        Each mechanism's own variance is added in closed form, so that only what comes
        before it is sampled.
        """
        context = self._contexts(len(z), X)
        values: list[Tensor] = []
        found: list[Pair] = []
        for i, mechanism in enumerate(self.mechanisms):
            x = mechanism.inputs(X.expand(len(z), *X.shape), values, context)
            mean, variance = mechanism.gp.marginal(x)
            total = variance + mechanism.gp.parameters.noise
            values.append(mean + total.sqrt() * z[..., i])
            found.append((mean.mean(0), total.mean(0) + mean.var(0, correction=0)))
        means = torch.stack([found[i][0] for i in self.outputs], dim=-1)
        variances = torch.stack([found[i][1] for i in self.outputs], dim=-1)
        return means, variances


def describe(mechanism: Mechanism, names: Sequence[str]) -> Mapping[str, object]:
    """Return a mechanism's hyper-parameters as plain numbers.

    Args:
        mechanism: Which one.
        names: Of its inputs.
    """
    p = mechanism.gp.parameters
    return {
        "lengthscales": dict(zip(names, p.lengths.tolist(), strict=True)),
        "amplitude": p.amplitude,
        "noise": p.noise,
        "evidence": mechanism.gp.evidence,
        "rows": len(mechanism.gp.y),
    }
