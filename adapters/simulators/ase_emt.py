"""Random fcc alloys in effective medium theory (ASE): ``adapter: ase-emt``.

Sets one composition over Al, Cu, Ag, Au, Ni, Pd, Pt (or some of them). Measures any
of ``lattice_constant`` (angstrom), ``bulk_modulus`` (GPa) and ``mixing_energy`` (eV
per atom), and reads back the fractions that whole atoms allow, as ``alloy.Al``.
What is computed, and how: :mod:`adapters.physics.emt`.

Options:
    cells: Conventional cells along each edge of the supercell; 2 means 32 atoms.
    arrangements: Random arrangements averaged; from 2 on, sigma is their standard
        error.
    seed: Of the arrangements; the same seed gives the same numbers for ever.
    parallel: Most simulations at once; one per processor by default.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from adapters.jobs import Jobs
from adapters.options import Options, missing_package, refuse
from adapters.provenance import common, version_text
from adapters.requests import accept, plain, request_problems, results_of
from labagent.config.units import affine, compatible
from labagent.ports import (
    Abort,
    Capabilities,
    Health,
    Observation,
    Report,
    Request,
    Setup,
    Sighting,
)
from labagent.variables import Composition, Variable

ELEMENTS = ("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt")
UNITS = {"lattice_constant": "angstrom", "bulk_modulus": "GPa", "mixing_energy": "eV"}
"""What can be measured; both tables are tested to equal those of the physics."""


@dataclass(frozen=True)
class _Settings:
    cells: int
    arrangements: int
    seed: int
    parallel: int


def _read(setup: Setup) -> tuple[_Settings, list[str]]:
    options = Options(setup)
    processors = os.cpu_count() or 1
    settings = _Settings(
        cells=options.whole("cells", 2, 1, 4),
        arrangements=options.whole("arrangements", 1, 1, 100),
        seed=options.whole("seed", 0, 0, 2**31),
        parallel=options.whole("parallel", processors, 1, 1024),
    )
    for text in _control_problems(setup.parameters) + _result_problems(setup.results):
        options.problem(text)
    return settings, options.finish()


def _control_problems(controls: Sequence[Variable]) -> list[str]:
    if len(controls) != 1 or not isinstance(controls[0].domain, Composition):
        names = ", ".join(c.name for c in controls) or "none"
        return [f"controls: got {names}, must be exactly one composition"]
    known = ", ".join(ELEMENTS)
    return [
        f"control {controls[0].name}: got the element {symbol}, must be among {known}"
        for symbol in controls[0].domain.symbols
        if symbol not in ELEMENTS
    ]


def _result_problems(results: Sequence[Variable]) -> list[str]:
    found: list[str] = []
    for result in results:
        native = UNITS.get(result.name)
        if native is None:
            known = ", ".join(UNITS)
            found.append(f"measurement {result.name}: must be one of {known}")
        elif not compatible(result.unit, native):
            found.append(
                f"measurement {result.name}: got the unit {result.unit or '(none)'}, "
                f"must convert to {native}"
            )
    return found


@final
class AseEmt:
    """Simulates random fcc alloys, each in a process of its own."""

    @staticmethod
    def check(setup: Setup) -> list[str]:
        """Return what is wrong with the settings."""
        return missing_package("ase", "sim") + _read(setup)[1]

    def __init__(self, setup: Setup) -> None:
        """Build the executor.

        Raises:
            ConfigurationError: The settings are wrong.
        """
        if problems := self.check(setup):
            refuse(setup, problems)
        self._setup = setup
        self._settings, _ = _read(setup)
        self._jobs = Jobs(setup.work / "jobs", setup.timeout, idempotent=True)

    def describe(self) -> Capabilities:
        """Return what it can do."""
        processors = os.cpu_count() or 1
        return Capabilities(
            adapter="ase-emt",
            version=version_text("ase", "numpy"),
            parameters=self._setup.parameters,
            results=self._setup.results,
            typical_seconds=1.0 * self._settings.arrangements,
            abort=True,
            lookup=True,
            concurrent=min(self._settings.parallel, processors),
            idempotent=True,
            simulated=True,
        )

    def health(self) -> Health:
        """Return ready, or what is missing."""
        return self._jobs.health()

    def validate(self, request: Request) -> list[str]:
        """Return what is wrong with a request."""
        (control,) = self._setup.parameters
        found = request_problems(self._setup, request)
        if not found and control.name not in {
            **request.intervention,
            **request.parameters,
        }:
            found.append(f"control {control.name}: got no value, must be known")
        return found

    def submit(self, request: Request) -> str:
        """Start a simulation unless its key was started before."""
        accept(self.validate(request))
        return self._jobs.submit(
            request.key,
            "adapters.physics.emt_task:work",
            self._payload(request),
            self._setup.work,
        )

    def _payload(self, request: Request) -> dict[str, Any]:
        (control,) = self._setup.parameters
        values = {**request.intervention, **request.parameters}
        return {
            "control": control.name,
            "fractions": plain(values[control.name]),
            "cells": self._settings.cells,
            "arrangements": self._settings.arrangements,
            "seed": self._settings.seed,
            "results": [
                {
                    "name": result.name,
                    "unit": result.unit,
                    "factor": affine(UNITS[result.name], result.unit)[0],
                }
                for result in results_of(self._setup, request.stage)
            ],
        }

    def poll(self, handle: str) -> Report:
        """Return where a simulation stands."""
        return self._jobs.poll(handle)

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        """Return what it found."""
        return self._jobs.observations(handle, after_seq)

    def abort(self, handle: str, how: Abort) -> None:
        """Stop a simulation."""
        self._jobs.abort(handle, how)

    def lookup(self, key: str) -> tuple[Sighting, str]:
        """Return what is known of a key."""
        return self._jobs.lookup(key)

    def provenance(self, handle: str) -> Mapping[str, object]:
        """Return versions, supercell and arrangement of the atoms."""
        return {
            **common(self._setup, self.describe()),
            **self._jobs.provenance(handle),
        }

    def close(self) -> None:
        """Do nothing: running simulations are harvested later."""
