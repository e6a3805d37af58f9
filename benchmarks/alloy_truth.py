"""Enumerate the demo's alloys: every recipe the campaign allows, simulated.

    python benchmarks/alloy_truth.py [--processes 2]

Writes ``labagent/app/examples/alloy_truth.csv``, one row a recipe, in the order of the
design space. It takes about 20 minutes on two cores, goes on where it was stopped, and
gives the same numbers as the executor, because both call the same function.
"""

import argparse
import csv
import multiprocessing
from collections.abc import Mapping
from pathlib import Path

from rich.progress import track

from adapters.physics.emt import ELEMENTS, UNITS, measure
from labagent.config import load

EXAMPLES = Path(__file__).parents[1] / "labagent" / "app" / "examples"
CAMPAIGN, TRUTH = EXAMPLES / "alloy.yaml", EXAMPLES / "alloy_truth.csv"
CONTROL = "alloy"


def recipes() -> list[dict[str, float]]:
    """Return every composition the demo's campaign allows."""
    found: list[dict[str, float]] = []
    for point in load(CAMPAIGN).space.points():
        value = point[CONTROL]
        if isinstance(value, Mapping):
            found.append({e: value.get(e, 0.0) for e in ELEMENTS})
    return found


def row_of(recipe: dict[str, float]) -> list[str]:
    """Simulate one recipe and return its row: fractions, then results."""
    values = measure(recipe)
    return [f"{recipe[e]:g}" for e in ELEMENTS] + [f"{values[q]:.6f}" for q in UNITS]


def main() -> None:
    """Simulate what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    processes = parser.parse_args().processes
    part = TRUTH.with_suffix(".part")
    known: dict[tuple[str, ...], list[str]] = {}
    if part.exists():
        with part.open(newline="") as file:
            known = {tuple(r[: len(ELEMENTS)]): r for r in csv.reader(file)}
    wanted = recipes()
    keys = [tuple(f"{r[e]:g}" for e in ELEMENTS) for r in wanted]
    todo = [r for r, k in zip(wanted, keys, strict=True) if k not in known]
    # spawned, not forked: numerical libraries keep threads that a fork would break
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes) as pool, part.open("a", newline="") as file:
        rows = pool.imap_unordered(row_of, todo, chunksize=4)
        for row in track(rows, total=len(todo), description="simulating"):
            known[tuple(row[: len(ELEMENTS)])] = row
            csv.writer(file).writerow(row)
            file.flush()
    with TRUTH.open("w", newline="") as file:
        csv.writer(file).writerow([*ELEMENTS, *UNITS])
        csv.writer(file).writerows(known[k] for k in keys)
    part.unlink()
    print(f"{len(keys)} recipes in {TRUTH}")


if __name__ == "__main__":
    main()
