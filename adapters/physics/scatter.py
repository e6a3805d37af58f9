"""What differs from sample to sample, as a value that can be used again.

All that chance decides of one sample is drawn once into a :class:`ProcessNoise`. The
process is a function of recipe and noise, so that "this very sample, had it been
annealed at 600 degC" is the same noise with another recipe: the counterfactual.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

READINGS = (
    "moisture",
    "rutile_calcined",
    "grain_calcined",
    "green_density",
    "rutile_fraction",
    "grain_size",
    "density",
    "activity",
    "strength",
    "furnace_offset",
)
"""What is read with an error, in the order of ``ProcessNoise.readings``."""


@dataclass(frozen=True)
class Lot:
    """A delivery of the powder.

    Attributes:
        seed_ln: Log of its seeds' size over the usual one.
        barrier: How much higher its barrier to rutile is, in kJ/mol.
    """

    seed_ln: float
    barrier: float


LOTS = {
    "A": Lot(0.0, 0.0),
    "B": Lot(0.18, -3.0),
    "C": Lot(-0.12, 4.0),
    "D": Lot(0.06, -6.0),
}
"""Label to what is special about a lot; the first is the reference."""


@dataclass(frozen=True)
class Levels:
    """How much chance there is; 1 is a usual laboratory, 0 is none.

    Attributes:
        context: Lots, furnace and air: what may be recorded, never set.
        process: What nobody sees, but the sample feels.
        measurement: Errors of the instruments.
    """

    context: float = 1.0
    process: float = 1.0
    measurement: float = 1.0


USUAL = Levels()
NONE = Levels(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ProcessNoise:
    """Everything chance decided about one sample.

    Attributes:
        lot: Label of the powder lot.
        furnace_offset: By how much the furnace is hotter than it says, in K.
        humidity: Relative humidity of the air, in percent.
        moisture_ln: Log factor on the drying rate.
        seed_ln: Log factor on the size of the seeds, beside the lot's.
        green: Added to the relative density of the pressed body.
        transformation_ln: Log factor on the rate to rutile.
        growth_ln: Log factor on grain growth.
        sintering_ln: Log factor on the work of sintering.
        activity_ln: Log factor on the activity.
        strength_ln: Log factor on the strength: the largest flaw.
        readings: Standard normal errors, in the order of ``READINGS``.
        counting: Seeds of the counting noise of the two diffractograms.
        measurement: Scale of the errors of measurement.
    """

    lot: str = "A"
    furnace_offset: float = 0.0
    humidity: float = 45.0
    moisture_ln: float = 0.0
    seed_ln: float = 0.0
    green: float = 0.0
    transformation_ln: float = 0.0
    growth_ln: float = 0.0
    sintering_ln: float = 0.0
    activity_ln: float = 0.0
    strength_ln: float = 0.0
    readings: tuple[float, ...] = (0.0,) * len(READINGS)
    counting: tuple[int, int] = (0, 0)
    measurement: float = 0.0

    def error(self, name: str) -> float:
        """Return an instrument's error in its standard deviations, scaled."""
        return self.measurement * self.readings[READINGS.index(name)]

    def silent(self) -> "ProcessNoise":
        """Return the same sample, seen by instruments without error."""
        return replace(self, measurement=0.0)

    def document(self) -> dict[str, Any]:
        """Return it as JSON-able content."""
        return asdict(self)


QUIET = ProcessNoise()
"""The reference lot in an exact furnace, seen by exact instruments."""

SPREAD = {
    "furnace_offset": 6.0,
    "moisture_ln": 0.10,
    "seed_ln": 0.04,
    "green": 0.006,
    "transformation_ln": 0.12,
    "growth_ln": 0.12,
    "sintering_ln": 0.08,
    "activity_ln": 0.04,
    "strength_ln": 0.07,
}
"""Standard deviations, in the attributes' units; humidity is 45 +- 25 %, uniform."""


def draw_noise(seed: int, levels: Levels = USUAL) -> ProcessNoise:
    """Return one sample's noise; the same for the same seed and levels.

    Streams are drawn in a fixed order whatever the levels are, so that a level scales
    its own terms and moves no other.
    """
    generator = np.random.default_rng(seed)
    labels = tuple(LOTS)
    lot = labels[int(generator.integers(len(labels)))]
    air = float(generator.uniform(-1.0, 1.0))
    normal = generator.standard_normal(len(SPREAD)).tolist()
    terms = {
        name: z * std * (levels.context if name == "furnace_offset" else levels.process)
        for (name, std), z in zip(SPREAD.items(), normal, strict=True)
    }
    readings = tuple(generator.standard_normal(len(READINGS)).tolist())
    first, second = generator.integers(2**31, size=2).tolist()
    return ProcessNoise(
        lot=lot if levels.context > 0 else labels[0],
        humidity=45.0 + 25.0 * air * min(levels.context, 1.0),
        readings=readings,
        counting=(first, second),
        measurement=levels.measurement,
        **terms,
    )


def sample_seed(seed: int, experiment: int) -> int:
    """Return the seed of one experiment's sample, equal for all of its stages."""
    digest = hashlib.sha256(f"calcination {seed} {experiment}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
