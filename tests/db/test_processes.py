"""Several processes at one database, some of them killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from db import open_logbook
from labagent.experiments import StepState
from tests import factories as make

ROOT = Path(__file__).parents[2]

OPEN = """
import sys
from db import open_logbook
from tests.factories import make_campaign
book = open_logbook(sys.argv[1])
print(book.open_campaign(make_campaign(), sys.argv[2]).id)
book.close()
"""

WORK = """
import sys
from db import open_logbook
from labagent.experiments import StepState
from tests import factories as make
book = open_logbook(sys.argv[1])
while True:
    claim = book.claim(1, sys.argv[2], 600.0)
    if claim is None:
        break
    print("claimed", claim.step, flush=True)
    seen = [make.hardness(float(claim.step)), make.resistivity()]
    book.complete(claim, StepState.MEASURED, seen, "", {"by": sys.argv[2]})
book.close()
"""


def start(program: str, url: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # our own interpreter and program
        [sys.executable, "-c", program, url, name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_eight_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    running = [start(OPEN, database_url, f"p{i}") for i in range(8)]
    said = [process.communicate(timeout=120) for process in running]
    assert said == [("1\n", "")] * 8
    book = open_logbook(database_url)
    assert len(book.events()) == 1
    assert book.verify() == ()
    book.close()


@pytest.mark.parametrize("rounds", [6])
def test_killed_workers_lose_nothing_and_double_nothing(
    database_url: str, rounds: int
) -> None:
    book = open_logbook(database_url)
    campaign = book.open_campaign(make.make_campaign(), "ada").id
    decision = make.decision(holds=[1.0 + i / 10 for i in range(40)])
    ids = book.add_decision(campaign, decision, make.ONE_STAGE, "agent")
    book.decide(ids, True, "ada", "")
    for number in range(rounds):
        _run_and_kill(database_url, f"w{number}", after=3 + number)
        assert book.verify() == ()
        book.lapse(f"w{number}")  # the worker is known to be dead
    worker = start(WORK, database_url, "last")
    assert worker.communicate(timeout=120)[1] == ""
    records = book.experiments(campaign)
    assert [e.state for e in records] == [StepState.MEASURED] * 40
    for record in records:
        step = record.steps[0]
        assert record.results["hardness"] == step.id  # once, and its own
        assert len(step.measurements) == 2
    assert book.verify() == ()
    book.close()


def _run_and_kill(url: str, name: str, after: int) -> None:
    """Kill a worker, wherever it is, once it has claimed a number of steps."""
    worker = start(WORK, url, name)
    assert worker.stdout is not None
    for _ in range(after):
        worker.stdout.readline()
    time.sleep(after / 1000)  # somewhere inside the next transactions
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
