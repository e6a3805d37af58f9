"""Whole functions drawn from a process, cheap to evaluate anywhere.

A draw is one from the prior, in random Fourier features [Rahimi2007]_, corrected
towards the data by Matheron's rule [Wilson2020]_:

    f_s(x) = p_s(x) + k(x, X) K^-1 (y - p_s(X) - e_s),   e_s ~ N(0, noise).

Where the process was seen a draw is what was seen; between and beyond, the features
stand for the prior. A value costs one row of the kernel, not a product with a matrix,
and draws can be followed through a chain of processes, at inputs that differ from draw
to draw.

.. [Rahimi2007] A. Rahimi, B. Recht. Random features for large-scale kernel machines.
   NIPS 2007.
.. [Wilson2020] J. T. Wilson, V. Borovitskiy, A. Terenin, P. Mostowsky, M. P.
   Deisenroth. Efficiently sampling functions from Gaussian process posteriors. ICML
   2020.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labagent.world.exact import (
    MEAN_VARIANCE,
    ExactGP,
    distances,
    squared_exponential,
    squares,
)

FREQUENCIES = 128
"""Random Fourier features of a draw."""

ENTRIES = 2**17
"""Entries of a tensor that still fits a cache: taking more at once is slower."""


@dataclass(frozen=True)
class Paths:
    """S draws of m + f. Inputs are of two kinds: alike for all draws, or each its own.

    Attributes:
        shared: Entries of an input that are alike for all draws.
        own: Entries that differ from draw to draw.
        gp: The process.
        frequencies: (d, F) of the features, of inputs in length-scales.
        shifts: (S, F) phases of the features.
        heights: (S, F) of the features.
        means: (S,) draws of m.
        corrections: (S, n) weights of the kernel's rows.
    """

    shared: tuple[int, ...]
    own: tuple[int, ...]
    gp: ExactGP
    frequencies: Tensor
    shifts: Tensor
    heights: Tensor
    means: Tensor
    corrections: Tensor

    def some(self, kept: Tensor) -> "Paths":
        """Return those of the draws (S,) that are kept."""
        return replace(
            self,
            shifts=self.shifts[kept],
            heights=self.heights[kept],
            means=self.means[kept],
            corrections=self.corrections[kept],
        )

    def alike(self, x: Tensor) -> Tensor:
        """Return draws (S, ...) at inputs x (..., d) that are alike for all of them."""
        lengths = self.gp.parameters.lengths
        angles = x / lengths @ self.frequencies
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        parts = self.heights * self.shifts.cos(), self.heights * self.shifts.sin()
        prior = waves @ torch.cat(parts, dim=-1).mT
        k, _ = squared_exponential(distances(x, self.gp.X, lengths))
        k = self.gp.parameters.amplitude * k
        told = prior + k @ self.corrections.mT + self._level
        return told.movedim(-1, 0)

    def each(self, shared: Tensor, own: Tensor) -> Tensor:
        """Return draws (S, k, r), each at its own inputs.

        Args:
            shared: (k, r or 1, d1) entries alike for all draws.
            own: (S, k, r, d2) the other entries.
        """
        scales = self.gp.parameters.lengths
        a, b = shared / scales[list(self.shared)], own / scales[list(self.own)]
        if torch.is_grad_enabled() and (a.requires_grad or b.requires_grad):
            return _Each.apply(self, a, b)
        parts = zip(a.split(self.affordable), b.split(self.affordable, 1), strict=True)
        return torch.cat([self._waves(x, y)[0] for x, y in parts], dim=1)

    @property
    def affordable(self) -> int:
        """Recipes to take at once, so that what they need fits a cache."""
        row = len(self.means) * max(len(self.gp.y), FREQUENCIES)
        return max(1, ENTRIES // row)

    def _waves(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return draws (S, k, r), angles (S, k, r, F) and kernel terms (S, k, r, n).

        Args:
            a: (k, r or 1, d1) shared entries, in length-scales.
            b: (S, k, r, d2) own entries, in length-scales.
        """
        i, j = list(self.shared), list(self.own)
        angles = b @ self.frequencies[j] + (a @ self.frequencies[i])
        angles = angles - self.shifts[:, None, None]
        r2 = squares(b, self._scaled[:, j]) + squares(a, self._scaled[:, i])
        terms = (-0.5 * r2).exp() * self._strengths[:, None, None]
        waves = torch.einsum("s...f,sf->s...", angles.cos(), self.heights)
        return waves + terms.sum(dim=-1) + self._level[:, None, None], angles, terms

    def waves_and_slopes(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return draws (S, k, r) and their derivatives by all entries in length-scales.

        Those by shared entries have shape (S, k, r, d1), by own ones (S, k, r, d2).
        """
        values, angles, terms = self._waves(a, b)
        i, j = list(self.shared), list(self.own)
        rise = angles.sin() * -self.heights[:, None, None]
        total = terms.sum(dim=-1, keepdim=True)
        by_a = rise @ self.frequencies[i].mT + terms @ self._scaled[:, i] - total * a
        by_b = rise @ self.frequencies[j].mT + terms @ self._scaled[:, j] - total * b
        return values, by_a, by_b

    @property
    def _scaled(self) -> Tensor:
        """(n, d) inputs of the data, in length-scales."""
        return self.gp.X / self.gp.parameters.lengths

    @property
    def _strengths(self) -> Tensor:
        """(S, n) weights of the kernel's rows, amplitude included."""
        return self.gp.parameters.amplitude * self.corrections

    @property
    def _level(self) -> Tensor:
        """(S,) draws of m after the data: the correction of a constant is its sum."""
        return self.means + MEAN_VARIANCE * self.corrections.sum(dim=-1)


class _Each(torch.autograd.Function):
    """Draws at their own inputs, with derivatives taken on the way.

    A draw's value depends on its own inputs alone, so that derivatives are no larger
    than inputs, and nothing of the size of features or data has to be kept.
    """

    @staticmethod
    def forward(ctx: Any, paths: Paths, a: Tensor, b: Tensor) -> Tensor:  # noqa: ANN401
        size = paths.affordable
        parts = [
            paths.waves_and_slopes(x, y)
            for x, y in zip(a.split(size), b.split(size, 1), strict=True)
        ]
        values, by_a, by_b = (torch.cat(p, dim=1) for p in zip(*parts, strict=True))
        ctx.save_for_backward(by_a, by_b)
        ctx.repeats = a.shape[1]
        return values

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, Tensor]:  # noqa: ANN401
        by_a, by_b = ctx.saved_tensors
        above = grads[0].unsqueeze(-1)
        to_a = (above * by_a).sum(dim=0)
        if ctx.repeats == 1:
            to_a = to_a.sum(dim=1, keepdim=True)
        return None, to_a, above * by_b


def draw_paths(
    gp: ExactGP, own: Sequence[int], count: int, generator: torch.Generator
) -> Paths:
    """Draw functions of a process with a squared-exponential kernel.

    Args:
        gp: The process.
        own: Entries of its inputs that will differ from draw to draw.
        count: Number of draws S.
        generator: Of all randomness; on the CPU.
    """
    d, n = gp.X.shape[-1], len(gp.y)
    noise = gp.noises.sqrt()

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=gp.X.dtype).to(gp.X)

    seed = int(torch.randint(2**31, (1,), generator=generator))
    frequencies = draw_sobol_normal_samples(d, FREQUENCIES, dtype=gp.X.dtype, seed=seed)
    a, b = normal(2, count, FREQUENCIES)
    scale = math.sqrt(gp.parameters.amplitude / FREQUENCIES)
    prior = Paths(
        shared=tuple(i for i in range(d) if i not in own),
        own=tuple(own),
        gp=gp,
        frequencies=frequencies.mT.to(gp.X),
        shifts=torch.atan2(b, a),
        heights=scale * (a.square() + b.square()).sqrt(),
        means=math.sqrt(MEAN_VARIANCE) * normal(count),
        corrections=gp.X.new_zeros(count, n),
    )
    missed = gp.y - prior.alike(gp.X) - noise * normal(count, n)
    corrections = missed @ gp.root.mT @ gp.root
    return replace(prior, corrections=corrections)
