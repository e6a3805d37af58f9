import pytest

from labagent.campaigns import Direction, Objective, OutcomeLimit
from labagent.experiments import Basis
from labagent.variables import Real, Role, Variable
from labagent.world.sealing import prior_prediction
from tests.spaces import PLANE, campaign


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
