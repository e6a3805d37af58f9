"""Diffractograms against powder files, and read against what went in."""

import numpy as np
import pytest

from adapters.physics.diffraction import (
    ANGLES,
    INSTRUMENT,
    SPURR_MYERS,
    counted,
    diffractogram,
    pseudo_voigt,
    read,
    reflections,
    size_of,
    size_width,
    spurr_myers,
)
from adapters.physics.titania import ANATASE, RUTILE, Phase


@pytest.mark.parametrize(
    ("phase", "angle"), [(ANATASE, 25.3), (RUTILE, 27.4)], ids=["101", "110"]
)
def test_strongest_peaks_lie_where_powder_files_say(phase: Phase, angle: float) -> None:
    found = reflections(phase)
    assert found.strongest["CuKa1"] == pytest.approx(angle, abs=0.05)
    assert found.angles[np.argmax(found.powers)] == found.strongest["CuKa1"]


@pytest.mark.parametrize(
    ("phase", "density"), [(ANATASE, 3.89), (RUTILE, 4.25)], ids=["anatase", "rutile"]
)
def test_densities_are_those_of_the_minerals(phase: Phase, density: float) -> None:
    assert phase.density == pytest.approx(density, abs=0.01)


def test_intensities_come_close_to_spurr_and_myers() -> None:
    power = [
        reflections(p).powers[reflections(p).angles == reflections(p).strongest[w]]
        for p in (ANATASE, RUTILE)
        for w in ("CuKa1", "CuKa2")
    ]
    ratio = float(np.sum(power[:2]) / np.sum(power[2:]))
    assert ratio == pytest.approx(SPURR_MYERS, rel=0.1)


@pytest.mark.parametrize("size", [5.0, 20.0, 80.0, 300.0])
def test_grain_sizes_come_back_from_their_widths(size: float) -> None:
    width = float(size_width(size, 25.3))
    assert size_of(width, 25.3) == pytest.approx(size)
    assert size * width == pytest.approx(8.14, abs=0.01)  # 0.9 lambda / cos theta
    assert read(diffractogram(0.0, (size, size))).size == pytest.approx(size, rel=0.01)


@pytest.mark.parametrize("rutile", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("size", [8.0, 40.0, 200.0])
def test_phases_come_back_from_clean_patterns(rutile: float, size: float) -> None:
    found = read(diffractogram(rutile, (size, 1.5 * size), shift=0.02))
    assert found.rutile == pytest.approx(rutile, abs=0.023)
    expected = (1 - rutile) * size + rutile * 1.5 * size
    assert found.size == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_spurr_and_myers_invert_their_own_ratio(share: float) -> None:
    areas = np.array([(1 - share) * SPURR_MYERS, share])
    assert spurr_myers(areas, np.zeros(2)) == pytest.approx((share, 0.0))


def test_counting_scatters_as_much_as_the_reading_says() -> None:
    clean = diffractogram(0.4, (20.0, 40.0))
    found = [read(counted(clean, seed)) for seed in range(60)]
    for value, sigma in (("rutile", "rutile_sigma"), ("size", "size_sigma")):
        spread = np.std([getattr(r, value) for r in found])
        said = np.mean([getattr(r, sigma) for r in found])
        assert 0.5 < said / spread < 2.0


def test_counts_are_the_same_for_the_same_seed() -> None:
    clean = diffractogram(0.4, (20.0, 40.0))
    assert np.array_equal(counted(clean, 3), counted(clean, 3))
    assert not np.array_equal(counted(clean, 3), counted(clean, 4))
    assert np.array_equal(counted(clean, 3, 0.0), clean)


@pytest.mark.parametrize("lorentz", [0.001, 0.05, 1.0])
def test_lines_have_area_one(lorentz: float) -> None:
    offset = np.arange(-400.0, 400.0, 0.005)
    line = pseudo_voigt(offset, INSTRUMENT, lorentz)
    assert line.sum() * 0.005 == pytest.approx(1.0, abs=0.003)


def test_a_pattern_holds_counts_everywhere() -> None:
    pattern = diffractogram(0.3, (20.0, 40.0))
    assert pattern.shape == ANGLES.shape
    assert pattern.min() > 50.0
