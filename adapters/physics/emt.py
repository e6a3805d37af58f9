"""Random fcc alloys of Al, Cu, Ag, Au, Ni, Pd, Pt in effective medium theory (EMT).

The procedure, for one arrangement of atoms on a cubic supercell of fcc:

1. whole atoms per element by largest remainder, shuffled over the sites;
2. seven volumes around a centre (at first Vegard's rule), positions relaxed at each;
3. third-order Birch-Murnaghan fit; the centre moves to its minimum until it stays;
4. lattice constant, bulk modulus and energy from the last fit;
5. mixing energy against the pure elements, computed the same way.

EMT: Jacobsen, Stoltze, Norskov, Surf. Sci. 366, 394 (1996), as ASE implements it, with
ASE's cutoff: the fourth shell of neighbours fades out where the lattice constant passes
about 3.8 angstrom, which bends the bulk modulus there. Good enough to search in; not
a source of alloy data. Everything is a function of composition, supercell and seed:
repeats are identical.
"""

import hashlib
import json
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import ase
import numpy as np
from ase.units import GPa

from adapters.physics.emt_energy import ELEMENTS, Array, EmtEnergy

UNITS = {"lattice_constant": "angstrom", "bulk_modulus": "GPa", "mixing_energy": "eV"}
"""Results and their units; the mixing energy is per atom."""

FORCE = 0.005
"""Positions count as relaxed below this largest force, in eV/angstrom."""

STRAINS = np.linspace(-0.018, 0.018, 7)
"""Linear strains of the equation of state around its centre."""

CENTRED = 0.001
"""The centre stays once the fitted minimum lies this close to it, as a strain."""

MEMORY, STEPS, ROUNDS = 12, 200, 12
"""Steps remembered and allowed in a relaxation; fits of the equation of state."""

STIFFNESS, LONGEST, FARTHEST = 12.0, 0.1, 0.8
"""First guess of the Hessian, in eV/angstrom^2; longest step and farthest an atom may
go from its site (beyond, the list of neighbours would not do), in angstrom."""

TINY = 1e-12
"""Curvature, in eV, below which a step says nothing."""

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


def relax(energy: EmtEnergy, a: Array, u: Array) -> tuple[Array, Array]:
    """Minimise the energy of each copy over its positions, by L-BFGS.

    Nocedal and Wright, Numerical Optimization, algorithm 7.4, with a fixed first
    guess and a longest step in place of a line search (as ASE does). Copies at rest
    stay as they are, so that none depends on its neighbours in the batch.

    Args:
        energy: Of one arrangement.
        a: Lattice constants in angstrom, shape (B,).
        u: Displacements to start from, in angstrom, shape (B, N, 3).

    Returns:
        Energies in eV, shape (B,), and displacements, shape (B, N, 3).

    Raises:
        ArithmeticError: The forces do not come down.
    """
    history: deque[tuple[Array, Array]] = deque(maxlen=MEMORY)
    energies, forces = energy(a, u)
    for _ in range(STEPS):
        moving = np.sqrt((forces**2).sum(axis=2)).max(axis=1) > FORCE
        if not moving.any():
            return energies, u
        if np.abs(u).max() > FARTHEST:
            break
        step = _direction(forces, history)
        longest = np.sqrt((step**2).sum(axis=2)).max(axis=1)
        step *= (np.minimum(1.0, LONGEST / longest) * moving)[:, None, None]
        u = u + step
        before = forces
        energies, forces = energy(a, u)
        history.append((step, before - forces))
    raise ArithmeticError(
        f"positions: must come to rest below {FORCE} eV/angstrom, near their sites"
    )


def _direction(forces: Array, history: Iterable[tuple[Array, Array]]) -> Array:
    """Return the quasi-Newton step, shape (B, N, 3), by the two-loop recursion."""
    q = forces.copy()
    pairs: list[tuple[Array, Array, Array, Array]] = []
    for s, y in reversed(list(history)):
        curvature = np.einsum("bnx,bnx->b", s, y)
        known = curvature > TINY  # else the copy was at rest, or went over a hill
        rho = np.where(known, 1.0 / np.where(known, curvature, 1.0), 0.0)
        alpha = rho * np.einsum("bnx,bnx->b", s, q)
        q -= alpha[:, None, None] * y
        pairs.append((s, y, rho, alpha))
    q /= STIFFNESS
    for s, y, rho, alpha in reversed(pairs):
        beta = rho * np.einsum("bnx,bnx->b", y, q)
        q += (alpha - beta)[:, None, None] * s
    return q


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


def _equilibrium(symbols: Sequence[str], cells: int, start: float) -> Equilibrium:
    """Relax one arrangement and fit its equation of state.

    Args:
        symbols: Element on each site.
        cells: Conventional cells along each edge.
        start: Lattice constant to start from, in angstrom.

    Raises:
        ArithmeticError: It finds no rest.
    """
    energy = EmtEnergy(symbols, cells)
    u = np.zeros((len(STRAINS), len(symbols), 3))
    centre = start
    for _ in range(ROUNDS):
        a = centre * (1 + STRAINS)
        energies, u = relax(energy, a, u)
        try:
            found, modulus, lowest = birch_murnaghan((a * cells) ** 3, energies)
        except ValueError:  # the minimum lies outside: go where the energy is lowest
            centre = float(a[np.argmin(energies)])
            continue
        minimum = found ** (1 / 3) / cells
        shift = minimum / centre - 1
        centre = minimum
        if abs(shift) < CENTRED:
            return Equilibrium(minimum, modulus / GPa, lowest / len(symbols))
    raise ArithmeticError("equation of state: its minimum does not settle")


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
    rows: list[list[float]] = []
    hashes: list[str] = []
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
    return {
        "ase": ase.__version__,
        "numpy": np.__version__,
        "calculator": "EMT as in ase.calculators.emt, default cutoff",
    }
