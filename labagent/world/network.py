"""The process network: a mechanism for every measured quantity, chained.

Each node is an exact Gaussian process on its parents, or one for all that is probable
of parents and noise. A recipe is followed through the nodes by sampling: a draw of each
state's mechanism becomes an input of the mechanisms after it [Astudillo2021]_.

.. [Astudillo2021] R. Astudillo, P. I. Frazier. Bayesian optimization of function
   networks. NeurIPS 2021.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labagent.world.exact import ExactGP
from labagent.world.logs import from_log

QUIET = 1e-4
"""States with less noise variance than this, standardised, count as noise-free."""

KNOWN = -1
"""Stands for the position of a state that is known, not measured."""

Pair = tuple[Tensor, Tensor]
"""Means and variances."""


@final
@dataclass(frozen=True)
class Candidate:
    """A mechanism with one set of parents: a Gaussian process, where its inputs lie.

    Attributes:
        names: Of the process's inputs.
        columns: Entries of an encoded intervention it sees.
        states: Positions of the nodes it sees, in the network's order; or
            :data:`KNOWN`.
        context: Entries of an encoded context it sees.
        offset: Of each seen state: its scaled input is (value - offset) / span.
        span: Likewise.
        gp: Over columns, then scaled states, then context.
        probability: That these are the parents, and this its noise.
        in_every_turn: Whether the process is that of all turns of a stage.
        known: (p,) standardised values of the states that are known.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    states: tuple[int, ...]
    context: tuple[int, ...]
    offset: Tensor
    span: Tensor
    gp: ExactGP
    probability: float
    in_every_turn: bool = False
    known: Tensor = field(default_factory=lambda: torch.empty(0))

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
        """Return scaled states (..., p), given values (...) of every earlier node.

        Where all of them are known: (p,).
        """
        seen = [
            self.known[k] if i == KNOWN else values[i]
            for k, i in enumerate(self.states)
        ]
        together = torch.stack(torch.broadcast_tensors(*seen), dim=-1)
        return (together - self.offset) / self.span

    @property
    def own(self) -> tuple[int, ...]:
        """Entries of the process's inputs that are states."""
        return tuple(range(len(self.columns), len(self.columns) + len(self.states)))


@final
@dataclass(frozen=True)
class Mechanism:
    """One node: which parents it may have, and what noise.

    Attributes:
        name: The quantity.
        candidates: What is probable of both; probabilities sum to one.
        kind: Of those that may be one law for several turns of a stage: which; their
            common candidates come first, alike in order, with the same process.
    """

    name: str
    candidates: tuple[Candidate, ...]
    kind: str = ""


@final
class Deck:
    """Draws, dealt to the candidates of one mechanism after the other.

    Mechanisms of one kind get the same draws: what follows their common law in one turn
    follows it in all.

    Args:
        count: Number of draws.
        generator: Of shuffles; on the CPU.
    """

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self._count = count
        self._generator = generator
        self._orders: dict[str, Tensor] = {}

    def deal(self, mechanism: Mechanism) -> list[Tensor]:
        """Return which draws follow each candidate, in proportion, shuffled."""
        likely = [c.probability for c in mechanism.candidates]
        shares = torch.tensor(likely, dtype=torch.float64)
        steps = (torch.arange(self._count, dtype=torch.float64) + 0.5) / self._count
        found = torch.searchsorted(shares.cumsum(0), steps)
        found = found.clamp_max(len(shares) - 1)
        found = found[self._order(mechanism.kind)]
        return [(found == i).nonzero()[:, 0] for i in range(len(shares))]

    def _order(self, kind: str) -> Tensor:
        if kind in self._orders:
            return self._orders[kind]
        order = torch.randperm(self._count, generator=self._generator)
        if kind:
            self._orders[kind] = order
        return order


def merged(parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Return values in order of draws.

    Args:
        parts: Draws (S',) and their values (S', ...), the same shape but for S'.
    """
    if len(parts) == 1:
        return parts[0][1]
    draws = torch.cat([d for d, _ in parts])
    shape = torch.broadcast_shapes(*(v.shape[1:] for _, v in parts))
    values = torch.cat([v.expand(len(v), *shape) for _, v in parts])
    return values[draws.argsort()]


@final
@dataclass(frozen=True)
class Link:
    """How a quantity follows from the standardised log that a mechanism has of it.

    Attributes:
        log_shift: Mean of the logs of its data.
        log_scale: Their standard deviation.
        shift: Mean of its data, in its unit.
        scale: Their standard deviation.
        largest: The largest of its data.
    """

    log_shift: float
    log_scale: float
    shift: float
    scale: float
    largest: float

    def told(self, logs: Tensor) -> Tensor:
        """Return the quantity, in its unit, of standardised logs of any shape."""
        return from_log(self.log_shift + self.log_scale * logs, self.largest)

    def standardised(self, logs: Tensor) -> Tensor:
        """Return the standardised quantity of standardised logs, of any shape."""
        return (self.told(logs) - self.shift) / self.scale


@final
@dataclass(frozen=True)
class ProcessNetwork:
    """All mechanisms of a process, causes before effects.

    Attributes:
        mechanisms: In an order in which causes come first.
        outputs: Positions of the mechanisms that are predicted.
        context: (r, c) encoded context seen so far; (1, 0) where there is none.
        links: Of outputs whose mechanism is one of logs, by the position of these.
    """

    mechanisms: tuple[Mechanism, ...]
    outputs: tuple[int, ...]
    context: Tensor
    links: Mapping[int, Link] = field(default_factory=dict[int, Link])

    @property
    def noisy_inside(self) -> bool:
        """Whether context, or noise, changes what is expected of an output.

        The noise of a state changes what comes after it, that of a log its mean.
        """
        everyone = [c for m in self.mechanisms for c in m.candidates]
        seen = {i for c in everyone for i in c.states if i != KNOWN}.union(self.links)
        noise = [
            c.gp.parameters.noise for i in seen for c in self.mechanisms[i].candidates
        ]
        return len(self.context) > 1 or max(noise, default=0.0) > QUIET

    def moments(self, X: Tensor, count: int) -> Pair:
        """Return means and variances (k, m) of single experiments at X (k, d).

        Of standardised logs, where a mechanism is one of logs. Noise and context are
        as they come. Each mechanism's own variance is added in
        closed form, so that only what comes before it is sampled, and which parents
        it has.

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
        deck = Deck(count, torch.Generator().manual_seed(0))
        values: list[Tensor] = []
        found: list[Pair] = []
        past: dict[int, list[Pair]] = {}  # what draws of a law have shown in its turns
        for i, mechanism in enumerate(self.mechanisms):
            parts: list[tuple[Tensor, Tensor]] = []
            told: list[tuple[ExactGP, Tensor, Tensor]] = []
            for candidate, draws in zip(
                mechanism.candidates, deck.deal(mechanism), strict=True
            ):
                before = [v[draws] for v in values]
                alike = X.expand(len(draws), *X.shape)
                x = candidate.inputs(alike, before, context[draws])
                seen = past.get(id(candidate.gp), [])
                mean, variance = candidate.gp.after(x, seen)
                told.append((candidate.gp, x, draws))
                total = variance + candidate.gp.parameters.noise
                parts.append((draws.to(X.device), torch.stack([mean, total], dim=-1)))
            mean, total = merged(parts).unbind(dim=-1)
            values.append(mean + total.sqrt() * z[..., i])
            for gp, x, draws in told if mechanism.kind else ():
                past.setdefault(id(gp), []).append((x, values[-1][draws]))
            found.append((mean.mean(0), total.mean(0) + mean.var(0, correction=0)))
        means = torch.stack([found[i][0] for i in self.outputs], dim=-1)
        variances = torch.stack([found[i][1] for i in self.outputs], dim=-1)
        return means, variances


def describe(mechanism: Mechanism) -> Mapping[str, object]:
    """Return a mechanism's likely parents and hyper-parameters as plain numbers."""
    return {"parents": [_described(c) for c in mechanism.candidates]}


def _described(candidate: Candidate) -> Mapping[str, object]:
    p = candidate.gp.parameters
    names = candidate.names
    return {
        "probability": candidate.probability,
        "lengthscales": dict(zip(names, p.lengths.tolist(), strict=True)),
        "amplitude": p.amplitude,
        "noise": p.noise,
        "evidence": candidate.gp.evidence,
        "rows": len(candidate.gp.y),
        **({"in_every_turn": True} if candidate.in_every_turn else {}),
    }
