"""Kinetics against closed forms and numerical integration."""

import math

import pytest
from scipy.integrate import quad

from adapters.physics.kinetics import (
    GAS,
    KELVIN,
    REFERENCE,
    Firing,
    Rate,
    grown,
    sintered,
    transformed,
    work_of_sintering,
)

QUICK = 1e9  # K/min: no time is spent on the way


@pytest.mark.parametrize("exponent", [1.0, 2.5, 4.0])
def test_isothermal_transformation_is_jmak(exponent: float) -> None:
    rate = Rate(0.3, 207.0)
    extent = rate.over(Firing(650.0, 3.0, QUICK))
    k = 0.3 * math.exp(-207.0 / GAS * (1 / (650.0 + KELVIN) - 1 / REFERENCE))
    expected = 1 - math.exp(-((3.0 * k) ** exponent))
    assert transformed(extent, exponent) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("exponent", [2.0, 5.0])
def test_isothermal_growth_is_the_power_law(exponent: float) -> None:
    rate = Rate(10.0**exponent, 150.0)
    amount = rate.over(Firing(700.0, 4.0, QUICK))
    expected = (7.0**exponent + 4.0 * 10.0**exponent) ** (1 / exponent)
    assert grown(7.0, exponent, amount) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("energy", [38.67, 105.0, 207.0])
@pytest.mark.parametrize("ramp", [0.5, 20.0])
def test_ramps_are_integrated(energy: float, ramp: float) -> None:
    firing = Firing(620.0, 0.0, ramp)

    def rate(kelvin: float) -> float:
        return math.exp(-energy / GAS * (1 / kelvin - 1 / REFERENCE)) / (60 * ramp)

    def work(kelvin: float) -> float:
        return rate(kelvin) * REFERENCE / kelvin

    ends = (25.0 + KELVIN, 620.0 + KELVIN)
    expected = quad(rate, *ends, epsrel=1e-10)[0]
    assert Rate(1.0, energy).over(firing) == pytest.approx(expected, rel=1e-6)
    expected = quad(work, *ends, epsrel=1e-10)[0]
    assert work_of_sintering(energy, firing) == pytest.approx(expected, rel=1e-6)


def test_a_hold_at_the_reference_counts_its_hours() -> None:
    firing = Firing(REFERENCE - KELVIN, 5.0, QUICK)
    assert Rate(1.0, 207.0).over(firing) == pytest.approx(5.0)
    assert work_of_sintering(105.0, firing) == pytest.approx(5.0)


def test_a_higher_barrier_slows_down_more_where_it_is_colder() -> None:
    rate = Rate(1.0, 207.0)
    slower = rate.shifted(4.0)
    for kelvin in (800.0, 1000.0):
        expected = math.exp(-4.0 / GAS / kelvin)
        assert slower.at(kelvin) / rate.at(kelvin) == pytest.approx(expected)


def test_the_master_curve_runs_from_green_to_ceiling() -> None:
    curve = (0.5, 0.3)
    assert sintered(0.4, 0.98, 0.0, curve) == 0.4
    assert sintered(0.4, 0.98, 10**0.5, curve) == pytest.approx(0.69)
    assert sintered(0.4, 0.98, 1e9, curve) == pytest.approx(0.98)


def test_a_hold_colder_than_the_start_has_no_ramp() -> None:
    assert Rate(1.0, 50.0).over(Firing(20.0, 0.0, 1.0)) == 0.0
