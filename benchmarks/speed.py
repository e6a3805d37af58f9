"""Seconds of one decision: the mixture beside plain qLogNEI, in one run.

    python -m benchmarks.speed [--rows 50 200 1000] [--repeats 3] [--device cpu]

Eight controls in three stages, a state after each of the first two, one outcome, some
noise. The mixture's step is ``propose``: every member fitted, all acquisitions, and the
sealed prediction. The plain step is BoTorch's: SingleTaskGP of the outcome, qLogNEI,
``optimize_acqf`` with ten restarts of 512 raw samples, always on the CPU. One thread
unless told otherwise; the ratio is what is to be compared between machines. With
``--device cuda`` the mixture decides on a GPU.
"""

import argparse
import os
import time
from statistics import median

import torch

from benchmarks.functions.agent import read
from benchmarks.functions.plain import Plain
from benchmarks.functions.problems import Control, Node, Problem, sobol
from labagent.experiments import Trial, Trials
from labagent.loop import propose

CONTROLS = tuple(Control(f"x{i}") for i in range(8))
FILE = """\
labagent: 1
name: speed
goal: the largest y
objectives:
  y: {unit: "", goal: maximize}
measured:
  a: {unit: ""}
  b: {unit: ""}
stages:
  first:
    controls: {x0: {range: [0, 1]}, x1: {range: [0, 1]}, x2: {range: [0, 1]}}
    measures: [a]
  second:
    controls: {x3: {range: [0, 1]}, x4: {range: [0, 1]}, x5: {range: [0, 1]}}
    measures: [b]
  third:
    controls: {x6: {range: [0, 1]}, x7: {range: [0, 1]}}
    measures: [y]
causes: ["first.x0, first.x1 -> a", "a, second.x3 -> b", "b, third.x6 -> y"]
executors: {bench: manual}
budget: {experiments: 5000}
leash: autonomous
batch: 1
initial: 10
"""
NAMES = [f"first.x{i}" for i in range(3)] + [f"second.x{i}" for i in range(3, 6)]
NAMES += ["third.x6", "third.x7"]


def truth(U: torch.Tensor) -> torch.Tensor:
    """Return a, b and y (n, 3) at U (n, 8)."""
    a = torch.sin(3 * U[:, 0]) + U[:, 1] ** 2
    b = a * U[:, 3] + torch.cos(4 * U[:, 4])
    y = b - (U[:, 6] - 0.4) ** 2 + 0.3 * U[:, 7]
    return torch.stack([a, b, y], dim=-1)


NODES = (
    Node("a", ("x0", "x1"), noise=0.02),
    Node("b", ("a", "x3", "x4"), noise=0.02),
    Node("y", ("b", "x6", "x7"), noise=0.02),
)
PROBLEM = Problem("speed", CONTROLS, NODES, "y", 3.0, truth)


def seconds(rows: int, seed: int, device: str) -> tuple[float, float]:
    """Return seconds of a step of the mixture and of plain qLogNEI."""
    U = sobol(len(CONTROLS), rows, seed)
    plain = Plain(PROBLEM, seed)
    trials: list[Trial] = []
    for i, u in enumerate(U):
        y = PROBLEM.measure(u, i)
        plain.tell(u, y)
        point = dict(zip(NAMES, u.tolist(), strict=True))
        results = dict(zip("aby", y.tolist(), strict=True))
        trials.append(Trial(i + 1, point, results))
    campaign = read(f"{FILE}device: {device}\n")
    start = time.perf_counter()
    propose(campaign, Trials(0, tuple(trials)), seed)
    middle = time.perf_counter()
    plain.ask()
    return middle - start, time.perf_counter() - middle


def main() -> None:
    """Print medians and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    wanted = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    for rows in wanted.rows:
        found = [seconds(rows, s, wanted.device) for s in range(wanted.repeats)]
        ours, theirs = (median(t) for t in zip(*found, strict=True))
        print(
            f"{rows:5} experiments: mixture {ours:6.2f} s, plain {theirs:6.2f} s, "
            f"ratio {ours / theirs:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
