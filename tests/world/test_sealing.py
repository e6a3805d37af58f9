from dataclasses import replace

import pytest
import torch

from labagent.campaigns import Direction, Objective, OutcomeLimit
from labagent.experiments import Basis
from labagent.variables import Real, Role, Variable
from labagent.world import fit_plain
from labagent.world.sealing import predict_all, prior_prediction
from tests.spaces import PLANE, campaign
from tests.world.test_plain import evidence


@pytest.mark.parametrize(
    ("domain", "objective", "mean", "std"),
    [
        (Real(0, 60), Objective("y", "", Direction.MAXIMIZE), 30, 60 / 3.92),
        (Real(), Objective("y", "", Direction.MAXIMIZE), 0, 10),
        (Real(), Objective("y", "", Direction.TARGET, target=4.0), 4, 40),
        (Real(), Objective("y", "", Direction.MINIMIZE, good_enough=0.2), 0.2, 10),
    ],
    ids=["expected", "nothing", "target", "good-enough"],
)
def test_priors(domain: Real, objective: Objective, mean: float, std: float) -> None:
    asked = campaign(PLANE, (objective,))
    found = prior_prediction(asked, Variable("y", Role.OUTCOME, domain))
    assert (found.mean, found.std) == pytest.approx((mean, std))
    assert found.basis is Basis.PRIOR


def test_a_limit_centres_its_prior() -> None:
    asked = campaign(PLANE, limits=(OutcomeLimit("s", "<=", 5.0),))
    assert prior_prediction(asked, asked.quantity("s")).mean == 5.0


def test_at_the_start_a_declared_expectation_is_heard_too() -> None:
    asked = campaign(PLANE)
    declared = Variable("y", Role.OUTCOME, Real(-100, 300))
    asked = replace(asked, measured=(declared, Variable("z", Role.OUTCOME, Real())))
    members = [("plain-gp", 1.0, fit_plain(evidence(), seed=0))]
    X = torch.rand(1, 2, dtype=torch.float64)
    ((y, z),) = predict_all(asked, members, X, starting=True)
    assert [(m.name, m.weight) for m in y.members] == [
        ("plain-gp", 0.5),
        ("prior", 0.5),
    ]
    assert (y.members[1].mean, y.members[1].std) == pytest.approx((100, 400 / 3.92))
    assert [(m.name, m.weight) for m in z.members] == [("plain-gp", 1.0)]
    ((later, _),) = predict_all(asked, members, X)
    assert later.members == (replace(y.members[0], weight=1.0),)


def test_every_quantity_gets_a_prediction_modelled_or_not() -> None:
    asked = campaign(PLANE, limits=(OutcomeLimit("s", "<=", 5.0),))
    gp = fit_plain(evidence(), seed=0)  # knows y and z, not s
    X = torch.rand(3, 2, dtype=torch.float64)
    rows = predict_all(asked, [("plain-gp", 1.0, gp)], X)
    assert [[p.quantity for p in row] for row in rows] == [["y", "s"]] * 3
    assert [p.basis for p in rows[0]] == [Basis.MODEL, Basis.PRIOR]
    assert rows[1][0].mean == pytest.approx(float(gp.predict(X).mean[1, 0]))
