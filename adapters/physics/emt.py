"""Random fcc alloys of Al, Cu, Ag, Au, Ni, Pd, Pt in effective medium theory (EMT).

The procedure, for one arrangement of atoms on a cubic supercell of fcc:

1. whole atoms per element by largest remainder, shuffled over the sites;
2. seven volumes around a centre (at first Vegard's rule), positions relaxed at each;
3. third-order Birch-Murnaghan fit; the centre moves to its minimum until it stays;
4. lattice constant, bulk modulus and energy from the last fit;
5. mixing energy against the pure elements, computed the same way.

EMT: Jacobsen, Stoltze, Norskov, Surf. Sci. 366, 394 (1996). Calculator, relaxation and
fit are ASE's. With ASE's cutoff the fourth shell of neighbours fades out where the
lattice constant passes about 3.8 angstrom, which bends the bulk modulus there: good
enough to search in, not a source of alloy data. Everything is a function of
composition, supercell and seed: repeats are identical.
"""

# pyright: basic
# ASE carries no types, so strict checking would see nothing but unknowns here.
import hashlib
import json
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import ase
import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.eos import EquationOfState
from ase.optimize import LBFGS
from ase.units import GPa

ELEMENTS = ("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt")
"""The metals EMT was made for."""

UNITS = {"lattice_constant": "angstrom", "bulk_modulus": "GPa", "mixing_energy": "eV"}
"""Results and their units; the mixing energy is per atom."""

FORCE = 0.01
"""Positions count as relaxed below this largest force, in eV/angstrom."""

STEPS = 300
"""Steps allowed in a relaxation."""

STRAINS = np.linspace(-0.018, 0.018, 7)
"""Linear strains of the equation of state around its centre."""

CENTRED = 0.004
"""The centre stays once the fitted minimum lies this close to it, as a strain."""

ROUNDS = 8
"""Most fits of the equation of state."""

_GUESS = {
    "Al": 3.99, "Cu": 3.59, "Ag": 4.06, "Au": 4.06, "Ni": 3.49, "Pd": 3.88, "Pt": 3.92,
}  # fmt: skip
"""Where to start looking for a pure element's lattice constant, in angstrom."""


@dataclass(frozen=True)
class Equilibrium:
    """One arrangement at rest.

    Attributes:
        lattice_constant: Cube root of the volume per conventional cell, in angstrom.
        bulk_modulus: In GPa.
        energy: In eV per atom.
    """

    lattice_constant: float
    bulk_modulus: float
    energy: float


@dataclass(frozen=True)
class Alloy:
    """What :func:`simulate` found.

    Attributes:
        values: Result name to mean over the arrangements, in ``UNITS``.
        sigmas: Result name to standard error; empty for a single arrangement.
        realised: Element to the mole fraction whole atoms allow.
        decorations: sha256 of each arrangement of atoms.
    """

    values: Mapping[str, float]
    sigmas: Mapping[str, float]
    realised: Mapping[str, float]
    decorations: tuple[str, ...]


def whole_atoms(fractions: Mapping[str, float], sites: int) -> dict[str, int]:
    """Return atoms per element for a number of sites, by largest remainder."""
    total = sum(fractions.values())
    shares = {e: fractions.get(e, 0.0) / total * sites for e in ELEMENTS}
    # Rounded first, so that 0.1 + 0.2 and 0.3 give the same alloy.
    counts = {e: math.floor(round(x, 9)) for e, x in shares.items()}
    by_remainder = sorted(ELEMENTS, key=lambda e: round(counts[e] - shares[e], 9))
    for element in by_remainder[: sites - sum(counts.values())]:
        counts[element] += 1
    return {e: n for e, n in counts.items() if n > 0}


def decorate(counts: Mapping[str, int], seed: int, arrangement: int) -> list[str]:
    """Return the element on each site: shuffled, the same for the same arguments."""
    name = json.dumps([sorted(counts.items()), seed, arrangement])
    digest = hashlib.sha256(name.encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    sites = [element for element, n in sorted(counts.items()) for _ in range(n)]
    return [sites[i] for i in generator.permutation(len(sites))]


def equilibrium(symbols: Sequence[str], cells: int, start: float) -> Equilibrium:
    """Relax one arrangement and fit its equation of state.

    Args:
        symbols: Element on each site of the supercell.
        cells: Conventional cells along each edge.
        start: Lattice constant to start from, in angstrom.

    Raises:
        ArithmeticError: It finds no rest.
    """
    atoms = bulk("Cu", "fcc", a=start, cubic=True).repeat(cells)
    atoms.set_chemical_symbols(list(symbols))
    atoms.calc = EMT()
    centre = start
    for _ in range(ROUNDS):
        found, modulus, lowest = _fit(atoms, centre, cells)
        if abs(found / centre - 1) < CENTRED:
            return Equilibrium(found, modulus / GPa, lowest / len(atoms))
        # never further than the volumes that were computed
        centre = float(np.clip(found, centre * 0.982, centre * 1.018))
    raise ArithmeticError("equation of state: its minimum does not settle")


def _fit(atoms: Atoms, centre: float, cells: int) -> tuple[float, float, float]:
    """Return lattice constant (angstrom), bulk modulus (eV/angstrom^3), energy (eV).

    Positions stay relaxed at the last volume, as the next fit's start.
    """
    volumes: list[float] = []
    energies: list[float] = []
    for a in centre * (1 + STRAINS):
        atoms.set_cell([a * cells] * 3, scale_atoms=True)
        search = LBFGS(atoms, logfile=None)  # pyright: ignore[reportArgumentType]
        if not search.run(fmax=FORCE, steps=STEPS):
            raise ArithmeticError(
                f"positions: must come to rest below {FORCE} eV/angstrom"
            )
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
    with warnings.catch_warnings():
        # ASE remarks on a minimum outside the volumes; the centre moves there instead
        warnings.simplefilter("ignore")
        volume, energy, modulus = EquationOfState(
            volumes, energies, "birchmurnaghan"
        ).fit(warn=False)
    return float(volume) ** (1 / 3) / cells, float(modulus), float(energy)


@cache
def pure(element: str) -> Equilibrium:
    """Return a pure element's equilibrium by the same procedure."""
    return equilibrium([element] * 4, 1, _GUESS[element])


def simulate(
    fractions: Mapping[str, float],
    *,
    cells: int = 2,
    seed: int = 0,
    arrangements: int = 1,
) -> Alloy:
    """Compute an alloy's lattice constant, bulk modulus and mixing energy.

    Args:
        fractions: Element to mole fraction.
        cells: Conventional cells along each edge: 4 cells^3 atoms.
        seed: Of the random arrangements.
        arrangements: Random arrangements to average over.
    """
    counts = whole_atoms(fractions, 4 * cells**3)
    atoms = sum(counts.values())
    realised = {e: n / atoms for e, n in counts.items()}
    start = sum(x * pure(e).lattice_constant for e, x in realised.items())
    unmixed = sum(x * pure(e).energy for e, x in realised.items())
    rows: list[list[float]] = []
    hashes: list[str] = []
    for i in range(arrangements):
        symbols = decorate(counts, seed, i)
        found = equilibrium(symbols, cells, start)
        rows.append(
            [found.lattice_constant, found.bulk_modulus, found.energy - unmixed]
        )
        hashes.append(hashlib.sha256(" ".join(symbols).encode()).hexdigest())
    table = np.array(rows)
    sigmas: dict[str, float] = {}
    if arrangements > 1:
        errors = table.std(axis=0, ddof=1) / math.sqrt(arrangements)
        sigmas = dict(zip(UNITS, errors.tolist(), strict=True))
    values = dict(zip(UNITS, table.mean(axis=0).tolist(), strict=True))
    return Alloy(values, sigmas, realised, tuple(hashes))


def measure(
    fractions: Mapping[str, float],
    *,
    cells: int = 2,
    seed: int = 0,
    arrangements: int = 1,
) -> dict[str, float]:
    """Return result name to value, in ``UNITS``: the truth, for benchmarks."""
    found = simulate(fractions, cells=cells, seed=seed, arrangements=arrangements)
    return dict(found.values)


def versions() -> dict[str, str]:
    """Return what a result depends on besides its arguments."""
    return {
        "ase": ase.__version__,
        "numpy": np.__version__,
        "calculator": "ase.calculators.emt.EMT, default cutoff",
    }
