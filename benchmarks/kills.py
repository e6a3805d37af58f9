"""Kill ``labagent run`` at random moments and count what was lost or done twice.

The campaign's experiments are a function that writes a line to a file when it runs, so
its effects are counted independently of the database. The function is *not* declared
idempotent: running it twice would be a broken promise, and so would an unclear outcome,
because its executor can look every request up.

Run it with ``python benchmarks/kills.py -n 50``; the exit code is 1 where a promise was
broken.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.wiring import open_runtime
from labagent.experiments import ExperimentRecord, StepState

MARK = "KILLS_FOLDER"
"""Environment variable that all processes of one trial carry."""

EARLY = 0.25
"""Share of the kills that come while the run starts, so that others see it at work."""

STARTING, WORKING = 6.0, 4.0
"""Seconds within which a kill comes: after the start, after the first effect."""

PATIENCE = 120.0
"""Seconds within which a run must have an effect."""

CAMPAIGN = """\
labagent: 1
name: kills
goal: The highest of a known curve, found although somebody pulls the plug.
objectives:
  height: {unit: mm, goal: maximize, expect: [0, 1]}
controls:
  x: {range: [0, 1], unit: mm}
  y: {range: [0, 1], unit: mm}
executors:
  curve: {adapter: python, file: experiment.py, parallel: 2, timeout: 60 s}
budget: {experiments: 100000}
leash: autonomous
batch: 4
initial: 40
seed: 5
"""

EXPERIMENT = '''\
"""Leaves a trace of every call before and after its effect."""

import json
import os
import random
import time
from pathlib import Path


def measure(parameters, experiment=0):
    height = parameters["x"] * (1 - parameters["y"] ** 2)
    line = json.dumps({"experiment": experiment, "height": height}) + "\\n"
    effects = Path(__file__).with_name("effects.jsonl")
    time.sleep(random.uniform(0.0, 0.2))
    file = os.open(effects, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, line.encode())
    os.fsync(file)
    os.close(file)
    time.sleep(random.uniform(0.0, 0.2))
    return {"height": height}
'''


@dataclass(frozen=True)
class Tally:
    """What a trial came to; everything but the first three must be zero.

    Attributes:
        kills: How often a run was killed while it lived.
        effects: Lines the experiments wrote.
        measured: Experiments with a result.
        lost: Experiments that had an effect and have no result.
        invented: Experiments with a result that had no effect.
        doubled: Experiments that had more than one effect.
        altered: Experiments whose recorded result is not what the function returned.
        stuck: Experiments that neither finished nor wait for the next run.
        gaps: Numbers missing between the first and the last experiment.
        faults: What ``labagent verify`` finds wrong.
        orphans: Processes left over.
    """

    kills: int
    effects: int
    measured: int
    lost: int
    invented: int
    doubled: int
    altered: int
    stuck: int
    gaps: int
    faults: int
    orphans: int

    @property
    def violations(self) -> dict[str, int]:
        """What must be zero and is not, by name."""
        names = [f.name for f in fields(self)][3:]
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def prepare(folder: Path) -> Path:
    """Write the campaign and its experiment; return the campaign's file."""
    (folder / "experiment.py").write_text(EXPERIMENT, encoding="utf-8")
    campaign = folder / "campaign.yaml"
    campaign.write_text(CAMPAIGN, encoding="utf-8")
    return campaign


def start(campaign: Path, *options: str) -> "subprocess.Popen[bytes]":
    """Start the real command line on a campaign."""
    program = str(Path(sys.executable).with_name("labagent"))
    with (campaign.parent / "output.txt").open("ab") as output:
        return subprocess.Popen(
            [program, "run", str(campaign), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, MARK: str(campaign.parent)},
        )


def kill(campaign: Path, moments: random.Random) -> str:
    """Start a run, kill it at a random moment, and say at which."""
    before = _size(campaign)
    process, began = start(campaign), time.monotonic()
    if moments.random() < EARLY:
        time.sleep(moments.uniform(0.0, STARTING))
    else:
        while _size(campaign) == before and time.monotonic() - began < PATIENCE:
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, WORKING))
    if process.poll() is not None:
        raise RuntimeError(f"the run ended by itself: {_said(campaign)}")
    process.send_signal(signal.SIGKILL)
    process.wait()
    return f"after {time.monotonic() - began:.1f} s"


def _size(campaign: Path) -> int:
    """Return how many bytes the experiments have written."""
    effects = campaign.with_name("effects.jsonl")
    return effects.stat().st_size if effects.exists() else 0


def _said(campaign: Path) -> str:
    return campaign.with_name("output.txt").read_text(encoding="utf-8")[-2000:]


def finish(campaign: Path) -> None:
    """Let the same command go on undisturbed for one more experiment.

    Raises:
        RuntimeError: It did not end well.
    """
    code = start(campaign, "--max-experiments", "1").wait(timeout=300)
    if code != 0:
        raise RuntimeError(
            f"the run after the kills ended with {code}: {_said(campaign)}"
        )


def count(campaign: Path, kills: int) -> Tally:
    """Compare the database with the effects."""
    effects = _effects(campaign.parent / "effects.jsonl")
    runs = Counter(number for number, _ in effects)
    heights = dict(effects)
    with open_runtime(campaign) as runtime:
        records = runtime.logbook.experiments(runtime.campaign_id)
        faults = len(runtime.logbook.verify())
    found = {r.number: r for r in records if r.state is StepState.MEASURED}
    numbers = [r.number for r in records]
    return Tally(
        kills=kills,
        effects=len(effects),
        measured=len(found),
        lost=sum(number not in found for number in runs),
        invented=sum(number not in runs for number in found),
        doubled=sum(times > 1 for times in runs.values()),
        altered=sum(
            _height(found[number]) != heights[number]
            for number in found
            if number in runs
        ),
        stuck=len(records) - len(found),
        gaps=len(set(range(1, max(numbers, default=0) + 1)) - set(numbers)),
        faults=faults,
        orphans=len(left_over(campaign.parent)),
    )


def _effects(path: Path) -> list[tuple[int, float]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    return [(row["experiment"], row["height"]) for row in rows]


def _height(record: ExperimentRecord) -> float:
    return record.results["height"]


def left_over(folder: Path, patience: float = 15.0) -> list[str]:
    """Return the command lines of processes that a trial left, after some patience."""
    give_up = time.monotonic() + patience
    while (found := _marked(folder)) and time.monotonic() < give_up:
        time.sleep(0.2)
    return found


def _marked(folder: Path) -> list[str]:
    mark = f"{MARK}={folder}".encode()
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                words = (process / "cmdline").read_bytes().split(b"\0")
                found.append(b" ".join(words).decode())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended while we looked, or is not ours
    return found


def trial(folder: Path, kills: int, seed: int, console: Console | None = None) -> Tally:
    """Kill a campaign's runs at random moments, then let it go on, and count.

    Args:
        folder: Empty folder to work in.
        kills: How often to kill.
        seed: Of the moments.
        console: Where to say how far it is.
    """
    campaign = prepare(folder)
    moments = random.Random(seed)  # noqa: S311  not for secrets
    for number in range(1, kills + 1):
        moment = kill(campaign, moments)
        if console is not None:
            console.print(f"kill {number} of {kills} {moment}")
    finish(campaign)
    return count(campaign, kills)


def main() -> int:
    """Run a trial and print its tally; return the exit code."""
    parser = argparse.ArgumentParser(description="Kill runs at random moments")
    parser.add_argument("-n", "--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="labagent-kills-") as folder:
        tally = trial(Path(folder), arguments.kills, arguments.seed, console)
    table = Table("what", "count")
    for field in fields(tally):
        table.add_row(field.name, str(getattr(tally, field.name)))
    console.print(table)
    if tally.violations:
        console.print(f"broken: {tally.violations}", style="bold red")
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
