"""The route: what depends on what, and how far."""

from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from scipy.stats import qmc

from adapters.physics.calcination import (
    ABSOLUTE,
    RELATIVE,
    STRUCTURES,
    XRD,
    samples,
    simulate,
    truth,
)
from adapters.physics.diffraction import reflections
from adapters.physics.kinetics import Firing
from adapters.physics.route import CONTEXT, CONTROLS, QUANTITIES, STAGES, Recipe
from adapters.physics.scatter import (
    LOTS,
    NONE,
    QUIET,
    READINGS,
    Levels,
    draw_noise,
    sample_seed,
)
from adapters.physics.stages import Sample, anneal
from adapters.physics.titania import ANATASE, RUTILE, activity, phase_factor

BEST = Recipe(72.0, 28.0, 554.0, 0.85, 4.2, 604.0, 7.5)
BOX = {
    "dry.temperature": (50.0, 140.0),
    "dry.time": (1.0, 48.0),
    "calcine.temperature": (400.0, 750.0),
    "calcine.time": (0.25, 8.0),
    "calcine.ramp": (1.0, 20.0),
    "anneal.temperature": (500.0, 950.0),
    "anneal.time": (0.25, 12.0),
}


def recipes(n: int) -> list[Recipe]:
    low, high = np.array(list(BOX.values())).T
    points = qmc.scale(qmc.Sobol(len(BOX), rng=3).random(n), low, high).tolist()
    return [Recipe.of(dict(zip(BOX, x, strict=True))) for x in points]


def test_tables_agree() -> None:
    assert [f.name for f in fields(Recipe)] == list(CONTROLS)
    assert set(truth(BEST)) == set(QUANTITIES)
    assert {*ABSOLUTE, *RELATIVE, *XRD["calcine"], *XRD["anneal"]} == set(QUANTITIES)
    assert set(READINGS) == {*QUANTITIES, "furnace_offset"}
    assert set(simulate(BEST, pattern=False).context) == set(CONTEXT)
    for name, control in CONTROLS.items():
        assert control.low < getattr(Recipe(), name) < control.high


def test_states_span_what_they_can() -> None:
    found = [truth(r) for r in recipes(512)]
    rutile, size, density = (
        np.array([f[name] for f in found])
        for name in ("rutile_fraction", "grain_size", "density")
    )
    assert rutile.min() < 0.01
    assert rutile.max() > 0.99
    assert 0.25 < np.mean((rutile > 0.02) & (rutile < 0.98)) < 0.75
    assert size.min() < 20.0
    assert size.max() > 300.0
    assert density.min() < 0.4
    assert density.max() > 0.95


def test_the_best_is_inside() -> None:
    tried = [truth(r) for r in recipes(1024)]
    good = [f["activity"] for f in tried if f["strength"] >= 60]
    assert truth(BEST)["strength"] == pytest.approx(60, abs=2)
    assert truth(BEST)["activity"] > max(good)
    assert 0.05 < len(good) / len(tried) < 0.5


@pytest.mark.parametrize("pattern", [True, False], ids=["pattern", "fast"])
def test_the_same_noise_gives_the_same_sample(pattern: bool) -> None:
    one, two = (simulate(BEST, draw_noise(4), pattern=pattern) for _ in range(2))
    assert one.measured == two.measured
    assert one.sigmas == two.sigmas
    other = simulate(BEST, draw_noise(5), pattern=pattern)
    assert all(one.measured[n] != other.measured[n] for n in QUANTITIES)


def test_a_counterfactual_keeps_what_went_before() -> None:
    noise = draw_noise(8)
    was = simulate(BEST, noise)
    had = simulate(replace(BEST, anneal_temperature=700.0), noise)
    early = [n for n, q in QUANTITIES.items() if q.after != "anneal"]
    assert all(was.measured[n] == had.measured[n] for n in early)
    assert had.truth["density"] > was.truth["density"]
    assert had.context == was.context


def test_a_snapshot_restores_the_sample() -> None:
    noise = draw_noise(2)
    route = samples(BEST, noise)
    assert list(route) == list(STAGES)
    restored = Sample(**route["calcine"].document())
    off = BEST.anneal_temperature + noise.furnace_offset
    firing = Firing(off, BEST.anneal_time, BEST.anneal_ramp)
    assert anneal(restored, firing, noise) == route["anneal"]


def test_no_noise_is_quiet() -> None:
    noise = draw_noise(6, NONE)
    assert truth(BEST, noise) == truth(BEST, QUIET)
    found = simulate(BEST, noise, pattern=False)
    assert found.sigmas == {}
    assert found.measured["density"] == found.truth["density"]
    assert found.context == {"lot": "A", "humidity": 45.0, "furnace_offset": 0.0}


def test_a_level_moves_no_other_term() -> None:
    usual, exact = draw_noise(6), draw_noise(6, Levels(measurement=0.0))
    assert exact == usual.silent()
    calm = draw_noise(6, Levels(process=0.0))
    assert calm.furnace_offset == usual.furnace_offset
    assert calm.growth_ln == 0.0


def test_without_noise_both_ways_of_reading_agree() -> None:
    for recipe in (BEST, replace(BEST, anneal_temperature=680.0, anneal_time=3.0)):
        full, fast = simulate(recipe), simulate(recipe, pattern=False)
        for name in QUANTITIES:
            near = pytest.approx(fast.measured[name], rel=0.02, abs=1e-3)
            assert full.measured[name] == near


def test_with_noise_both_ways_of_reading_scatter_alike() -> None:
    drawn = [draw_noise(seed, Levels(0, 0, 1)) for seed in range(60)]
    for name in ("rutile_fraction", "grain_size"):
        full, fast = (
            np.std([simulate(BEST, n, pattern=p).measured[name] for n in drawn])
            for p in (True, False)
        )
        assert 0.6 < full / fast < 1.6


def test_the_ratio_of_intensities_is_that_of_the_structures() -> None:
    def power(phase: object) -> float:
        lines = reflections(phase)  # pyright: ignore[reportArgumentType]
        chosen = np.isin(lines.angles, list(lines.strongest.values()))
        return float(lines.powers[chosen].sum())

    assert power(ANATASE) / power(RUTILE) == pytest.approx(STRUCTURES, abs=1e-3)


@pytest.mark.parametrize(
    ("control", "quantity", "sign"),
    [
        ("dry_time", "moisture", -1),
        ("dry_temperature", "moisture", -1),
        ("calcine_temperature", "rutile_calcined", 1),
        ("calcine_time", "grain_calcined", 1),
        ("calcine_time", "green_density", -1),
        ("anneal_temperature", "rutile_fraction", 1),
        ("anneal_temperature", "density", 1),
        ("anneal_time", "grain_size", 1),
        ("anneal_time", "strength", 1),
    ],
)
def test_what_rises_and_falls(control: str, quantity: str, sign: int) -> None:
    low = getattr(BEST, control)
    values = [
        truth(replace(BEST, **{control: low * scale}))[quantity]
        for scale in (1.0, 1.1, 1.3)
    ]
    assert np.all(sign * np.diff(values) > 0)


def test_what_comes_later_changes_nothing_earlier() -> None:
    changed = replace(BEST, anneal_temperature=900.0, anneal_time=1.0, anneal_ramp=9.0)
    for stage in ("dry", "calcine"):
        assert asdict(samples(changed)[stage]) == asdict(samples(BEST)[stage])


def test_some_rutile_and_neither_finest_nor_coarsest_grains_are_best() -> None:
    shares = np.linspace(0.0, 1.0, 101).tolist()
    assert 0.15 < shares[int(np.argmax([phase_factor(f) for f in shares]))] < 0.5
    sizes = np.geomspace(2.0, 200.0, 200).tolist()
    best = sizes[int(np.argmax([activity(0.0, d, 0.5) for d in sizes]))]
    assert best == pytest.approx(11.2, abs=0.5)  # Zhang et al. 1998: 11 nm


def test_lots_differ() -> None:
    found = [truth(BEST, replace(QUIET, lot=lot))["rutile_fraction"] for lot in LOTS]
    assert len(set(found)) == len(LOTS)


def test_samples_have_seeds_of_their_own() -> None:
    seeds = {sample_seed(s, e) for s in range(3) for e in range(1, 50)}
    assert len(seeds) == 3 * 49


def test_a_recipe_is_read_from_names_with_dots() -> None:
    recipe = Recipe.of({"calcine.ramp": 7, "anneal_time": 3})
    assert (recipe.calcine_ramp, recipe.anneal_time) == (7.0, 3.0)
    assert Recipe.at({"calcine.ramp": 0.0}).calcine_ramp == CONTROLS["calcine_ramp"].low
    with pytest.raises(ValueError, match="control fire_time: is unknown, must be one"):
        Recipe.of({"fire.time": 1.0})
