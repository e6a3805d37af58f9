from collections.abc import Callable, Mapping

import pytest
import torch
from botorch.acquisition import AcquisitionFunction
from botorch.models import SingleTaskGP
from torch import Tensor

from labagent.planning import Wanted, choose, count_keys
from labagent.planning.finite import choose_finite
from labagent.planning.mixed import choose_mixed
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Continuous, DesignSpace, Intervention
from tests.spaces import ALLOY, GRID, MIXED, PLANE, control


class Nearness(AcquisitionFunction):
    """Highest at one point of the encoding, lower near pending ones."""

    def __init__(self, at: Tensor, pending: Tensor) -> None:
        d = at.shape[-1]
        model = SingleTaskGP(torch.rand(2, d).double(), torch.rand(2, 1).double())
        super().__init__(model=model)
        self.at, self.pending = at, pending

    def forward(self, X: Tensor) -> Tensor:
        value = -(X.squeeze(-2) - self.at).square().sum(dim=-1)
        for p in self.pending:
            value = value - 0.5 * torch.exp(
                -50 * (X.squeeze(-2) - p).square().sum(dim=-1)
            )
        return value


def towards(
    encoder: SpaceEncoder, best: Intervention
) -> Callable[[Tensor], AcquisitionFunction]:
    at = encoder.encode([best])[0]
    return lambda pending: Nearness(at, pending)


def wanted(encoder: SpaceEncoder, count: int, seed: int = 0) -> Wanted:
    return Wanted(count, encoder.encode([]), seed=seed)


def test_a_finite_space_gives_its_best_point_and_the_next() -> None:
    encoder = SpaceEncoder(GRID)
    best = {"x": 0.5, "k": 2, "label": "b"}
    make = towards(encoder, best)
    (choice,) = choose_finite(encoder, make, wanted(encoder, 1))
    assert choice.intervention == best
    assert choice.score == pytest.approx(0)
    scores = [choice.score, *(r.score for r in choice.runners_up)]
    assert scores == sorted(scores, reverse=True)


def test_a_batch_never_repeats_and_ends_with_the_space() -> None:
    encoder = SpaceEncoder(GRID)
    points = list(GRID.points())
    make = towards(encoder, points[0])
    taken = count_keys(points[3:])
    found = choose_finite(encoder, make, Wanted(9, encoder.encode([]), taken))
    assert count_keys([c.intervention for c in found]) == count_keys(points[:3])


def test_equal_candidates_are_replicates() -> None:
    rows = ({"x": 0.2}, {"x": 0.2}, {"x": 0.9})
    space = DesignSpace((control("x", Continuous(0, 1)),), candidates=rows)
    encoder = SpaceEncoder(space)
    make = towards(encoder, {"x": 0.2})
    found = choose_finite(encoder, make, wanted(encoder, 5))
    assert count_keys([c.intervention for c in found]) == count_keys(rows)


@pytest.mark.parametrize(
    ("space", "best", "within"),
    [
        (PLANE, {"x": 3.217, "z": 11.03}, 1e-3),
        (
            MIXED,
            {
                "t": 81.3,
                "rate": 20.0,
                "label": "c",
                "k": 7,
                "mix": {"A": 0.31, "B": 0.0, "C": 0.69},
            },
            1e-3,
        ),
    ],
    ids=["plane", "mixed"],
)
def test_the_search_finds_a_known_optimum(
    space: DesignSpace, best: Mapping[str, object], within: float
) -> None:
    encoder = SpaceEncoder(space)
    make = towards(encoder, best)  # type: ignore[arg-type]
    (choice,) = choose_mixed(encoder, make, wanted(encoder, 1, seed=0))
    assert -choice.score < within
    assert space.violations(choice.intervention) == []


def test_the_search_ends_on_a_rule_that_binds() -> None:
    encoder = SpaceEncoder(PLANE)  # x + z <= 18
    make = towards(encoder, {"x": 10.0, "z": 15.0})
    (choice,) = choose_mixed(encoder, make, wanted(encoder, 1, seed=0))
    total = sum(float(v) for v in choice.intervention.values())  # type: ignore[arg-type]
    assert total == pytest.approx(18, abs=2e-3)


def test_a_batch_spreads_because_earlier_choices_are_pending() -> None:
    encoder = SpaceEncoder(PLANE)
    make = towards(encoder, {"x": 2.0, "z": 7.0})
    found = choose_mixed(encoder, make, wanted(encoder, 3, seed=0))
    X = encoder.encode([c.intervention for c in found])
    assert float(torch.pdist(X).min()) > 0.05


def test_the_search_repeats_itself() -> None:
    encoder = SpaceEncoder(MIXED)
    make = towards(encoder, MIXED_BEST)
    first, again = (
        choose_mixed(encoder, make, wanted(encoder, 2, seed=3)) for _ in range(2)
    )
    assert first == again


MIXED_BEST: Intervention = {
    "t": 50.0,
    "rate": 9.0,
    "label": "a",
    "k": 2,
    "mix": {"A": 0.5, "B": 0.5, "C": 0.0},
}


@pytest.mark.parametrize("space", [ALLOY, PLANE], ids=["finite", "infinite"])
def test_every_kind_of_space_is_served(space: DesignSpace) -> None:
    encoder = SpaceEncoder(space)
    at = torch.full((encoder.width,), 0.3, dtype=torch.float64)
    found = choose(encoder, lambda p: Nearness(at, p), wanted(encoder, 2, seed=0))
    assert len(count_keys([c.intervention for c in found])) == 2


class Needle(Nearness):
    """As good as nothing but close to one point."""

    def forward(self, X: Tensor) -> Tensor:
        r2 = (X.squeeze(-2) - self.at).square().sum(dim=-1)
        value = torch.exp(-r2 / (2 * 0.04**2))
        return torch.where(value > 1e-2, value, 0.0 * value)


def test_what_is_only_good_close_to_the_best_so_far_is_found() -> None:
    names = [f"x{i}" for i in range(6)]
    controls = [control(name, Continuous(0, 1)) for name in names]
    encoder = SpaceEncoder(DesignSpace(tuple(controls)))
    at = encoder.encode([dict.fromkeys(names, 0.81)])[0]
    best = dict.fromkeys(names, 0.75)
    asked = Wanted(1, encoder.encode([]), seed=0, around=[best])
    (found,) = choose_mixed(encoder, lambda pending: Needle(at, pending), asked)
    assert found.score == pytest.approx(1.0, abs=1e-3)
    (lost,) = choose_mixed(
        encoder, lambda pending: Needle(at, pending), wanted(encoder, 1)
    )
    assert lost.score < 0.5
