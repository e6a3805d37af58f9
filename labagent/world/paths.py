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

import torch
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labagent.world.exact import (
    JITTER,
    MEAN_VARIANCE,
    ExactGP,
    distances,
    squared_exponential,
)

FREQUENCIES = 256
"""Random Fourier features of a draw."""


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

    def first(self, count: int) -> "Paths":
        """Return the first of the draws."""
        return replace(
            self,
            shifts=self.shifts[:count],
            heights=self.heights[:count],
            means=self.means[:count],
            corrections=self.corrections[:count],
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
        """Return draws (S, ...), each at its own inputs.

        Args:
            shared: (..., d1) entries alike for all draws; broadcast over the others.
            own: (S, ..., d2) the other entries.
        """
        lengths, X = self.gp.parameters.lengths, self.gp.X
        i, j = list(self.shared), list(self.own)
        angles = (shared / lengths[i]) @ self.frequencies[i]
        ones = (1,) * (own.dim() - 2)
        shifts = self.shifts.reshape(len(own), *ones, -1)
        angles = (own / lengths[j]) @ self.frequencies[j] + (angles - shifts)
        r2 = distances(own, X[:, j], lengths[j]) + distances(
            shared, X[:, i], lengths[i]
        )
        k, _ = squared_exponential(r2)
        corrections = self.gp.parameters.amplitude * self.corrections
        prior = torch.einsum("s...f,sf->s...", angles.cos(), self.heights)
        told = prior + torch.einsum("s...n,sn->s...", k, corrections)
        return told + self._level.reshape(len(own), *ones)

    @property
    def _level(self) -> Tensor:
        """(S,) draws of m after the data: the correction of a constant is its sum."""
        return self.means + MEAN_VARIANCE * self.corrections.sum(dim=-1)


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
    noise = (gp.known + gp.parameters.noise + JITTER).sqrt()

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
