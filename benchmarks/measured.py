"""Measured processes: does a model of what is seen on the way predict the end better?

    python -m benchmarks.measured --data DIR [--seeds 10] [--rows 40 80 120]

DIR holds ``mpea_alloys/data.csv`` (high-entropy alloys: composition, processing, test
temperature -> hardness and phases -> yield strength; the rows with both hardness and
strength) and ``rapid2_vapor_diffusion/`` (perovskite crystals: amine, solvent, first
concentrations -> concentrations in the vial at 3 and 10 hours -> crystal score). Some
random rows are learned from, the outcome of all others is predicted from what was set
alone. Of each member: mean negative log density, in nats, of values counted in standard
deviations of the table; how often 90 % intervals hold; and the paired difference from
the plain Gaussian process, with 95 % bootstrap intervals over splits. ``mixture`` is
all members, weighted by what they predicted before, five rows at a time.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.functions.agent import read
from benchmarks.functions.scores import INSIDE
from benchmarks.pools import interval
from labagent.campaigns import Campaign
from labagent.experiments import Basis, Member, Prediction, Trial, Trials
from labagent.loop import predict
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Value
from labagent.world import fit_plain, gather
from labagent.world.mechanisms import fit_network

BATCH = 5
"""Rows that are predicted together, before they are learned."""

ELEMENTS = 14
HOURS = (3.0, 10.0)


@dataclass(frozen=True)
class Process:
    """A measured table as a campaign.

    Attributes:
        name: Of the data set.
        campaign: Declares what was set, seen on the way, and came out.
        rows: One experiment each.
        outcome: What is predicted.
        sizes: Numbers of rows to learn from.
    """

    name: str
    campaign: Campaign
    rows: Sequence[Trial]
    outcome: str
    sizes: Sequence[int]


def head(name: str, outcome: str) -> str:
    """Return the first lines of a campaign file."""
    return (
        f"labagent: 1\nname: {name}\ngoal: Predict.\nobjectives: {{{outcome}: "
        "{goal: maximize}}\nbudget: {experiments: 5000}\n"
        "executors: {bench: manual}\ninitial: 1\nbatch: 1\n"
    )


def trials(
    recipes: Sequence[Mapping[str, Value]], seen: Sequence[Mapping[str, float]]
) -> list[Trial]:
    """Return experiments; what is missing is left out."""
    return [
        Trial(i, dict(r), {k: float(v) for k, v in s.items() if np.isfinite(v)})
        for i, (r, s) in enumerate(zip(recipes, seen, strict=True), 1)
    ]


def alloys(folder: Path, sizes: Sequence[int]) -> Process:
    """Return composition, processing, temperature -> hardness, phases -> strength."""
    table = pd.read_csv(folder / "mpea_alloys" / "data.csv")
    table = table[table["YS (MPa)"].notna() & table["HV"].notna()]
    parts = [parsed(formula) for formula in table["FORMULA"]]
    common = [e for e, _ in Counter(e for p in parts for e in p).most_common(ELEMENTS)]
    kept = [i for i, p in enumerate(parts) if {*p} <= {*common}]
    table, parts = table.iloc[kept], [parts[i] for i in kept]
    method = table["Processing method"].fillna("unknown").tolist()
    heat = table[r"Test temperature ($^\circ$C)"].fillna(25.0).tolist()
    recipes: list[Mapping[str, Value]] = [
        {
            "alloy": {e: p.get(e, 0.0) / sum(p.values()) for e in sorted(common)},
            "method": m,
            "heat": float(t),
        }
        for p, m, t in zip(parts, method, heat, strict=True)
    ]
    phases = table["BCC/FCC/other"].tolist()
    seen = [
        {
            "hardness": h,
            "bcc": float(p == "BCC"),
            "fcc": float(p == "FCC"),
            "strength": s,
        }
        for h, p, s in zip(table["HV"], phases, table["YS (MPa)"], strict=True)
    ]
    text = head("mpea-alloys", "strength") + (
        "measured: {hardness: {}, bcc: {}, fcc: {}}\ncontrols:\n"
        f"  alloy: {{elements: [{', '.join(sorted(common))}]}}\n"
        f"  method: {{choices: [{', '.join(sorted(set(method)))}]}}\n"
        f"  heat: {{range: [{min(heat) - 1}, {max(heat) + 1}]}}\n"
        "causes:\n  - alloy, method -> hardness\n  - alloy, method -> bcc\n"
        "  - alloy, method -> fcc\n  - hardness, bcc, fcc, heat, alloy -> strength\n"
    )
    return Process("mpea_alloys", read(text), trials(recipes, seen), "strength", sizes)


def parsed(formula: str) -> dict[str, float]:
    """Return the amounts of ``Al0.25 Co1 Fe1``."""
    found = re.findall(r"([A-Z][a-z]?)(\d*\.?\d*)", formula)
    return {element: float(amount or 1) for element, amount in found}


def crystals(folder: Path) -> Process:
    """Return amine, solvent, first concentrations -> vial in time -> crystal score."""
    base = folder / "rapid2_vapor_diffusion"
    course = pd.read_csv(base / "data.csv").groupby("reaction_id")
    ends = pd.read_csv(base / "outcome.csv").set_index("Rxn_ID")
    recipes: list[Mapping[str, Value]] = []
    seen: list[Mapping[str, float]] = []
    for name, rows in course:
        first, end = rows.iloc[0], ends.loc[name]
        recipes.append(
            {
                "amine": str(end["Amine"]),
                "solvent": str(end["Solvent"]).replace(":", "_"),
                **{
                    k: float(first[f"{k}_M"])
                    for k in ("formic_acid", "inorganic", "organic")
                },
            }
        )
        found = {"score": float(end["Crystal score"])}
        for hour in HOURS:
            at = rows.iloc[(rows["time_h"] - hour).abs().argmin()]
            found[f"dcm_{hour:g}"] = float(at["dcm_M"])
            found[f"lead_{hour:g}"] = float(at["inorganic_M"])
        seen.append(found)
    lists = {k: sorted({str(r[k]) for r in recipes}) for k in ("amine", "solvent")}
    numbers = "".join(
        f"  {k}: {{range: [{min(x) * 0.99}, {max(x) * 1.01}]}}\n"
        for k in ("formic_acid", "inorganic", "organic")
        for x in [[float(str(r[k])) for r in recipes]]
    )
    states = [k for k in seen[0] if k != "score"]
    text = head("rapid2", "score") + (
        f"measured: {{{', '.join(f'{s}: {{}}' for s in states)}}}\ncontrols:\n"
        + "".join(f"  {k}: {{choices: {v}}}\n" for k, v in lists.items())
        + numbers
        + f"causes:\n  - {', '.join(states)}, amine -> score\n"
    )
    rows = trials(recipes, seen)
    return Process("rapid2_vapor_diffusion", read(text), rows, "score", [30])


def scored(process: Process, size: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return member to NLPD and coverage on the rows that were not learned from."""
    order = np.random.default_rng(seed).permutation(len(process.rows))
    rows = [process.rows[i] for i in order]
    encoder = SpaceEncoder(process.campaign.space)
    evidence = gather(process.campaign, Trials(size, tuple(rows[:size])), encoder)
    recipes = [t.intervention for t in rows[size:]]
    X = encoder.encode(recipes)
    values = [t.results[process.outcome] for t in rows[size:]]
    unit = float(np.std([t.results[process.outcome] for t in process.rows]))
    found: dict[str, tuple[float, float]] = {}
    for name, fit in (("plain-gp", fit_plain), ("network", fit_network)):
        fitted = fit(evidence, seed)
        told = fitted.predict(X)
        j = fitted.quantities.index(process.outcome)
        normals = [
            Prediction(process.outcome, "", (Member(name, 1.0, m, s),), Basis.MODEL)
            for m, s in zip(
                told.mean[:, j].tolist(), told.std[:, j].tolist(), strict=True
            )
        ]
        found[name] = judged(normals, values, unit)
    found["mixture"] = judged(sealed(process, rows, size), values, unit)
    return found


def sealed(process: Process, rows: Sequence[Trial], size: int) -> list[Prediction]:
    """Return the mixture's predictions of the rows after the first of that number.

    They were measured five by five, each five predicted before.
    """
    known: list[Trial] = []
    for batch, start in enumerate(range(0, size, BATCH)):
        new = rows[start : min(start + BATCH, size)]
        told = predicted(process, known, new)
        for row, predictions in zip(new, told, strict=True):
            found = {
                p.quantity: p.members for p in predictions if p.basis is Basis.MODEL
            }
            known.append(replace(row, sealed=found, batch=batch))
    told = predicted(process, known, rows[size:])
    return [p for row in told for p in row if p.quantity == process.outcome]


def predicted(
    process: Process, known: Sequence[Trial], new: Sequence[Trial]
) -> list[tuple[Prediction, ...]]:
    """Return what is expected of some rows, given others."""
    trials = Trials(len(known), tuple(known))
    return predict(process.campaign, trials, [t.intervention for t in new])


def judged(
    predictions: Sequence[Prediction], values: Sequence[float], unit: float
) -> tuple[float, float]:
    """Return NLPD, of values in that unit, and the share in 90 % intervals."""
    pairs = list(zip(predictions, values, strict=True))
    density = np.mean([p.log_density(v) for p, v in pairs])
    below = np.array([p.probability_below(v) for p, v in pairs])
    held = (below > INSIDE[0]) & (below < INSIDE[1])
    return float(-density - np.log(unit)), float(held.mean())


def results(processes: Sequence[Process], seeds: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table."""
    for process in processes:
        for size in process.sizes:
            what = f"{process.name}, {size} of {len(process.rows)}"
            told = [scored(process, size, s) for s in track(range(seeds), what)]
            for name in told[0]:
                nlpd = interval([t[name][0] for t in told])
                held = f"{100 * np.mean([t[name][1] for t in told]):.0f} %"
                less = interval([t[name][0] - t["plain-gp"][0] for t in told])
                yield what, name, nlpd, less if name != "plain-gp" else "", held


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", nargs="+", type=int, default=[40, 80, 120])
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    processes = [alloys(wanted.data, wanted.rows), crystals(wanted.data)]
    table = Table("rows learned from", "member", "NLPD", "less plain", "90 % hold")
    for cells in results(processes, wanted.seeds):
        table.add_row(*cells)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
