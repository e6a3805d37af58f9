import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.functions.agent import VARIANTS, Agent, campaign_text, read
from benchmarks.functions.problems import rosenbrock, sobol
from benchmarks.functions.rows import Job, append, failed
from benchmarks.functions.rows import read as read_rows
from benchmarks.functions.scores import ratio, report
from benchmarks.functions.table import PROBLEMS
from benchmarks.networks import run

JOB = Job("dropwave", seed=3, arm="random", starts=4, steps=2)


def test_arms_of_a_seed_share_their_starts() -> None:
    chance, plain = run(JOB), run(replace(JOB, arm="plain", steps=1))
    assert not chance.error
    assert not plain.error
    assert chance.points[:4] == plain.points[:4]
    assert chance.regrets[0] == plain.regrets[0]
    assert len(chance.regrets) == JOB.steps + 1
    assert 0 <= plain.below["y1"][0] <= 1


def test_a_run_is_repeatable() -> None:
    job = replace(JOB, arm="eifn", steps=1)
    first, again = run(job), run(job)
    assert not first.error
    assert first.points == again.points
    assert first.density == again.density


def test_hidden_states_are_no_part_of_the_campaign() -> None:
    row = run(replace(JOB, arm="labagent/hidden", steps=1))
    assert not row.error
    assert list(row.below) == ["y1"]


@pytest.mark.parametrize("seal_starts", [False, True])
def test_trials_carry_what_was_sealed_before_them(seal_starts: bool) -> None:
    problem = PROBLEMS["dropwave"]()
    variant = VARIANTS["hidden"](problem)
    campaign = read(campaign_text(problem, variant, 3, 1, seed=0))
    agent = Agent(problem, variant, campaign, seal_starts=seal_starts)
    for u in sobol(2, 3, seed=0):
        agent.tell(u, problem.measure(u, seed=0))
    u, expected = agent.ask()
    agent.tell(u, problem.measure(u, seed=0))
    *starts, last = agent._rows
    assert last.sealed == {"y1": expected["y1"].members}
    assert last.batch == 0
    # nothing can be fitted to fewer than two results
    assert [bool(t.sealed) for t in starts] == [False, False, seal_starts]


def test_rows_survive_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    broken = failed(JOB, "ValueError: no", {}, "now")
    append(path, broken)
    assert read_rows(path)[JOB].error
    with path.open("a") as file:
        file.write('{"job": {"pro')  # killed here
    row = run(JOB)
    append(path, row)
    append(path, broken)
    assert read_rows(path) == {JOB: row}


def test_ratios_are_paired() -> None:
    middle, low, high = ratio([1.0, 2.0, 30.0], [2.0, 4.0, 60.0])
    assert (middle, low, high) == pytest.approx((0.5, 0.5, 0.5))
    with pytest.raises(ValueError, match="got 1 and 2 seeds"):
        ratio([1.0], [1.0, 2.0])


def test_report_names_arms_and_failures() -> None:
    random, other = run(JOB), replace(JOB, seed=4)
    plain = replace(
        random,
        job=replace(JOB, arm="plain"),
        regrets=[2 * r for r in random.regrets],
        below={"y1": [0.5, 0.99]},
        density={"y1": [1.0, -2.0]},
    )
    rows = {r.job: r for r in (random, plain)}
    rows[other] = failed(other, "Traceback\nValueError: no", {}, "now")
    console = Console(record=True, width=140, file=StringIO())
    report(rows, console)
    text = console.export_text()
    assert "dropwave: 4 starts, then 2 steps" in text
    assert re.search(r"random .* 0\.50 .* 0\.50 ", text)
    assert re.search(r"plain .* 50% .* 0\.50, 0\.50 ", text)
    assert "ValueError: no" in text


@pytest.mark.parametrize("name", PROBLEMS)
def test_campaigns_are_read_like_any_other(name: str) -> None:
    problem = PROBLEMS[name]()
    variant = VARIANTS["true"](problem)
    campaign = read(campaign_text(problem, variant, 12, 25, seed=1))
    for node in problem.nodes:
        assert campaign.graph.parents(node.name) == node.parents
    assert {v.name for v in campaign.measured} == set(problem.names)
    assert campaign.goal.objectives[0].name == problem.objective
    assert campaign.batch == 1


def test_controls_say_what_their_names_say() -> None:
    told = {name: make(rosenbrock()) for name, make in VARIANTS.items()}
    true = told["true"].parents
    assert true["y4"] == ("y3", "x4", "x5")
    assert told["noise"].parents == true
    assert told["wrong-outcome"].parents == {**true, "y4": ("x1",)}
    assert told["wrong-upstream"].parents["y2"] == ("y1", "x2")
    assert told["wrong-upstream"].parents["y4"] == true["y4"]
    assert told["deprived"].forbidden == {"y1": ("x2",), "y2": ("x3",), "y3": ("x4",)}
    assert "  - y3, x4, x5 -> y4" in campaign_text(
        rosenbrock(), told["true"], 12, 25, seed=1
    )
