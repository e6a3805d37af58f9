"""What the campaign file says is what the campaign holds."""

from fractions import Fraction
from pathlib import Path

import pytest

from labagent.campaigns import (
    Budget,
    Direction,
    ExecutorSpec,
    Find,
    Leash,
    NoImprovement,
    Objective,
    OutcomeLimit,
    Reached,
    Stage,
)
from labagent.config import from_document, load
from labagent.errors import ConfigurationError
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    Integer,
    Label,
    Real,
    Role,
    Species,
    Variable,
)
from tests.config.samples import ONE_SHOT, STAGED, changed, loaded, write

DOMAINS = [
    ("{range: [40, 140], unit: degC}", Continuous(40, 140), "degC"),
    ("{range: [1 min, 300 s], unit: min}", Continuous(1, 5), "min"),
    ("{range: [0, 90], unit: degree, step: 5}", Continuous(0, 90, step=5), "degree"),
    ("{range: [0, 90], unit: degC, step: 5 K}", Continuous(0, 90, step=5), "degC"),
    ("{range: [1e-3, 1], scale: log}", Continuous(1e-3, 1, log=True), ""),
    ("{kind: continuous, range: [0, 1], scale: linear}", Continuous(0, 1), ""),
    ("{kind: integer, range: [1, 10]}", Integer(1, 10), ""),
    ("{kind: integer, range: [1, 64], scale: log}", Integer(1, 64, log=True), ""),
    ("{choices: [K2CO3, NO, 1, 2.5]}", Choice(("K2CO3", "NO", "1", "2.5")), ""),
    (
        "{elements: [Al, Cu], step: 1/16}",
        Composition((Species("Al"), Species("Cu")), Fraction(1, 16), 1, 2),
        "",
    ),
    (
        "{species: {FA: [0, 0.8], MA: [0.1, 1], Cs: [0, 1]}, step: 0.05, at_most: 2}",
        Composition(
            (Species("FA", 0, 0.8), Species("MA", 0.1), Species("Cs")),
            Fraction(1, 20),
            1,
            2,
        ),
        "",
    ),
]


@pytest.mark.parametrize(
    ("text", "domain", "unit"), DOMAINS, ids=[d[0] for d in DOMAINS]
)
def test_controls(
    tmp_path: Path, text: str, domain: Continuous | Integer | Choice, unit: str
) -> None:
    sample = changed(ONE_SHOT, ("{elements: [Al, Cu, Ni]}", text))
    found = loaded(tmp_path, sample).space["alloy"]
    assert found == Variable("alloy", Role.CONTROL, domain, unit)


def test_objectives_limits_measured_and_context(tmp_path: Path) -> None:
    text = changed(
        ONE_SHOT,
        (
            "  plqy: {unit: percent, goal: maximize}\n",
            "  plqy: {unit: percent, goal: maximize, good_enough: 0.35 dimensionless}\n"
            "  lattice: {unit: angstrom, goal: target, value: 0.4 nm, expect: [3, 5]}\n"
            "  cost: {goal: at_most, value: 2}\n"
            "  size: {unit: nm, goal: within, range: [2, 3]}\n"
            "measured: {grain: {unit: nm, expect: [10, 500]}}\n"
            "context: {wet: {unit: percent, range: [10, 60]}, who: {kind: label}}\n",
        ),
    )
    campaign = loaded(tmp_path, text)
    maximize, target = Direction.MAXIMIZE, Direction.TARGET
    assert campaign.goal.find is Find.FRONT
    assert campaign.goal.objectives == (
        Objective("plqy", "percent", maximize, good_enough=35),
        Objective("lattice", "angstrom", target, target=4.0),
    )
    assert campaign.goal.limits == (
        OutcomeLimit("cost", "<=", 2),
        OutcomeLimit("size", ">=", 2),
        OutcomeLimit("size", "<=", 3),
    )
    names = ["grain", "plqy", "lattice", "cost", "size"]
    assert [v.name for v in campaign.measured] == names
    assert campaign.measured[0] == Variable("grain", Role.STATE, Real(10, 500), "nm")
    assert campaign.context == (
        Variable("wet", Role.CONTEXT, Real(10, 60), "percent"),
        Variable("who", Role.CONTEXT, Label()),
    )


def test_a_measured_state_may_be_one_that_can_be_set(tmp_path: Path) -> None:
    grain = "{unit: nm, expect: [10, 500], settable: [20, 0.08 mm]}"
    campaign = loaded(tmp_path, changed(STAGED, ("{unit: nm}", grain)))
    state, outcome = campaign.measured
    assert isinstance(state.domain, Real)
    assert state.domain.settable == pytest.approx((20, 80_000))
    assert (state.settable, outcome.settable) == (True, False)
    assert from_document(campaign.document) == campaign


def test_weights_make_several_objectives_one(tmp_path: Path) -> None:
    both = (
        "  a: {goal: maximize, weight: 2}\n  b: {unit: nm, goal: minimize, weight: 1}\n"
    )
    text = changed(ONE_SHOT, ("  plqy: {unit: percent, goal: maximize}\n", both))
    goal = loaded(tmp_path, text).goal
    assert goal.find is Find.BEST
    assert [o.weight for o in goal.objectives] == [2, 1]


@pytest.mark.parametrize(
    ("keys", "top"),
    [("find: many\n", 0.05), ("find: many\ntop: 2.5 percent\n", 0.025)],
    ids=["default", "declared"],
)
def test_many_of_the_top_may_be_wanted(tmp_path: Path, keys: str, top: float) -> None:
    goal = loaded(tmp_path, ONE_SHOT + keys).goal
    assert (goal.find, goal.top) == (Find.MANY, pytest.approx(top))


def test_a_campaign_without_stages_is_one_stage(tmp_path: Path) -> None:
    text = f"{ONE_SHOT}cost: 2.50 EUR\nduration: 90 min\n"
    controls = ("temperature", "time", "base", "alloy")
    assert loaded(tmp_path, text).stages == (
        Stage("experiment", controls, ("plqy",), "bench", 2.5, 1.5),
    )


def test_stages_own_controls_measurements_and_costs(tmp_path: Path) -> None:
    campaign = loaded(tmp_path, STAGED)
    assert campaign.stages == (
        Stage("spin", ("spin.time",), (), "bench", 2.0, 0.0),
        Stage("anneal", ("anneal.time",), ("grain", "plqy"), "bench", 0.0, 0.5),
    )
    assert campaign.space.names == ("spin.time", "anneal.time")
    assert campaign.budget == Budget(40, None, None, "EUR")


def test_budget_executors_and_stop_rules(tmp_path: Path) -> None:
    text = changed(
        ONE_SHOT,
        ("budget: {experiments: 40}", "budget: {cost: 90 EUR, hours: 2 days}"),
        (
            "bench: manual",
            "sim: {adapter: python, timeout: 10 min, file: a.py, n: [1]}",
        ),
    )
    text += "cost: 3 EUR\nduration: 1 h\nstop: [budget, plqy >= 0.35 dimensionless, "
    text += "no improvement in 1 batch]\nleash: autonomous\n"
    campaign = loaded(tmp_path, text)
    assert campaign.budget == Budget(None, 90, 48, "EUR")
    assert campaign.executors == (
        ExecutorSpec("sim", "python", {"file": "a.py", "n": [1]}, 600),
    )
    assert campaign.stop == (
        Reached("plqy >= 0.35 dimensionless", (OutcomeLimit("plqy", ">=", 35),)),
        NoImprovement("no improvement in 1 batch", 1),
    )
    assert campaign.leash is Leash.AUTONOMOUS


def test_safety_limits_are_rules_as_well(tmp_path: Path) -> None:
    campaign = loaded(tmp_path, f"{ONE_SHOT}safety: [temperature <= 120 degC]\n")
    assert [rule.text for rule in campaign.safety] == ["temperature <= 120 degC"]
    assert campaign.space.constraints[-1:] == campaign.safety
    assert len(campaign.space.constraints) == 2


DEFAULTS = [
    ("", 4, 10),  # five directions: three controls and two of the composition
    ("leash: approve_each\n", 1, 10),
    ("leash: autonomous\n", 4, 10),
    ("leash: autonomous\nbatch: 7\ninitial: 3\n", 7, 3),
]


@pytest.mark.parametrize(("extra", "batch", "initial"), DEFAULTS)
def test_defaults(tmp_path: Path, extra: str, batch: int, initial: int) -> None:
    campaign = loaded(tmp_path, ONE_SHOT + extra)
    assert (campaign.batch, campaign.initial) == (batch, initial)
    assert (campaign.seed, campaign.device) == (0, "auto")
    assert campaign.executors[0].timeout == 3600


@pytest.mark.parametrize(("budget", "batch", "initial"), [(12, 4, 4), (2, 2, 1)])
def test_a_small_budget_makes_small_defaults(
    tmp_path: Path, budget: int, batch: int, initial: int
) -> None:
    text = changed(ONE_SHOT, ("experiments: 40", f"experiments: {budget}"))
    campaign = loaded(tmp_path, text)
    assert (campaign.batch, campaign.initial) == (batch, initial)


def test_the_document_says_the_defaults_and_no_more_than_the_file(
    tmp_path: Path,
) -> None:
    campaign = loaded(tmp_path, ONE_SHOT)
    comments = ONE_SHOT.replace("goal: Bright", "# better\ngoal:   Bright")
    moved = comments.replace("labagent: 1\n", "") + "labagent: 1\n"
    assert loaded(tmp_path, moved).document == campaign.document
    assert '"batch":4,"initial":10,"seed":0' in campaign.document


def test_a_stored_document_with_a_mistake_says_where() -> None:
    with pytest.raises(ConfigurationError, match=r"document\.labagent: campaign: got"):
        from_document('{"labagent": 9}')


def test_an_unknown_file_is_a_configuration_error(tmp_path: Path) -> None:
    path = write(tmp_path, ONE_SHOT).with_name("other.yaml")
    with pytest.raises(ConfigurationError, match="no such file"):
        load(path)
