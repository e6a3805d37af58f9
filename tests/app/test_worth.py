"""The demo's truth is the simulation's, and what is told of it."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import as_file, files

import pytest

from adapters.physics.emt import measure
from labagent.app.worth import (
    best_lines,
    plain_worth,
    prediction_table,
    read_truth,
    truth_lines,
)
from labagent.campaigns import Campaign
from labagent.config import load
from labagent.experiments import Basis, ExperimentRecord
from labagent.review.truth import Recipe, compare
from labagent.variables import intervention_key
from tests.records import prediction, record


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    with as_file(files("labagent.app").joinpath("examples", "alloy.yaml")) as path:
        return load(path)


@pytest.fixture(scope="module")
def truth(campaign: Campaign) -> tuple[Recipe, ...]:
    return read_truth(campaign)


def test_the_truth_knows_every_recipe_once(
    campaign: Campaign, truth: tuple[Recipe, ...]
) -> None:
    known = [intervention_key(r.intervention) for r in truth]
    assert len(set(known)) == len(known)
    assert set(known) == {intervention_key(p) for p in campaign.space.points()}


@pytest.mark.parametrize("place", [7, 700, 1500])
def test_the_truth_is_what_the_simulation_gives(
    place: int, truth: tuple[Recipe, ...]
) -> None:
    recipe = truth[place]
    fractions = recipe.intervention["alloy"]
    assert isinstance(fractions, Mapping)
    assert measure(fractions) == pytest.approx(dict(recipe.results), abs=2e-6)


def told(recipes: list[Recipe]) -> list[ExperimentRecord]:
    """Return experiments that found these recipes, all expected two GPa too low."""
    return [
        replace(
            record(
                n,
                recipe.results,
                [
                    prediction("bulk_modulus", recipe.results["bulk_modulus"] - 2, 1.0),
                    prediction("mixing_energy", 0.0, 1.0, Basis.PRIOR),
                ],
            ),
            intervention=recipe.intervention,
        )
        for n, recipe in enumerate(recipes, 1)
    ]


def test_an_end_is_told_in_words_and_as_data(
    campaign: Campaign, truth: tuple[Recipe, ...]
) -> None:
    best = compare(campaign, told(list(truth[:3])), truth).best
    records = told([*truth[:6], best])
    found = compare(campaign, records, truth)
    text = "\n".join(truth_lines(campaign, found))
    assert "labagent found it" in " ".join(text.split())
    assert "none allowed" in text
    assert "#7, alloy=" in "\n".join(best_lines(campaign, records))
    data = plain_worth(campaign, records, found)
    assert isinstance(data["truth"], dict)
    assert (data["truth"]["rank"], data["truth"]["recipes"]) == (1, len(truth))
    assert [m["results"] for m in data["truth"]["over_time"]] == [5, 7]


def test_errors_are_told_in_units_and_in_sigmas(truth: tuple[Recipe, ...]) -> None:
    row = next(
        line
        for line in prediction_table(told(list(truth[:4]))).splitlines()
        if "bulk_modulus" in line
    )
    assert row.split() == [
        "bulk_modulus",
        "4",
        "2",
        "GPa",
        "2",
        *["0", "%"] * 3,
        "0",
        "%",
    ]
    assert "mixing_energy" not in prediction_table(told(list(truth[:4])))


def test_without_results_nothing_is_invented(campaign: Campaign) -> None:
    assert list(best_lines(campaign, [])) == ["Nothing found keeps all limits."]
    assert "No prediction" in prediction_table([])
    assert plain_worth(campaign, [], None)["truth"] is None
