"""What the database knows, as tensors.

Notation, for this room and those above it:

=======  ===============================================================
n        number of experiments with at least one result
p        number of pending experiments
d        width of an encoded intervention
m        number of quantities (objectives, limits, other measured ones)
q        number of experiments proposed together
X        (n, d) encoded interventions, entries in [0, 1]
Y        (n, m) measured values in declared units, NaN where missing
S        (n, m) standard uncertainties in declared units, NaN where unknown
=======  ===============================================================
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from labagent.campaigns import Campaign
from labagent.experiments import Trials
from labagent.representations.encoder import SpaceEncoder


@dataclass(frozen=True)
class Evidence:
    """Everything a model may learn from.

    Attributes:
        quantities: Names of Y's columns.
        features: Names of X's columns.
        X: (n, d) encoded interventions.
        Y: (n, m) values, NaN where missing.
        S: (n, m) standard uncertainties, NaN where unknown.
        pending: (p, d) encoded interventions without result yet.
    """

    quantities: tuple[str, ...]
    features: tuple[str, ...]
    X: Tensor
    Y: Tensor
    S: Tensor
    pending: Tensor

    def column(self, quantity: str) -> int:
        """Return a quantity's column in Y."""
        return self.quantities.index(quantity)

    def rows(self, quantity: str) -> tuple[Tensor, Tensor, Tensor]:
        """Return X (k, d), y (k, 1) and s (k, 1) of the k rows that measured it."""
        j = self.column(quantity)
        seen = ~self.Y[:, j].isnan()
        return self.X[seen], self.Y[seen, j : j + 1], self.S[seen, j : j + 1]


def gather(campaign: Campaign, trials: Trials, encoder: SpaceEncoder) -> Evidence:
    """Return a campaign's experiments as tensors on the CPU.

    Args:
        campaign: Says which quantities are measured.
        trials: The experiments.
        encoder: Of the campaign's space.
    """
    quantities = tuple(v.name for v in campaign.measured)
    measured = trials.measured
    y = [[t.results.get(q, math.nan) for q in quantities] for t in measured]
    s = [[t.sigmas.get(q, math.nan) for q in quantities] for t in measured]
    shape = (len(measured), len(quantities))
    pending = [t.intervention for t in trials.pending if not t.results]
    return Evidence(
        quantities=quantities,
        features=encoder.feature_names,
        X=encoder.encode([t.intervention for t in measured]),
        Y=torch.tensor(y, dtype=torch.float64).reshape(shape),
        S=torch.tensor(s, dtype=torch.float64).reshape(shape),
        pending=encoder.encode(pending),
    )
