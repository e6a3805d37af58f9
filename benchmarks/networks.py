"""Processes with observed states: regret of labagent beside four other methods.

    python -m benchmarks.networks --out FILE [--seeds 20] [--processes 2] [--device cpu]
        [--problems dropwave ackley rosenbrock] [--arms plain eifn labagent random]
        [--controls hidden noise wrong-outcome wrong-upstream deprived undeclared]
    python -m benchmarks.networks --report FILE

Run from the repository's root. All arms of a seed start from the same Sobol points and
meet the same noise; then one experiment at a time. A campaign is a line of FILE as soon
as it is finished: a run that was killed goes on where it was, other seeds, arms or
problems are added to what is there.

plain      SingleTaskGP and qLogNEI, as BoTorch's documentation has them
eifn       expected improvement of function networks, told the true graph
labagent   the real functions, told the true graph
random     the Sobol sequence, continued

``--controls`` are campaigns in which labagent is told something wrong, or less:

hidden          no states: must equal plain
undeclared      states, but no causes
noise           states are independent N(0, 1), causes as they are
wrong-outcome   outcomes are said to come from one control that is no cause of theirs
wrong-upstream  every state's last cause is left out
deprived        the same, and the causes left out are forbidden

Reported: mean final regret; the ratio to plain of mean regrets over seeds, at the end
and over time, with 95 % paired bootstrap intervals; how often central 90 % intervals of
predictions sealed before the experiment held its outcomes, and their negative log
density, mean and median; seconds a proposal on one thread.
"""

import argparse
import hashlib
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import botorch
import gpytorch
import torch
from rich.console import Console
from rich.progress import track

import labagent
from benchmarks.functions.agent import VARIANTS, Agent, campaign_text, read
from benchmarks.functions.eifn import Eifn
from benchmarks.functions.plain import SEEDS_A_CAMPAIGN, Arm, Chance, Plain
from benchmarks.functions.problems import Problem, sobol
from benchmarks.functions.rows import Job, Row, append, failed
from benchmarks.functions.rows import read as read_rows
from benchmarks.functions.scores import report
from benchmarks.functions.table import PROBLEMS

STEPS, SEEDS = 25, 20
WIDTH = 160
"""Columns of a report that no terminal shows."""
CONTROLS = tuple(name for name in VARIANTS if name != "true")


def make_agent(problem: Problem, job: Job) -> Arm:
    """Return labagent, told what the arm's name says after the slash."""
    _, _, name = job.arm.partition("/")
    variant = VARIANTS[name or "true"](problem)
    text = campaign_text(problem, variant, job.starts, job.steps, job.seed, job.device)
    return Agent(problem, variant, read(text), seal_starts=job.seal_starts)


ARMS: Mapping[str, Callable[[Problem, Job], Arm]] = {
    "plain": lambda problem, job: Plain(problem, job.seed),
    "eifn": lambda problem, job: Eifn(problem, job.seed),
    "labagent": make_agent,
    "random": lambda problem, job: Chance(problem, job.seed),
}


def run(job: Job) -> Row:
    """Run one campaign; what goes wrong is a row as well."""
    try:
        return _run(job)
    except Exception:  # noqa: BLE001 - becomes a recorded row
        return failed(job, traceback.format_exc(), versions(), _now())


def _run(job: Job) -> Row:
    problem = PROBLEMS[job.problem]()
    arm = ARMS[job.arm.partition("/")[0]](problem, job)
    noise = job.seed * SEEDS_A_CAMPAIGN
    points = list(sobol(len(problem.controls), job.starts, job.seed))
    values = [problem.measure(u, noise + i) for i, u in enumerate(points)]
    for u, y in zip(points, values, strict=True):
        arm.tell(u, y)
    below: dict[str, list[float]] = {}
    density: dict[str, list[float]] = {}
    seconds: list[float] = []
    for _ in range(job.steps):
        began = time.perf_counter()
        u, sealed = arm.ask()
        y = problem.measure(u, noise + len(points))
        arm.tell(u, y)
        seconds.append(time.perf_counter() - began)
        points.append(u)
        values.append(y)
        for name, expected in sealed.items():
            value = float(y[problem.column(name)])
            below.setdefault(name, []).append(expected.probability_below(value))
            density.setdefault(name, []).append(expected.log_density(value))
    return Row(
        job=job,
        regrets=problem.regret(torch.stack(points))[job.starts - 1 :],
        seconds=seconds,
        below=below,
        density=density,
        points=[u.tolist() for u in points],
        values=[y.tolist() for y in values],
        versions=versions(),
        finished=_now(),
    )


def versions() -> dict[str, str]:
    """Return what a figure depends on beside the seeds."""
    return {
        "torch": torch.__version__,
        "botorch": botorch.__version__,
        "gpytorch": gpytorch.__version__,
        "labagent": labagent.__version__,
        "code": _digest(Path(labagent.__file__).parent),
    }


def _digest(folder: Path) -> str:
    """Return a digest of the Python source of a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _begin() -> None:
    """Keep a worker to one thread, and end it with the run that began it."""
    torch.set_num_threads(1)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # the run was killed: nobody takes the result


def campaigns(wanted: argparse.Namespace) -> list[Job]:
    """Return all campaigns asked for, seed by seed, so that early ones are paired."""
    arms = [*wanted.arms, *(f"labagent/{name}" for name in wanted.controls)]
    jobs: list[Job] = []
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        for name in wanted.problems:
            starts = wanted.starts or 2 * (len(PROBLEMS[name]().controls) + 1)
            for arm in arms:
                ours = arm.startswith("labagent")
                seal = wanted.seal_starts and ours
                place = wanted.device if ours else "cpu"
                jobs.append(Job(name, seed, arm, starts, wanted.steps, seal, place))
    return jobs


def carry_out(jobs: Sequence[Job], out: Path, processes: int) -> int:
    """Run what is not in the file yet; return how many failed."""
    known = read_rows(out)
    left = [job for job in jobs if job not in known or known[job].error]
    failures = 0
    os.environ["OMP_NUM_THREADS"] = "1"  # for the workers, who import torch anew
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_begin, maxtasksperchild=8) as pool:
        found = pool.imap_unordered(run, left)
        for row in track(found, total=len(left), description="campaigns"):
            append(out, row)
            failures += bool(row.error)
    return failures


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    doing = parser.add_mutually_exclusive_group(required=True)
    doing.add_argument("--out", type=Path, help="file to add campaigns to")
    doing.add_argument("--report", type=Path, help="file to print tables of")
    names = list(PROBLEMS)
    parser.add_argument("--problems", nargs="+", choices=names, default=names)
    parser.add_argument("--arms", nargs="*", choices=ARMS, default=list(ARMS))
    parser.add_argument("--controls", nargs="*", choices=CONTROLS, default=[])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--steps", type=int, default=STEPS, help="proposals")
    parser.add_argument("--starts", type=int, help="Sobol points, by default 2 (d + 1)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--seal-starts",
        action="store_true",
        help="labagent predicts the starting points too, as in a real campaign",
    )
    return parser.parse_args(arguments)


def main() -> None:
    """Run or report."""
    wanted = parse()
    path: Path = wanted.report or wanted.out
    failures = 0
    if wanted.out:
        failures = carry_out(campaigns(wanted), path, wanted.processes)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    report(read_rows(path), console)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
