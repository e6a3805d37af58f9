"""Predictions to be sealed: of the mixture, or of the prior where nothing is known."""

from collections.abc import Sequence

from torch import Tensor

from labagent.campaigns import Campaign
from labagent.experiments import Basis, Member, Prediction
from labagent.variables import Real, Variable
from labagent.world.fitted import Fitted

WIDE = 10.0
"""Prior standard deviation where nothing is declared, relative to the value's size."""


def prior_prediction(campaign: Campaign, variable: Variable) -> Prediction:
    """Return what the campaign file expects of a quantity.

    A declared ``expect: [low, high]`` is taken as a central 95 % interval. Without it
    the prior is centred on the objective's target or threshold, or the limit, or zero,
    and is wide; such predictions are marked and kept out of calibration.
    """
    domain = variable.domain
    if isinstance(domain, Real) and domain.low is not None and domain.high is not None:
        mean, std = (domain.low + domain.high) / 2, (domain.high - domain.low) / 3.92
    else:
        mean = _centre(campaign, variable.name)
        std = WIDE * max(abs(mean), 1.0)
    member = Member(name="prior", weight=1.0, mean=mean, std=std)
    return Prediction(variable.name, variable.unit, (member,), Basis.PRIOR)


def _centre(campaign: Campaign, name: str) -> float:
    for objective in campaign.goal.objectives:
        if objective.name == name:
            return objective.target or objective.good_enough or 0.0
    for limit in campaign.goal.limits:
        if limit.name == name:
            return limit.value
    return 0.0


def predict_all(
    campaign: Campaign, members: Sequence[tuple[str, float, Fitted]], X: Tensor
) -> list[tuple[Prediction, ...]]:
    """Return the mixture's prediction of every measured quantity at every row of X.

    Args:
        campaign: Says which quantities there are.
        members: Name, weight and fitted member; weights sum to one.
        X: (k, d) encoded interventions.
    """
    normals = [
        (name, weight, fitted, fitted.predict(X)) for name, weight, fitted in members
    ]
    rows: list[tuple[Prediction, ...]] = []
    for i in range(len(X)):
        row: list[Prediction] = []
        for variable in campaign.measured:
            densities = tuple(
                Member(
                    name=name,
                    weight=weight,
                    mean=float(n.mean[i, fitted.quantities.index(variable.name)]),
                    std=float(n.std[i, fitted.quantities.index(variable.name)]),
                )
                for name, weight, fitted, n in normals
                if variable.name in fitted.quantities
            )
            if densities:
                row.append(Prediction(variable.name, variable.unit, densities))
            else:
                row.append(prior_prediction(campaign, variable))
        rows.append(tuple(row))
    return rows
