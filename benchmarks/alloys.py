"""The demo's campaign over many seeds, beside chance.

    python benchmarks/alloys.py [--seeds 20] [--processes 2]

Every recipe's truth is known (``benchmarks/alloy_truth.py``), so results come from the
table at once.
Reported with 95 % bootstrap intervals over seeds: the best allowed value after the
budget, as a share of the best there is (0 where nothing allowed was found), and how
many experiments it took to find the best. Chance is exact, not sampled.
"""

import argparse
import multiprocessing
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

from labagent.app.worth import read_truth
from labagent.campaigns import Campaign
from labagent.config import load
from labagent.experiments import Trial, Trials
from labagent.loop import propose
from labagent.review.chance import rank_reached
from labagent.variables import intervention_key

EXAMPLE = Path(__file__).parents[1] / "labagent" / "app" / "examples" / "alloy.yaml"
RESAMPLES = 10_000


def run(seed: int) -> tuple[float, ...]:
    """Return the best allowed value after each experiment; zero while there is none."""
    campaign = replace(load(EXAMPLE), seed=seed)
    truth = {intervention_key(r.intervention): r.results for r in read_truth(campaign)}
    rows: list[Trial] = []
    batch = 0
    while len(rows) < (campaign.budget.experiments or 0):
        decision = propose(campaign, Trials(len(rows), tuple(rows)), batch)
        for proposal in decision.proposals:
            results = truth[intervention_key(proposal.intervention)]
            rows.append(
                Trial(len(rows) + 1, proposal.intervention, results, batch=batch)
            )
        batch += 1
    return tuple(_best(campaign, rows[: n + 1]) for n in range(len(rows)))


def _best(campaign: Campaign, rows: list[Trial]) -> float:
    (objective,) = campaign.goal.objectives
    values = [
        t.results[objective.name]
        for t in rows
        if all(c.holds(t.results[c.name]) for c in campaign.goal.limits)
    ]
    return max(values, default=0.0)


def interval(values: np.ndarray) -> str:
    """Return mean and 95 % bootstrap interval as text."""
    generator = np.random.default_rng(0)
    means = generator.choice(values, (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def report(results: list[tuple[float, ...]]) -> None:
    """Print how the campaigns ended, and chance."""
    campaign = load(EXAMPLE)
    worth = sorted(
        (
            _best(campaign, [Trial(0, r.intervention, r.results)])
            for r in read_truth(campaign)
        ),
        reverse=True,
    )
    top, size = worth[0], campaign.budget.experiments or 0
    best = np.array(results) / top
    hit = best >= 1 - 1e-6
    took = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, size + 1)
    found = int(hit.any(axis=1).sum())
    print(
        f"labagent: share of the best {interval(best[:, -1])}, mean over time "
        f"{interval(best.mean(axis=1))}; found the best in {found} of {len(best)}, "
        f"after {np.median(took):.0f} experiments (median)"
    )
    ranks = [rank_reached(len(worth), size, q) for q in np.linspace(0.005, 0.995, 100)]
    mean = float(np.mean([worth[rank - 1] for rank in ranks])) / top
    print(f"chance:   share of the best {mean:.3f} (exact)")


def main() -> None:
    """Run all campaigns and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1000, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    # spawned, not forked: numerical libraries keep threads that a fork would break
    context = multiprocessing.get_context("spawn")
    with context.Pool(wanted.processes) as pool:
        found = pool.imap_unordered(run, seeds)
        report(list(track(found, total=len(seeds), description="campaigns")))


if __name__ == "__main__":
    main()
