"""One behaviour test over the whole table of acquisitions."""

from dataclasses import replace

import pytest
import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor
from torch.distributions import Normal

from labagent.acquisition import ACQUISITIONS, AcquisitionTask, choose_acquisition
from labagent.acquisition.pareto import reference_point
from labagent.acquisition.task import moments
from labagent.campaigns import Direction, Find, Goal, Objective, OutcomeLimit
from labagent.errors import ModelError
from labagent.world import fit_plain
from labagent.world.devices import seeded
from labagent.world.mechanisms import FittedNetwork, fit_network
from tests.world.test_mixture import chained
from tests.world.test_plain import evidence

UP = Objective("y", "", Direction.MAXIMIZE)
DOWN = Objective("z", "", Direction.MINIMIZE)
GOALS = {
    "maximize": Goal("", Find.BEST, (UP,)),
    "target": Goal("", Find.BEST, (Objective("y", "", Direction.TARGET, target=90.0),)),
    "limit": Goal("", Find.BEST, (UP,), (OutcomeLimit("z", ">=", -120.0),)),
    "weights": Goal(
        "",
        Find.BEST,
        (
            Objective("y", "", Direction.MAXIMIZE, weight=2.0),
            Objective("z", "", Direction.MAXIMIZE, weight=1.0),
        ),
    ),
    "front": Goal("", Find.FRONT, (UP, Objective("z", "", Direction.MAXIMIZE))),
    "front-limit": Goal(
        "",
        Find.FRONT,
        (UP, Objective("z", "", Direction.MAXIMIZE)),
        (OutcomeLimit("y", "<=", 150.0),),
    ),
}
CASES = [
    (name, goal)
    for name in ACQUISITIONS
    for goal in GOALS
    if (name == "qLogNEHVI") is (GOALS[goal].find is Find.FRONT)
]
BY_ITSELF = {"TopFraction"}
"""Acquisitions that value every intervention whatever is pending."""


def task(goal: str, pending: Tensor | None = None) -> AcquisitionTask:
    seen = evidence(noise=5.0)
    return AcquisitionTask(
        goal=GOALS[goal],
        fitted=fit_plain(seen, seed=0),
        evidence=seen,
        pending=seen.pending if pending is None else pending,
        seed=1,
        reference=points(300),
    )


def points(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(*shape, 2, dtype=torch.float64, generator=generator)


@pytest.fixture(params=CASES, ids=lambda c: f"{c[0]}-{c[1]}")
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@pytest.fixture
def acquisition(case: tuple[str, str]) -> AcquisitionFunction:
    return ACQUISITIONS[case[0]](task(case[1]))


def test_every_acquisition_is_under_contract() -> None:
    assert {name for name, _ in CASES} == set(ACQUISITIONS)


@pytest.mark.parametrize("q", [1, 3])
def test_shape(acquisition: AcquisitionFunction, q: int) -> None:
    assert acquisition(points(4, q)).shape == (4,)


def test_the_gradient_is_finite_and_not_all_zero(
    acquisition: AcquisitionFunction,
) -> None:
    X = points(4, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(acquisition(X).sum(), X)
    assert bool(gradient.isfinite().all())
    assert float(gradient.abs().max()) > 0


def test_inputs_are_left_alone(acquisition: AcquisitionFunction) -> None:
    X = points(4, 2)
    before = X.clone()
    acquisition(X)
    assert torch.equal(X, before)


def test_a_batch_is_valued_as_each_alone(acquisition: AcquisitionFunction) -> None:
    X = points(5, 1)
    with torch.no_grad():
        together = acquisition(X)
        alone = torch.cat([acquisition(x.unsqueeze(0)) for x in X])
    assert torch.allclose(together, alone, rtol=1e-6, atol=1e-6)


def test_it_repeats_itself(case: tuple[str, str]) -> None:
    X = points(5, 1)
    asked = task(case[1])
    found: list[Tensor] = []
    for state in (3, 4):  # whatever the program drew before
        with seeded(state):
            found.append(ACQUISITIONS[case[0]](asked)(X))
    assert torch.equal(*found)


def test_what_is_pending_is_not_worth_doing_again(case: tuple[str, str]) -> None:
    if case[0] in BY_ITSELF:
        return
    X = points(40, 1)
    values = ACQUISITIONS[case[0]](task(case[1]))(X).detach()
    top = int(values.argmax())
    waiting = ACQUISITIONS[case[0]](task(case[1], X[top]))
    others = waiting(X[torch.arange(40) != top]).detach()
    again = waiting(X[top : top + 1] + 1e-3).detach()
    assert float(again) <= float(others.max()) + 0.02


def test_qlogei_is_the_closed_form() -> None:
    """EI = s (u Phi(u) + phi(u)), u = (mean - best) / s: Jones et al. 1998."""
    asked = task("maximize")
    X = points(500, 1)
    with torch.no_grad():
        mean, s = (part.flatten() for part in moments(asked.model, X))
        best = moments(asked.model, asked.baseline)[0].max()
        normal = Normal(torch.zeros(1).double(), torch.ones(1).double())
        u = (mean - best) / s
        exact = s * (u * normal.cdf(u) + normal.log_prob(u).exp())
        found = ACQUISITIONS["qLogEI"](asked)(X).exp()
    worth = exact > 0.05 * exact.max()
    assert int(worth.sum()) >= 3
    assert torch.allclose(found[worth], exact[worth], rtol=0.05)


def test_a_limit_lowers_the_value_where_it_is_broken() -> None:
    X = points(200, 1)
    limited, unlimited = task("limit"), task("maximize")
    with torch.no_grad():
        z = limited.declared(moments(limited.model, X)[0])[..., 0, 1]
        free = ACQUISITIONS["qLogNEI"](unlimited)(X)
        kept = ACQUISITIONS["qLogNEI"](limited)(X)
    assert float(z[kept.argmax()]) >= -125 > float(z[free.argmax()])


def test_the_front_is_measured_from_what_is_good_enough() -> None:
    seen = task("front")
    goal = Goal(
        "",
        Find.FRONT,
        (Objective("y", "", Direction.MAXIMIZE, good_enough=50.0), DOWN),
    )
    asked = AcquisitionTask(goal, seen.fitted, seen.evidence, seen.pending, 0)
    point = reference_point(asked)
    assert float(point[0] * seen.scale[0]) == pytest.approx(50.0)
    assert float(point[1] * seen.scale[1]) < float((-seen.evidence.Y[:, 1]).max())


def test_a_goal_without_data_is_told() -> None:
    asked = task("maximize")
    goal = Goal("", Find.BEST, (Objective("w", "", Direction.MAXIMIZE),))
    missing = AcquisitionTask(goal, asked.fitted, asked.evidence, asked.pending, 0)
    with pytest.raises(ModelError, match="too few results of w"):
        ACQUISITIONS["qLogNEI"](missing)


def test_a_goal_means_the_same_in_any_unit() -> None:
    asked = task("limit")
    seen, X = asked.evidence, points(50)
    for name in ("qLogNEI", "qLogEI", "TopFraction"):
        expected = ACQUISITIONS[name](asked)(X.unsqueeze(-2)).detach()
        for unit in (1e-9, 1e9):
            scaled = replace(seen, Y=seen.Y * unit)
            limit = OutcomeLimit("z", ">=", -120.0 * unit)
            again = replace(
                asked,
                goal=replace(asked.goal, limits=(limit,)),
                evidence=scaled,
                fitted=fit_plain(scaled, seed=0),
            )
            found = ACQUISITIONS[name](again)(X.unsqueeze(-2)).detach()
            assert torch.allclose(found, expected, atol=1e-3), (name, unit)


@pytest.mark.parametrize(
    ("find", "batches"),
    [
        (Find.BEST, ["qLogNEI", "qLogNEI"]),
        (Find.MANY, ["qLogNEI", "TopFraction"]),
        (Find.FRONT, ["qLogNEHVI", "qLogNEHVI"]),
    ],
)
def test_what_is_asked_decides_who_answers(find: Find, batches: list[str]) -> None:
    goal = Goal("", find, (UP,))
    assert [choose_acquisition(goal, n) for n in (4, 5)] == batches


def test_the_top_share_holds_its_share_of_the_space() -> None:
    """A well-known function: the probabilities of membership sum to the share."""
    asked = task("maximize")
    X = asked.reference.unsqueeze(-2)
    with torch.no_grad():
        members = ACQUISITIONS["TopFraction"](asked)(X).exp()
        mean = moments(asked.model, X)[0].flatten()
    assert float(members.mean()) == pytest.approx(asked.goal.top, abs=0.01)
    assert int(members.argmax()) in mean.argsort(descending=True)[:5].tolist()


def test_the_top_share_needs_points_to_compare_with() -> None:
    asked = replace(task("maximize"), reference=points(0))
    with pytest.raises(ModelError, match="got no reference points"):
        ACQUISITIONS["TopFraction"](asked)


@pytest.fixture(scope="module")
def chained_network() -> FittedNetwork:
    return fit_network(chained(), 0)


def of_network(goal: str, fitted: FittedNetwork, **more: bool) -> AcquisitionTask:
    seen = chained()
    return AcquisitionTask(
        GOALS[goal], fitted, seen, seen.pending, 1, reference=points(50), **more
    )


def test_a_network_can_steer(
    case: tuple[str, str], chained_network: FittedNetwork
) -> None:
    """Finite values with a gradient, each by itself, and the same again."""
    name, goal = case
    X = points(4, 1).requires_grad_()
    first, again = (
        ACQUISITIONS[name](of_network(goal, chained_network))(X) for _ in range(2)
    )
    assert first.shape == (4,)
    assert first.isfinite().all()
    assert torch.equal(first, again)
    (gradient,) = torch.autograd.grad(first.sum(), X)
    assert gradient.isfinite().all()
    assert float(gradient.abs().max()) > 0
    alone = ACQUISITIONS[name](of_network(goal, chained_network))(X[2:3])
    assert torch.allclose(alone, first[2:3])


def test_few_draws_rank_as_all_do(chained_network: FittedNetwork) -> None:
    X = points(200, 1)
    with torch.no_grad():
        fine, rough = (
            ACQUISITIONS["qLogNEI"](of_network("maximize", chained_network, rough=r))(X)
            for r in (False, True)
        )
    best = set(fine.topk(5).indices.tolist())
    assert best & set(rough.topk(48).indices.tolist())  # what a search starts from
    assert not torch.equal(fine, rough)


def test_what_may_be_best_keeps_the_limits_first() -> None:
    asked = task("limit")
    assert torch.equal(asked.promising(100), asked.baseline)
    y, z = asked.evidence.Y.unbind(-1)
    keeps = (z >= -120.0).nonzero().flatten().tolist()
    ranked = sorted(range(len(y)), key=lambda i: (i not in keeps, -float(y[i])))
    assert torch.equal(asked.promising(4), asked.baseline[ranked[:4]])
