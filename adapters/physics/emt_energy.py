"""Energy and forces of many strained copies of one fcc supercell, at once.

The formulas and parameters are those of ``ase.calculators.emt.EMT``, to which the tests
compare them. What is different is the bookkeeping: atoms stay near their fcc sites, so
one list of neighbours serves for all strains and all steps, and numpy does the loops.

Notation (B copies, N atoms, K neighbours listed per atom):

============  =========  ==========================================================
a             (B,)       lattice constant, in angstrom
u             (B, N, 3)  displacements from the fcc sites, in angstrom
d, r          (B, N, K)  vector (last axis 3) and distance to a neighbour
w             (B, N, K)  logistic cutoff
sigma1        (B, N)     neighbour density
============  =========  ==========================================================
"""

# pyright: basic
# ASE carries no types, so strict checking would see nothing but unknowns here.
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from ase.calculators.emt import beta as BETA  # noqa: N812  a constant, so spelled as one
from ase.calculators.emt import parameters as PARAMETERS  # noqa: N812
from ase.units import Bohr
from numpy.typing import NDArray

Array = NDArray[np.float64]

ELEMENTS = ("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt")
"""The metals EMT was made for."""

_R1 = BETA * max(p[1] for p in PARAMETERS.values()) * Bohr
_RC = _R1 * 0.5 * (math.sqrt(3.0) + 2.0)
_LIST = _RC + 0.5
_SLOPE = math.log(1e4 - 1.0) / (2.0 * _R1 - _RC)
_REACH = 1.74
"""Neighbours are listed to this distance, in lattice constants: six shells of fcc."""


@dataclass(frozen=True)
class _Metal:
    """EMT parameters of one element, in eV and angstrom."""

    e0: float
    s0: float
    v0: float
    eta2: float
    kappa: float
    lam: float
    n0: float
    gamma1: float
    gamma2: float


@cache
def _metal(symbol: str) -> _Metal:
    e0, s0, v0, eta2, kappa, lam, n0 = PARAMETERS[symbol]
    s0, eta2, kappa, lam = s0 * Bohr, eta2 / Bohr, kappa / Bohr, lam / Bohr
    r = BETA * s0 * np.sqrt([1.0, 2.0, 3.0])
    share = np.array([12, 6, 24]) / 12.0 / (1.0 + np.exp(_SLOPE * (r - _RC)))
    gamma1 = float(share @ np.exp(-eta2 * (r - BETA * s0)))
    gamma2 = float(share @ np.exp(-kappa / BETA * (r - BETA * s0)))
    return _Metal(e0, s0, v0, eta2, kappa, lam, n0 / Bohr**3, gamma1, gamma2)


@dataclass(frozen=True)
class Lattice:
    """The sites of a cubic fcc supercell and who is near whom.

    Attributes:
        sites: Shape (N, 3), in lattice constants.
        neighbours: Index of the neighbour, shape (N, K).
        vectors: From site to neighbour, shape (N, K, 3), in lattice constants.
        back: Where the reversed pair stands among the N * K pairs, shape (N * K,).
    """

    sites: Array
    neighbours: NDArray[np.intp]
    vectors: Array
    back: NDArray[np.intp]


@cache
def lattice(cells: int) -> Lattice:
    """Return the supercell of ``cells`` conventional cells along each edge."""
    basis = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    corners = 2 * np.array(list(np.ndindex(cells, cells, cells)))
    sites = (corners[:, None] + basis).reshape(
        -1, 3
    )  # integers: half lattice constants
    index = {tuple(s): i for i, s in enumerate(sites)}
    steps = np.array(list(np.ndindex(9, 9, 9))) - 4
    lengths = (steps**2).sum(axis=1)
    near = steps[(steps.sum(axis=1) % 2 == 0) & (lengths > 0)]
    near = near[(near**2).sum(axis=1) <= (2 * _REACH) ** 2]
    ends = (sites[:, None] + near) % (2 * cells)
    neighbours = np.array([[index[tuple(e)] for e in row] for row in ends])
    opposite = np.array([np.flatnonzero((near == -n).all(axis=1))[0] for n in near])
    back = neighbours * len(near) + opposite
    vectors = np.broadcast_to(near / 2.0, (len(sites), len(near), 3))
    return Lattice(sites / 2.0, neighbours, vectors, back.reshape(-1))


class EmtEnergy:
    """Energy of one arrangement of atoms as a function of strain and displacements."""

    def __init__(self, symbols: Sequence[str], cells: int) -> None:
        """Prepare an arrangement.

        Args:
            symbols: Element on each site of :func:`lattice`.
            cells: Conventional cells along each edge.
        """
        self.lattice = lattice(cells)
        metals = [_metal(s) for s in symbols]
        own = {
            name: np.array([getattr(m, name) for m in metals])
            for name in _Metal.__dataclass_fields__
        }
        self._own = own
        other = {name: values[self.lattice.neighbours] for name, values in own.items()}
        log_chi = np.log(other["n0"] / own["n0"][:, None])
        self._eta2, self._kappa = other["eta2"], other["kappa"] / BETA
        self._start1 = self._eta2 * BETA * other["s0"] + log_chi
        self._start2 = other["kappa"] * other["s0"] + log_chi
        self._pair = (-0.5 * own["v0"] / own["gamma2"])[:, None]

    def __call__(self, a: Array, u: Array) -> tuple[Array, Array]:
        """Return energies and forces.

        Args:
            a: Lattice constants in angstrom, shape (B,).
            u: Displacements in angstrom, shape (B, N, 3).

        Returns:
            Energies in eV, shape (B,); forces in eV/angstrom, shape (B, N, 3).
        """
        d = a[:, None, None, None] * self.lattice.vectors
        d = d + u[:, self.lattice.neighbours] - u[:, :, None]
        r = np.sqrt(np.einsum("bnkx,bnkx->bnk", d, d))
        smooth = 1.0 / (1.0 + np.exp(_SLOPE * (r - _RC)))
        w = np.where(r < _LIST, smooth, 0.0)
        fall = _SLOPE * (smooth - 1.0)  # d ln w / d r
        density = np.exp(self._start1 - self._eta2 * r) * w
        pair = self._pair * np.exp(self._start2 - self._kappa * r) * w
        cohesion, slope = self._cohesion(density.sum(axis=2))
        energy = cohesion.sum(axis=1) + pair.sum(axis=(1, 2)) - self._own["e0"].sum()
        g = slope[:, :, None] * density * (fall - self._eta2)
        g += pair * (fall - self._kappa)
        g += g.reshape(len(a), -1)[:, self.lattice.back].reshape(g.shape)
        return energy, np.einsum("bnk,bnkx->bnx", g / r, d)

    def _cohesion(self, sigma1: Array) -> tuple[Array, Array]:
        """Return what depends on the density, per atom, and its derivative."""
        o = self._own
        scale = BETA * o["eta2"]
        ds = -np.log(sigma1 / (12.0 * o["gamma1"])) / scale
        bound = o["e0"] * np.exp(-o["lam"] * ds)
        repelled = 6.0 * o["v0"] * np.exp(-o["kappa"] * ds)
        energy = bound * (1.0 + o["lam"] * ds) + repelled
        by_ds = -bound * o["lam"] ** 2 * ds - o["kappa"] * repelled
        return energy, -by_ds / (scale * sigma1)
