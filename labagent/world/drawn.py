"""The process network as acquisition functions see it: a few whole draws.

What is worth optimising is a recipe's *expected* outcome. A draw is therefore one of
the mechanisms, averaged over a few realisations of the states' noise and of the
context, the same ones at every recipe; what differs between draws is what could still
be learned. Draws are functions: they agree with themselves wherever they are asked, so
that improvement over what was measured needs no joint covariance, and an acquisition's
gradient flows through the whole process.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from botorch.posteriors import Posterior
from botorch.sampling.get_sampler import GetSampler
from botorch.sampling.normal import SobolQMCNormalSampler
from torch import Tensor

from labagent.world.network import (
    Candidate,
    Deck,
    Mechanism,
    ProcessNetwork,
    merged,
)
from labagent.world.paths import Paths, draw_paths

DRAWS = 128
"""Draws of a process network; an acquisition takes all of them."""

REPEATS = 4
"""Realisations of context over which a recipe's expectation is taken."""

CHUNK = 512
"""Recipes followed at once where no gradient is asked for: bounds memory."""


@final
class DrawnPosterior(Posterior):
    """What the draws say at some recipes.

    Attributes:
        values: (S, ..., q, m) of standardised quantities.
    """

    def __init__(self, values: Tensor) -> None:
        self.values = values

    @property
    def device(self) -> torch.device:
        """Where draws live."""
        return self.values.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of draws."""
        return self.values.dtype

    @property
    def batch_shape(self) -> torch.Size:
        """Shape of the t-batches."""
        return self.values.shape[1:-2]

    @property
    def base_sample_shape(self) -> torch.Size:
        """Nothing is random any more."""
        return torch.Size([*self.values.shape[1:-2], 1, 1])

    @property
    def batch_range(self) -> tuple[int, int]:
        """T-batches share draws."""
        return (0, -2)

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008
        return torch.Size([*sample_shape, *self.values.shape[1:]])

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Return the draws (S, ..., q, m); they are as many as they are.

        Raises:
            ValueError: Another number is asked for.
        """
        if sample_shape is not None and sample_shape.numel() != len(self.values):
            raise ValueError(
                f"network: got {sample_shape.numel()} samples asked for, must be its "
                f"{len(self.values)} draws"
            )
        return self.values

    def rsample_from_base_samples(
        self,
        sample_shape: torch.Size,
        base_samples: Tensor,  # noqa: ARG002 - nothing is random any more
    ) -> Tensor:
        """Return the draws (S, ..., q, m)."""
        return self.rsample(sample_shape)

    @property
    def mean(self) -> Tensor:
        """(..., q, m) means."""
        return self.values.mean(dim=0)

    @property
    def variance(self) -> Tensor:
        """(..., q, m) variances."""
        return self.values.var(dim=0)


@GetSampler.register(DrawnPosterior)
def _sampler(  # pyright: ignore[reportUnusedFunction]
    posterior: DrawnPosterior,
    sample_shape: torch.Size,  # noqa: ARG001 - draws are as many as they are
    *,
    seed: int | None = None,
) -> SobolQMCNormalSampler:
    return SobolQMCNormalSampler(torch.Size([len(posterior.values)]), seed=seed)


@final
class DrawnNetwork(Model):
    """Draws of a process network, as a BoTorch model.

    Maps (..., q, d) encoded interventions to draws of the standardised values of
    ``outputs``, noise and context averaged.

    Attributes:
        network: What is drawn from.
        parts: Of every mechanism, draws of its function, candidate by candidate.
        errors: (S, R, nodes) realisations of noise, in its standard deviations.
        context: (R, c) realisations of the encoded context.
    """

    def __init__(
        self,
        network: ProcessNetwork,
        parts: Sequence[Sequence["Part"]],
        errors: Tensor,
        context: Tensor,
    ) -> None:
        super().__init__()
        self.network = network
        self.parts = tuple(map(tuple, parts))
        self.errors = errors
        self.context = context
        # BoTorch asks a model's parameters where it lives
        self.place = torch.nn.Parameter(context.new_zeros(()), requires_grad=False)

    @property
    def num_outputs(self) -> int:
        """Number of predicted quantities."""
        return len(self.network.outputs)

    @property
    def batch_shape(self) -> torch.Size:
        """All draws are one model."""
        return torch.Size()

    def subset_output(self, idcs: list[int]) -> "DrawnNetwork":
        """Return the draws of some of the outputs."""
        outputs = tuple(self.network.outputs[i] for i in idcs)
        network = replace(self.network, outputs=outputs)
        return DrawnNetwork(network, self.parts, self.errors, self.context)

    def first(self, count: int) -> "DrawnNetwork":
        """Return the first of the draws."""
        few = [[p.first(count) for p in own] for own in self.parts]
        parts = [[p for p in own if len(p.draws)] for own in few]
        return DrawnNetwork(self.network, parts, self.errors[:count], self.context)

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,  # noqa: ARG002 - draws have none
        posterior_transform: PosteriorTransform | None = None,
        **_: Any,  # noqa: ANN401 - BoTorch's models take their own options
    ) -> Posterior:
        """Return the draws at X (..., q, d)."""
        model = self if output_indices is None else self.subset_output(output_indices)
        posterior = DrawnPosterior(model(X))
        return posterior_transform(posterior) if posterior_transform else posterior

    def forward(self, X: Tensor) -> Tensor:
        """Return draws (S, ..., q, m) of expected outcomes at X (..., q, d)."""
        flat = X.reshape(-1, X.shape[-1])
        size = len(flat) if torch.is_grad_enabled() else CHUNK
        draws = torch.cat([self._follow(x) for x in flat.split(size)], dim=1)
        return draws.unflatten(1, X.shape[:-1])

    def _follow(self, X: Tensor) -> Tensor:
        """Return draws (S, k, m) at X (k, d), followed through the process."""
        X = X.unsqueeze(-2)  # (k, 1, d): a recipe's realisations beside each other
        values: list[Tensor] = []
        for i, parts in enumerate(self.parts):
            found = [(p.draws, self._part(p, i, X, values)) for p in parts]
            values.append(merged(found))  # (S, k, R)
        links = self.network.links
        told = [
            links[i].standardised(values[i]) if i in links else values[i]
            for i in self.network.outputs
        ]
        return torch.stack(told, dim=-1).mean(dim=-2)

    def _part(
        self, part: "Part", node: int, X: Tensor, values: Sequence[Tensor]
    ) -> Tensor:
        """Return a node's values (S', k, R) by the draws of one candidate."""
        shared = self._shared(part.candidate, X)
        if part.candidate.states:
            alone = len(part.draws) == len(self.errors)
            before = values if alone else [v[part.draws] for v in values]
            own = part.candidate.scaled(before)
            if own.dim() == 1:  # all of them known: the same everywhere
                own = own.expand(len(part.draws), len(X), 1, -1)
            f = part.paths.each(shared, own)
        else:
            f = part.paths.alike(shared)
        noise = part.candidate.gp.parameters.noise
        return f + math.sqrt(noise) * self.errors[part.draws, :, node].unsqueeze(1)

    def _shared(self, candidate: Candidate, X: Tensor) -> Tensor:
        """Return inputs (k, R or 1, d1) that are alike for all draws."""
        controls = X[..., list(candidate.columns)]
        if not candidate.context:
            return controls
        context = self.context[:, list(candidate.context)]
        shape = torch.broadcast_shapes(controls.shape[:-1], context.shape[:-1])
        parts = controls.expand(*shape, -1), context.expand(*shape, -1)
        return torch.cat(parts, dim=-1)


@final
@dataclass(frozen=True)
class Part:
    """Draws of a node's function that follow one candidate for its parents.

    Attributes:
        candidate: Which one.
        draws: (S',) their places among all draws.
        paths: S' functions.
    """

    candidate: Candidate
    draws: Tensor
    paths: Paths

    def first(self, count: int) -> "Part":
        """Return those among the first of all draws."""
        kept = self.draws < count
        return replace(self, draws=self.draws[kept], paths=self.paths.some(kept))


def draw_network(
    network: ProcessNetwork, seed: int, count: int = DRAWS
) -> DrawnNetwork:
    """Draw every mechanism of a network.

    Args:
        network: The network.
        seed: Of the draws.
        count: How many.
    """
    generator = torch.Generator().manual_seed(seed)
    deck = Deck(count, generator)
    known: dict[int, Paths] = {}
    parts = [_draw(m, deck, generator, known) for m in network.mechanisms]
    errors, context = _realisations(network, count, generator)
    return DrawnNetwork(network, parts, errors, context)


def _draw(
    mechanism: Mechanism,
    deck: Deck,
    generator: torch.Generator,
    known: dict[int, Paths],
) -> list[Part]:
    """Return the draws of a node's function, candidate by candidate.

    Args:
        mechanism: The node.
        deck: Deals the draws.
        generator: Of functions.
        known: Those of laws that several turns of a stage share; takes new ones.
    """
    parts: list[Part] = []
    for candidate, draws in zip(
        mechanism.candidates, deck.deal(mechanism), strict=True
    ):
        if not len(draws):
            continue
        gp = candidate.gp
        paths = known.get(id(gp))
        if paths is None:
            paths = draw_paths(gp, candidate.own, len(draws), generator)
            known[id(gp)] = paths
        parts.append(Part(candidate, draws.to(gp.X.device), paths))
    return parts


def _realisations(
    network: ProcessNetwork, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return errors (S, R, nodes), symmetric about zero, and contexts (R, c).

    An error is one standard deviation up or down, the quadrature of two nodes; which
    states err together changes from draw to draw.
    """
    context, nodes = network.context, len(network.mechanisms)
    if not network.noisy_inside:
        return context.new_zeros(count, 1, nodes), context[:1]
    repeats = REPEATS if len(context) > 1 else 2
    half = (count, repeats // 2, nodes)
    signs = 2.0 * torch.randint(2, half, generator=generator).to(context) - 1.0
    rows = torch.linspace(0, len(context) - 1, repeats).round().long()
    return torch.cat([signs, -signs], dim=1), context[rows]
