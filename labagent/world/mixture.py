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
from labagent.variables import Variable
from labagent.weighing import (
    PRIOR,
    WIDTHS,
    Weights,
    entry,
    likelihood_of_means,
    sealed_history,
    starting_shares,
    weigh,
)
from labagent.world.fitted import Fitted, Normals
from labagent.world.sealing import declared_prior, prior_prediction

CLEARLY = 3.0
"""Nats by which another member must have predicted better than the richest."""


@dataclass(frozen=True)
class Mixture:
    """Fitted members and their weights.

    Attributes:
        members: Name to fitted member.
        weights: Quantity to the weights of its entries.
        history: Quantity to its results and what was sealed before them.
    """

    members: Mapping[str, Fitted]
    weights: Mapping[str, Weights]
    history: Mapping[str, Sequence[tuple[float, Sequence[Member]]]]

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
        if not members:
            raise ModelError("mixture: got no members, must have at least one")
        names = {v.name: _names(members, v) for v in campaign.measured}
        history = {quantity: sealed_history(trials, quantity) for quantity in names}
        weights = {
            quantity: weigh(history[quantity], starting_shares(entries))
            for quantity, entries in names.items()
            if entries
        }
        return cls(members, weights, history)

    def leader(self, members: Sequence[str], quantities: Sequence[str]) -> str:
        """Return the last of some members, or who has clearly predicted better.

        By their means: confidence does not count. That is for weights, and who is
        merely less confident finds nothing. A few lucky guesses do not count either:
        results must be :data:`CLEARLY` likelier.

        Args:
            members: Some of the members, the richest last.
            quantities: What is asked for.
        """
        logs = dict.fromkeys(members, 0.0)
        logs[members[-1]] = CLEARLY
        for quantity in quantities:
            found = likelihood_of_means(self.history[quantity], members)
            for name, value in found.items():
                logs[name] += value
        return max(reversed(members), key=lambda name: logs[name])

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


def _names(members: Mapping[str, Fitted], variable: Variable) -> list[str]:
    """Return the entries of a quantity's prediction: all that weights depend on."""
    found = [
        entry(name, width)
        for name, fitted in members.items()
        if variable.name in fitted.quantities
        for width in WIDTHS
    ]
    declared = [PRIOR] if declared_prior(variable) is not None else []
    return found + declared if found else []
