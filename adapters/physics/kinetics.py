"""Kinetics of solids on a time-temperature programme, in closed form.

A programme heats at a constant rate and holds. Every rate is thermally activated and
anchored at ``REFERENCE``, so that a programme counts as hours at that temperature::

    t_eq = integral of exp(-Q/R (1/T - 1/T_ref)) dt
         = t_hold exp(...) + 1/ramp [T exp(-Q/RT) - Q/R E1(Q/RT)] exp(Q/R T_ref)

with the exponential integral E1. Transformation is additive (isokinetic), so that
ramps and several firings only add up: J. W. Cahn, Acta Metall. 4, 572 (1956).

Phase fractions: Johnson, Mehl, Avrami, Kolmogorov; M. Avrami, J. Chem. Phys. 7, 1103
(1939). Grain growth: d^n - d0^n = integral of k dt; R. J. Brook, in Treatise on
Materials Science and Technology 9, 331 (1976). Densification: master sintering curve,
H. Su, D. L. Johnson, J. Am. Ceram. Soc. 79, 3211 (1996), here with their grain-size
term and the sigmoid of M. H. Teng et al., Western Pacific Earth Sci. 2, 171 (2002).
"""

# pyright: reportMissingTypeStubs=false
import math
from dataclasses import dataclass

from scipy.special import exp1

GAS = 8.314462618e-3
"""Gas constant, in kJ/(mol K)."""

KELVIN = 273.15
"""0 degC in K."""

REFERENCE = 973.15
"""Where rates are anchored, in K: 700 degC."""


@dataclass(frozen=True)
class Firing:
    """Heating at a constant rate, and a hold; cooling is taken as quick.

    Attributes:
        temperature: Of the hold, in degC.
        hours: Of the hold.
        ramp: Heating rate, in K/min.
        start: Where heating begins, in degC.
    """

    temperature: float
    hours: float
    ramp: float
    start: float = 25.0

    @property
    def hot(self) -> float:
        """Temperature of the hold, in K."""
        return self.temperature + KELVIN

    @property
    def cold(self) -> float:
        """Where heating begins, in K; the hold where that is colder still."""
        return min(self.start + KELVIN, self.hot)


@dataclass(frozen=True)
class Rate:
    """A thermally activated rate.

    Attributes:
        value: At ``REFERENCE``, in some unit per hour.
        energy: Activation energy, in kJ/mol.
    """

    value: float
    energy: float

    def at(self, temperature: float) -> float:
        """Return the rate at a temperature in K, per hour."""
        x = self.energy / GAS
        return self.value * math.exp(-x * (1 / temperature - 1 / REFERENCE))

    def over(self, firing: Firing) -> float:
        """Return the rate's integral over a firing, ramp and hold."""
        x = self.energy / GAS
        heated = _primitive(x, firing.hot) - _primitive(x, firing.cold)
        scale = self.value * math.exp(x / REFERENCE)
        ramp = scale * heated / (60.0 * firing.ramp)
        return ramp + firing.hours * self.at(firing.hot)

    def shifted(self, energy: float) -> "Rate":
        """Return the rate with a barrier that is higher by some kJ/mol."""
        value = self.value * math.exp(-energy / GAS / REFERENCE)
        return Rate(value, self.energy + energy)


def _primitive(x: float, temperature: float) -> float:
    """Return the integral of exp(-x/T) dT from 0 to a temperature, in K."""
    ratio = x / temperature
    return temperature * math.exp(-ratio) - x * float(exp1(ratio))


def work_of_sintering(energy: float, firing: Firing) -> float:
    """Return Theta of the master sintering curve, in hours at ``REFERENCE``.

    Theta is the integral of T_ref/T exp(-Q/R (1/T - 1/T_ref)) dt.

    Args:
        energy: Apparent activation energy of sintering, in kJ/mol.
        firing: The programme.
    """
    x = energy / GAS
    heated = float(exp1(x / firing.hot) - exp1(x / firing.cold))
    ramp = REFERENCE * math.exp(x / REFERENCE) * heated / (60.0 * firing.ramp)
    held = REFERENCE / firing.hot * Rate(1.0, energy).at(firing.hot)
    return ramp + firing.hours * held


def transformed(extent: float, exponent: float) -> float:
    """Return the fraction 1 - exp(-extent^exponent) that has transformed (JMAK).

    Args:
        extent: Integral of the rate over time, without unit.
        exponent: Avrami's n.
    """
    return -math.expm1(-(extent**exponent))


def grown(size: float, exponent: float, amount: float) -> float:
    """Return the grain size in nm after growth.

    Args:
        size: Before, in nm.
        exponent: n of d^n - d0^n.
        amount: Integral of the rate over time, in nm^n.
    """
    return (size**exponent + amount) ** (1 / exponent)


def sintered(
    green: float, ceiling: float, work: float, curve: tuple[float, float]
) -> float:
    """Return the relative density on the master sintering curve.

    Args:
        green: Relative density before any firing.
        ceiling: Highest that can be reached.
        work: Theta, in hours at ``REFERENCE``.
        curve: log10 of the work at half way, and width of the sigmoid in decades.
    """
    if work <= 0.0:
        return green
    middle, width = curve
    share = 1 / (1 + math.exp(-(math.log10(work) - middle) / width))
    return green + (ceiling - green) * share
