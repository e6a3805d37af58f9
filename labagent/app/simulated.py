"""What the demo's simulator says when it is asked for the truth.

The route is simulated, so that what nobody knows of a real one is known of it: what
other recipes would have given, what a change does on average, and what this very sample
would have become. It stands beside the model's answers; the model never sees it.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from statistics import fmean

from adapters.physics.calcination import simulate, truth
from adapters.physics.route import Recipe as Route
from adapters.physics.scatter import ProcessNoise, draw_noise, sample_seed
from labagent import config
from labagent.campaigns import Campaign
from labagent.experiments import ExperimentRecord
from labagent.planning import sample
from labagent.representations.encoder import SpaceEncoder
from labagent.review.truth import Recipe
from labagent.variables import Intervention

SPREAD = 4000
"""Recipes that stand for the whole space."""

SAMPLES = 50
"""Samples an average is taken over, for each recipe."""

_NOBODYS = 1_000_000
"""First number of samples that no campaign gets to."""


def shipped(name: str) -> Campaign:
    """Return an example campaign as it ships."""
    with as_file(files("labagent.app").joinpath("examples", name)) as path:
        return config.load(path)


def is_as_shipped(campaign: Campaign, name: str) -> bool:
    """Return whether a campaign asks what an example asks, whatever it may cost."""
    asked = shipped(name)
    return campaign == replace(
        asked,
        budget=campaign.budget,
        batch=campaign.batch,
        initial=campaign.initial,
        stop=campaign.stop,
        seed=campaign.seed,
        document=campaign.document,
    )


def spread(campaign: Campaign, count: int = SPREAD) -> tuple[Recipe, ...]:
    """Return recipes spread evenly over the space, and what was measured of each.

    They are those of the campaign's own space-filling sequence, and so is the chance of
    each sample: the first are the experiments the campaign began with.
    """
    seed = _seed(campaign)
    points = sample(SpaceEncoder(campaign.space), count, campaign.seed)
    return tuple(
        Recipe(point, simulate(_route(point), _noise(seed, i), pattern=False).measured)
        for i, point in enumerate(points, 1)
    )


def change(
    campaign: Campaign,
    records: Sequence[ExperimentRecord],
    first: Intervention,
    second: Intervention,
) -> dict[str, float]:
    """Return by how much averages change from one setting to another.

    Args:
        campaign: Knows the simulator's seed.
        records: Their recipes are what is not set.
        first: What would be set first.
        second: What would be set instead.
    """
    recipes = [r.intervention for r in records if r.results] * SAMPLES
    seed = _seed(campaign)
    found: dict[str, list[float]] = {}
    for number, recipe in enumerate(recipes, _NOBODYS):
        noise = _noise(seed, number)
        before = _truth({**recipe, **first}, noise)
        for quantity, value in _truth({**recipe, **second}, noise).items():
            found.setdefault(quantity, []).append(value - before[quantity])
    return {quantity: fmean(changes) for quantity, changes in found.items()}


def had_been(
    campaign: Campaign, record: ExperimentRecord, setting: Intervention
) -> dict[str, float]:
    """Return what would have been measured of a sample, had this been set.

    By the same instruments, whose errors stay what they were.
    """
    noise = _noise(_seed(campaign), record.number)
    recipe = _route({**record.intervention, **setting})
    return dict(simulate(recipe, noise).measured)


def _seed(campaign: Campaign) -> int:
    """Return the simulator's seed; its other settings are the usual ones."""
    (spec,) = campaign.executors
    seed = spec.options.get("seed", 0)
    assert isinstance(seed, int)  # noqa: S101 - the example says so
    return seed


def _noise(seed: int, number: int) -> ProcessNoise:
    return draw_noise(sample_seed(seed, number))


def _truth(recipe: Intervention, noise: ProcessNoise) -> dict[str, float]:
    return truth(_route(recipe), noise)


def _route(recipe: Intervention) -> Route:
    """Return a recipe as the simulator takes it; the example has its units."""
    return Route.of({n: x for n, x in recipe.items() if isinstance(x, (int, float))})
