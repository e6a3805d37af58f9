"""The process network: a mechanism for every measured quantity, chained.

Each node is an exact Gaussian process on what comes before it. A recipe is followed
through the nodes by sampling: a draw of each state's mechanism becomes an input of the
mechanisms after it [Astudillo2021]_.

.. [Astudillo2021] R. Astudillo, P. I. Frazier. Bayesian optimization of function
   networks. NeurIPS 2021.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labagent.world.exact import ExactGP

QUIET = 1e-4
"""States with less noise variance than this, standardised, count as noise-free."""

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
            parts.append(self.scaled(values))
        if self.context:
            parts.append(context[..., list(self.context)])
        shape = torch.broadcast_shapes(*(p.shape[:-1] for p in parts))
        return torch.cat([p.expand(*shape, p.shape[-1]) for p in parts], dim=-1)

    def scaled(self, values: Sequence[Tensor]) -> Tensor:
        """Return scaled states (..., p), given values (...) of every earlier node."""
        seen = torch.stack([values[i] for i in self.states], dim=-1)
        return (seen - self.offset) / self.span

    @property
    def own(self) -> tuple[int, ...]:
        """Entries of the process's inputs that are states."""
        return tuple(range(len(self.columns), len(self.columns) + len(self.states)))


@final
@dataclass(frozen=True)
class ProcessNetwork:
    """All mechanisms of a process, causes before effects.

    Attributes:
        mechanisms: In an order in which causes come first.
        outputs: Positions of the mechanisms that are predicted.
        context: (r, c) encoded context seen so far; (1, 0) where there is none.
    """

    mechanisms: tuple[Mechanism, ...]
    outputs: tuple[int, ...]
    context: Tensor

    @property
    def noisy_inside(self) -> bool:
        """Whether context or the noise of a state changes what comes after it."""
        seen = {i for m in self.mechanisms for i in m.states}
        noise = [self.mechanisms[i].gp.parameters.noise for i in seen]
        return len(self.context) > 1 or max(noise, default=0.0) > QUIET

    def moments(self, X: Tensor, count: int) -> Pair:
        """Return means and variances (k, m) of single experiments at X (k, d).

        Noise and context are as they come. Each mechanism's own variance is added in
        closed form, so that only what comes before it is sampled.

        Args:
            X: Encoded interventions, on the network's device.
            count: Quasi-random draws behind the moments.
        """
        z = draw_sobol_normal_samples(
            len(self.mechanisms), count, dtype=X.dtype, seed=0
        )
        z = z.to(X.device).unsqueeze(1)  # (S, 1, nodes): rows share their draws
        rows = torch.arange(count, device=X.device) % len(self.context)
        context = self.context[rows].unsqueeze(1)
        values: list[Tensor] = []
        found: list[Pair] = []
        for i, mechanism in enumerate(self.mechanisms):
            x = mechanism.inputs(X.expand(count, *X.shape), values, context)
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
