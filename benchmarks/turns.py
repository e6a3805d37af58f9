"""Stages that repeat: what one law for all turns is worth, and costs where it is wrong.

    python -m benchmarks.turns [--rows 6 10 20 40] [--steps 12] [--seeds 10]

A film is deposited in four turns, each with a temperature and a pulse of its own; after
each its thickness is measured, with a noise of 1 nm. ``one law``: a turn adds g(T, p)
(1 - s / 200); ``four laws``: the best temperature rises by 25 degC from turn to turn, a
control in which the declaration is wrong. Told to labagent as one stage with ``repeat:
4`` from a thickness of 0, or as four stages that have nothing in common.

Reported, with 95 % bootstrap intervals over seeds: the network's error of the last
thickness, in nm, over 256 recipes when as many samples of a Sobol sequence as said were
made; the regret after a campaign of ten starts and so many proposals (0: none is run);
and ``plain``, the Gaussian process of the outcome, for both.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from benchmarks.functions.agent import read
from benchmarks.functions.plain import Plain
from benchmarks.functions.problems import Control, Node, Problem, sobol
from benchmarks.pools import interval
from labagent.campaigns import Campaign
from labagent.experiments import Trial, Trials
from labagent.loop import propose
from labagent.representations.encoder import SpaceEncoder
from labagent.world import fit_plain, gather
from labagent.world.mechanisms import fit_network

TURNS, STARTS, NOISE = 4, 10, 1.0
CONTROLS = "{heat: {range: [200, 400]}, pulse: {range: [0.1, 5], scale: log}}"
HEAD = """\
labagent: 1
name: layers
goal: Thick layers.
objectives: {s: {goal: maximize}}
executors: {bench: manual}
budget: {experiments: 500}
leash: autonomous
batch: 1
initial: 10
"""
REPEATED = f"""\
stages:
  cook:
    repeat: {{times: {TURNS}, start: {{s: 0}}}}
    controls: {CONTROLS}
    measures: [s]
causes: ["cook.heat, cook.pulse, s.before -> s"]
"""
STATES = [*(f"s_{k}" for k in range(1, TURNS)), "s"]
NAMES = [f"cook_{k}.{c}" for k in range(1, TURNS + 1) for c in ("heat", "pulse")]
Truth = Callable[[Tensor], Tensor]


def apart() -> str:
    """Return the same process as stages that have nothing in common."""
    stages = [
        f"  cook_{k}: {{controls: {CONTROLS}, measures: [{s}]}}"
        for k, s in enumerate(STATES, 1)
    ]
    causes = [
        f'"cook_{k}.heat, cook_{k}.pulse{f", {STATES[k - 2]}" if k > 1 else ""} -> {s}"'
        for k, s in enumerate(STATES, 1)
    ]
    measured = ", ".join(f"{s}: {{}}" for s in STATES[:-1])
    lines = [f"measured: {{{measured}}}", "stages:", *stages]
    return "\n".join([*lines, f"causes: [{', '.join(causes)}]"]) + "\n"


def layers(drift: float) -> Truth:
    """Return thicknesses (n, turns) at V (n, 2 turns), by the optimum's rise a turn."""

    def truth(V: Tensor) -> Tensor:
        s = torch.zeros(len(V), dtype=V.dtype)
        found: list[Tensor] = []
        for k in range(TURNS):
            heat, pulse = V[:, 2 * k], V[:, 2 * k + 1]
            peak = torch.exp(-(((heat - 260 - drift * k) / 50) ** 2))
            s = s + 60 * peak * (1 - torch.exp(-pulse)) * (1 - s / 200)
            found.append(s)
        return torch.stack(found, dim=-1)

    return truth


def problem(drift: float) -> Problem:
    """Return the process."""
    kinds = {
        "heat": Control("heat", 200, 400),
        "pulse": Control("pulse", 0.1, 5, "", True),
    }
    controls = tuple(
        Control(n, k.low, k.high, "", k.log)
        for n in NAMES
        for k in [kinds[n.partition(".")[2]]]
    )
    nodes = tuple(
        Node(s, (*NAMES[2 * k : 2 * k + 2], *STATES[max(k - 1, 0) : k]), noise=NOISE)
        for k, s in enumerate(STATES)
    )
    best = torch.tensor(
        [[260 + drift * (i // 2), 5.0][i % 2] for i in range(2 * TURNS)]
    )
    truth = layers(drift)
    optimum = float(truth(best.double().unsqueeze(0))[0, -1])
    return Problem("layers", controls, nodes, "s", optimum, truth)


def told(process: Problem, points: Sequence[Tensor], seed: int) -> Trials:
    """Return experiments at points (d,), noise included."""
    rows = [
        Trial(
            i + 1,
            process.intervention(u),
            dict(
                zip(STATES, process.measure(u, 1000 * seed + i).tolist(), strict=True)
            ),
        )
        for i, u in enumerate(points)
    ]
    return Trials(len(rows), tuple(rows))


def error(
    process: Problem, campaign: Campaign, rows: int, seed: int, kind: str
) -> float:
    """Return the root mean square error of the last thickness, in nm."""
    encoder = SpaceEncoder(campaign.space)
    evidence = gather(
        campaign, told(process, list(sobol(8, rows, seed)), seed), encoder
    )
    fit = fit_plain if kind == "plain" else fit_network
    U = sobol(8, 256, seed + 10_000)
    recipes = [process.intervention(u) for u in U]
    found = fit(evidence, seed).predict(encoder.encode(recipes)).mean
    truth = process.truth(process.values(U))[:, -1]
    return float((found[:, evidence.column("s")] - truth).square().mean().sqrt())


def regret(process: Problem, campaign: Campaign, steps: int, seed: int) -> float:
    """Return the regret after a campaign."""
    points = list(sobol(8, STARTS, seed))
    for step in range(steps):
        decision = propose(campaign, told(process, points, seed), step)
        points.append(process.point(decision.proposals[0].intervention))
    return process.regret(torch.stack(points))[-1]


def plain_regret(process: Problem, steps: int, seed: int) -> float:
    """Return the regret of SingleTaskGP and qLogNEI."""
    arm, points = Plain(process, seed), list(sobol(8, STARTS, seed))
    for i, u in enumerate(points):
        arm.tell(u, process.measure(u, 1000 * seed + i))
    for _ in range(steps):
        u, _ = arm.ask()
        arm.tell(u, process.measure(u, 1000 * seed + len(points)))
        points.append(u)
    return process.regret(torch.stack(points))[-1]


def results(wanted: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table."""
    told_as = {
        "repeat": HEAD + REPEATED,
        "apart": HEAD + apart(),
        "plain": HEAD + apart(),
    }
    for name, drift in (("one law", 0.0), ("four laws", 25.0)):
        process = problem(drift)
        for kind, text in told_as.items():
            campaign = read(text)
            cells = [name, kind]
            for rows in wanted.rows:
                seeds = track(range(wanted.seeds), f"{name}, {kind}, {rows}")
                cells.append(
                    interval([error(process, campaign, rows, s, kind) for s in seeds])
                )
            if wanted.steps:
                seeds = track(range(wanted.seeds), f"{name}, {kind}, campaigns")
                cells.append(
                    interval(
                        [
                            plain_regret(process, wanted.steps, s)
                            if kind == "plain"
                            else regret(process, campaign, wanted.steps, s)
                            for s in seeds
                        ]
                    )
                )
            yield tuple(cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="*", type=int, default=[6, 10, 20, 40])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=10)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    heads = [f"error, {n} samples" for n in wanted.rows]
    heads += [f"regret, {wanted.steps} steps"] if wanted.steps else []
    table = Table("process", "told as", *heads)
    for cells in results(wanted):
        table.add_row(*cells)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
