"""A ceramic photocatalyst of titania: drying, calcination, annealing, tests.

A wet gel of anatase seeds is dried, calcined, pressed to a pellet, and annealed::

    dry ─► moisture ─► calcine, press ─► rutile, grain size, green density
        ─► anneal ─► rutile, grain size, density ─► activity, strength

Activity wants fine grains, open pores and some rutile; strength wants a dense body; so
the best is a compromise inside the space. Both outcomes depend on the states alone.
What the stages do is in :mod:`adapters.physics.stages`, constants and their sources in
:mod:`adapters.physics.titania`, instruments in :mod:`adapters.physics.diffraction`.

Everything is a function of recipe and noise. A stage changes a ``Sample``, which holds
all that later stages feel: its ``document()`` is a snapshot, and ``Sample(**...)``
restores it. The same noise with another recipe is the counterfactual::

    noise = draw_noise(7)
    seen = simulate(recipe, noise).measured
    had_it_been = simulate(replace(recipe, anneal_temperature=600.0), noise).truth
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from adapters.physics import titania
from adapters.physics.diffraction import (
    SPURR_MYERS,
    Reading,
    counted,
    diffractogram,
    read,
)
from adapters.physics.kinetics import Firing
from adapters.physics.route import CONTEXT, QUANTITIES, STAGES, Recipe
from adapters.physics.scatter import QUIET, ProcessNoise
from adapters.physics.stages import Sample, anneal, calcine, dry, prepare

Pattern = np.ndarray
"""Counts at ``diffraction.ANGLES``, shape (2000,)."""

TEXTURE, CALIBRATION, HOLDER = 0.06, 0.03, 0.01
"""Errors of a diffractogram beside counting: log of rutile's intensity, log of the
size, and the displacement of the sample in degrees of 2 theta."""

STRUCTURES = 1.3731
"""Intensity of anatase 101 over rutile 110 at equal weights in our structures."""

ABSOLUTE = {"moisture": 0.15, "green_density": 0.005, "density": 0.005}
"""Standard uncertainties of weighing and of density, in the quantities' units."""

RELATIVE = {"activity": 0.03, "strength": 0.03}
"""Relative standard uncertainties of the tests."""

THERMOCOUPLE = 1.0
"""Standard uncertainty of the furnace's offset, in K."""

XRD = {
    "calcine": ("rutile_calcined", "grain_calcined"),
    "anneal": ("rutile_fraction", "grain_size"),
}
"""Stage to what its diffractogram tells: weight fraction of rutile, grain size."""


@dataclass(frozen=True)
class Simulation:
    """One sample on its route, and what was seen of it.

    Attributes:
        recipe: What was set.
        noise: What chance decided.
        samples: The sample after each stage.
        truth: Quantity to true value, in native units.
        measured: Quantity to measured value, in native units.
        sigmas: Quantity to standard uncertainty; absent where nothing errs.
        context: Context to what is recorded of it, in native units; the lot is a label.
        patterns: Stage to diffractogram; empty on the fast path.
    """

    recipe: Recipe
    noise: ProcessNoise
    samples: Mapping[str, Sample]
    truth: Mapping[str, float]
    measured: Mapping[str, float]
    sigmas: Mapping[str, float]
    context: Mapping[str, float | str]
    patterns: Mapping[str, Pattern]


def samples(recipe: Recipe, noise: ProcessNoise = QUIET) -> dict[str, Sample]:
    """Return the sample after each stage."""
    r, off = recipe, noise.furnace_offset
    dried = dry(prepare(noise), r.dry_temperature, r.dry_time, noise)
    first = Firing(r.calcine_temperature + off, r.calcine_time, r.calcine_ramp)
    calcined = calcine(dried, first, noise)
    second = Firing(r.anneal_temperature + off, r.anneal_time, r.anneal_ramp)
    annealed = anneal(calcined, second, noise)
    return dict(zip(STAGES, (dried, calcined, annealed), strict=True))


def truth(recipe: Recipe, noise: ProcessNoise = QUIET) -> dict[str, float]:
    """Return the true value of every quantity of one sample, in native units."""
    return _truth(samples(recipe, noise), noise)


def _truth(found: Mapping[str, Sample], noise: ProcessNoise) -> dict[str, float]:
    dried, fired, last = (found[stage] for stage in STAGES)
    f, size, density = last.rutile_fraction, last.grain_size, last.density
    return {
        "moisture": dried.moisture,
        "rutile_calcined": fired.rutile_fraction,
        "grain_calcined": fired.grain_size,
        "green_density": fired.green,
        "rutile_fraction": f,
        "grain_size": size,
        "density": density,
        "activity": titania.activity(f, size, density) * math.exp(noise.activity_ln),
        "strength": titania.strength(size, density) * math.exp(noise.strength_ln),
    }


def simulate(
    recipe: Recipe,
    noise: ProcessNoise = QUIET,
    *,
    pattern: bool = True,
    names: Collection[str] = tuple(QUANTITIES),
) -> Simulation:
    """Return one sample on its route, and what instruments say of it.

    Args:
        recipe: What is set.
        noise: What chance decides; ``scatter.draw_noise(seed)`` draws one.
        pattern: Whether diffractograms are computed and read (about 10 ms each); if
            not, their errors are emulated (about 0.2 ms for everything).
        names: The quantities to measure.
    """
    found = samples(recipe, noise)
    true = _truth(found, noise)
    measured, sigmas = _plain_readings(true, noise)
    patterns: dict[str, Pattern] = {}
    for stage, told in XRD.items():
        if not set(told) & set(names):
            continue
        if pattern:
            patterns[stage] = _expose(found[stage], noise, stage)
        seen = patterns.get(stage)
        reading = _emulated(found[stage], noise, stage) if seen is None else read(seen)
        values, errors = _with_errors(reading, noise, stage)
        measured |= values
        sigmas |= errors
    return Simulation(
        recipe,
        noise,
        found,
        true,
        {name: measured[name] for name in QUANTITIES if name in names},
        {name: s for name, s in sigmas.items() if s > 0 and name in names},
        context_of(noise),
        patterns,
    )


def context_of(noise: ProcessNoise) -> dict[str, float | str]:
    """Return what is recorded of a sample's context, in native units."""
    witness = noise.furnace_offset + THERMOCOUPLE * noise.error("furnace_offset")
    values = (noise.lot, noise.humidity, witness)
    return dict(zip(CONTEXT, values, strict=True))


def _plain_readings(
    true: Mapping[str, float], noise: ProcessNoise
) -> tuple[dict[str, float], dict[str, float]]:
    """Return values and uncertainties of what needs no diffractogram."""
    values: dict[str, float] = {}
    sigmas: dict[str, float] = {}
    for name, error in ABSOLUTE.items():
        values[name] = true[name] + error * noise.error(name)
        sigmas[name] = error * noise.measurement
    for name, error in RELATIVE.items():
        values[name] = true[name] * math.exp(error * noise.error(name))
        sigmas[name] = error * noise.measurement * values[name]
    return values, sigmas


def _counting(noise: ProcessNoise, stage: str) -> int:
    return noise.counting[list(XRD).index(stage)]


def _expose(sample: Sample, noise: ProcessNoise, stage: str) -> Pattern:
    """Return a sample's diffractogram."""
    phases, grains = XRD[stage]
    sizes = (sample.anatase, sample.rutile)
    texture, shift = TEXTURE * noise.error(phases), HOLDER * noise.error(grains)
    expected = diffractogram(sample.rutile_fraction, sizes, shift, texture)
    return counted(expected, _counting(noise, stage), noise.measurement)


def _emulated(sample: Sample, noise: ProcessNoise, stage: str) -> Reading:
    """Return what a diffractogram would tell.

    The two spreads are fits to what counting does to what :func:`diffraction.read`
    tells, from 5 to 500 nm.
    """
    f, d = sample.rutile_fraction, sample.grain_size
    z = np.random.default_rng(_counting(noise, stage)).standard_normal(2).tolist()
    strong = SPURR_MYERS * f * math.exp(TEXTURE * noise.error(XRD[stage][0]))
    spread = 0.0008 + 0.035 / d + 0.006 * min(f * (1 - f), 0.2)
    relative = 0.008 + 0.06 / d + 2.5e-5 * d
    told = strong / (strong + STRUCTURES * (1 - f)) + noise.measurement * spread * z[0]
    size = d * math.exp(noise.measurement * relative * z[1])
    return Reading(min(max(told, 0.0), 1.0), spread, size, relative * size)


def _with_errors(
    reading: Reading, noise: ProcessNoise, stage: str
) -> tuple[dict[str, float], dict[str, float]]:
    """Return values and uncertainties, texture and calibration included."""
    phases, grains = XRD[stage]
    f, scale = reading.rutile, noise.measurement
    size = reading.size * math.exp(CALIBRATION * noise.error(grains))
    sigma = math.hypot(reading.rutile_sigma, TEXTURE * f * (1 - f))
    spread = math.hypot(reading.size_sigma, CALIBRATION * size)
    return {phases: f, grains: size}, {phases: scale * sigma, grains: scale * spread}
