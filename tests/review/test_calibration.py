"""Coverage, density and size of the sealed predictions' errors."""

import math
from dataclasses import replace
from statistics import NormalDist

import pytest

from labagent.experiments import Basis, ExperimentRecord
from labagent.review import calibration, calibrations, history_row, wilson
from tests.records import prediction, record


def honest(n: int, claimed_std: float = 1.0, seed: int = 1) -> list[ExperimentRecord]:
    """Results drawn from N(10, 1), predicted with some other standard deviation."""
    draws = NormalDist(10, 1).samples(n, seed=seed)
    claim = prediction("stiff", 10, claimed_std)
    return [record(i, {"stiff": value}, [claim]) for i, value in enumerate(draws, 1)]


def test_honest_predictions_cover_what_they_claim() -> None:
    found = calibration(honest(800))
    assert [c.level for c in found.coverage] == [0.5, 0.8, 0.9, 0.95]
    assert all(c.plausible and c.n == 800 for c in found.coverage)
    assert found.rmse == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("claimed", [0.4, 2.5], ids=["too sure", "too shy"])
def test_wrong_width_is_seen_at_every_level(claimed: float) -> None:
    found = calibration(honest(400, claimed))
    assert not any(c.plausible for c in found.coverage)
    assert found.rmse == pytest.approx(1 / claimed, rel=0.1)


def test_coverage_agrees_with_the_interval() -> None:
    records = honest(60)
    inside = sum(
        low <= r.results["stiff"] <= high
        for r in records
        for low, high in [r.predictions[0].prediction.interval(0.8)]
    )
    assert calibration(records).coverage[1].inside == inside


def test_density_is_in_nats_of_the_sealed_prediction() -> None:
    found = calibration([record(1, {"stiff": 12.0}, [prediction("stiff", 10, 2)])])
    assert found.nlpd == pytest.approx(0.5 + math.log(2 * math.sqrt(2 * math.pi)))
    assert found.rmse == pytest.approx(1.0)


def test_the_prior_is_counted_apart() -> None:
    prior = record(1, {"stiff": 9.0}, [prediction("stiff", 0, 1, Basis.PRIOR)])
    found = calibration([prior, *honest(3)[1:]])
    assert (found.prior, found.n) == (1, 2)


def test_quantities_are_told_apart_and_their_densities_not_pooled() -> None:
    predictions = [prediction("stiff", 1, 1), prediction("tough", 1, 1)]
    records = [record(1, {"stiff": 1.0, "tough": 5.0}, predictions), record(2)]
    stiff, tough = calibrations(records)
    assert (stiff.quantity, stiff.rmse) == ("stiff", 0.0)
    assert (tough.quantity, tough.rmse) == ("tough", 4.0)
    pooled = calibration(records)
    assert (pooled.n, pooled.nlpd) == (2, None)


def test_without_results_nothing_is_claimed() -> None:
    found = calibration([record(1, None, [prediction("stiff", 1, 1)])])
    assert (found.n, found.nlpd, found.rmse) == (0, None, None)
    assert (found.coverage[0].low, found.coverage[0].high) == (0.0, 1.0)
    assert math.isnan(found.coverage[0].share)


@pytest.mark.parametrize(
    ("hits", "n", "expected"),
    [(0, 10, (0.0, 0.2775)), (9, 10, (0.5958, 0.9821)), (50, 100, (0.4038, 0.5962))],
)
def test_wilson_agrees_with_published_values(
    hits: int, n: int, expected: tuple[float, float]
) -> None:
    assert wilson(hits, n) == pytest.approx(expected, abs=1e-4)


def test_predictions_are_not_judged_by_what_was_set() -> None:
    by_hand = replace(honest(1)[0], was_set=frozenset({"grain"}))
    records = [*honest(3), by_hand]
    assert calibration(records).n == 3
    row = history_row(by_hand)
    assert (row["was_set"], row["observed"], row["surprise"]) == (["grain"], [], {})
