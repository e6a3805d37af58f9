"""Titania in numbers: crystal structures, kinetics, and what depends on them.

Activation energies, exponents and structures are the literature's; prefactors are
chosen so that the anchors below hold, which lie within what is reported for sol-gel
powders. It is a process to learn on, not a source of titania data.

======================  ====================================================
structure of anatase    M. Horn, C. F. Schwerdtfeger, E. P. Meagher,
                        Z. Kristallogr. 136, 273 (1972)
structure of rutile     E. P. Meagher, G. A. Lager, Can. Mineral. 17, 77 (1979)
anatase to rutile       207 kJ/mol: H. Albetran, V. Vega, V. M. Prida, I. M. Low,
                        Nanomaterials 8, 122 (2018); first order: G. Madras,
                        B. J. McCoy, A. Navrotsky, J. Am. Ceram. Soc. 90, 250 (2007);
                        the finer the faster: H. Zhang, J. F. Banfield, J. Mater.
                        Res. 15, 437 (2000). Anchor: a quarter in 2 h at 700 degC
growth of anatase       n = 5, 202 kJ/mol above 823 K and 39 kJ/mol below:
                        H. Liu, W. Hu, M. Gu, R. Wu, J. Inorg. Mater. 17 (2002)
                        Anchor: 33 nm after 2 h at 700 degC
growth of rutile        n = 2, 109 kJ/mol: the same. Anchor: 55 nm after 2 h at 700 degC
sintering               105 kJ/mol by the master sintering curve of rutile of S. O.
                        Chen's group; see D. Li, S. Chen et al., Key Eng. Mater. 368,
                        1588 (2008). Anchor: nanocrystalline titania densifies from
                        600 degC and is nearly dense at 900 degC: H. Hahn, J. Logas,
                        R. S. Averback, J. Mater. Res. 5, 609 (1990)
water speeds both up    M. Pijolat et al., hydroxyl-driven surface diffusion in anatase
                        at 823 K (HAL emse-00610469, emse-00610471)
size and activity       finest grains recombine, coarse ones lack surface; best near
                        11 nm: Z. Zhang et al., J. Phys. Chem. B 102, 10871 (1998)
phases and activity     anatase with some rutile beats both: D. C. Hurum et al., J.
                        Phys. Chem. B 107, 4545 (2003); R. Su et al., J. Phys. Chem. C
                        115, 24287 (2011)
strength                d^-1/2 exp(-b P): F. P. Knudsen, J. Am. Ceram. Soc. 42, 376
                        (1959); E. Ryshkewitch, J. Am. Ceram. Soc. 36, 65 (1953)
======================  ====================================================
"""

import math
from dataclasses import dataclass

from adapters.physics.kinetics import GAS, REFERENCE, Rate


@dataclass(frozen=True)
class Phase:
    """A tetragonal polymorph of TiO2.

    Attributes:
        name: As mineralogists call it.
        group: Space group; the origin is on Ti.
        a: Lattice constant, in angstrom.
        c: Lattice constant, in angstrom.
        oxygen: Fractional coordinates of one oxygen; Ti sits at the origin.
        units: Formula units per cell.
        peak: Miller indices of its strongest reflection.
    """

    name: str
    group: str
    a: float
    c: float
    oxygen: tuple[float, float, float]
    units: int
    peak: tuple[int, int, int]

    @property
    def volume(self) -> float:
        """Volume of the cell, in cubic angstrom."""
        return self.a**2 * self.c

    @property
    def density(self) -> float:
        """Density without pores, in g/cm^3."""
        return self.units * MOLAR_MASS / AVOGADRO / self.volume


MOLAR_MASS = 79.866
"""Of TiO2, in g/mol."""

AVOGADRO = 0.602214076
"""Formula units per mol, in mol^-1 angstrom^3/cm^3: 6.02e23 times 1e-24."""

ANATASE = Phase("anatase", "I4_1/amd", 3.7842, 9.5146, (0.0, 0.0, 0.2081), 4, (1, 0, 1))
RUTILE = Phase("rutile", "P4_2/mnm", 4.593, 2.959, (0.3051, 0.3051, 0.0), 2, (1, 1, 0))

# ---------------------------------------------------------------- kinetics

AVRAMI = 1.0
"""Exponent n of the transformation: nucleation sites are used up early."""

TRANSFORMATION = Rate(math.log(4 / 3) / 2, 207.0)
"""Per hour, for anatase grains of ``SIZE`` and without water."""

SIZE = 25.0
"""Grain size, in nm, at which rates that depend on it are given."""

SIZE_ON_TRANSFORMATION = 0.5
"""Exponent: rutile nucleates where grains touch, so finer ones transform faster."""

ANATASE_EXPONENT = 5.0
ANATASE_GROWTH = Rate(2.0e7, 201.55)
"""In nm^5 per hour; lattice-like growth above 823 K."""

_SLOW = 38.67
_CROSSING = 823.0
ANATASE_COARSENING = Rate(
    ANATASE_GROWTH.at(_CROSSING)
    * math.exp(_SLOW / GAS * (1 / _CROSSING - 1 / REFERENCE)),
    _SLOW,
)
"""In nm^5 per hour; surface diffusion, as fast as the former at 823 K."""

RUTILE_EXPONENT = 2.0
RUTILE_GROWTH = Rate(1500.0, 108.72)
"""In nm^2 per hour."""

RUTILE_NUCLEUS = 1.5
"""Size of a new rutile grain over that of the anatase seeds it swallowed."""

WATER = 0.05
"""By how much one percent of water speeds up growth and transformation."""

SINTERING = 105.0
"""Apparent activation energy, in kJ/mol."""

MASTER_CURVE = (0.40, 0.30)
"""log10 of the work in hours at 700 degC half way, and width in decades."""

SIZE_ON_SINTERING = 1.0
"""Exponent: how much more work coarser grains need."""

# ---------------------------------------------------------------- outcomes

QUENCH = 10.0
"""Grain size, in nm, below which charges recombine at defects."""

PORES_CLOSE = (0.84, 0.05)
"""Relative density at which half of the pores have closed, and width."""

OUTSIDE = 0.05
"""Share of the grains that the outside of a dense body shows."""

RUTILE_ALONE = 0.30
"""Activity of a rutile surface over that of an anatase surface."""

SYNERGY = 8.0
"""Strength of the junctions' effect; see :func:`phase_factor`."""

RATE_PER_AREA = 0.015
"""Rate constant per accessible surface, in 1/h per m^2/g."""

STRENGTH = 180.0
"""Of a dense body with grains of 100 nm, in MPa."""

WEAKENING = 7.0
"""b of exp(-b P), P being the porosity."""


def surface(size: float, rutile: float) -> float:
    """Return the surface of spherical grains, in m^2/g.

    Args:
        size: Grain size, in nm.
        rutile: Weight fraction.
    """
    density = 1 / ((1 - rutile) / ANATASE.density + rutile / RUTILE.density)
    return 6000.0 / (density * size)


def phase_factor(rutile: float) -> float:
    """Return activity per surface, that of anatase being 1.

    Junctions of the two phases separate charges: their number goes as f (1 - f)^2.
    """
    alone = 1 - rutile + RUTILE_ALONE * rutile
    return alone + SYNERGY * rutile * (1 - rutile) ** 2


def activity(rutile: float, size: float, density: float) -> float:
    """Return the apparent rate constant of a dye's photocatalytic decay, in 1/h.

    Args:
        rutile: Weight fraction.
        size: Grain size, in nm.
        density: Relative density of the body.
    """
    middle, width = PORES_CLOSE
    open_pores = 1 / (1 + math.exp((density - middle) / width))
    seen = OUTSIDE + (1 - OUTSIDE) * open_pores
    crystalline = -math.expm1(-((size / QUENCH) ** 2))
    area = surface(size, rutile) * seen * crystalline
    return RATE_PER_AREA * area * phase_factor(rutile)


def strength(size: float, density: float) -> float:
    """Return the flexural strength, in MPa.

    Args:
        size: Grain size, in nm.
        density: Relative density of the body.
    """
    return STRENGTH * math.sqrt(100.0 / size) * math.exp(-WEAKENING * (1 - density))
