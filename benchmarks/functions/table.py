"""All problems by name."""

from collections.abc import Callable, Mapping

from benchmarks.functions.calcination import calcination
from benchmarks.functions.problems import Problem, ackley, dropwave, rosenbrock

PROBLEMS: Mapping[str, Callable[[], Problem]] = {
    "dropwave": dropwave,
    "ackley": ackley,
    "rosenbrock": rosenbrock,
    "calcination": calcination,
}
"""Name to a function that makes the problem."""
