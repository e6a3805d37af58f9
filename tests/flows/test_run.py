import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

from flows.outcomes import Kind, News, Outcome, Why
from flows.run import run
from flows.signals import Stop
from flows.wiring import Runtime, open_runtime
from labagent.errors import ConfigurationError
from labagent.experiments import StepState
from tests.flows.bench import EXPERIMENT, effects, write_campaign

pytestmark = pytest.mark.usefixtures("prefect_server")

BROKEN = "def measure(parameters):\n    raise RuntimeError('no beam')\n"
DYING = """\
import os, signal


def measure(parameters):
    os.kill(os.getpid(), signal.SIGKILL)
"""
MANUAL = """\
labagent: 1
name: by-hand
goal: The highest.
objectives:
  height: {unit: mm, goal: maximize, expect: [0, 1]}
controls:
  x: {range: [0, 1], unit: mm}
executors:
  hands: {adapter: manual, settle: 0 s}
budget: {experiments: 1}
leash: autonomous
batch: 1
initial: 1
seed: 5
"""


def finish(file: Path, most: int | None = None) -> tuple[Outcome, list[News]]:
    """Run a campaign as far as it goes; return how it ended and what it told."""
    told: list[News] = []
    with open_runtime(file) as runtime:
        return run(runtime, progress=told.append, max_experiments=most), told


def states(file: Path) -> Counter[StepState]:
    with open_runtime(file) as runtime:
        records = runtime.logbook.experiments(runtime.campaign_id)
        assert runtime.logbook.verify() == ()
        return Counter(r.state for r in records)


def once(numbers: int) -> Counter[str]:
    """Return that each of the first experiments was run once."""
    return Counter(str(n) for n in range(1, numbers + 1))


def approve(runtime: Runtime) -> None:
    records = runtime.logbook.experiments(runtime.campaign_id)
    ids = [r.id for r in records if r.state is StepState.PROPOSED]
    runtime.logbook.decide(ids, True, "me", "go on")


def test_a_campaign_runs_until_its_budget_is_used(tmp_path: Path) -> None:
    file = write_campaign(tmp_path, budget=3, batch=2)
    outcome, told = finish(file)
    assert (outcome.why, outcome.exit_code) == (Why.BUDGET, 4)
    assert effects(tmp_path) == once(3)
    assert states(file) == {StepState.MEASURED: 3}
    assert [n.done for n in told if n.kind is Kind.STEP] == [1, 2, 3]
    again, _ = finish(file)
    assert again.why is Why.BUDGET
    assert effects(tmp_path) == once(3)


def test_it_stops_when_a_rule_says_so(tmp_path: Path) -> None:
    file = write_campaign(tmp_path, budget=20, batch=1, more="stop: [height >= 0]")
    outcome, _ = finish(file)
    assert (outcome.why, outcome.exit_code) == (Why.FINISHED, 0)
    assert outcome.text == "reached: height >= 0"
    assert effects(tmp_path) == once(1)
    with open_runtime(file) as runtime:
        kinds = [f.kind for f in runtime.logbook.findings(runtime.campaign_id)]
    assert kinds == ["stop"]


def test_it_proposes_no_more_than_asked_for(tmp_path: Path) -> None:
    file = write_campaign(tmp_path, budget=9, batch=2)
    outcome, _ = finish(file, 3)
    assert (outcome.why, outcome.exit_code) == (Why.FINISHED, 0)
    assert effects(tmp_path) == once(3)


@pytest.mark.parametrize(
    ("leash", "asked"), [("approve_each", "1"), ("approve_batch", "1 2")]
)
def test_it_waits_for_approval_as_the_leash_says(
    tmp_path: Path, leash: str, asked: str
) -> None:
    file = write_campaign(tmp_path, leash=leash, batch=2, budget=2)
    outcome, _ = finish(file)
    assert (outcome.why, outcome.exit_code) == (Why.WAITING, 3)
    (todo,) = outcome.todo
    assert todo.startswith(f"labagent approve {asked}  (or")
    assert not effects(tmp_path)
    with open_runtime(file) as runtime:
        approve(runtime)
    finish(file)
    assert effects(tmp_path) == once(len(asked.split()))


def test_what_was_approved_is_finished_before_the_run_ends(tmp_path: Path) -> None:
    more = "stop: [height >= 0]"
    file = write_campaign(tmp_path, leash="approve_batch", batch=3, budget=9, more=more)
    finish(file)
    with open_runtime(file) as runtime:
        approve(runtime)
    outcome, _ = finish(file)
    assert outcome.why is Why.FINISHED
    assert effects(tmp_path) == once(3)


def test_a_stop_finishes_what_runs_and_the_same_command_goes_on(tmp_path: Path) -> None:
    file = write_campaign(tmp_path, budget=3, batch=3, options="parallel: 1")
    stop = Stop()

    def press(news: News) -> None:
        if news.kind is Kind.STEP and not stop.asked:
            stop.press()

    with open_runtime(file) as runtime:
        outcome = run(runtime, progress=press, stop=stop)
    assert (outcome.why, outcome.exit_code) == (Why.STOPPED, 130)
    assert effects(tmp_path) == once(1)
    assert finish(file)[0].why is Why.BUDGET
    assert effects(tmp_path) == once(3)


def test_an_unclear_outcome_waits_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text(DYING, encoding="utf-8")
    file = write_campaign(tmp_path, budget=2, batch=1)
    outcome, _ = finish(file)
    assert outcome.why is Why.WAITING
    (todo,) = outcome.todo
    assert "labagent record 1 NAME=VALUE" in todo
    assert 'labagent record 1 --failed "reason"' in todo
    assert states(file) == {StepState.UNKNOWN: 1}
    with open_runtime(file) as runtime:
        (finding,) = runtime.logbook.findings(runtime.campaign_id)
    assert (finding.kind, finding.experiment) == ("unknown", 1)


def test_a_campaign_that_only_fails_gives_up(tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text(BROKEN, encoding="utf-8")
    file = write_campaign(tmp_path, budget=30, batch=3)
    outcome, _ = finish(file)
    assert (outcome.why, outcome.exit_code) == (Why.FAILING, 1)
    assert states(file) == {StepState.FAILED: 6}
    with open_runtime(file) as runtime:
        findings = runtime.logbook.findings(runtime.campaign_id)
    assert "no beam" in str(findings[0].details["message"])


def test_a_person_measures_and_hands_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(MANUAL, encoding="utf-8")
    outcome, _ = finish(file)
    assert outcome.why is Why.WAITING
    assert outcome.todo[0].startswith("do experiment of experiment 1, then: labagent")
    hands = tmp_path / "by-hand-work" / "hands"
    (card,) = (hands / "cards").glob("1-*.md")
    form = hands / "results" / f"{card.stem}.json"
    form.write_text('{"height": 0.5}', encoding="utf-8")
    assert finish(file)[0].why is Why.BUDGET
    assert states(file) == {StepState.MEASURED: 1}


def test_past_experiments_are_imported_once_and_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text("x,y,height\n0.1,0.2,0.3\n0.4,0.5,0.6\n")
    more = "history: {file: past.csv}"
    file = write_campaign(tmp_path, budget=1, batch=1, more=more)
    _, told = finish(file)
    finish(file)
    assert [n.text for n in told if n.kind is Kind.IMPORTED] == [
        "2 past experiments from past.csv, 0 known before"
    ]
    assert states(file) == {StepState.MEASURED: 3}


def test_a_run_ends_when_somebody_changes_the_goal(tmp_path: Path) -> None:
    file = write_campaign(tmp_path, budget=6, batch=1)
    tighter = file.read_text(encoding="utf-8") + "safety: [x <= 0.5 mm]\n"

    def change(news: News) -> None:
        if news.kind is Kind.STEP and news.done == 1:
            file.write_text(tighter, encoding="utf-8")
            open_runtime(file).close()  # as `labagent propose` or another run does

    with open_runtime(file) as runtime:
        outcome = run(runtime, progress=change)
    assert outcome.why is Why.WAITING
    assert "goal was changed" in outcome.text
    begun = sum(effects(tmp_path).values())
    assert begun <= 2
    assert finish(file)[0].why is Why.BUDGET
    with open_runtime(file) as runtime:
        late = runtime.logbook.experiments(runtime.campaign_id)[begun:]
    assert all(float(r.intervention["x"]) <= 0.5 + 1e-6 for r in late)  # type: ignore[arg-type]


def test_an_executor_that_is_not_ready_uses_up_no_experiment(tmp_path: Path) -> None:
    table = "x,y,height\n" + "".join(f"0.{n},0.5,0.{n}\n" for n in range(1, 9))
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    file = write_campaign(tmp_path, budget=3, batch=1)
    text = file.read_text(encoding="utf-8").replace(
        "curve: {adapter: python, file: experiment.py, parallel: 2}",
        "curve: {adapter: replay, file: table.csv}",
    )
    text += "candidates:\n  file: table.csv\n"
    file.write_text(text, encoding="utf-8")
    assert finish(file, most=1)[0].why is Why.FINISHED
    with open_runtime(file) as runtime:
        (tmp_path / "table.csv").write_text(table + "0.9,0.5,0.9\n", encoding="utf-8")
        outcome = run(runtime)
    assert outcome.why is Why.WAITING
    assert "executor curve is not ready: " in outcome.text
    assert states(file)[StepState.FAILED] == 0
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    assert finish(file)[0].why is Why.BUDGET
    assert states(file) == {StepState.MEASURED: 3}


def test_wrong_settings_are_told_before_anything_is_proposed(tmp_path: Path) -> None:
    file = write_campaign(tmp_path, options="function: weigh")
    with pytest.raises(ConfigurationError, match="weigh"):
        finish(file)
    assert states(file) == {}


RUN = """
import sys
from flows.run import run
from flows.wiring import open_runtime
with open_runtime(sys.argv[1], sys.argv[2]) as runtime:
    sys.exit(run(runtime).exit_code)
"""


KILLED = """
import os, signal, sys
from flows.outcomes import Kind
from flows.run import run
from flows.wiring import open_runtime


def pull_the_plug(news):
    if news.kind is Kind.STEP:
        os.kill(os.getpid(), signal.SIGKILL)


with open_runtime(sys.argv[1]) as runtime:
    run(runtime, progress=pull_the_plug)
"""


def test_a_killed_run_is_taken_over_and_prefect_is_told(tmp_path: Path) -> None:
    slow = EXPERIMENT.replace(
        "    return", "    import time; time.sleep(1)\n    return"
    )
    first = slow.replace("time.sleep(1)", "time.sleep(experiment - 1)")
    (tmp_path / "experiment.py").write_text(first, encoding="utf-8")
    file = write_campaign(tmp_path, budget=2, batch=2)
    renamed = file.read_text().replace("name: heights", "name: killed")
    file.write_text(renamed, encoding="utf-8")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    assert killed.returncode == -signal.SIGKILL
    _, told = finish(file)
    assert [n.text for n in told if n.kind is Kind.RECOVERED] == [
        "steps taken over from a run that died: 1"
    ]
    assert effects(tmp_path) == once(2)
    name = FlowRunFilter(name=FlowRunFilterName(any_=["killed batch 0"]))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=name)
    assert Counter(r.state_name for r in runs) == {"Crashed": 1, "Completed": 1}


def test_two_runs_at_once_share_the_work(database_url: str, tmp_path: Path) -> None:
    slow = EXPERIMENT.replace(
        "    return", "    import time; time.sleep(0.2)\n    return"
    )
    (tmp_path / "experiment.py").write_text(slow, encoding="utf-8")
    file = write_campaign(tmp_path, budget=6, batch=3)
    command = [sys.executable, "-c", RUN, str(file), database_url]
    runs = [subprocess.Popen(command, env=os.environ) for _ in range(2)]
    assert [r.wait(timeout=120) for r in runs] == [4, 4]
    assert effects(tmp_path) == once(6)
    with open_runtime(file, database_url) as runtime:
        records = runtime.logbook.experiments(runtime.campaign_id)
        assert runtime.logbook.verify() == ()
    assert [r.state for r in records] == [StepState.MEASURED] * 6


TURNS = """\
labagent: 1
name: turns
goal: Thick layers.
objectives: {thickness: {unit: nm, goal: maximize, expect: [0, 40]}}
stages:
  deposit:
    repeat: {times: 3, start: {thickness: 0}}
    controls: {heat: {range: [0, 1]}}
    measures: [thickness]
    cost: 2 EUR
executors:
  chamber: {adapter: python, file: chamber.py, idempotent: true, simulated: true}
budget: {experiments: 6}
initial: 4
batch: 2
leash: autonomous
"""
CHAMBER = """\
from pathlib import Path


def measure(parameters, turn, experiment):
    file = Path(__file__).with_name(f"film-{experiment}.txt")
    film = file.read_text().split() if turn > 1 else []
    film.append(str(10 * parameters["deposit.heat"] * turn))
    file.write_text(" ".join(film))
    return {"thickness": sum(map(float, film))}
"""


def test_a_sample_passes_a_stage_that_repeats_turn_by_turn(tmp_path: Path) -> None:
    """Each turn is a step of its own, and the model learns from all of them."""
    (tmp_path / "chamber.py").write_text(CHAMBER)
    file = tmp_path / "turns.yaml"
    file.write_text(TURNS)
    outcome, _ = finish(file)
    assert outcome.why is Why.BUDGET
    with open_runtime(file) as runtime:
        records = runtime.logbook.experiments(runtime.campaign_id)
        trials = runtime.logbook.trials(runtime.campaign_id).measured
        last = runtime.logbook.decisions(runtime.campaign_id)[-1]
    assert [s.stage for s in records[0].steps] == [f"deposit_{k}" for k in (1, 2, 3)]
    for trial in trials:
        heats = [trial.intervention[f"deposit_{k}.heat"] for k in (1, 2, 3)]
        grown = [10 * float(h) * k for k, h in enumerate(heats, 1)]  # type: ignore[arg-type]
        assert trial.results["thickness_2"] == pytest.approx(sum(grown[:2]))
        assert trial.results["thickness"] == pytest.approx(sum(grown))
    assert last.decision.strategy == "model"
    assert "network" in last.decision.model
