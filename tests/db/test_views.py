"""Wide views open in pandas, whatever the variables are called."""

from dataclasses import replace

import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, text

from db import SqlLogbook, open_logbook
from db.engine import read_url
from labagent.errors import DataError, LogbookError
from labagent.experiments import StepState
from labagent.variables import Composition, Role, Species, Variable
from tests import factories as make
from tests.db.histories import filled, raw


def table(url: str, name: str) -> pd.DataFrame:
    engine = create_engine(read_url(url))
    try:
        return pd.read_sql_table(name, engine)
    finally:
        engine.dispose()


def test_one_row_per_experiment(database_url: str) -> None:
    filled(database_url)
    frame = table(database_url, "campaign_alloys")
    assert list(frame["experiment"]) == [1, 2, 3, 4, 5, 6]
    assert list(frame["status"]) == ["measured"] * 4 + ["failed", "proposed"]
    assert list(frame["batch"].dropna()) == [0, 0, 1, 1]
    assert list(frame["anneal.hold"]) == [9.0, 9.0, 5.0, 7.0, 2.0, 3.0]
    assert list(frame["alloy.Cu"]) == [0.75] * 6
    assert list(frame["alloy.Ni"]) == [0.0] * 6
    assert set(frame["anneal.gas"]) == {"argon"}
    assert list(frame["hardness"].dropna()) == [1.5, 1.5, 2.5, 4.0]  # 3.0: a typo
    predicted = make.proposal(5.0).predictions[0]
    assert list(frame["hardness_predicted"])[2] == predicted.mean
    assert list(frame["hardness_std"])[2] == predicted.std
    assert pd.api.types.is_datetime64_any_dtype(frame["dispatched_at"])
    later = frame["measured_at"].gt(frame["proposed_at"])
    assert list(later) == [False, False, True, True, False, False]


def test_what_is_wrong_is_not_in_the_view(database_url: str) -> None:
    campaign = filled(database_url)
    book = open_logbook(database_url)
    book.correct(4, ["hardness"], [], "contaminated", "ada")
    assert len(book.trials(campaign).rows) == 6
    book.close()
    frame = table(database_url, "campaign_alloys")
    assert list(frame["hardness"].dropna()) == [1.5, 1.5, 2.5]
    assert list(frame["resistivity"].dropna()) == [2.0, 2.0]


def test_what_was_set_is_in_the_view(database_url: str) -> None:
    filled(database_url)
    frame = table(database_url, "campaign_alloys")
    assert list(frame["observed"].dropna()) == ["layers"]
    assert list(frame["was_set"].dropna()) == ["resistivity"]
    assert list(frame["was_set"].notna()) == [False, False, True, False, False, False]
    book = open_logbook(database_url)
    said = {"layers": True, "alloy": False, "anneal.gas": False}
    book.correct(1, [], [], "mixed up", "ada", said)
    assert book.verify() == ()
    book.close()
    frame = table(database_url, "campaign_alloys")
    assert list(frame["observed"].dropna()) == ["alloy; anneal.gas"]


def test_views_cannot_be_written(database_url: str) -> None:
    filled(database_url)
    change = text("UPDATE campaign_alloys SET hardness = 99")
    with pytest.raises(LogbookError), raw(database_url) as connection:
        connection.execute(change)


def test_a_new_goal_version_gets_a_new_view(database_url: str) -> None:
    book = open_logbook(database_url)
    old = make.make_campaign()
    book.open_campaign(old, "ada")
    wider = Composition((*map(Species, ("Al", "Cu", "Ni", "Zn")),))
    alloy = replace(old.space.controls[0], domain=wider)
    space = replace(old.space, controls=(alloy, *old.space.controls[1:]))
    book.open_campaign(replace(make.changed(old), space=space), "ada")
    book.close()
    assert "alloy.Zn" in table(database_url, "campaign_alloys").columns


AWKWARD = [
    "it's",
    ":colon",
    "Ünïcode 温度",
    "experiment",
    "a" * 80,
    "A" * 80,
    "dots.and[0]",
    "$dollar",
]


@pytest.mark.parametrize("odd", AWKWARD)
def test_awkward_names_make_working_views(database_url: str, odd: str) -> None:
    book = open_logbook(database_url)
    plain = make.make_campaign(name=f"{odd}; DROP TABLE step")
    hold = replace(plain.space.controls[1], name=odd)
    mix = Variable(
        f"{odd}2", Role.CONTROL, Composition((Species(odd), Species("Cu"))), ""
    )
    space = replace(plain.space, controls=(hold, mix))
    seen = Variable(f"{odd}3", Role.OUTCOME, plain.measured[1].domain, "GPa")
    campaign = replace(plain, space=space, measured=(seen,))
    row = book.open_campaign(campaign, "ada")
    _run_one(book, row.id, odd)
    book.close()
    frame = table(database_url, _view(database_url))
    values = [v for v in frame.iloc[0] if isinstance(v, float)]
    assert {5.0, 0.25, 0.75, 2.5} <= set(values)
    assert len({name.casefold() for name in frame.columns}) == len(frame.columns)


def _view(url: str) -> str:
    with raw(url) as connection:
        (name,) = inspect(connection).get_view_names()
    return name


def _run_one(book: SqlLogbook, campaign: int, odd: str) -> None:
    mean = make.prediction(f"{odd}3", "GPa")
    chosen = {odd: 5.0, f"{odd}2": {odd: 0.25, "Cu": 0.75}}
    proposal = replace(
        make.proposal(), intervention=chosen, predictions=(mean,), runners_up=()
    )
    decision = replace(make.decision(), proposals=(proposal,))
    stage = replace(make.ONE_STAGE[0], measures=(f"{odd}3",))
    ids = book.add_decision(campaign, decision, [stage], "agent")
    book.decide(ids, True, "ada", "")
    claim = book.claim(campaign, "w1", 60.0)
    assert claim is not None
    found = replace(make.hardness(2.5), quantity=f"{odd}3")
    book.complete(claim, StepState.MEASURED, [found], "", {})


@pytest.mark.parametrize("odd", ['a "quote"', "50 %", "back\\slash", ""])
def test_names_that_no_view_can_have_are_refused(odd: str) -> None:
    plain = make.make_campaign()
    seen = replace(plain.measured[0], name=odd)
    book = open_logbook("sqlite://")
    with pytest.raises(DataError, match="must do without; rename it"):
        book.open_campaign(replace(plain, measured=(seen,)), "ada")
    book.close()
