import math

import pytest
import torch

from benchmarks.functions.problems import Control, Node, Problem, sobol
from benchmarks.functions.table import PROBLEMS
from tests.benchmarks.processes import limited

BY_HAND = [
    # x = (0, 0): no ripple at the top
    ("dropwave", [0.5, 0.5], [0.0, 1.0]),
    # one ripple off, at x = (1.28, 0)
    ("dropwave", [0.625, 0.5], [1.28, (1 + math.cos(15.36)) / (2 + 0.5 * 1.6384)]),
    ("ackley", [0.5] * 6, [0.0, 1.0, 0.0]),
    # x = (1, ..., 1): whole numbers, all cosines are 1
    ("ackley", [0.75] * 6, [1.0, 1.0, 20 * math.exp(-0.2) - 20]),
    # x = (0.5, 0, 0, 0, 0, 0): means of 0.25 and 0, and of -1 and five times 1
    (
        "ackley",
        [0.625] + [0.5] * 5,
        [
            1 / 24,
            4 / 6,
            20 * math.exp(-0.2 / math.sqrt(24)) + math.exp(2 / 3) - 20 - math.e,
        ],
    ),
    ("rosenbrock", [0.75] * 5, [0.0, 0.0, 0.0, 0.0]),
    # x = 0: each link costs 1
    ("rosenbrock", [0.5] * 5, [-1.0, -2.0, -3.0, -4.0]),
    # x = (1, 2, 0, -1, 1): links cost 100 + 0, 1600 + 1, 100 + 1, 0 + 4
    ("rosenbrock", [0.75, 1.0, 0.5, 0.25, 0.75], [-100.0, -1701.0, -1802.0, -1806.0]),
]


@pytest.mark.parametrize(("name", "point", "values"), BY_HAND)
def test_formulas_by_hand(name: str, point: list[float], values: list[float]) -> None:
    problem = PROBLEMS[name]()
    found = problem.truth(torch.tensor([point], dtype=torch.float64))
    assert found[0].tolist() == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_no_point_is_better_than_the_optimum(name: str) -> None:
    problem = PROBLEMS[name]()
    U = sobol(len(problem.controls), 4096, seed=0)
    regrets = problem.regret(U)
    assert min(regrets) >= 0
    assert regrets == sorted(regrets, reverse=True)


@pytest.mark.parametrize("name", sorted(set(PROBLEMS) - {"calcination"}))
def test_nodes_depend_on_their_declared_ancestors_alone(name: str) -> None:
    problem = PROBLEMS[name]()
    above: dict[str, set[str]] = {c.name: {c.name} for c in problem.controls}
    for node in problem.nodes:
        above[node.name] = set().union(*(above[p] for p in node.parents))
    U = sobol(len(problem.controls), 16, seed=1).requires_grad_()
    for name_of_node in problem.names:
        y = problem.truth(problem.values(U))[:, problem.column(name_of_node)].sum()
        (slope,) = torch.autograd.grad(y, U)
        moved = {
            c.name for i, c in enumerate(problem.controls) if slope[:, i].any().item()
        }
        assert moved == above[name_of_node]


def test_points_and_interventions_are_the_same_things() -> None:
    problem = limited()
    u = torch.tensor([0.5, 0.75], dtype=torch.float64)
    assert problem.intervention(u) == pytest.approx({"a": 100.0, "b": 0.5})
    assert problem.point(problem.intervention(u)).tolist() == pytest.approx([0.5, 0.75])


def test_regret_counts_what_keeps_the_limits() -> None:
    problem = limited()
    U = torch.tensor([[0.0, 0.25], [0.5, 0.75], [0.5, 0.5]], dtype=torch.float64)
    # waste -0.5 breaks the limit, so the floor counts; then 100.5, then 100
    assert problem.regret(U) == pytest.approx([499.0, 99.5, 99.0])


def test_noise_is_the_seed_s() -> None:
    problem, u = limited(), torch.tensor([0.5, 0.5], dtype=torch.float64)
    first, again, other = (problem.measure(u, seed) for seed in (1, 1, 2))
    assert first.equal(again)
    assert first[0] != other[0]
    assert first[1:].equal(other[1:])


def test_parents_come_first() -> None:
    with pytest.raises(ValueError, match=r"node s: got parents \['t'\]"):
        Problem(
            name="wrong",
            controls=(Control("a"),),
            nodes=(Node("s", ("t",)), Node("t", ("a",))),
            objective="t",
            optimum=0.0,
            truth=lambda V: V,
        )
