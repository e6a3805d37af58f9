from collections.abc import Callable

import pytest

from benchmarks.functions.eifn import Eifn
from benchmarks.functions.plain import Arm, Plain
from benchmarks.functions.problems import Problem, sobol
from tests.benchmarks.processes import limited


@pytest.mark.parametrize("make", [Plain, Eifn])
@pytest.mark.parametrize("kept", [True, False], ids=["some-kept", "none-kept"])
def test_arms_know_limits_and_noise(
    make: Callable[[Problem, int], Arm], kept: bool
) -> None:
    problem = limited()
    arm = make(problem, 0)
    U = sobol(2, 6, seed=0)
    U[:, 1] = 0.5 * U[:, 1] + (0.5 if kept else 0.0)
    for i, u in enumerate(U):
        arm.tell(u, problem.measure(u, seed=i))
    u, expected = arm.ask()
    assert ((u >= 0) & (u <= 1)).all()
    assert tuple(expected) == problem.outcomes == ("cost", "waste")
    # waste = b >= 0: the cheapest lies on that limit, or close to it
    waste = problem.truth(problem.values(u.unsqueeze(0)))[0, 2]
    assert waste > -0.1
