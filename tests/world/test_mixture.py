"""The members together: the contract of each, and what their mixture seals."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from labagent.campaigns import OutcomeLimit
from labagent.experiments import Basis, Member, Trial, Trials
from labagent.variables import Real, Role, Variable
from labagent.weighing import WIDTHS, entry
from labagent.world import MEMBERS, Evidence, Fitted, Mixture, fit_members
from labagent.world.routes import Node
from tests.spaces import PLANE, campaign
from tests.world.test_plain import evidence, uniform

NOTHING = Trials(0, ())


def chained(unit: float = 1.0, n: int = 20) -> Evidence:
    """Return the two quantities of the plain tests, the second before the first."""
    seen = evidence(n=n, noise=5.0)
    controls = {"x0": (0,), "x1": (1,)}
    nodes = (
        Node("z", ("x0", "x1"), {frozenset({"x0"}): 1.0}),
        Node("y", ("x0", "x1", "z"), {frozenset({"z"}): 1.0}, frozenset({"z"})),
    )
    return replace(seen, Y=unit * seen.Y, nodes=nodes, columns=controls)


@pytest.fixture(params=MEMBERS, scope="module")
def member(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def fitted(member: str) -> Fitted:
    return MEMBERS[member](chained(), 0, "cpu")


def test_a_member_predicts_every_quantity_everywhere(fitted: Fitted) -> None:
    found = fitted.predict(uniform(9, seed=2))
    assert fitted.quantities == ("y", "z")
    assert found.mean.shape == found.std.shape == (9, 2)
    assert bool((found.std > 0).all())
    assert bool(found.mean.isfinite().all())


def test_a_members_rows_do_not_depend_on_their_company(fitted: Fitted) -> None:
    X = uniform(7, seed=3)
    whole = fitted.predict(X)
    single = fitted.predict(X[4:5])
    assert torch.allclose(whole.mean[4:5], single.mean, rtol=1e-6)
    assert torch.allclose(whole.std[4:5], single.std, rtol=1e-6)


def test_a_member_leaves_the_callers_tensors_alone(member: str) -> None:
    seen = chained()
    X, Y = seen.X.clone(), seen.Y.clone()
    MEMBERS[member](seen, 0, "cpu").predict(X)
    assert torch.equal(seen.X, X)
    assert torch.equal(seen.Y, Y)


def test_a_member_is_a_function_of_evidence_and_seed(member: str) -> None:
    X = uniform(5, seed=4)
    a, b = (MEMBERS[member](chained(), 3, "cpu").predict(X) for _ in range(2))
    assert torch.equal(a.mean, b.mean)
    assert torch.equal(a.std, b.std)


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_a_member_does_not_depend_on_the_unit(member: str, unit: float) -> None:
    X = uniform(5, seed=5)
    a = MEMBERS[member](chained(), 0, "cpu").predict(X)
    b = MEMBERS[member](chained(unit=unit), 0, "cpu").predict(X)
    assert torch.allclose(unit * a.mean, b.mean, rtol=1e-3, atol=1e-3 * unit)
    assert torch.allclose(unit * a.std, b.std, rtol=1e-3)


def test_a_members_intervals_hold_about_what_they_say(member: str) -> None:
    """On data it was not told of; the constant is wide, none is blind."""
    seen = chained(n=80)
    found = MEMBERS[member](seen, 0, "cpu").predict(uniform(200, seed=6))
    x = uniform(200, seed=6)
    truth = 100 * (torch.sin(3 * x[:, 0]) + x[:, 1])
    truth = truth + 5 * torch.randn(
        200, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    z = ((truth - found.mean[:, 0]) / found.std[:, 0]).abs()
    assert 0.75 <= float((z < 1.645).double().mean()) <= 1.0


def test_summaries_are_plain_numbers(fitted: Fitted) -> None:
    summary = fitted.summary()
    assert set(summary) == {"y", "z"}


def mixture(declared: Variable | None = None) -> tuple[Mixture, Tensor]:
    seen = evidence()
    asked = campaign(PLANE)
    if declared is not None:
        asked = replace(asked, measured=(declared,))
    members = fit_members(seen, 0, "cpu")
    return Mixture.of(asked, NOTHING, members), uniform(3, seed=7)


def test_a_mixture_seals_every_member_at_every_width() -> None:
    mixed, X = mixture()
    ((y,), *_) = mixed.predict(campaign(PLANE), X)
    assert y.basis is Basis.MODEL
    names = {entry(m, w) for m in mixed.members for w in WIDTHS}
    assert {m.name for m in y.members} == names
    assert sum(m.weight for m in y.members) == pytest.approx(1)
    by_name = {m.name: m for m in y.members}
    assert by_name["plain-gp"].weight > 0.5
    assert by_name["plain-gp x4"].std == pytest.approx(4 * by_name["plain-gp"].std)


def test_a_declared_expectation_is_a_member() -> None:
    declared = Variable("y", Role.OUTCOME, Real(-100, 300))
    mixed, X = mixture(declared)
    asked = replace(campaign(PLANE), measured=(declared,))
    ((y,), *_) = mixed.predict(asked, X)
    (prior,) = (m for m in y.members if m.name == "prior")
    assert (prior.mean, prior.std) == pytest.approx((100, 400 / 3.92))


def test_without_states_there_is_no_network() -> None:
    assert "network" not in fit_members(evidence(), 0, "cpu")
    assert "network" in fit_members(chained(), 0, "cpu")


def test_one_result_fits_nothing() -> None:
    assert fit_members(evidence(n=1), 0, "cpu") == {}


def test_what_is_not_modelled_keeps_its_prior() -> None:
    asked = campaign(PLANE, limits=(OutcomeLimit("s", "<=", 5.0),))
    members = fit_members(evidence(), 0, "cpu")  # knows y and z, not s
    rows = Mixture.of(asked, NOTHING, members).predict(asked, uniform(3, seed=1))
    assert [[p.quantity for p in row] for row in rows] == [["y", "s"]] * 3
    assert [p.basis for p in rows[0]] == [Basis.MODEL, Basis.PRIOR]


def after_three(*sealed: Member) -> Mixture:
    """Return the mixture after three results of 50 with the same sealed densities."""
    rows = tuple(
        Trial(i, {"x": 0.0, "z": 0.0}, {"y": 50.0}, sealed={"y": sealed})
        for i in range(1, 4)
    )
    members = fit_members(evidence(), 0, "cpu")
    return Mixture.of(campaign(PLANE), Trials(0, rows), members)


def test_what_was_sealed_decides_the_weights() -> None:
    mixed = after_three(Member("plain-gp", 0.5, 0, 1), Member("forest", 0.5, 50, 1))
    inside = mixed.weights["y"].inside
    assert inside["forest"] > inside["plain-gp"] + 3


def test_who_predicted_best_leads_however_confident() -> None:
    """The forest is nearer; the plain process is wide and has the better log score."""
    mixed = after_three(Member("plain-gp", 0.5, 40, 10), Member("forest", 0.5, 49, 0.1))
    assert mixed.leader(["forest", "plain-gp"], ["y"]) == "forest"
    assert mixed.leader(["plain-gp", "forest"], ["y"]) == "forest"


def test_a_few_lucky_guesses_do_not_lead() -> None:
    """Three results are 3/2 log 4 = 2 nats likelier at half the error: too few."""
    mixed = after_three(Member("plain-gp", 0.5, 44, 1), Member("forest", 0.5, 47, 1))
    assert mixed.leader(["forest", "plain-gp"], ["y"]) == "plain-gp"
    assert mixed.leader(["plain-gp", "forest"], ["y"]) == "forest"


def test_before_anything_was_predicted_the_last_leads() -> None:
    members = fit_members(chained(), 0, "cpu")
    mixed = Mixture.of(campaign(PLANE), NOTHING, members)
    assert mixed.leader(["plain-gp", "network"], ["y"]) == "network"
