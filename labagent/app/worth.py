"""What a campaign was worth: its predictions, and the truth where that is known."""

import csv
import math
from collections.abc import Collection, Iterator, Sequence
from importlib.resources import files
from statistics import fmean

from labagent.app.layout import fields, paragraph
from labagent.app.overview import limit
from labagent.app.printing import Styled
from labagent.app.screen import Column, table
from labagent.app.text import (
    SIGMA,
    amount,
    expected,
    measured,
    number,
    settings,
    titled,
    units_of,
)
from labagent.campaigns import Campaign
from labagent.experiments import Basis, ExperimentRecord
from labagent.review import (
    LEVELS,
    Calibration,
    best,
    calibrations,
    compared,
    history_row,
    plain_calibration,
)
from labagent.review.truth import Comparison, Recipe
from labagent.review.wording import plural


def read_truth(campaign: Campaign) -> tuple[Recipe, ...]:
    """Return every recipe of the example campaign ``alloy`` and what it gives.

    ``benchmarks/alloy_truth.py`` made the table with the simulation the executor runs.
    """
    (control,) = campaign.space.controls
    quantities = [v.name for v in campaign.measured]
    path = files("labagent.app").joinpath("examples", "alloy_truth.csv")
    recipes: list[Recipe] = []
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        results = {name: float(row.pop(name)) for name in quantities}
        fractions = {element: float(x) for element, x in row.items()}
        recipes.append(Recipe({control.name: fractions}, results))
    return tuple(recipes)


SEALED = "Predictions sealed before each experiment, against what was measured"


def prediction_table(records: Sequence[ExperimentRecord], title: str = SEALED) -> str:
    """Return how far sealed predictions were off, and how often they held, as a table.

    Predictions of the prior, made before there was a model, do not count.
    """
    columns = [
        Column("quantity"),
        Column("n", right=True),
        Column("error", right=True),
        Column(SIGMA, right=True),
        *(Column(f"{100 * level:.0f} %", right=True) for level in LEVELS),
    ]
    rows = [_prediction_row(records, c) for c in calibrations(records) if c.n]
    if not rows:
        return "No prediction by the model has met its result yet."
    note = (
        f"n results; error: root mean square, also in predicted {SIGMA}, where 1 is "
        "right; then the share of results inside intervals that should hold 50, 80, 90 "
        "and 95 % of them."
    )
    return Styled(f"{title}\n{table(columns, rows)}\n{paragraph(note)}")


def _prediction_row(
    records: Sequence[ExperimentRecord], found: Calibration
) -> tuple[str, ...]:
    pairs = [
        c
        for c in compared(records)
        if c.prediction.quantity == found.quantity and c.prediction.basis is Basis.MODEL
    ]
    rms = math.sqrt(fmean((c.value - c.prediction.centre) ** 2 for c in pairs))
    return (
        found.quantity or "",
        str(found.n),
        amount(rms, pairs[0].prediction.unit, 2),
        number(found.rmse or 0.0, 2),
        *(f"{100 * c.share:.0f} %" for c in found.coverage),
    )


def best_lines(
    campaign: Campaign,
    records: Sequence[ExperimentRecord],
    quantities: Collection[str] | None = None,
) -> Iterator[str]:
    """Yield the best experiment: its settings, and expected beside measured.

    Args:
        campaign: What was asked for.
        records: Its experiments.
        quantities: Those to tell; all by default.
    """
    leaders = best(campaign, records)
    if not leaders:
        yield "Nothing found keeps all limits."
        return
    leader = leaders[0]
    at = settings(leader.intervention, units_of(campaign.space))
    count = plural(len(records), "experiment")
    yield paragraph(f"Best of {count}: #{leader.number}, {at}")
    sealed = [s.prediction for s in leader.predictions]
    yield fields(
        (
            p.quantity,
            f"{measured(leader.results[p.quantity], p.unit)}, expected {expected(p)}",
        )
        for p in sealed
        if p.quantity in leader.results
        and (quantities is None or p.quantity in quantities)
    )


def truth_lines(campaign: Campaign, found: Comparison) -> Iterator[str]:
    """Yield how close the campaign came to the truth, beside chance."""
    (objective,) = campaign.goal.objectives
    name, unit = objective.name, objective.unit
    at = settings(found.best.intervention, units_of(campaign.space))
    outcome = {None: "labagent found none of them.", 1: "labagent found it."}
    yield paragraph(
        f"The truth: {found.allowed} of {found.recipes} recipes keep the limits; the "
        f"best has {name} {measured(found.best.results[name], unit)} at {at}. "
        + outcome.get(found.rank, f"labagent found the one in place {found.rank}.")
    )
    yield ""
    title = titled(name, unit)
    yield f"Best {title} so far, and quantiles of what as many random recipes find"
    yield _moments(found)
    if found.draws is not None:
        yield paragraph(
            f"As good by chance: {amount(100 * found.as_good, 'percent', 2)} of random "
            f"searches of this length. An even chance takes {found.draws} recipes."
        )


def spread_lines(campaign: Campaign, found: Comparison) -> Iterator[str]:
    """Yield what was found beside what as many space-filling experiments find.

    Args:
        campaign: What was asked for.
        found: A comparison with recipes spread over the space: a sample, not all.
    """
    (objective,) = campaign.goal.objectives
    name, unit = objective.name, objective.unit
    limits = " and ".join(limit(campaign, x) for x in campaign.goal.limits)
    yield paragraph(
        f"Best {titled(name, unit)} with {limits}, beside what as many space-filling "
        "experiments find:"
    )
    yield _moments(found)
    top = measured(found.best.results[name], unit)
    text = (
        f"Chance, from {found.recipes} recipes spread evenly and simulated alike: "
        f"{found.allowed} of them keep the limit, the best has {top}. "
    )
    if found.draws is not None:
        share = amount(100 * found.as_good, "percent", 2)
        text += (
            f"{share} of space-filling campaigns of this length find one as good; an "
            f"even chance takes {found.draws} experiments."
        )
    yield paragraph(text)


def _moments(found: Comparison) -> str:
    columns = [
        Column("results", right=True),
        Column("labagent", right=True),
        *(Column(f"chance {q}", right=True) for q in ("5 %", "50 %", "95 %")),
    ]
    rows = [(str(m.results), *map(_value, (m.found, *m.chance))) for m in found.moments]
    return table(columns, rows)


def _value(value: float | None) -> str:
    return "none allowed" if value is None else number(value)


def plain_worth(
    campaign: Campaign,
    records: Sequence[ExperimentRecord],
    found: Comparison | None,
) -> dict[str, object]:
    """Return the same as plain data."""
    return {
        "best": [history_row(r) for r in best(campaign, records)],
        "calibration": [plain_calibration(c) for c in calibrations(records)],
        "truth": None if found is None else _plain_comparison(campaign, found),
    }


def _plain_comparison(campaign: Campaign, found: Comparison) -> dict[str, object]:
    (objective,) = campaign.goal.objectives
    return {
        "recipes": found.recipes,
        "allowed": found.allowed,
        "best": found.best.results[objective.name],
        "rank": found.rank,
        "as_good_by_chance": found.as_good,
        "random_recipes_for_an_even_chance": found.draws,
        "over_time": [
            {
                "results": m.results,
                "found": m.found,
                "chance": dict(zip(("q05", "q50", "q95"), m.chance, strict=True)),
            }
            for m in found.moments
        ],
    }
