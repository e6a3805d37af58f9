"""Powder diffraction of anatase and rutile, and what a laboratory reads from it.

Reflections come from pymatgen, computed once per phase and wavelength. A phase of
weight fraction w scatters as w/rho |F|^2 m LP / V^2; its lines are pseudo-Voigts, a
Gaussian instrument and a Lorentzian size broadening K lambda / (d cos theta) after
P. Scherrer, Nachr. Ges. Wiss. Goettingen 98 (1918), joined after P. Thompson,
D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20, 79 (1987). Cu K alpha 1 and 2, 2:1.

Read from it, by a least-squares fit of anatase 101 and rutile 110 on a linear
background: phases after R. A. Spurr, H. Myers, Anal. Chem. 29, 760 (1957), and grain
sizes after Scherrer. The structures' own ratio of intensities is 1.37, not Spurr and
Myers' 1.26 (thermal motion is left out), so a mixture of halves reads 0.48 rutile: a
bias such as real laboratories have.
"""

# pyright: basic
# pymatgen and scipy carry few types: strict checking would see nothing but unknowns.
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
from scipy.optimize import least_squares

from adapters.physics.titania import ANATASE, RUTILE, Phase

LINES = {"CuKa1": (1.540598, 2 / 3), "CuKa2": (1.544426, 1 / 3)}
"""Name to wavelength, in angstrom, and share of the intensity."""

SCHERRER = 0.9
"""Scherrer's K, for the full width at half maximum."""

INSTRUMENT = 0.05
"""Full width at half maximum of the instrument's Gaussian, in degrees of 2 theta."""

SPURR_MYERS = 1.26
"""Intensity of anatase 101 over rutile 110 at equal weights."""

ANGLES = np.arange(20.0, 60.0, 0.02)
"""2 theta of a diffractogram, in degrees."""

WINDOW = slice(*np.searchsorted(ANGLES, (22.0, 31.0)))
"""Where the two strongest reflections are fitted: from 22 to 31 degrees."""

AREA = 1500.0
"""Area of anatase 101 in pure anatase, in counts times degrees."""

BACKGROUND = (160.0, 80.0)
"""Counts at the first and last angle."""

_SIZES = (1.0, 2000.0)
"""Grain sizes that widths are read as, in nm."""

_LOOSE, _ALIKE = 3.0, (-0.7, 0.9)
"""The fit's prior, in logs: on anatase's width, and on rutile's over that, its usual
value and spread. Data outweigh it; it holds the width of a peak that is not there."""


@dataclass(frozen=True)
class Reflections:
    """Where a phase scatters, and how strongly.

    Attributes:
        angles: 2 theta, in degrees.
        powers: Integrated intensity per weight, anatase 101 of K alpha 1 and 2 being 1.
        strongest: Position of the phase's strongest reflection, by wavelength, in
            degrees of 2 theta.
    """

    angles: np.ndarray
    powers: np.ndarray
    strongest: Mapping[str, float]


@dataclass(frozen=True)
class Reading:
    """What is read from a diffractogram.

    Attributes:
        rutile: Weight fraction after Spurr and Myers.
        rutile_sigma: Its standard uncertainty from counting.
        size: Grain size after Scherrer, the phases' mean by weight, in nm.
        size_sigma: Its standard uncertainty from counting, in nm.
    """

    rutile: float
    rutile_sigma: float
    size: float
    size_sigma: float


@cache
def _pattern(phase: Phase, wavelength: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return 2 theta, |F|^2 m LP / (rho V^2), and 2 theta of the strongest peak."""
    # pymatgen takes seconds to import, and only whoever looks at a pattern needs it
    core = import_module("pymatgen.core")
    xrd = import_module("pymatgen.analysis.diffraction.xrd")
    lattice = core.Lattice.tetragonal(phase.a, phase.c)
    structure = core.Structure.from_spacegroup(
        phase.group, lattice, ["Ti", "O"], [(0.0, 0.0, 0.0), phase.oxygen]
    )
    found = xrd.XRDCalculator(wavelength=wavelength).get_pattern(
        structure, scaled=False, two_theta_range=(15.0, 65.0)
    )
    named = [any(h["hkl"] == phase.peak for h in family) for family in found.hkls]
    powers = np.asarray(found.y) / (phase.density * phase.volume**2)
    return np.asarray(found.x), powers, float(found.x[named.index(True)])


@cache
def reflections(phase: Phase) -> Reflections:
    """Return a phase's reflections with both wavelengths."""
    unit = _pattern(ANATASE, LINES["CuKa1"][0])
    scale = 1 / unit[1][np.argmin(np.abs(unit[0] - unit[2]))]
    parts = {name: _pattern(phase, wave) for name, (wave, _) in LINES.items()}
    return Reflections(
        np.concatenate([p[0] for p in parts.values()]),
        np.concatenate([p[1] * scale * LINES[n][1] for n, p in parts.items()]),
        {name: p[2] for name, p in parts.items()},
    )


def size_width(size: float, angle: float | np.ndarray) -> float | np.ndarray:
    """Return Scherrer's broadening in degrees of 2 theta.

    Args:
        size: Grain size, in nm.
        angle: 2 theta, in degrees.
    """
    wave = LINES["CuKa1"][0] / 10  # nm
    return np.degrees(SCHERRER * wave / (size * np.cos(np.radians(angle) / 2)))


def size_of(width: float, angle: float) -> float:
    """Return the grain size in nm from a size broadening in degrees of 2 theta."""
    return float(size_width(1.0, angle)) / width


def pseudo_voigt(
    offset: np.ndarray, gauss: float, lorentz: float | np.ndarray
) -> np.ndarray:
    """Return a line of area 1, per degree (Thompson, Cox and Hastings).

    Args:
        offset: Distance from its centre, in degrees.
        gauss: Full width at half maximum of the Gaussian part, in degrees.
        lorentz: The same of the Lorentzian part.
    """
    g, x = gauss, lorentz
    terms = g**5 + 2.69269 * g**4 * x + 2.42843 * g**3 * x**2
    full = (terms + 4.47163 * g**2 * x**3 + 0.07842 * g * x**4 + x**5) ** 0.2
    q = x / full
    share = 1.36603 * q - 0.47719 * q**2 + 0.11116 * q**3
    u = (2 * offset / full) ** 2
    tall = 2 / (np.pi * full)
    bell = math.sqrt(np.pi * math.log(2)) * np.exp(-math.log(2) * u)
    return tall * (share / (1 + u) + (1 - share) * bell)


def diffractogram(
    rutile: float, sizes: tuple[float, float], shift: float = 0.0, texture: float = 0.0
) -> np.ndarray:
    """Return expected counts at ``ANGLES``, without counting noise.

    Args:
        rutile: Weight fraction.
        sizes: Grain sizes of anatase and rutile, in nm.
        shift: Displacement of the sample, in degrees of 2 theta.
        texture: Log factor on rutile's intensity: grains that do not lie at random.
    """
    slope = (ANGLES - ANGLES[0]) / (ANGLES[-1] - ANGLES[0])
    counts = BACKGROUND[0] + (BACKGROUND[1] - BACKGROUND[0]) * slope
    weights = (1 - rutile, rutile * math.exp(texture))
    for phase, weight, size in zip((ANATASE, RUTILE), weights, sizes, strict=True):
        lines = reflections(phase)
        offset = ANGLES[:, None] - lines.angles - shift
        shape = pseudo_voigt(offset, INSTRUMENT, size_width(size, lines.angles))
        counts = counts + AREA * weight * (shape @ lines.powers)
    return counts


def counted(expected: np.ndarray, seed: int, scale: float = 1.0) -> np.ndarray:
    """Return counts with noise: normal, of Poisson's variance, from a seed.

    The same seed gives the same deviates whatever is expected, so that a sample can be
    seen again after another treatment.

    Args:
        expected: Counts without noise.
        seed: Of the deviates.
        scale: Of the noise; 1 is counting, 0 none.
    """
    deviates = np.random.default_rng(seed).standard_normal(len(expected))
    return np.maximum(expected + scale * np.sqrt(expected) * deviates, 0.0)


class _Fit:
    """Two peaks on a line: areas follow linearly from widths and shift."""

    def __init__(self, counts: np.ndarray) -> None:
        self._x = ANGLES[WINDOW]
        self._y = counts[WINDOW]
        self._weights = 1 / np.sqrt(np.maximum(self._y, 1.0))
        middle = self._x - self._x.mean()
        self._ground = np.stack([np.ones_like(middle), middle], axis=1)
        self._peaks = [reflections(p).strongest for p in (ANATASE, RUTILE)]

    def linear(self, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the weighted matrix, the areas and background, and the residual."""
        columns = [
            sum(
                share * pseudo_voigt(self._x - peak[n] - p[2], INSTRUMENT, width)
                for n, (_, share) in LINES.items()
            )
            for peak, width in zip(self._peaks, np.exp(p[:2]), strict=True)
        ]
        matrix = np.column_stack([*columns, self._ground]) * self._weights[:, None]
        target = self._y * self._weights
        normal = matrix.T @ matrix
        found = np.linalg.solve(normal, matrix.T @ target)
        return matrix, found, target - matrix @ found

    def residual(self, p: np.ndarray) -> np.ndarray:
        """Return the weighted residual with the prior on widths and shift."""
        ratio = (p[1] - p[0] - _ALIKE[0]) / _ALIKE[1]
        prior = [(p[0] + 1.0) / _LOOSE, ratio, p[2] / 0.1]
        return np.append(self.linear(p)[2], prior)


def read(counts: np.ndarray) -> Reading:
    """Return phases and grain size from a diffractogram's counts at ``ANGLES``."""
    fit = _Fit(counts)
    start = np.array([math.log(0.3), math.log(0.3), 0.0])
    found = least_squares(fit.residual, start, method="lm", x_scale=(0.3, 0.3, 0.01))
    matrix, linear, _ = fit.linear(found.x)
    areas = np.maximum(linear[:2], 0.0)
    errors = np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix)))[:2]
    widths = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))[:2]
    rutile, sigma = spurr_myers(areas, errors)
    angles = [reflections(p).strongest["CuKa1"] for p in (ANATASE, RUTILE)]
    sizes = np.array(
        [size_of(w, a) for w, a in zip(np.exp(found.x[:2]), angles, strict=True)]
    )
    sizes = np.clip(sizes, *_SIZES)
    shares = np.array([1 - rutile, rutile])
    errors = shares * sizes * np.minimum(widths, 1.0)
    return Reading(
        rutile, sigma, float(shares @ sizes), float(np.sqrt(np.sum(errors**2)))
    )


def spurr_myers(areas: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Return rutile's weight fraction and its standard uncertainty.

    Args:
        areas: Of anatase 101 and rutile 110, none negative.
        errors: Their standard uncertainties.
    """
    anatase, rutile = float(areas[0]), SPURR_MYERS * float(areas[1])
    total = max(anatase + rutile, 1e-12)
    spread = math.hypot(rutile * errors[0], SPURR_MYERS * anatase * errors[1])
    return rutile / total, spread / total**2
