"""Results far from what was predicted."""

import pytest

from labagent.experiments import Basis, Member, Prediction
from labagent.review import surprises
from tests.records import prediction, record


def test_the_largest_surprise_comes_first_with_its_sign() -> None:
    predictions = [prediction("stiff", 10, 2)]
    values = {1: 17.0, 2: 11.0, 3: 0.0}
    records = [record(n, {"stiff": v}, predictions) for n, v in values.items()]
    found = surprises(records)
    assert [(s.number, s.sigmas) for s in found] == [(3, -5.0), (1, 3.5)]
    assert (found[0].value, found[0].mean, found[0].std) == (0.0, 10, 2)


def test_a_prior_cannot_be_surprised() -> None:
    prior = prediction("stiff", 10, 2, Basis.PRIOR)
    assert surprises([record(1, {"stiff": 99.0}, [prior])]) == ()


def test_a_rare_member_that_is_far_off_moves_nothing_people_see() -> None:
    usual = Member("network", 0.995, 15.0, 3.0)
    wild = Member("warped-gp", 0.005, 22334.0, 22330.0)
    mixed = Prediction("moisture", "percent", (usual, wild))
    assert mixed.mean > 100
    assert mixed.centre == pytest.approx(15.0, abs=0.1)
    assert abs(mixed.surprise(16.0)) < 1
    assert repr(mixed).startswith("<moisture 15")


def test_of_one_member_the_centre_is_its_mean() -> None:
    assert prediction("stiff", 10, 2).centre == 10
