"""The random forest member: steps, and inputs that matter in places only.

Mean and variance are those of a mixture over trees, each leaf a normal density: the
variance is the mean variance within leaves plus the variance of leaves' means
[Hutter2014]_ (section 4.3.2).

.. [Hutter2014] F. Hutter, L. Xu, H. H. Hoos, K. Leyton-Brown. Algorithm runtime
   prediction: methods and evaluation. Artificial Intelligence 206, 2014.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from sklearn.ensemble import RandomForestRegressor
from torch import Tensor

from labagent.world.evidence import Evidence
from labagent.world.separate import Separate, fit_separate

TREES = 100
"""Trees of a forest."""

LEAF = 2
"""Fewest rows of a leaf: one row has no variance."""


@final
@dataclass(frozen=True)
class Forest:
    """A fitted forest.

    Attributes:
        trees: The forest.
        within: For every tree the variance of each of its nodes.
    """

    trees: RandomForestRegressor
    within: tuple[Any, ...]

    def predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances (k,) at X (k, d)."""
        leaves = self.trees.apply(X.numpy())  # (k, trees)
        means = np.stack([t.predict(X.numpy()) for t in self.trees.estimators_])
        inside = np.stack([v[leaves[:, i]] for i, v in enumerate(self.within)])
        variance = inside.mean(axis=0) + means.var(axis=0)
        return torch.from_numpy(means.mean(axis=0)), torch.from_numpy(variance)

    def summary(self) -> Mapping[str, object]:
        """Return how many trees there are."""
        return {"trees": len(self.within)}


def _fit(X: Tensor, y: Tensor, noise: Tensor, seed: int) -> Forest:
    del noise
    trees = RandomForestRegressor(
        n_estimators=TREES, min_samples_leaf=LEAF, max_features=0.5, random_state=seed
    )
    trees.fit(X.numpy(), y.numpy())
    # the impurity of a node is the variance of the rows in it
    return Forest(trees, tuple(t.tree_.impurity for t in trees.estimators_))


def fit_forest(evidence: Evidence, seed: int, device: str = "cpu") -> Separate:
    """Fit the random forest member, on the CPU."""
    del device
    return fit_separate("random forest", _fit, evidence, seed)
