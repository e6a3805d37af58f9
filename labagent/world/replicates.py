"""How noisy single recipes are, as far as repeats of them tell.

Where a recipe was repeated the scatter of its results is seen, and it need not be the
same everywhere. A few repeats tell a variance badly; it is therefore moderated
[Smyth2004]_: the scatter of all repeats together counts as a few more of them.

.. [Smyth2004] G. K. Smyth. Linear models and empirical Bayes methods for assessing
   differential expression in microarray experiments. Statistical Applications in
   Genetics and Molecular Biology 3(1), 2004.
"""

import torch
from torch import Tensor

DEGREES = 4.0
"""Degrees of freedom that the scatter of all repeats counts for in each of them."""

FEWEST = 2
"""Recipes that must have been repeated, for their scatters to be compared."""


def relative_noise(X: Tensor, y: Tensor) -> Tensor:
    """Return every row's noise variance (n,), relative to that of all repeats.

    One for a row that was not repeated, and for all where repeats tell nothing: there
    are too few, or they agree to the last digit.

    Args:
        X: (n, d) inputs; rows that are the same are repeats.
        y: (n,) values, in any unit.
    """
    _, group, counts = torch.unique(X, dim=0, return_inverse=True, return_counts=True)
    zeros = y.new_zeros(len(counts))
    means = zeros.index_add(0, group, y) / counts
    squares = zeros.index_add(0, group, (y - means[group]).square())
    degrees = (counts - 1).to(y)
    if int((counts > 1).sum()) < FEWEST or not float(squares.sum()):
        return torch.ones_like(y)
    pooled = squares.sum() / degrees.sum()
    moderated = (DEGREES * pooled + squares) / (DEGREES + degrees)
    return (moderated / pooled)[group]
