"""Offers that are refused before anything is written."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from db import SqlLogbook, open_logbook
from labagent.errors import DataError, SealError
from labagent.experiments import Kind, Measurement, StepState
from labagent.ports import CampaignRow, Claim, ImportedRow
from tests import factories as make


@pytest.fixture
def book() -> Iterator[SqlLogbook]:
    book = open_logbook("sqlite://")
    yield book
    book.close()


@pytest.fixture
def campaign(book: SqlLogbook) -> CampaignRow:
    return book.open_campaign(make.make_campaign(), "ada")


@pytest.fixture
def claim(book: SqlLogbook, campaign: CampaignRow) -> Claim:
    """A claim on the only step of a one-stage experiment."""
    ids = book.add_decision(campaign.id, make.decision(), make.ONE_STAGE, "agent")
    book.decide(ids, True, "ada", "")
    claim = book.claim(campaign.id, "w1", 60.0)
    assert claim is not None
    return claim


@pytest.mark.parametrize(
    ("index", "change", "said"),
    [
        (1, {"name": "time"}, "no anneal.hold; new time"),
        (1, {"unit": "s"}, "anneal.hold in s as number"),
        (4, {"unit": "ohm*m"}, "resistivity in ohm\\*m"),
        (5, {"name": "toughness"}, "no hardness; new toughness"),
    ],
    ids=["control renamed", "control unit", "state unit", "outcome renamed"],
)
@pytest.mark.usefixtures("campaign")
def test_rows_of_other_variables_need_a_new_campaign(
    book: SqlLogbook, index: int, change: dict[str, str], said: str
) -> None:
    old = make.changed(make.make_campaign())
    variables = [*old.space.controls, *old.measured]
    variables[index] = replace(variables[index], **change)
    space = replace(old.space, controls=tuple(variables[:4]))
    new = replace(old, space=space, measured=tuple(variables[4:]))
    with pytest.raises(DataError, match=f"{said}.*another name"):
        book.open_campaign(new, "ada")
    assert len(book.events()) == 1


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (
            {"predictions": ()},
            SealError,
            "predictions of nothing, must have exactly one",
        ),
        (
            {"predictions": make.proposal().predictions * 2},
            SealError,
            "exactly one of each of hardness, resistivity",
        ),
        (
            {
                "predictions": (
                    make.prediction("hardness", "MPa"),
                    make.prediction("resistivity", "uohm*cm"),
                )
            },
            DataError,
            "hardness: got unit MPa, must be GPa",
        ),
        ({"intervention": {"layers": 3}}, DataError, "must set exactly alloy"),
        (
            {"intervention": {**make.intervention(), "layers": math.nan}},
            DataError,
            "control layers: got nan",
        ),
        (
            {"intervention": {**make.intervention(), "alloy": {"Xx": 1.0}}},
            DataError,
            "control alloy",
        ),
    ],
    ids=["none", "doubled", "unit", "controls", "not a number", "species"],
)
def test_a_bad_proposal_leaves_nothing(
    book: SqlLogbook,
    campaign: CampaignRow,
    change: dict[str, object],
    error: type[Exception],
    said: str,
) -> None:
    bad = replace(make.proposal(), **change)
    decision = replace(make.decision(), proposals=(make.proposal(), bad))
    with pytest.raises(error, match=said):
        book.add_decision(campaign.id, decision, make.ONE_STAGE, "agent")
    assert book.experiments(campaign.id) == ()
    assert len(book.events()) == 1


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([], "got no result, must have at least one of hardness, resistivity"),
        ([make.humidity()], "got no result"),
        ([replace(make.hardness(), unit="MPa")], "got unit MPa, must be GPa"),
        ([make.hardness(math.nan)], "got nan GPa, must be a finite number"),
        ([make.hardness(math.inf)], "got inf GPa, must be a finite number"),
        ([make.hardness(1.0, sigma=-1.0)], "standard uncertainty of -1.0 GPa"),
        (
            [replace(make.hardness(), quantity="colour")],
            "result colour: is not measured",
        ),
        ([replace(make.hardness(), kind=Kind.CONTEXT)], "context hardness: is not"),
        ([replace(make.hardness(), value=None)], "must have one of the two"),
    ],
    ids=[
        "nothing",
        "context only",
        "unit",
        "nan",
        "inf",
        "sigma",
        "quantity",
        "kind",
        "missing",
    ],
)
def test_a_bad_result_is_refused_and_writes_nothing(
    book: SqlLogbook, claim: Claim, seen: list[Measurement], said: str
) -> None:
    before = book.events()
    with pytest.raises(DataError, match=said):
        book.complete(claim, StepState.MEASURED, seen, "", {})
    assert book.events() == before


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (ImportedRow(make.intervention(), ()), "row 2: got no result"),
        (ImportedRow({}, (make.hardness(),)), "row 2: got controls none"),
        (
            ImportedRow(make.intervention(), (make.hardness(math.nan),)),
            "row 2: result hardness: got nan",
        ),
    ],
    ids=["no result", "no controls", "nan"],
)
def test_a_bad_row_stops_the_whole_import(
    book: SqlLogbook, campaign: CampaignRow, bad: ImportedRow, said: str
) -> None:
    good = ImportedRow(make.intervention(), (make.hardness(),))
    with pytest.raises(DataError, match=said):
        book.import_rows(campaign.id, [good, bad], "past.csv", "ada")
    assert book.trials(campaign.id).rows == ()
