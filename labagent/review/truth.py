"""How close a campaign came, where the whole truth is known by enumeration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labagent.campaigns import Campaign, Goal
from labagent.experiments import ExperimentRecord
from labagent.review.best import trace
from labagent.review.chance import chance_of_one, draws_for, rank_reached
from labagent.variables import Intervention

ROUNDED = 1e-6
"""Values closer than this share of themselves are one: tables are rounded."""


@dataclass(frozen=True)
class Recipe:
    """One of all recipes, and what it really gives.

    Attributes:
        intervention: The recipe.
        results: Quantity to value, in the campaign's units.
    """

    intervention: Intervention
    results: Mapping[str, float]


@dataclass(frozen=True)
class Moment:
    """The search after some number of results, beside chance.

    Attributes:
        results: How many.
        found: Best allowed value so far; None where none keeps the limits.
        chance: The 5 %, 50 % and 95 % quantiles of the best of as many random recipes;
            None where none of those keeps the limits.
    """

    results: int
    found: float | None
    chance: tuple[float | None, ...]


@dataclass(frozen=True)
class Comparison:
    """A campaign of one objective beside the truth and chance.

    Attributes:
        recipes: How many there are.
        allowed: How many of them keep every limit.
        best: The best of those.
        rank: Place of what was found among the allowed, 1 is the best; None where
            nothing found keeps the limits.
        as_good: Chance that as many random recipes would have found one as good.
        draws: Random recipes for an even chance of that; None where nothing was found.
        moments: The search over time; the last one is its end.
    """

    recipes: int
    allowed: int
    best: Recipe
    rank: int | None
    as_good: float
    draws: int | None
    moments: tuple[Moment, ...]


def compare(
    campaign: Campaign,
    records: Sequence[ExperimentRecord],
    recipes: Sequence[Recipe],
    every: int = 5,
) -> Comparison:
    """Compare what was found with all there was to find.

    Args:
        campaign: Has one objective.
        records: Its experiments; at least one has a result.
        recipes: Every recipe of its design space.
        every: Results between two moments.
    """
    goal = campaign.goal
    ranked = sorted(((_worth(goal, r), r) for r in recipes), key=lambda x: -x[0])
    worth = [w for w, _ in ranked]
    advances = trace(campaign, records)
    size = len(advances)
    times = sorted({*range(every, size, every), size})
    moments = tuple(
        Moment(n, advances[n - 1].value, _chance(goal, ranked, n)) for n in times
    )
    found = moments[-1].found
    allowed = sum(math.isfinite(w) for w in worth)
    above, as_good = 0, allowed
    if found is not None:
        level, slack = goal.objectives[0].utility(found), ROUNDED * abs(found)
        above = sum(w > level + slack for w in worth)
        as_good = max(1, sum(w >= level - slack for w in worth))
    return Comparison(
        recipes=len(recipes),
        allowed=allowed,
        best=ranked[0][1],
        rank=None if found is None else above + 1,
        as_good=chance_of_one(as_good, len(recipes), size),
        draws=None if found is None else draws_for(as_good, len(recipes)),
        moments=moments,
    )


def _worth(goal: Goal, recipe: Recipe) -> float:
    """Return a recipe's utility; minus infinity where it breaks a limit."""
    if not all(limit.holds(recipe.results[limit.name]) for limit in goal.limits):
        return -math.inf
    (objective,) = goal.objectives
    return objective.utility(recipe.results[objective.name])


def _chance(
    goal: Goal, ranked: Sequence[tuple[float, Recipe]], drawn: int
) -> tuple[float | None, ...]:
    """Return the 5, 50 and 95 % quantiles of the best of random recipes."""
    (objective,) = goal.objectives
    # what 95 % of the searches find at least is the 5 % quantile
    ranks = [rank_reached(len(ranked), drawn, c) for c in (0.95, 0.5, 0.05)]
    found = [ranked[rank - 1] for rank in ranks]
    return tuple(
        recipe.results[objective.name] if math.isfinite(worth) else None
        for worth, recipe in found
    )
