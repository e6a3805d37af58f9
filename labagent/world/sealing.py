"""Predictions of the campaign file: where nothing is known, and beside the members."""

from labagent.campaigns import Campaign
from labagent.experiments import Basis, Member, Prediction
from labagent.variables import Real, Variable
from labagent.weighing import PRIOR

INTERVAL = 3.92
"""Width of a central 95 % interval in standard deviations."""

WIDE = 10.0
"""Prior standard deviation where nothing is declared, relative to the value's size."""


def prior_prediction(campaign: Campaign, variable: Variable) -> Prediction:
    """Return what the campaign file expects of a quantity.

    A declared ``expect: [low, high]`` is taken as a central 95 % interval. Without it
    the prior is centred on the objective's target or threshold, or the limit, or zero,
    and is wide; such predictions are marked and kept out of calibration.
    """
    member = declared_prior(variable)
    if member is None:
        mean = _centre(campaign, variable.name)
        std = WIDE * max(abs(mean), 1.0)
        member = Member(name=PRIOR, weight=1.0, mean=mean, std=std)
    return Prediction(variable.name, variable.unit, (member,), Basis.PRIOR)


def declared_prior(variable: Variable) -> Member | None:
    """Return what ``expect: [low, high]`` declares, with all the weight, or None."""
    domain = variable.domain
    if not isinstance(domain, Real) or domain.low is None or domain.high is None:
        return None
    mean, std = (domain.low + domain.high) / 2, (domain.high - domain.low) / INTERVAL
    return Member(name=PRIOR, weight=1.0, mean=mean, std=std)


def _centre(campaign: Campaign, name: str) -> float:
    for objective in campaign.goal.objectives:
        if objective.name == name:
            return objective.target or objective.good_enough or 0.0
    for limit in campaign.goal.limits:
        if limit.name == name:
            return limit.value
    return 0.0
