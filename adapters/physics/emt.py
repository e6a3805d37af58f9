"""Random fcc alloys of Al, Cu, Ag, Au, Ni, Pd, Pt in effective medium theory (EMT).

The procedure, for one arrangement of atoms on a cubic supercell of fcc:

1. whole atoms per element by largest remainder, shuffled over the sites;
2. positions relaxed at the volume Vegard's rule expects; one Newton step on the
   pressure centres the volume;
3. seven volumes around it, positions relaxed at each, starting from its neighbour;
4. third-order Birch-Murnaghan fit: lattice constant, bulk modulus, energy;
5. mixing energy against the pure elements, computed the same way.

EMT: Jacobsen, Stoltze, Norskov, Surf. Sci. 366, 394 (1996), as ASE implements it.
Everything is a function of composition, supercell and seed: repeats are identical.
"""

# pyright: basic
# ASE carries no types, so strict checking would see nothing but unknowns here.
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import ase
import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.optimize import BFGS
from ase.units import GPa

ELEMENTS = ("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt")
"""What EMT knows."""

UNITS = {"lattice_constant": "angstrom", "bulk_modulus": "GPa", "mixing_energy": "eV"}
"""Results and their units; the mixing energy is per atom."""

FORCE = 0.005
"""Positions count as relaxed below this largest force, in eV/angstrom."""

STRAINS = (-0.018, -0.012, -0.006, 0.0, 0.006, 0.012, 0.018)
"""Linear strains of the equation of state around the equilibrium."""

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


def _relax(atoms: Any, lattice_constant: float, cells: int) -> None:  # noqa: ANN401
    """Scale a cubic supercell to a lattice constant and relax its positions."""
    atoms.set_cell(np.eye(3) * lattice_constant * cells, scale_atoms=True)
    BFGS(atoms, logfile=None).run(fmax=FORCE, steps=200)


def birch_murnaghan(
    volumes: np.ndarray, energies: np.ndarray
) -> tuple[float, float, float]:
    """Fit the third-order Birch-Murnaghan equation of state.

    It is a cubic in ``x = V^(-2/3)``, so the fit is linear least squares.

    Args:
        volumes: In cubic angstrom, shape (n,).
        energies: In eV, shape (n,).

    Returns:
        Volume (cubic angstrom), bulk modulus (eV per cubic angstrom), energy (eV).

    Raises:
        ValueError: The energies have no minimum inside the volumes.
    """
    x = volumes ** (-2 / 3)
    middle = float(x.mean())
    fit = np.polynomial.Polynomial.fit(x / middle, energies, 3).convert()
    slope, curvature = fit.deriv(1), fit.deriv(2)
    roots = [r.real for r in slope.roots() if np.isclose(r.imag, 0.0)]
    inside = [r for r in roots if x.min() <= r * middle <= x.max() and curvature(r) > 0]
    if not inside:
        raise ValueError("the energies have no minimum inside the volumes")
    root = inside[0]
    volume = float((root * middle) ** -1.5)
    modulus = 4 / 9 * float(curvature(root)) / middle**2 * volume ** (-7 / 3)
    return volume, modulus, float(fit(root))


def _equilibrium(symbols: list[str], cells: int, start: float) -> Equilibrium:
    """Relax one arrangement and fit its equation of state.

    Args:
        symbols: Element on each site.
        cells: Conventional cells along each edge.
        start: Lattice constant to start from, in angstrom.
    """
    atoms = bulk("Cu", "fcc", a=start, cubic=True).repeat(cells)
    atoms.symbols[:] = symbols
    atoms.calc = EMT()
    centre = start
    for _ in range(2):  # Newton on the volume, with a typical modulus of 0.9 eV/A^3
        _relax(atoms, centre, cells)
        pressure = -float(np.mean(atoms.get_stress()[:3]))
        centre *= 1 + pressure / 0.9 / 3
    volumes, energies = [], []
    for strain in STRAINS:
        _relax(atoms, centre * (1 + strain), cells)
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
    volume, modulus, energy = birch_murnaghan(np.array(volumes), np.array(energies))
    return Equilibrium(
        lattice_constant=(volume / cells**3) ** (1 / 3),
        bulk_modulus=modulus / GPa,
        energy=energy / len(symbols),
    )


@cache
def pure(element: str) -> Equilibrium:
    """Return a pure element's equilibrium by the same procedure."""
    return _equilibrium([element] * 4, 1, _GUESS[element])


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
    rows, hashes = [], []
    for i in range(arrangements):
        symbols = decorate(counts, seed, i)
        found = _equilibrium(symbols, cells, start)
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
    return {"ase": ase.__version__, "numpy": np.__version__, "calculator": "ase EMT"}
