"""What hyper-parameters of mechanisms are before any data.

Length-scales have log-normal priors: a declared parent's has its mode at 0.2 sqrt(p)
for p declared inputs, as the plain process has for all of its inputs [Hvarfner2024]_;
one that is merely earlier starts out flat, and has to be shown by the data. Noise is
next to none or some per cent: much of what looks like noise in a dozen rows is a
function not yet known, and what is known of it is noisy in a laboratory.

.. [Hvarfner2024] C. Hvarfner, E. O. Hellsten, L. Nardi. Vanilla Bayesian optimization
   performs great in high dimensions. ICML 2024.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from labagent.world.fitting import FIRST, Priors, Range

SPREAD = math.sqrt(3.0)
"""Standard deviation of log length-scales of what is taken to matter."""

FLAT = math.sqrt(2.0)
"""Mean log length-scale, less log(d)/2, of an input not declared."""

FLAT_SPREAD = 1.2
"""Standard deviation of the same."""

NEARLY_NONE, SOME = (-13.0, 3.0), (-5.0, 2.0)
"""Means and standard deviations of a log noise variance, standardised."""


def length_priors(declared: Tensor) -> Priors:
    """Return the priors of length-scales (d,), given which inputs are declared."""
    d = len(declared)
    count = int(declared.sum()) or d
    matters = declared if bool(declared.any()) else torch.ones_like(declared)
    near = FLAT - SPREAD**2 + 0.5 * math.log(max(count, 1))
    far = FLAT + 0.5 * math.log(max(d, 1))
    middle = torch.where(matters, near, far).to(torch.float64)
    spread = torch.where(matters, SPREAD, FLAT_SPREAD).to(torch.float64)
    return Priors(middle, spread)


def noise_priors(rows: int) -> Sequence[Range]:
    """Return the priors of noise that are weighed against each other, equal before.

    With many rows that is the second alone, at half the price: it then finds a noise
    variance of e^-16 as well.

    Args:
        rows: That tell of a mechanism.
    """
    return (NEARLY_NONE, SOME) if rows <= FIRST else (SOME,)
