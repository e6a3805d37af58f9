"""EMT's fcc metals and alloys, against numbers from elsewhere."""

import numpy as np
import pytest

from adapters.physics.emt import (
    ELEMENTS,
    UNITS,
    decorate,
    measure,
    pure,
    simulate,
    whole_atoms,
)
from adapters.simulators import ase_emt


@pytest.mark.parametrize(
    ("element", "lattice_constant", "bulk_modulus"),
    [
        ("Cu", 3.590, 134),
        ("Al", 3.994, 39),
        ("Au", 4.056, 173),
        ("Pt", 3.922, 277),
        ("Ni", 3.487, 174),
        ("Ag", 4.064, 100),
        ("Pd", 3.879, 179),
    ],
)
def test_pure_metals(
    element: str, lattice_constant: float, bulk_modulus: float
) -> None:
    found = pure(element)
    assert found.lattice_constant == pytest.approx(lattice_constant, abs=6e-4)
    assert found.bulk_modulus == pytest.approx(bulk_modulus, abs=1.0)


def test_an_alloy_of_one_element_is_that_element() -> None:
    found = measure({"Cu": 1.0})
    assert found["lattice_constant"] == pytest.approx(pure("Cu").lattice_constant)
    assert found["mixing_energy"] == pytest.approx(0.0, abs=1e-6)


def test_repeats_are_identical_and_seeds_differ() -> None:
    fractions = {"Cu": 0.5, "Au": 0.5}
    assert measure(fractions) == measure(fractions)
    assert (
        measure(fractions)["mixing_energy"]
        != measure(fractions, seed=1)["mixing_energy"]
    )


def test_several_arrangements_give_an_uncertainty() -> None:
    fractions = {"Cu": 0.5, "Ni": 0.5}
    found = simulate(fractions, cells=1, arrangements=3)
    assert set(found.sigmas) == set(UNITS)
    assert len(set(found.decorations)) > 1
    assert simulate(fractions, cells=1).sigmas == {}


@pytest.mark.parametrize(
    ("fractions", "counts"),
    [
        ({"Al": 1 / 3, "Cu": 1 / 3, "Ni": 1 / 3}, {"Al": 11, "Cu": 11, "Ni": 10}),
        ({"Al": 0.1 + 0.2, "Cu": 0.7}, {"Al": 10, "Cu": 22}),
        ({"Al": 0.3, "Cu": 0.7}, {"Al": 10, "Cu": 22}),
        ({"Pt": 1.0, "Al": 0.0}, {"Pt": 32}),
    ],
    ids=["thirds", "rounded", "exact", "pure"],
)
def test_whole_atoms(fractions: dict[str, float], counts: dict[str, int]) -> None:
    assert whole_atoms(fractions, 32) == counts


def test_whole_atoms_always_fill_the_cell() -> None:
    generator = np.random.default_rng(5)
    for shares in generator.dirichlet(np.ones(len(ELEMENTS)), size=200):
        fractions: dict[str, float] = dict(zip(ELEMENTS, shares.tolist(), strict=True))
        counts = whole_atoms(fractions, 32)
        assert sum(counts.values()) == 32
        assert all(abs(counts.get(e, 0) - 32 * x) < 1 for e, x in fractions.items())


def test_decorations_follow_composition_seed_and_arrangement() -> None:
    counts = {"Al": 16, "Cu": 16}
    first = decorate(counts, 0, 0)
    assert sorted(first) == ["Al"] * 16 + ["Cu"] * 16
    assert decorate({"Cu": 16, "Al": 16}, 0, 0) == first
    assert first not in (decorate(counts, 1, 0), decorate(counts, 0, 1))


def test_the_driver_knows_the_same_elements_and_units() -> None:
    assert ase_emt.ELEMENTS == ELEMENTS
    assert ase_emt.UNITS == UNITS
