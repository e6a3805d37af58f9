"""The calcination route as a problem: seven controls, seven states, two outcomes.

Context is held at its middle (one lot, 45 % humidity, no furnace offset), since the
baselines have no place for it; process and measurement scatter as usual. Truth is the
sample without scatter.
"""

import torch
from torch import Tensor

from adapters.physics.calcination import simulate, truth
from adapters.physics.route import Recipe
from adapters.physics.scatter import Levels, draw_noise
from benchmarks.functions.problems import Control, Node, Problem
from labagent.campaigns import OutcomeLimit

LEVELS = Levels(context=0.0, process=1.0, measurement=1.0)
OPTIMUM = 1.033
"""Activity of the best recipe of at least 60 MPa, 1/h; by differential evolution."""

DRY = ("dry_temperature", "dry_time")
FIRE = ("calcine_temperature", "calcine_time", "calcine_ramp")
ANNEAL = ("anneal_temperature", "anneal_time")
CONTROLS = (
    Control("dry_temperature", 50, 140, "degC"),
    Control("dry_time", 1, 48, "hour", log=True),
    Control("calcine_temperature", 400, 750, "degC"),
    Control("calcine_time", 0.25, 8, "hour", log=True),
    Control("calcine_ramp", 1, 20, "K/min", log=True),
    Control("anneal_temperature", 500, 950, "degC"),
    Control("anneal_time", 0.25, 12, "hour", log=True),
)
NODES = (
    Node("moisture", DRY, "percent"),
    Node("rutile_calcined", (*FIRE, "moisture")),
    Node("grain_calcined", (*FIRE, *DRY, "moisture"), "nm"),
    Node(
        "green_density",
        ("moisture", "grain_calcined", "dry_temperature", "calcine_ramp"),
    ),
    Node("rutile_fraction", (*ANNEAL, "rutile_calcined", "grain_calcined")),
    Node("grain_size", (*ANNEAL, "grain_calcined", "rutile_fraction"), "nm"),
    Node(
        "density",
        (
            *ANNEAL,
            "green_density",
            "grain_calcined",
            "calcine_temperature",
            "calcine_time",
        ),
    ),
    Node("activity", ("rutile_fraction", "grain_size", "density"), "1/hour"),
    Node("strength", ("grain_size", "density"), "MPa"),
)
"""In native units; causes as the example ``calcination.yaml`` declares them."""


def _recipe(row: Tensor) -> Recipe:
    names = (c.name for c in CONTROLS)
    return Recipe.of(dict(zip(names, row.tolist(), strict=True)))


def _truth(V: Tensor) -> Tensor:
    rows = [truth(_recipe(row)) for row in V]
    return torch.tensor([[r[n.name] for n in NODES] for r in rows], dtype=torch.float64)


def _experiment(V: Tensor, generator: torch.Generator) -> Tensor:
    rows: list[list[float]] = []
    for row in V:
        seed = int(torch.randint(2**31, (1,), generator=generator))
        noise = draw_noise(seed, LEVELS)
        seen = simulate(_recipe(row), noise, pattern=False).measured
        rows.append([seen[n.name] for n in NODES])
    return torch.tensor(rows, dtype=torch.float64)


def calcination() -> Problem:
    """Return the most active titania of at least 60 MPa."""
    return Problem(
        name="calcination",
        controls=CONTROLS,
        nodes=NODES,
        objective="activity",
        optimum=OPTIMUM,
        truth=_truth,
        limits=(OutcomeLimit("strength", ">=", 60.0),),
        floor=0.0,
        experiment=_experiment,
    )
