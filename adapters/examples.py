"""One small example of every executor in the table, to examine it with.

A new driver gets an entry here; the conformance kit then runs over it.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.cards import stem
from adapters.files import create, write_atomically
from labagent.ports import Request, Setup
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    Label,
    Real,
    Role,
    Species,
    Value,
    Variable,
)


@dataclass(frozen=True)
class Example:
    """An executor to examine, and what to examine it with.

    Attributes:
        setup: An executor whose steps are quick.
        slow: The same, whose steps take so long that they can be interrupted.
        good: Parameters of a step that works.
        other: Parameters of another step that works, with other results.
        forbidden: Parameters outside the limits.
        effects: Counts how often a step really happened.
        complete: Does a person's part of a step; nothing where no person is needed.
        spoil: Makes the executor unfit, so that its health must say so.
        garbage: An executor whose results make no sense, where there can be one.
    """

    setup: Setup
    slow: Setup
    good: Mapping[str, Value]
    other: Mapping[str, Value]
    forbidden: Mapping[str, Value]
    effects: Callable[[], int]
    complete: Callable[[Request], None]
    spoil: Callable[[], None]
    garbage: Setup | None = None


TEMPERATURE = Variable("temperature", Role.CONTROL, Continuous(20.0, 150.0), "degC")
BASE = Variable("base", Role.CONTROL, Choice(("K2CO3", "NaOH")))
YIELD = Variable("yield", Role.OUTCOME, Real(), "percent")
WARM: Mapping[str, Value] = {"temperature": 100.0, "base": "NaOH"}
COOL: Mapping[str, Value] = {"temperature": 40.0, "base": "K2CO3"}
HOT: Mapping[str, Value] = {"temperature": 151.0, "base": "NaOH"}


def request_of(
    example: Example, key: str, parameters: Mapping[str, Value] | None = None
) -> Request:
    """Return a request that sets the example's controls."""
    values = example.good if parameters is None else parameters
    units = {p.name: p.unit for p in example.setup.parameters}
    return Request(
        key=key,
        stage="experiment",
        experiment=1 + sum(key.encode()),
        parameters=dict(values),
        units=units,
        intervention=dict(values),
    )


def _nobody(_request: Request) -> None:
    """Do a person's part where there is none."""


def _count(folder: Path, pattern: str) -> Callable[[], int]:
    return lambda: len(list(folder.glob(pattern)))


def _ase_emt(folder: Path) -> Example:
    species = tuple(Species(e) for e in ("Cu", "Ni"))
    alloy = Variable("alloy", Role.CONTROL, Composition(species))
    results = (
        Variable("lattice_constant", Role.OUTCOME, Real(), "nm"),
        Variable("bulk_modulus", Role.OUTCOME, Real(), "GPa"),
    )

    def setup(arrangements: int, cells: int) -> Setup:
        options = {"arrangements": arrangements, "cells": cells}
        parts = ((alloy,), results, folder, folder / "work")
        return Setup("sim", "ase-emt", options, 60.0, *parts)

    return Example(
        setup=setup(1, 1),
        slow=setup(100, 4),
        good={"alloy": {"Cu": 0.5, "Ni": 0.5}},
        other={"alloy": {"Cu": 0.25, "Ni": 0.75}},
        forbidden={"alloy": {"Cu": 0.5, "Ni": 0.6}},
        effects=_count(folder, "work/jobs/*/started"),
        complete=_nobody,
        spoil=lambda: shutil.rmtree(folder / "work"),
    )


def _calcination(folder: Path) -> Example:
    controls = (
        Variable("calcine.temperature", Role.CONTROL, Continuous(400.0, 750.0), "degC"),
        Variable("anneal.time", Role.CONTROL, Continuous(15.0, 600.0), "min"),
    )
    results = (
        Variable("grain_size", Role.STATE, Real(), "angstrom"),
        Variable("activity", Role.OUTCOME, Real(), "1/min"),
        Variable("lot", Role.CONTEXT, Label()),
    )
    # without chance, so that equal steps of two experiments have equal results
    quiet = {"context_noise": 0, "process_noise": 0, "measurement_noise": 0}

    def setup(delay: str) -> Setup:
        options = {**quiet, "delay": delay}
        parts = (controls, results, folder, folder / "work")
        return Setup("furnace", "calcination", options, 60.0, *parts)

    return Example(
        setup=setup("0 s"),
        slow=setup("1 hour"),
        good={"calcine.temperature": 500.0, "anneal.time": 120.0},
        other={"calcine.temperature": 600.0, "anneal.time": 30.0},
        forbidden={"calcine.temperature": 751.0, "anneal.time": 120.0},
        effects=_count(folder, "work/runs/*/run.json"),
        complete=_nobody,
        spoil=lambda: shutil.rmtree(folder / "work"),
    )


def _replay(folder: Path) -> Example:
    table = folder / "table.csv"
    create(table, "temperature,base,yield\n100,NaOH,42.5\n40,K2CO3,7\n")

    def setup(delay: str) -> Setup:
        options = {"file": table.name, "delay": delay}
        parts = ((TEMPERATURE, BASE), (YIELD,), folder, folder / "work")
        return Setup("table", "replay", options, 60.0, *parts)

    return Example(
        setup=setup("0 s"),
        slow=setup("1 hour"),
        good=WARM,
        other=COOL,
        forbidden=HOT,
        effects=_count(folder, "work/runs/*/run.json"),
        complete=_nobody,
        spoil=lambda: write_atomically(table, "something else"),
    )


_PROGRAM = """
import time
from pathlib import Path

def measure(parameters, report, experiment):
    with Path("effects").open("a") as file:
        file.write(f"{experiment}\\n")
    return {"yield": parameters["temperature"] / 2}

def slowly(parameters, report, experiment):
    report("yield", 1.5)
    time.sleep(600)

def nonsense(parameters):
    return {"yield": float("nan")}
"""


def _python(folder: Path) -> Example:
    create(folder / "mysim.py", _PROGRAM)
    create(folder / "effects", "")

    def setup(function: str) -> Setup:
        options = {"file": "mysim.py", "function": function}
        parts = ((TEMPERATURE, BASE), (YIELD,), folder, folder / "work")
        return Setup("mine", "python", options, 60.0, *parts)

    return Example(
        setup=setup("measure"),
        slow=setup("slowly"),
        good=WARM,
        other=COOL,
        forbidden=HOT,
        effects=lambda: (folder / "effects").read_text().count("\n"),
        complete=_nobody,
        spoil=(folder / "mysim.py").unlink,
        garbage=setup("nonsense"),
    )


def _manual(folder: Path) -> Example:
    parts = ((TEMPERATURE, BASE), (YIELD,), folder, folder / "work")
    setup = Setup("bench", "manual", {"settle": "0.1 s"}, 60.0, *parts)
    results = folder / "work" / "results"

    def fill_in(request: Request) -> None:
        value = {"yield": {"value": request.experiment / 4, "unit": "percent"}}
        name = stem(request, setup)
        (results / f"{name}.json").write_text(json.dumps(value))

    return Example(
        setup=setup,
        slow=setup,
        good=WARM,
        other=COOL,
        forbidden=HOT,
        effects=_count(folder, "work/steps/*/step.json"),
        complete=fill_in,
        spoil=lambda: shutil.rmtree(results),
    )


EXAMPLES: dict[str, Callable[[Path], Example]] = {
    "ase-emt": _ase_emt,
    "calcination": _calcination,
    "replay": _replay,
    "python": _python,
    "manual": _manual,
}
"""Key of the adapters' table to a function that makes an example in an empty folder."""
