"""Tables of what campaigns reached, beside the plain Gaussian process.

Regrets are compared by the ratio of their means over seeds, with a 95 % interval from
bootstrap samples of seeds [Efron1993]_: an arm and the plain one are always drawn
together, since they share starting points and noise.

.. [Efron1993] B. Efron, R. J. Tibshirani. An Introduction to the Bootstrap. Chapman &
   Hall, 1993.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.functions.rows import Job, Row

RESAMPLES = 10_000
INSIDE = 0.05, 0.95
"""Probabilities between which a central 90 % interval lies."""

WIDEST = len("labagent/wrong-upstream+")

FEWEST = 2
"""Seeds from which there is an interval."""

REFERENCE = "plain"
HEADS = (
    "seeds, paired|final regret|ratio to plain|ratio over time|90 % holds|"
    "NLPD mean, median|s a step"
)

Floats = NDArray[np.float64]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Return the ratio of means over seeds and its paired 95 % bootstrap interval.

    Args:
        ours: A number a seed.
        theirs: The other arm's, of the same seeds in the same order.
    """
    a, b = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"ratio: got {len(a)} and {len(b)} seeds, must be the same")
    drawn = np.random.default_rng(0).integers(len(a), size=(RESAMPLES, len(a)))
    ratios = a[drawn].mean(axis=1) / b[drawn].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(a.mean() / b.mean()), float(low), float(high)


def final(row: Row) -> float:
    """Return the regret after the last step."""
    return row.regrets[-1]


def over_time(row: Row) -> float:
    """Return the mean regret over the steps."""
    return float(np.mean(row.regrets[1:]))


def report(found: Mapping[Job, Row], console: Console) -> None:
    """Print a table for each problem and length of campaigns."""
    rows = sorted((r for r in found.values() if not r.error), key=_setting)
    for setting, members in groupby(rows, key=_setting):
        problem, starts, steps = setting
        title = f"{problem}: {starts} starts, then {steps} steps"
        console.print(_table(title, _by_arm(members)))
    failures = [r for r in found.values() if r.error]
    for row in failures:
        console.print(f"failed: {row.job}: {row.error.strip().splitlines()[-1]}")
    for arm in sorted({r.job.arm for r in rows}):
        codes = {r.versions.get("code", "") for r in rows if r.job.arm == arm}
        if arm.startswith("labagent") and len(codes) > 1:
            console.print(f"{arm}: rows of {len(codes)} different versions of labagent")


def _setting(row: Row) -> tuple[str, int, int]:
    return row.job.problem, row.job.starts, row.job.steps


def _by_arm(rows: Iterable[Row]) -> dict[str, dict[int, Row]]:
    """Return arm to seed to row, the reference first."""
    found: dict[str, dict[int, Row]] = {}
    for row in sorted(rows, key=lambda r: (r.job.arm != REFERENCE, r.job)):
        name = row.job.arm + ("+" if row.job.seal_starts else "")
        name += "" if row.job.device == "cpu" else f" ({row.job.device})"
        found.setdefault(name, {})[row.job.seed] = row
    return found


def _table(title: str, arms: Mapping[str, Mapping[int, Row]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("arm", no_wrap=True, min_width=WIDEST)
    for head in HEADS.split("|"):
        table.add_column(head, justify="right", no_wrap=True)
    plain = arms.get(REFERENCE, {})
    for arm, rows in arms.items():
        # the reference beside itself says nothing
        shared = [] if arm == REFERENCE else sorted(rows.keys() & plain.keys())
        ours, theirs = [rows[s] for s in shared], [plain[s] for s in shared]
        finals = [final(r) for r in rows.values()]
        table.add_row(
            arm,
            f"{len(rows)}, {len(shared)}" if shared else str(len(rows)),
            f"{np.mean(finals):.4g}",
            _ratio([final(r) for r in ours], [final(r) for r in theirs]),
            _ratio([over_time(r) for r in ours], [over_time(r) for r in theirs]),
            _held(rows.values()),
            _nlpd(rows.values()),
            f"{np.mean([s for r in rows.values() for s in r.seconds]):.2f}",
        )
    return table


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    if not ours:
        return ""
    middle, low, high = ratio(ours, theirs)
    interval = f" [{low:.2f}, {high:.2f}]" if len(ours) >= FEWEST else ""
    return f"{middle:.2f}{interval}"


def _pooled(lists: Iterable[Mapping[str, Sequence[float]]]) -> Floats:
    numbers = [x for by_name in lists for steps in by_name.values() for x in steps]
    return np.asarray(numbers, dtype=float)


def _held(rows: Iterable[Row]) -> str:
    """Return the share of results inside their 90 % intervals, outcomes pooled."""
    below = _pooled(r.below for r in rows)
    low, high = INSIDE
    return f"{((below >= low) & (below <= high)).mean():.0%}" if len(below) else ""


def _nlpd(rows: Iterable[Row]) -> str:
    """Return mean and median negative log density, in nats, outcomes pooled."""
    found = -_pooled(r.density for r in rows)
    return f"{found.mean():.2f}, {np.median(found):.2f}" if len(found) else ""
