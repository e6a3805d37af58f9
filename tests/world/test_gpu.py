"""What is computed on a CUDA device is what the CPU computes."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from labagent.acquisition import ACQUISITIONS, AcquisitionTask
from labagent.campaigns import Direction, Find, Goal, Objective, OutcomeLimit
from labagent.loop import predict, propose
from labagent.world import MEMBERS, Fitted
from labagent.world.devices import choose_device
from tests.spaces import PLANE, branin, campaign, trials
from tests.world.test_mixture import chained
from tests.world.test_plain import uniform

pytestmark = pytest.mark.gpu

PLACES = "cpu", "cuda"
UP = Objective("y", "", Direction.MAXIMIZE)
BOTH = (UP, Objective("z", "", Direction.MAXIMIZE))
GOALS = {
    "qLogNEHVI": Goal("", Find.FRONT, BOTH),
    "TopFraction": Goal("", Find.MANY, (UP,), top=0.1),
}
LIMITED = Goal("", Find.BEST, (UP,), (OutcomeLimit("z", ">=", -120.0),))


def both(name: str) -> tuple[Fitted, Fitted]:
    here, there = (MEMBERS[name](chained(), 0, place) for place in PLACES)
    return here, there


def close(there: Tensor, here: Tensor) -> bool:
    """Whether two searches for hyper-parameters that round differently agree."""
    return torch.allclose(there.cpu(), here, rtol=1e-3, atol=1e-3 * float(here.std()))


def test_a_device_is_chosen_where_it_pays() -> None:
    wanted = {("auto", 10): "cpu", ("auto", 10_000): "cuda", ("cuda", 10): "cuda"}
    found = {key: choose_device(*key).type for key in wanted}
    assert found == wanted


@pytest.mark.parametrize("name", ["plain-gp", "network"])
def test_a_member_predicts_the_same(name: str) -> None:
    here, there = (fitted.predict(uniform(20, seed=2)) for fitted in both(name))
    assert close(there.mean, here.mean)
    assert close(there.std, here.std)


@pytest.mark.parametrize("name", ["plain-gp", "network"])
@pytest.mark.parametrize("wanted", ACQUISITIONS)
def test_an_acquisition_values_the_same(name: str, wanted: str) -> None:
    seen = chained()
    X = uniform(20, seed=3).unsqueeze(1)
    found: list[Tensor] = []
    for fitted in both(name):
        task = AcquisitionTask(
            GOALS.get(wanted, LIMITED), fitted, seen, seen.pending, 1
        )
        task = replace(task, reference=uniform(100, seed=4))
        x = X.to(task.device).requires_grad_()
        values = ACQUISITIONS[wanted](task)(x)
        (slope,) = torch.autograd.grad(values.sum(), x)
        assert bool(slope.isfinite().all())
        found.append(values.detach().cpu())
    here, there = found
    likely = here > here.max() - 7.0  # logs of a thousandth round differently
    assert close(there[likely], here[likely])


def test_a_decision_is_made_on_the_device_and_repeats_itself() -> None:
    asked = replace(campaign(PLANE), device="cuda")
    points = [{"x": -5.0 + 1.6 * i, "z": (7.0 * i) % 15.0} for i in range(9)]
    seen = trials([(p, {"y": branin(p)}) for p in points])
    first, second = (propose(asked, seen, 9) for _ in range(2))
    assert first == second
    assert first.strategy == "model"
    assert first.versions["device"] == torch.cuda.get_device_name()
    inside = [p.intervention for p in first.proposals]
    assert not any(PLANE.violations(i) for i in inside)
    cpu, cuda = (predict(replace(asked, device=d), seen, inside) for d in PLACES)
    for (here,), (there,) in zip(cpu, cuda, strict=True):
        assert there.mean == pytest.approx(here.mean, rel=1e-3)
