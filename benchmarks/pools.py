"""Measured tables as pools: how many of the best rows are found in 40 experiments.

    python benchmarks/pools.py --data DIR [--sets NAME ...] [--seeds 5] [--find many]

DIR holds a folder a data set with ``data.csv`` and ``meta.json`` (columns, target,
direction). Five random rows are told first, the same for every method; then one row at
a time is asked for and told until 40 are measured. Methods:

labagent   the real door: one ``labagent agent --stdio`` process a campaign
botorch    SingleTaskGP on one-hot, unit-cube inputs and standardised values, analytic
           LogEI over the whole pool, as BoTorch's tutorials have it
chance     exact, by the hypergeometric distribution

Reported by data set, means over seeds with 95 % bootstrap intervals: the enhancement
factor, found rows of the table's top 5 % over those random choice finds
[Liang2021]_; the final regret, as the share of rows better than the best found; and,
for labagent, how often the 90 % interval of its prediction held the next result.

.. [Liang2021] Q. Liang et al. Benchmarking the performance of Bayesian optimization
   across multiple experimental materials science domains. npj Comput. Mater. 7, 188,
   2021.
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from botorch.acquisition.analytic import LogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from gpytorch.mlls import ExactMarginalLogLikelihood
from rich.progress import track

STARTS, BUDGET, TOP = 5, 40, 0.05
SETS = ("pvlab_crossed_barrel", "olympus_oer_plate_3496", "edbo_direct_arylation")
METHODS = ("labagent", "botorch")
RESAMPLES = 10_000
INSIDE = NormalDist().inv_cdf(0.95)
"""Half-width of a central 90 % interval, in standard deviations."""


@dataclass(frozen=True)
class Table:
    """A measured table.

    Attributes:
        path: The CSV file.
        inputs: Columns that describe a row.
        labels: Those of them that are not numbers.
        target: Column of the result.
        goal: ``max`` or ``min``.
    """

    path: Path
    inputs: tuple[str, ...]
    labels: tuple[str, ...]
    target: str
    goal: str

    @classmethod
    def read(cls, folder: Path) -> "Table":
        """Return the table of a folder, for its first target."""
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        target = meta["targets"][0]
        frame = pd.read_csv(folder / "data.csv")
        inputs = tuple(c for c in meta["columns"] if c not in meta["targets"])
        labels = tuple(
            c for c in inputs if not pd.api.types.is_numeric_dtype(frame[c].dtype)
        )
        return cls(
            folder / "data.csv", inputs, labels, target, meta["goal"][target][:3]
        )

    def frame(self) -> pd.DataFrame:
        """Return all rows."""
        return pd.read_csv(self.path)

    def values(self) -> np.ndarray:
        """Return (N,) results, larger is better."""
        values = self.frame()[self.target].to_numpy(dtype=float)
        return values if self.goal == "max" else -values


class Door(Protocol):
    """Suggests rows of a table, one at a time."""

    def tell(self, rows: Sequence[int], values: Sequence[float]) -> None:
        """Take note of measured rows."""
        ...

    def ask(self) -> tuple[int, tuple[float, float] | None]:
        """Return a row, and mean and standard deviation expected of it if it can."""
        ...

    def close(self) -> None:
        """End what was begun."""
        ...


class Labagent:
    """The real door, in a process of its own."""

    def __init__(self, table: Table, seed: int, find: str) -> None:
        command = [sys.executable, "-m", "labagent.app.main", "agent", "--stdio"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say(
            op="init",
            pool_csv=str(table.path),
            columns=list(table.inputs),
            categorical=list(table.labels),
            goal=table.goal,
            target=table.target,
            find=find,
            seed=seed,
            protocol=1,
        )

    def _say(self, **message: object) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("labagent agent: got no pipes")
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def tell(self, rows: Sequence[int], values: Sequence[float]) -> None:
        """Tell results."""
        self._say(op="tell", rows=list(rows), values=list(values))

    def ask(self) -> tuple[int, tuple[float, float] | None]:
        """Ask for a row, then for what is expected of it."""
        (row,) = self._say(op="ask", n=1)["rows"]
        expected = self._say(op="predict", rows=[row])
        return row, (expected["mean"][0], expected["std"][0])

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate()


class Botorch:
    """BoTorch as its tutorials have it."""

    def __init__(self, table: Table, seed: int) -> None:
        torch.manual_seed(seed)
        frame = pd.get_dummies(
            table.frame()[list(table.inputs)], columns=list(table.labels), dtype=float
        )
        spread = (frame.max() - frame.min()).replace(0, 1)
        scaled = ((frame - frame.min()) / spread).to_numpy(dtype=float)
        self.pool = torch.tensor(scaled, dtype=torch.float64)
        self._sign = 1.0 if table.goal == "max" else -1.0
        self._rows: list[int] = []
        self._values: list[float] = []

    def tell(self, rows: Sequence[int], values: Sequence[float]) -> None:
        """Tell results."""
        self._rows += rows
        self._values += [self._sign * v for v in values]

    def ask(self) -> tuple[int, tuple[float, float] | None]:
        """Return the unmeasured row of the largest log expected improvement."""
        y = torch.tensor(self._values, dtype=torch.float64).unsqueeze(-1)
        seen = self.pool[self._rows]
        model = SingleTaskGP(seen, y, outcome_transform=Standardize(m=1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        with torch.no_grad():
            # the best posterior mean: results are noisy
            best = model.posterior(seen).mean.max()
            values = LogExpectedImprovement(model, best)(self.pool.unsqueeze(-2))
        values[self._rows] = -torch.inf
        return int(values.argmax()), None

    def close(self) -> None:
        """Do nothing: there is no process."""


@dataclass(frozen=True)
class Job:
    """One campaign."""

    table: Table
    method: str
    seed: int
    find: str


@dataclass(frozen=True)
class Result:
    """How a campaign went.

    Attributes:
        job: Which one.
        enhancement: Found top rows over those chance finds.
        regret: Share of rows better than the best found.
        held: Whether each result lay in the 90 % interval predicted for it.
    """

    job: Job
    enhancement: float
    regret: float
    held: tuple[bool, ...]


def run(job: Job) -> Result:
    """Run one campaign against its table."""
    raw = job.table.frame()[job.table.target].to_numpy(dtype=float)
    generator = np.random.default_rng(job.seed)
    measured = [int(i) for i in generator.choice(len(raw), STARTS, replace=False)]
    held: list[bool] = []
    door: Door = (
        Labagent(job.table, job.seed, job.find)
        if job.method == "labagent"
        else Botorch(job.table, job.seed)
    )
    with closing(door):
        door.tell(measured, [float(raw[i]) for i in measured])
        while len(measured) < BUDGET:
            row, expected = door.ask()
            if row in measured:
                raise RuntimeError(f"row {row}: was asked for twice")
            if expected is not None:
                held.append(abs(raw[row] - expected[0]) <= INSIDE * expected[1])
            door.tell([row], [float(raw[row])])
            measured.append(row)
    return _score(job, measured, tuple(held))


def _score(job: Job, measured: list[int], held: tuple[bool, ...]) -> Result:
    values = job.table.values()
    count = round(TOP * len(values))
    top = set(np.argsort(-values, kind="stable")[:count].tolist())
    by_chance = BUDGET * count / len(values)
    best = values[measured].max()
    return Result(
        job=job,
        enhancement=len(top & set(measured)) / by_chance,
        regret=float((values > best).mean()),
        held=held,
    )


def interval(values: Sequence[float]) -> str:
    """Return mean and 95 % bootstrap interval as text."""
    found = np.asarray(values, dtype=float)
    generator = np.random.default_rng(0)
    means = generator.choice(found, (RESAMPLES, len(found))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{found.mean():6.3f} [{low:.3f}, {high:.3f}]"


def report(results: Sequence[Result]) -> None:
    """Print a line a data set and method, and paired differences."""
    for path in dict.fromkeys(r.job.table.path for r in results):
        print(path.parent.name)
        by_method: dict[str, list[Result]] = {}
        for result in sorted(results, key=lambda r: r.job.seed):
            if result.job.table.path == path:
                by_method.setdefault(result.job.method, []).append(result)
        for method, found in by_method.items():
            held = [h for r in found for h in r.held]
            print(
                f"  {method:9} enhancement {interval([r.enhancement for r in found])}"
                f"  regret {interval([r.regret for r in found])}"
                + (f"  90 % held {np.mean(held):.0%} of {len(held)}" if held else "")
            )
        if len(by_method) == len(METHODS):
            ours, theirs = (by_method[m] for m in METHODS)
            more = [
                a.enhancement - b.enhancement for a, b in zip(ours, theirs, strict=True)
            ]
            print(f"  {'difference':9}            {interval(more)}  (paired)")


def main() -> None:
    """Run all campaigns and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--find", choices=("many", "best"), default="many")
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    jobs = [
        Job(Table.read(wanted.data / name), method, seed, wanted.find)
        for name in wanted.sets
        for seed in range(wanted.first, wanted.first + wanted.seeds)
        for method in wanted.methods
    ]
    context = multiprocessing.get_context("spawn")
    with context.Pool(wanted.processes) as pool:
        found = pool.imap_unordered(run, jobs)
        report(list(track(found, total=len(jobs), description="campaigns")))


if __name__ == "__main__":
    main()
