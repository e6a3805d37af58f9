"""Predictions to be sealed: of the mixture, or of the prior where nothing is known."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from labagent.campaigns import Campaign
from labagent.experiments import Basis, Member, Prediction
from labagent.variables import Real, Variable
from labagent.world.fitted import Fitted

PRIOR = "prior"
"""Name of the member that stands for the campaign file."""

INTERVAL = 3.92
"""Width of a central 95 % interval in standard deviations."""

DOUBT = 0.5
"""Weight of the campaign file's expectation while the search is still starting."""

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


def predict_all(
    campaign: Campaign,
    members: Sequence[tuple[str, float, Fitted]],
    X: Tensor,
    starting: bool = False,
) -> list[tuple[Prediction, ...]]:
    """Return the mixture's prediction of every measured quantity at every row of X.

    Args:
        campaign: Says which quantities there are.
        members: Name, weight and fitted member; weights sum to one.
        X: (k, d) encoded interventions.
        starting: Whether there are too few data to trust the members alone; a declared
            expectation then has the weight :data:`DOUBT`.
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
                densities = _doubted(densities, variable) if starting else densities
                row.append(Prediction(variable.name, variable.unit, densities))
            else:
                row.append(prior_prediction(campaign, variable))
        rows.append(tuple(row))
    return rows


def _doubted(members: tuple[Member, ...], variable: Variable) -> tuple[Member, ...]:
    """Return members beside what the campaign file declares, if it does.

    A Gaussian process that saw two or three results is far too sure of itself: on the
    demo's alloys its 90 % intervals held 49 to 75 % (``benchmarks/few.py``).
    """
    prior = declared_prior(variable)
    if prior is None:
        return members
    halved = [replace(m, weight=m.weight * (1 - DOUBT)) for m in members]
    return (*halved, replace(prior, weight=DOUBT))
