"""What drying, calcining and annealing do to a sample of titania.

Each stage is a function of the sample before it, what is set, and the sample's noise.
Kinetics are in :mod:`adapters.physics.kinetics`, numbers and their sources in
:mod:`adapters.physics.titania`; those below are chosen, of the usual size, so that
every stage has a best setting inside its range.
"""

import math
from dataclasses import asdict, dataclass, replace

from adapters.physics import titania
from adapters.physics.kinetics import (
    GAS,
    KELVIN,
    Firing,
    Rate,
    grown,
    sintered,
    transformed,
    work_of_sintering,
)
from adapters.physics.scatter import LOTS, ProcessNoise

SEED = 7.0
"""Size of the gel's anatase seeds, in nm."""

WET = 25.0
"""Water in the gel, in percent of the dry weight."""

EVAPORATION = 41.0
"""Activation energy of drying, in kJ/mol: water's heat of evaporation at 100 degC."""

DRYING = 0.8
"""Rate constant of drying at 100 degC in dry air, per hour."""

AGEING = Rate(6.4e7, 75.0)
"""Ripening of seeds in the wet gel, in nm^3 per hour: 7 to 9 nm in 18 h at 100 degC."""

BURNING = Rate(15.0, 110.0)
"""Burning of what is left of the alkoxide, per hour: half of it in 1 h at 520 degC."""

PRESSED = 0.50
"""Relative density of a pellet pressed from powder without agglomerates."""

LEAST = 0.32
"""Relative density of one pressed from the worst."""

CEILING = 0.985
"""Relative density that sintering comes close to."""


@dataclass(frozen=True)
class Sample:
    """All that later stages feel of earlier ones.

    Attributes:
        moisture: Water, in percent of the dry weight.
        organics: What is left of the alkoxide's carbon, as a share.
        green: Relative density of the pellet before it is annealed.
        ceiling: Relative density it can reach.
        extent: Integral of the rate to rutile over time.
        anatase: Grain size of anatase, in nm.
        rutile: Grain size of rutile, in nm; of nuclei while there are none.
        work: Work of sintering, in hours at 700 degC and 25 nm.
    """

    moisture: float = WET
    organics: float = 1.0
    green: float = PRESSED
    ceiling: float = CEILING
    extent: float = 0.0
    anatase: float = SEED
    rutile: float = titania.RUTILE_NUCLEUS * SEED
    work: float = 0.0

    @property
    def rutile_fraction(self) -> float:
        """Weight fraction of rutile."""
        return transformed(self.extent, titania.AVRAMI)

    @property
    def grain_size(self) -> float:
        """Mean grain size by weight, in nm."""
        f = self.rutile_fraction
        return (1 - f) * self.anatase + f * self.rutile

    @property
    def density(self) -> float:
        """Relative density."""
        return sintered(self.green, self.ceiling, self.work, titania.MASTER_CURVE)

    def document(self) -> dict[str, float]:
        """Return a snapshot as JSON-able content."""
        return asdict(self)


def prepare(noise: ProcessNoise) -> Sample:
    """Return the wet gel of a lot."""
    seed = SEED * math.exp(LOTS[noise.lot].seed_ln + noise.seed_ln)
    return Sample(anatase=seed, rutile=titania.RUTILE_NUCLEUS * seed)


def dry(
    sample: Sample, temperature: float, hours: float, noise: ProcessNoise
) -> Sample:
    """Return the gel after drying.

    Drying is of first order towards the air's equilibrium. Fast drying pulls seeds
    together to hard agglomerates; slow and hot drying lets them ripen.

    Args:
        sample: The wet gel.
        temperature: In degC.
        hours: Time.
        noise: The sample's.
    """
    kelvin, boiling = temperature + KELVIN, 100.0 + KELVIN
    air = noise.humidity / 100
    activated = math.exp(-EVAPORATION / GAS * (1 / kelvin - 1 / boiling))
    rate = DRYING * (1 - 0.5 * air) * activated * math.exp(noise.moisture_ln)
    rest = 0.5 + 8.0 * air * math.exp(-(temperature - 25.0) / 45.0)
    ripened = AGEING.at(kelvin) * hours
    return replace(
        sample,
        moisture=rest + (sample.moisture - rest) * math.exp(-rate * hours),
        green=sample.green - 0.08 * rate**2 / (rate**2 + 1.0),
        anatase=grown(sample.anatase, 3.0, ripened),
        rutile=grown(sample.rutile, 3.0, titania.RUTILE_NUCLEUS**3 * ripened),
    )


def heat(sample: Sample, firing: Firing, noise: ProcessNoise) -> Sample:
    """Return the sample's phases and grains after a firing.

    Args:
        sample: Before.
        firing: What the sample feels, the furnace's offset included.
        noise: The sample's.
    """
    # steam that cannot escape on a steep ramp speeds growth and transformation up
    wet = 1 + titania.WATER * sample.moisture * math.sqrt(firing.ramp / 5.0)
    fine = (titania.SIZE / sample.anatase) ** titania.SIZE_ON_TRANSFORMATION
    rate = titania.TRANSFORMATION.shifted(LOTS[noise.lot].barrier).over(firing)
    anatase = titania.ANATASE_GROWTH.over(firing)
    anatase += titania.ANATASE_COARSENING.over(firing)
    rutile = titania.RUTILE_GROWTH.over(firing)
    growth = wet * math.exp(noise.growth_ln)
    return replace(
        sample,
        moisture=0.0,
        organics=sample.organics * math.exp(-BURNING.over(firing)),
        extent=sample.extent + rate * fine * wet * math.exp(noise.transformation_ln),
        anatase=grown(sample.anatase, titania.ANATASE_EXPONENT, growth * anatase),
        rutile=grown(sample.rutile, titania.RUTILE_EXPONENT, growth * rutile),
    )


def calcine(sample: Sample, firing: Firing, noise: ProcessNoise) -> Sample:
    """Return the powder calcined and pressed to a pellet.

    Water bridges bake to hard agglomerates, and so do necks between grains as they
    grow; both press badly.

    Args:
        sample: The dried gel.
        firing: What it feels, the furnace's offset included.
        noise: The sample's.
    """
    fired = heat(sample, firing, noise)
    bridges = 0.006 * sample.moisture * math.sqrt(firing.ramp / 5.0)
    necks = 0.025 * math.log(fired.grain_size / sample.grain_size)
    green = sample.green - bridges - necks + noise.green
    return replace(fired, green=max(green, LEAST))


def anneal(sample: Sample, firing: Firing, noise: ProcessNoise) -> Sample:
    """Return the pellet sintered.

    What burns inside it leaves pores; steep ramps densify the skin before the core.

    Args:
        sample: The pellet.
        firing: What it feels, the furnace's offset included.
        noise: The sample's.
    """
    coarse = (sample.grain_size / titania.SIZE) ** titania.SIZE_ON_SINTERING
    work = work_of_sintering(titania.SINTERING, firing) * math.exp(noise.sintering_ln)
    lost = 0.25 * sample.organics + 0.03 * (firing.ramp / 20.0) ** 2
    return replace(
        heat(sample, firing, noise),
        ceiling=max(sample.ceiling - lost, sample.green),
        work=sample.work + work / coarse,
    )
