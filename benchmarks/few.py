"""What predictions are worth while there are hardly any data.

    python benchmarks/few.py [--draws 12]

On the demo's alloys, whose truth is known: random recipes as data, 200 random others to
predict. Mean negative log predictive density in nats (declared units) and coverage of
90 % intervals for the plain Gaussian process, the campaign file's expectation, and the
mixture before any evidence, by quantity and number of data.
"""

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from labagent.app.worth import read_truth
from labagent.campaigns import Campaign
from labagent.config import load
from labagent.experiments import Member, Prediction, Trials
from labagent.representations.encoder import SpaceEncoder
from labagent.world import Evidence, Mixture, fit_members, fit_plain
from labagent.world.sealing import prior_prediction

EXAMPLE = Path(__file__).parents[1] / "labagent" / "app" / "examples" / "alloy.yaml"
SIZES = (2, 3, 4, 5, 6, 8, 12, 20)
OTHERS = 200


def judge(predictions: list[Prediction], values: list[float]) -> tuple[float, float]:
    """Return mean NLPD and the share inside the central 90 % interval."""
    pairs = list(zip(predictions, values, strict=True))
    below = [p.probability_below(v) for p, v in pairs]
    density = [p.log_density(v) for p, v in pairs]
    inside = [0.05 <= u <= 0.95 for u in below]  # noqa: PLR2004 - a 90 % interval
    return -float(np.mean(density)), float(np.mean(inside))


def draw(campaign: Campaign, size: int, seed: int) -> np.ndarray:
    """Return (3 methods, quantities, 2) scores for one random data set."""
    truth, encoder = read_truth(campaign), SpaceEncoder(campaign.space)
    order = np.random.default_rng([seed, size]).permutation(len(truth))
    seen = [truth[i] for i in order[:size]]
    others = [truth[i] for i in order[size : size + OTHERS]]
    names = tuple(v.name for v in campaign.measured)
    Y = torch.tensor([[r.results[n] for n in names] for r in seen]).double()
    X = encoder.encode([r.intervention for r in seen])
    unknown = torch.full_like(Y, math.nan)
    evidence = Evidence(names, encoder.feature_names, X, Y, unknown, X[:0])
    plain = fit_plain(evidence, seed)
    none = Trials(0, ())
    whole = Mixture.of(campaign, none, fit_members(evidence, seed, "cpu"))
    asked = encoder.encode([r.intervention for r in others])
    mixed = whole.predict(campaign, asked)
    alone = plain.predict(asked)
    scores = np.zeros((3, len(names), 2))
    for j, variable in enumerate(campaign.measured):
        values = [r.results[variable.name] for r in others]
        prior = [prior_prediction(campaign, variable)] * len(others)
        single = [
            Prediction(
                variable.name,
                variable.unit,
                (Member("plain-gp", 1.0, float(m), float(s)),),
            )
            for m, s in zip(alone.mean[:, j], alone.std[:, j], strict=True)
        ]
        found = [judge(p, values) for p in (single, prior, [r[j] for r in mixed])]
        scores[:, j] = np.array(found)
    return scores


def main() -> None:
    """Print a line a number of data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=12)
    draws = parser.parse_args().draws
    campaign = load(EXAMPLE)
    print("NLPD / held by 90 % intervals: plain GP, declared expectation, mixture")
    for size in track(SIZES, description="data sets"):
        mean = np.mean([draw(campaign, size, s) for s in range(draws)], axis=0)
        for j, variable in enumerate(campaign.measured):
            cells = "   ".join(f"{a:7.2f} / {b:4.0%}" for a, b in mean[:, j])
            print(f"n = {size:2}  {variable.name:17} {cells}")


if __name__ == "__main__":
    main()
