"""Results far from what was predicted."""

from labagent.experiments import Basis
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
