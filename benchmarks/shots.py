"""One-shot campaigns on measured tables: is what was not measured predicted honestly?

    python -m benchmarks.shots --data DIR --out FILE [--sets NAME ...] [--seeds 10]
    python -m benchmarks.shots --report FILE

DIR as for ``pools.py``. Five random rows, then a row at a time by improvement until 40
are measured. Then every method predicts rows of the table it never saw (at most 600):
how often its central 90 % intervals hold them, and its mean negative log density, in
nats, of values counted in standard deviations of the table. ``tempered``: labagent's
members with the square roots of their weights, for comparison.

A campaign is a line of FILE when it is done; a run that was killed goes on.
"""

import argparse
import json
import math
import multiprocessing
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from gpytorch.mlls import ExactMarginalLogLikelihood
from rich.progress import track

from benchmarks.pools import BUDGET, STARTS, Botorch, Table, interval
from db import open_logbook
from labagent.app.agent import Agent
from labagent.app.pool import read_pool
from labagent.experiments import Member, Prediction
from labagent.variables import intervention_key

SETS = (
    "pvlab_crossed_barrel",
    "pvlab_agnp",
    "pvlab_autoam",
    "olympus_alkox",
    "olympus_fullerenes",
    "olympus_lnp3",
    "olympus_oer_plate_3496",
    "olympus_redoxmers",
    "edbo_direct_arylation",
    "steel_fatigue_nims437",
)
OTHERS = 600
Scores = dict[str, Any]


def score(predictions: Sequence[Prediction], values: np.ndarray) -> Scores:
    """Return coverage of 90 % intervals and mean negative log density."""
    pairs = list(zip(predictions, values.tolist(), strict=True))
    below = [p.probability_below(v) for p, v in pairs]
    return {
        "held": float(np.mean([0.05 <= u <= 0.95 for u in below])),  # noqa: PLR2004
        "nlpd": -float(np.mean([p.log_density(v) for p, v in pairs])),
    }


def tempered(prediction: Prediction) -> Prediction:
    """Return the mixture with the square roots of its weights."""
    roots = [math.sqrt(m.weight) for m in prediction.members]
    members = [
        replace(m, weight=r / sum(roots))
        for m, r in zip(prediction.members, roots, strict=True)
    ]
    return replace(prediction, members=tuple(members))


def starts(table: Table, seed: int) -> tuple[np.ndarray, list[int]]:
    """Return the table's values and the rows measured first."""
    raw = table.frame()[table.target].to_numpy(dtype=float)
    generator = np.random.default_rng(seed)
    chosen = generator.choice(len(raw), STARTS, replace=False)
    return raw, [int(i) for i in chosen]


def unseen(count: int, measured: Sequence[int], seed: int) -> list[int]:
    """Return rows to be predicted."""
    rest = np.setdiff1d(np.arange(count), measured)
    if len(rest) > OTHERS:
        rest = np.random.default_rng(seed + 999).choice(rest, OTHERS, replace=False)
    return [int(i) for i in rest]


def labagent(table: Table, seed: int) -> list[Scores]:
    """Return scores of the mixture, as weighted and tempered."""
    raw, measured = starts(table, seed)
    pool = read_pool(table.path, table.inputs, table.labels, table.goal, seed, "best")
    rows = pool.rows
    with Agent(pool.campaign, open_logbook("sqlite://")) as agent:
        for row in measured:
            agent.tell(rows[row], {pool.target: float(raw[row])})
        places: dict[str, list[int]] = defaultdict(list)
        for i, row in enumerate(rows):
            places[intervention_key(row)].append(i)
        while len(measured) < BUDGET:
            (asked,) = agent.ask(1)
            key = intervention_key(asked.intervention)
            row = next(i for i in places[key] if i not in measured)
            agent.tell(asked, {pool.target: float(raw[row])})
            measured.append(row)
        others = unseen(len(raw), measured, seed)
        found = agent.predict([rows[i] for i in others])
    sealed = [_scaled(p[pool.target], float(raw.std())) for p in found]
    truth = raw[others] / raw.std()
    both = {"labagent": sealed, "tempered": [tempered(p) for p in sealed]}
    return [{"method": name, **score(p, truth)} for name, p in both.items()]


def _scaled(prediction: Prediction, scale: float) -> Prediction:
    members = tuple(
        replace(m, mean=m.mean / scale, std=m.std / scale) for m in prediction.members
    )
    return replace(prediction, members=members)


def botorch(table: Table, seed: int) -> list[Scores]:
    """Return scores of a plain Gaussian process with its own campaign."""
    raw, measured = starts(table, seed)
    door = Botorch(table, seed)
    door.tell(measured, [float(raw[i]) for i in measured])
    while len(measured) < BUDGET:
        row, _ = door.ask()
        door.tell([row], [float(raw[row])])
        measured.append(row)
    others, pool = unseen(len(raw), measured, seed), door.pool
    y = torch.tensor(raw[measured]).unsqueeze(-1)
    model = SingleTaskGP(pool[measured], y, outcome_transform=Standardize(m=1))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    with torch.no_grad():
        found: Any = model.posterior(pool[others].unsqueeze(1), observation_noise=True)
        mean, std = found.mean.flatten(), found.variance.flatten().sqrt()
    scale = float(raw.std())
    predictions = [
        Prediction("y", "", (Member("gp", 1.0, float(m) / scale, float(s) / scale),))
        for m, s in zip(mean, std, strict=True)
    ]
    return [{"method": "botorch", **score(predictions, raw[others] / scale)}]


def run(job: tuple[Path, str, int]) -> list[Scores]:
    """Run the campaigns of one data set and seed."""
    data, name, seed = job
    torch.set_num_threads(1)
    table = Table.read(data / name)
    found = [*labagent(table, seed), *botorch(table, seed)]
    return [{"set": name, "seed": seed, **scores} for scores in found]


def report(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print coverage, density and paired differences by data set."""
    methods = ("labagent", "tempered", "botorch")
    inside: dict[str, int] = dict.fromkeys(methods, 0)
    names = sorted({r["set"] for r in rows})
    for name in names:
        print(name)
        by: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
        for row in rows:
            if row["set"] == name:
                by[row["method"]][row["seed"]] = row
        for method in methods:
            held = float(np.mean([r["held"] for r in by[method].values()]))
            inside[method] += 0.85 <= held <= 0.95  # noqa: PLR2004 - the aim
            nlpd = interval([r["nlpd"] for r in by[method].values()])
            less = [r["nlpd"] - by["botorch"][s]["nlpd"] for s, r in by[method].items()]
            tail = "" if method == "botorch" else f"  less botorch's {interval(less)}"
            print(f"  {method:9} 90 % held {held:4.0%}  NLPD {nlpd}{tail}")
    for method in methods:
        print(f"{method:9} holds 85 to 95 % on {inside[method]} of {len(names)} tables")


def main() -> None:
    """Run what is missing, then report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    out = wanted.report or wanted.out
    if out is None:
        parser.error("--out or --report: got neither, must have one")
    done = _read(out)
    if wanted.report is None:
        known = {(r["set"], r["seed"]) for r in done}
        seeds = range(wanted.first, wanted.first + wanted.seeds)
        jobs = [
            (wanted.data, n, s)
            for s in seeds
            for n in wanted.sets
            if (n, s) not in known
        ]
        context = multiprocessing.get_context("spawn")
        with context.Pool(wanted.processes) as pool, out.open("a") as file:
            for rows in track(pool.imap_unordered(run, jobs), total=len(jobs)):
                file.writelines(json.dumps(r) + "\n" for r in rows)
                file.flush()
    report(_read(out))


def _read(path: Path) -> list[Scores]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


if __name__ == "__main__":
    main()
