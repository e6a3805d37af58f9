"""All members together, weighted by what they sealed before each result.

Every member stands in the mixture at several widths: the same density with its standard
deviation multiplied. Gaussian processes are over-confident where an optimiser looks;
which width is honest is then a question for the evidence like any other. A family of
normals of several widths is also how heavy tails are made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from labagent.campaigns import Campaign
from labagent.errors import ModelError
from labagent.experiments import Member, Prediction, Trials
from labagent.weighing import Weights, sealed_history, weigh
from labagent.world.fitted import Fitted, Normals
from labagent.world.sealing import PRIOR, declared_prior, prior_prediction

WIDTHS: Mapping[float, float] = {1.0: 0.5, 2.0: 0.3, 4.0: 0.2}
"""Multiple of the standard deviation to its share of a member's starting weight."""

DECLARED = 2.0
"""Starting weight of a declared expectation, relative to a member's."""


def entry(member: str, width: float) -> str:
    """Return how a sealed prediction names a member at a width."""
    return member if width == 1.0 else f"{member} x{width:g}"


@dataclass(frozen=True)
class Mixture:
    """Fitted members and their weights.

    Attributes:
        members: Name to fitted member.
        weights: Quantity to the weights of its entries.
    """

    members: Mapping[str, Fitted]
    weights: Mapping[str, Weights]

    @classmethod
    def of(
        cls, campaign: Campaign, trials: Trials, members: Mapping[str, Fitted]
    ) -> "Mixture":
        """Return the mixture after a campaign's results.

        Args:
            campaign: Says what is measured and expected.
            trials: Results, and what was sealed before them.
            members: The fitted members.
        """
        weights = {
            variable.name: weigh(
                sealed_history(trials, variable.name),
                _starting_shares(members, declared_prior(variable)),
            )
            for variable in campaign.measured
        }
        return cls(members, weights)

    def shares(self, quantities: Sequence[str]) -> dict[str, float]:
        """Return the weight of each member, all widths together; they sum to one.

        Args:
            quantities: Weights are averaged over these.
        """
        found = dict.fromkeys(self.members, 0.0)
        for quantity in quantities:
            awake = {
                entry(name, width): name
                for name, fitted in self.members.items()
                if quantity in fitted.quantities
                for width in WIDTHS
            }
            for one, share in self.weights[quantity].shares(awake).items():
                found[awake[one]] += share / len(quantities)
        return found

    def predict(self, campaign: Campaign, X: Tensor) -> list[tuple[Prediction, ...]]:
        """Return the prediction of every measured quantity at every row of X (k, d)."""
        if not len(X):
            return []
        normals = {name: fitted.predict(X) for name, fitted in self.members.items()}
        return [
            tuple(
                self._prediction(campaign, variable.name, normals, i)
                for variable in campaign.measured
            )
            for i in range(len(X))
        ]

    def _prediction(
        self,
        campaign: Campaign,
        quantity: str,
        normals: Mapping[str, Normals],
        row: int,
    ) -> Prediction:
        variable = campaign.quantity(quantity)
        found: dict[str, tuple[float, float]] = {}
        for name, fitted in self.members.items():
            if quantity in fitted.quantities:
                j = fitted.quantities.index(quantity)
                mean = float(normals[name].mean[row, j])
                std = float(normals[name].std[row, j])
                found |= {entry(name, w): (mean, std * w) for w in WIDTHS}
        if not found:
            return prior_prediction(campaign, variable)
        declared = declared_prior(variable)
        if declared is not None:
            found[PRIOR] = (declared.mean, declared.std)
        shares = self.weights[quantity].shares(found)
        members = tuple(
            Member(name=name, weight=shares[name], mean=mean, std=std)
            for name, (mean, std) in found.items()
        )
        return Prediction(quantity, variable.unit, members)

    def summary(self) -> Mapping[str, object]:
        """Return every member in numbers, and how much each is trusted."""
        return {name: fitted.summary() for name, fitted in self.members.items()}


def _starting_shares(
    members: Mapping[str, Fitted], declared: Member | None
) -> dict[str, float]:
    if not members:
        raise ModelError("mixture: got no members, must have at least one")
    start = {
        entry(name, width): share for name in members for width, share in WIDTHS.items()
    }
    return start if declared is None else {**start, PRIOR: DECLARED}
