import time
from pathlib import Path

import pytest

from adapters import build, check
from adapters.physics.emt import simulate
from labagent.experiments import Kind
from labagent.variables import Composition, Real, Role, Species, Variable
from tests.adapters.setups import ALLOY, TEMPERATURE, YIELD, request, setup

LATTICE = Variable("lattice_constant", Role.OUTCOME, Real(), "nm")
MIXING = Variable("mixing_energy", Role.OUTCOME, Real(), "meV/atom")


def test_results_are_those_of_the_physics_in_declared_units(tmp_path: Path) -> None:
    options = {"cells": 1, "arrangements": 2, "seed": 3}
    executor = build(
        setup(
            tmp_path, "ase-emt", options, controls=(ALLOY,), results=(LATTICE, MIXING)
        )
    )
    asked = {"Cu": 0.4, "Ni": 0.6}
    handle = executor.submit(request({"alloy": asked}))
    while not executor.poll(handle).status.final:
        time.sleep(0.02)
    seen = {o.measurement.quantity: o for o in executor.observations(handle)}
    expected = simulate(asked, cells=1, arrangements=2, seed=3)
    lattice, mixing = seen["lattice_constant"].measurement, seen["mixing_energy"]
    assert lattice.value == pytest.approx(expected.values["lattice_constant"] / 10)
    assert lattice.sigma == pytest.approx(expected.sigmas["lattice_constant"] / 10)
    assert mixing.measurement.value == pytest.approx(
        expected.values["mixing_energy"] * 1000
    )
    assert seen["alloy.Cu"].measurement.kind is Kind.READBACK
    assert seen["alloy.Cu"].measurement.value == 0.5  # two of four atoms
    assert seen["alloy.Cu"].setpoint == 0.4
    assert executor.provenance(handle)["decorations"] == list(expected.decorations)


@pytest.mark.parametrize(
    ("controls", "results", "message"),
    [
        (
            (TEMPERATURE,),
            (LATTICE,),
            "got temperature, must be exactly one composition",
        ),
        ((ALLOY,), (YIELD,), "measurement yield: must be one of lattice_constant"),
        (
            (ALLOY,),
            (Variable("bulk_modulus", Role.OUTCOME, Real(), "nm"),),
            "measurement bulk_modulus: got the unit nm, must convert to GPa",
        ),
        (
            (Variable("alloy", Role.CONTROL, Composition((Species("Fe"),))),),
            (LATTICE,),
            "control alloy: got the element Fe, must be among Al, Cu",
        ),
    ],
    ids=["control", "result", "unit", "element"],
)
def test_what_it_cannot_do_is_said_before_the_start(
    controls: tuple[Variable, ...],
    results: tuple[Variable, ...],
    message: str,
    tmp_path: Path,
) -> None:
    (problem,) = check(setup(tmp_path, "ase-emt", controls=controls, results=results))
    assert message in problem
