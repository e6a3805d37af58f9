from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapters import build, check
from adapters.files import read_json, sha256
from adapters.physics.calcination import simulate
from adapters.physics.route import Recipe
from adapters.physics.scatter import draw_noise, sample_seed
from flows.setups import setup_for
from labagent.campaigns import Stage
from labagent.config import load
from labagent.experiments import Kind, Measurement
from labagent.ports import Executor, Request, Setup
from labagent.variables import Choice, Continuous, Label, Real, Role, Variable
from tests.adapters.setups import TEMPERATURE, YIELD, request, setup

CAMPAIGN = Path(__file__).parents[3] / "labagent/app/examples/calcination.yaml"
RECIPE = {
    "dry.temperature": 80.0,
    "dry.time": 20.0,
    "calcine.temperature": 560.0,
    "calcine.time": 1.0,
    "calcine.ramp": 5.0,
    "anneal.temperature": 640.0,
    "anneal.time": 3.0,
}
HOT = Variable("calcine.temperature", Role.CONTROL, Continuous(673.15, 973.15), "K")
LONG = Variable("anneal.time", Role.CONTROL, Continuous(30.0, 600.0), "min")
MOISTURE = Variable("moisture", Role.STATE, Real(), "percent")
DENSITY = Variable("density", Role.STATE, Real(), "percent")
STRENGTH = Variable("strength", Role.OUTCOME, Real(), "GPa")


def shipped(folder: Path, **options: object) -> Setup:
    campaign = load(CAMPAIGN)
    spec = campaign.executor("furnace")
    spec = replace(spec, options={**spec.options, **options})
    return setup_for(campaign, spec, CAMPAIGN.parent, folder)


def run(
    executor: Executor, stage: str, *, experiment: int = 3, key: str = ""
) -> dict[str, Measurement]:
    own = {n: v for n, v in RECIPE.items() if n.startswith(f"{stage}.")}
    units = {v.name: v.unit for v in executor.describe().parameters}
    handle = executor.submit(
        Request(
            key=key or f"{experiment} {stage}",
            stage=stage,
            experiment=experiment,
            parameters=own,
            units={n: units[n] for n in own},
            intervention=RECIPE,
            seed=len(stage),  # another one for each stage, and of no effect
        )
    )
    return {
        o.measurement.quantity: o.measurement for o in executor.observations(handle)
    }


def test_the_stages_of_an_experiment_see_one_sample(tmp_path: Path) -> None:
    executor = build(shipped(tmp_path))
    seen = {
        stage: run(executor, stage) for stage in ("dry", "calcine", "anneal", "test")
    }
    noise = draw_noise(sample_seed(1, 3))
    expected = simulate(Recipe.of(RECIPE), noise)
    told = {n: m for found in seen.values() for n, m in found.items()}
    for name, value in expected.measured.items():
        assert told[name].value == pytest.approx(value)
        assert told[name].sigma == pytest.approx(expected.sigmas[name])
    assert {f["lot"].label for f in seen.values()} == {noise.lot}
    assert told["lot"].kind is told["humidity"].kind is Kind.CONTEXT
    assert told["furnace_offset"].value == expected.context["furnace_offset"]
    assert "furnace_offset" not in seen["dry"]  # nothing was fired yet


def test_results_depend_on_the_experiment_and_not_on_the_key(tmp_path: Path) -> None:
    one, two = build(shipped(tmp_path / "1")), build(shipped(tmp_path / "2"))
    again = run(two, "anneal", key="another")
    first = {n: m.value for n, m in run(one, "anneal").items()}
    assert first == {n: m.value for n, m in again.items()}
    other = run(one, "anneal", experiment=4)
    assert first["density"] != other["density"].value


def test_a_diffractogram_is_kept_with_its_hash(tmp_path: Path) -> None:
    executor = build(shipped(tmp_path))
    raw = run(executor, "anneal")["rutile_fraction"].raw or ""
    name, _, digest = raw.partition(" sha256:")
    assert sha256(tmp_path / name) == digest
    counts = np.loadtxt(tmp_path / name, delimiter=",", skiprows=1)
    assert counts.shape == (2000, 2)
    fast = build(shipped(tmp_path / "fast", diffractogram=False))
    assert run(fast, "anneal")["rutile_fraction"].raw is None


def test_a_snapshot_of_the_sample_is_kept(tmp_path: Path) -> None:
    executor = build(shipped(tmp_path))
    run(executor, "calcine")
    handle = executor.lookup("3 calcine")[1]
    kept = read_json(tmp_path / str(executor.provenance(handle)["snapshot"])) or {}
    expected = simulate(Recipe.of(RECIPE), draw_noise(sample_seed(1, 3)))
    assert kept["snapshot"] == {"calcine": expected.samples["calcine"].document()}


def test_results_are_converted(tmp_path: Path) -> None:
    quiet = {"context_noise": 0, "process_noise": 0, "measurement_noise": 0}
    results = (DENSITY, STRENGTH)
    executor = build(
        setup(tmp_path, "calcination", quiet, controls=(HOT, LONG), results=results)
    )
    asked = request({"calcine.temperature": 773.15, "anneal.time": 90.0})
    units = {"calcine.temperature": "K", "anneal.time": "min"}
    handle = executor.submit(replace(asked, units=units))
    seen = [o.measurement.value for o in executor.observations(handle)]
    recipe = Recipe(calcine_temperature=500.0, anneal_time=1.5)
    found = simulate(recipe).truth
    assert seen == pytest.approx([100 * found["density"], found["strength"] / 1000])


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (TEMPERATURE, "control temperature: is unknown, must be one of dry_temper"),
        (replace(LONG, unit="nm"), "got the unit nm, must convert to hour"),
        (
            replace(LONG, domain=Continuous(1.0, 60.0)),
            "got [0.0166667, 1] hour, must lie in [0.1, 12] hour",
        ),
        (replace(LONG, domain=Choice(("1", "2"))), "got Choice, must be a range"),
        (YIELD, "measurement yield: is unknown, must be one of moisture"),
        (replace(MOISTURE, unit="nm"), "got the unit nm, must convert to percent"),
        (
            Variable("furnace_offset", Role.CONTEXT, Real(), "degC"),
            "context furnace_offset: got the unit degC, must convert to K",
        ),
        (Variable("lot", Role.CONTEXT, Real()), "context lot: must be a label"),
        (
            Variable("humidity", Role.CONTEXT, Label()),
            "context humidity: must be a number",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Variable) else "",
)
def test_what_it_cannot_do_is_said_before_the_start(
    variable: Variable, message: str, tmp_path: Path
) -> None:
    control = variable.role is Role.CONTROL
    controls, results = ((variable,), ()) if control else ((HOT,), (variable,))
    (problem,) = check(
        setup(tmp_path, "calcination", controls=controls, results=results)
    )
    assert message in problem


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            (Stage("a", ("anneal.time",), (), "x"), Stage("c", (HOT.name,), (), "x")),
            "stage c: comes after a, must come in the order dry, calcine, anneal",
        ),
        (
            (
                Stage("c", (HOT.name,), ("density",), "x"),
                Stage("a", (LONG.name,), (), ""),
            ),
            "measurement density: got the stage c, must be measured after anneal",
        ),
    ],
    ids=["order", "early"],
)
def test_stages_follow_the_route(
    stages: tuple[Stage, ...], message: str, tmp_path: Path
) -> None:
    problems = check(
        setup(
            tmp_path,
            "calcination",
            controls=(HOT, LONG),
            results=(DENSITY,),
            stages=stages,
        )
    )
    assert any(message in p for p in problems)
