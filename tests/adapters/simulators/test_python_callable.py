import time
from dataclasses import replace
from pathlib import Path

import pytest

from adapters import build, check
from flows.setups import setup_for
from labagent.errors import ConfigurationError
from labagent.ports import Executor, Report, RunStatus, Setup
from tests.adapters.setups import (
    ALLOY,
    COOK,
    HUMIDITY,
    OPERATOR,
    TEST,
    WARM,
    YIELD,
    request,
    setup,
    values,
)
from tests.config.samples import loaded

PROGRAM = """
from neighbour import FACTOR

def measure(parameters, stage, experiment, seed):
    assert (stage, experiment, seed) == ("experiment", 7, 0)
    print("heating")
    heat = {"value": parameters["temperature"] * FACTOR, "sigma": 0.5}
    return {"yield": heat, "humidity": 40, "operator": parameters["base"]}

def everything(parameters, **rest):
    rest["report"]("yield", 3.0, sigma=0.1)
    return {"yield": len(rest)}

class Instrument:
    def __call__(self, parameters):
        return {"yield": parameters["alloy"]["Cu"]}

instrument = Instrument()

def route(parameters, stage):
    return {"yield": 1.0} if stage == "test" else None
"""


def mine(folder: Path, function: str = "measure", text: str = PROGRAM) -> Setup:
    (folder / "mysim.py").write_text(text)
    (folder / "neighbour.py").write_text("FACTOR = 0.5\n")
    options = {"file": "mysim.py", "function": function}
    return setup(folder, "python", options, results=(YIELD, HUMIDITY, OPERATOR))


def finish(executor: Executor, handle: str) -> Report:
    give_up = time.monotonic() + 30
    while not (report := executor.poll(handle)).status.final:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    return report


def test_a_function_gets_what_it_names_and_its_results_are_kept(tmp_path: Path) -> None:
    executor = build(mine(tmp_path))
    handle = executor.submit(request())
    assert finish(executor, handle) == Report(RunStatus.SUCCEEDED)
    assert values(executor, handle) == [
        ("yield", 50.0),
        ("humidity", 40.0),
        ("operator", "NaOH"),
    ]
    seen = [o.measurement for o in executor.observations(handle)]
    assert [m.sigma for m in seen] == [0.5, None, None]
    assert [m.kind.value for m in seen] == ["result", "context", "context"]
    stdout = tmp_path / "work" / "jobs" / handle / "stdout"
    assert stdout.read_text() == "heating\n"


def test_partial_results_and_keywords(tmp_path: Path) -> None:
    executor = build(mine(tmp_path, "everything"))
    handle = executor.submit(request())
    finish(executor, handle)
    assert values(executor, handle) == [("yield", 3.0), ("yield", 5.0)]
    assert executor.provenance(handle)["function"] == "everything"


def test_any_callable_will_do(tmp_path: Path) -> None:
    (tmp_path / "mysim.py").write_text(PROGRAM)
    (tmp_path / "neighbour.py").write_text("FACTOR = 0.5\n")
    options = {"file": "mysim.py", "function": "instrument"}
    executor = build(setup(tmp_path, "python", options, controls=(ALLOY,)))
    handle = executor.submit(request({"alloy": {"Cu": 0.25, "Ni": 0.75}}))
    finish(executor, handle)
    assert values(executor, handle) == [("yield", 0.25)]


def test_a_stage_that_measures_nothing_may_return_nothing(tmp_path: Path) -> None:
    mine(tmp_path)
    options = {"file": "mysim.py", "function": "route"}
    executor = build(setup(tmp_path, "python", options, stages=(COOK, TEST)))
    first = executor.submit(request(stage="cook", key="1"))
    assert finish(executor, first).status is RunStatus.SUCCEEDED
    second = executor.submit(request({}, stage="test", key="2", intervention=WARM))
    finish(executor, second)
    assert values(executor, second) == [("yield", 1.0)]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("{'yeild': 1.0}", "gave 'yeild', which this stage does not measure"),
        ("{'yield': float('inf')}", "gave yield = inf, must be finite"),
        ("{'yield': '12'}", "gave yield = '12', must be a number"),
        ("{'yield': True}", "gave yield = True, must be a number"),
        (
            "{'yield': {'value': 1, 'sigma': None, 'x': 2}, 'humidity': None}",
            "humidity",
        ),
        ("{'operator': 3}", "operator: got 3, must be a text"),
        ("[1.0]", "returned .1.0., must return a dict"),
        ("None", "returned no result, must return"),
        ("{}", "returned no result, must return"),
    ],
)
def test_garbage_is_a_clear_error_and_nothing_is_recorded(
    returned: str, message: str, tmp_path: Path
) -> None:
    text = f"def measure(parameters):\n    return {returned}\n"
    executor = build(mine(tmp_path, text=text))
    handle = executor.submit(request())
    report = finish(executor, handle)
    assert report.status is RunStatus.FAILED_PARTIAL
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(report.message)
    assert values(executor, handle) == []


@pytest.mark.parametrize(
    ("text", "function", "message"),
    [
        ("def measure(:\n", "measure", "file mysim.py: is not Python: .*line 1"),
        (
            "def measur(p): ...\n",
            "measure",
            "defined in mysim.py; did you mean 'measur'",
        ),
        ("raise SystemExit\n", "", "option function: got '', must be a text"),
    ],
    ids=["syntax", "name", "no name"],
)
def test_a_wrong_file_is_described_without_running_it(
    text: str, function: str, message: str, tmp_path: Path
) -> None:
    wrong = mine(tmp_path, function, text)
    assert len(check(wrong)) == 1
    with pytest.raises(ConfigurationError, match=message):
        build(wrong)


@pytest.mark.parametrize(
    "line",
    ["def measure(p): ...", "from m import measure", "from m import a as measure",
     "measure = print", "class measure: ..."],
)  # fmt: skip
def test_a_name_may_be_defined_in_many_ways(line: str, tmp_path: Path) -> None:
    assert check(mine(tmp_path, text=f"{line}\n")) == []


def test_a_function_is_taken_for_real_unless_it_says_otherwise(tmp_path: Path) -> None:
    told = build(mine(tmp_path)).describe()
    assert (told.idempotent, told.simulated, told.concurrent) == (False, False, 1)
    options = {"file": "mysim.py", "idempotent": True, "simulated": True, "parallel": 2}
    told = build(setup(tmp_path, "python", options)).describe()
    assert (told.idempotent, told.simulated, told.concurrent) == (True, True, 2)


LEFT = """
import subprocess, sys
from pathlib import Path

def measure(parameters):
    code = "import time; time.sleep(60)"
    left = subprocess.Popen([sys.executable, "-c", code])
    Path("left").write_text(str(left.pid))
    return {"yield": 1.0}

def negative(parameters):
    return {"yield": {"value": 1.0, "sigma": -0.1}}
"""


def test_nothing_a_function_started_is_left_running(tmp_path: Path) -> None:
    executor = build(mine(tmp_path, text=LEFT))
    finish(executor, executor.submit(request()))
    left = Path("/proc", (tmp_path / "left").read_text(), "stat")
    give_up = time.monotonic() + 30
    while left.exists() and left.read_text().rpartition(")")[2].split()[0] not in "ZX":
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_an_uncertainty_below_zero_is_refused(tmp_path: Path) -> None:
    executor = build(mine(tmp_path, "negative", LEFT))
    report = finish(executor, executor.submit(request()))
    assert "gave yield sigma = -0.1, must not be negative" in report.message


REPORTS = """
import os

def both(parameters, report):
    report("yield", 41.0)
    return {"yield": 43.0}

def reported(parameters, report):
    report("yield", 41.0)
    report("yield", 43.0)

def broken(parameters, report):
    report("yield", 41.0)
    raise RuntimeError("spilled")

def forked(parameters):
    os.fork()
    return {"yield": 5.0}
"""


@pytest.mark.parametrize(
    ("function", "good", "partial"),
    [
        ("both", [43.0], [41.0]),
        ("reported", [41.0, 43.0], [41.0, 43.0]),
        ("broken", [], [41.0]),
        ("forked", [5.0], []),
    ],
)
def test_a_quantity_counts_once(
    function: str, good: list[float], partial: list[float], tmp_path: Path
) -> None:
    executor = build(mine(tmp_path, function, REPORTS))
    handle = executor.submit(request())
    finish(executor, handle)
    seen = [o.measurement for o in executor.observations(handle)]
    assert [m.value for m in seen if m.quality == "good"] == good
    assert [m.value for m in seen if m.quality == "partial"] == partial


LAYERS = """\
labagent: 1
name: layers
goal: Thick layers.
objectives: {thickness: {unit: nm, goal: maximize}}
measured: {film: {kind: vector, parts: [rough, dense]}}
stages:
  deposit:
    repeat: 2
    controls: {heat: {range: [200, 400], unit: degC}}
    measures: [thickness, film]
budget: {experiments: 40}
executors: {bench: {adapter: python, file: mysim.py}}
"""


def deposited(
    folder: Path, returned: str, stage: str
) -> tuple[Report, dict[str, float | str | None]]:
    """Return how a turn ended, and what it measured."""
    (folder / "mysim.py").write_text(
        "def measure(parameters, stage, turn):\n"
        "    assert stage == 'deposit'\n"
        f"    return {returned}\n"
    )
    campaign = loaded(folder, LAYERS)
    executor = build(setup_for(campaign, campaign.executors[0], folder, folder / "w"))
    (heat,) = next(s.controls for s in campaign.stages if s.name == stage)
    asked = replace(request({heat: 300.0}, stage=stage), units={heat: "degC"})
    handle = executor.submit(replace(asked, key=stage))
    report = finish(executor, handle)
    return report, dict(values(executor, handle))


def test_a_turn_goes_by_the_names_of_the_file(tmp_path: Path) -> None:
    """Stage, controls, quantities and vectors are those that were written."""
    returned = "{'thickness': turn * parameters['deposit.heat'], 'film': (turn, 0.5)}"
    first, found = deposited(tmp_path, returned, "deposit_1")
    assert first.status is RunStatus.SUCCEEDED, first.message
    assert found == {"thickness_1": 300.0, "film_rough_1": 1.0, "film_dense_1": 0.5}
    _, last = deposited(tmp_path, returned, "deposit_2")
    assert last == {"thickness": 600.0, "film_rough": 2.0, "film_dense": 0.5}


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("{'film': [1.0]}", "film: got 1 numbers, must be 2"),
        ("{'film': 1.0}", "film: got 1.0, must be 2 numbers"),
        ("{'film': 'ab'}", "film: got 'ab', must be 2 numbers"),
        ("{'film': [1.0, None]}", "must be a number"),
        ("{'gloss': 1.0}", "which this stage does not measure"),
    ],
)
def test_a_wrong_vector_is_a_clear_error(
    tmp_path: Path, returned: str, said: str
) -> None:
    report, found = deposited(tmp_path, returned, "deposit_1")
    assert report.status is not RunStatus.SUCCEEDED
    assert said in report.message
    assert found == {}
