"""Function networks: processes whose steps can be observed on the way.

Notation: n points, d controls, m nodes; U (n, d) points of the unit cube, V (n, d) the
same in the controls' units, Y (n, m) values of the nodes in their declared order, which
is also an order in which the process passes them.

The three synthetic ones are those of [Astudillo2021]_ (Drop-wave, Ackley, Rosenbrock),
all maximised. A new one is a function that returns a :class:`Problem` and a line in the
table beside this module.

.. [Astudillo2021] R. Astudillo, P. I. Frazier. Bayesian optimization of function
   networks. NeurIPS 2021.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from labagent.campaigns import OutcomeLimit
from labagent.variables import Intervention


@dataclass(frozen=True)
class Control:
    """What is set: a number between two others.

    Attributes:
        name: As the campaign file calls it.
        low: Lower end, in ``unit``.
        high: Upper end, in ``unit``.
        unit: Empty for plain numbers.
        log: Whether the unit cube holds its logarithm.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    log: bool = False

    def value(self, u: Tensor) -> Tensor:
        """Return values in ``unit`` at u in [0, 1], of any shape."""
        if self.log:
            return self.low * (self.high / self.low) ** u
        return self.low + (self.high - self.low) * u

    def place(self, value: float) -> float:
        """Return where in [0, 1] a value lies."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Node:
    """What is measured: a state on the way, or an outcome.

    Attributes:
        name: As the campaign file calls it.
        parents: Its true causes: controls, and nodes before it.
        unit: Empty for plain numbers.
        noise: Standard deviation of its noise, in ``unit``; 0 where there is none.
    """

    name: str
    parents: tuple[str, ...]
    unit: str = ""
    noise: float = 0.0


@dataclass(frozen=True)
class Problem:
    """A process to optimise.

    Attributes:
        name: Key in the table; small letters, digits, hyphens.
        controls: What is set.
        nodes: What is measured, parents before children.
        objective: The node to be made better.
        optimum: The best true value of it that keeps all limits.
        truth: Maps V (n, d) to noise-free Y (n, m).
        goal: Which way is better.
        limits: Outcomes that must stay on one side of a value.
        floor: Value of the objective that counts while nothing keeps the limits.
        experiment: Maps V (n, d) and a generator to measured Y (n, m), where noise is
            more than :attr:`Node.noise` added to the truth.
    """

    name: str
    controls: tuple[Control, ...]
    nodes: tuple[Node, ...]
    objective: str
    optimum: float
    truth: Callable[[Tensor], Tensor]
    goal: Literal["maximize", "minimize"] = "maximize"
    limits: tuple[OutcomeLimit, ...] = ()
    floor: float | None = None
    experiment: Callable[[Tensor, torch.Generator], Tensor] | None = None

    def __post_init__(self) -> None:
        known = {c.name for c in self.controls}
        for node in self.nodes:
            if unknown := set(node.parents) - known:
                raise ValueError(
                    f"node {node.name}: got parents {sorted(unknown)}, must be "
                    "controls or nodes before it"
                )
            known.add(node.name)
        if self.limits and self.floor is None:
            raise ValueError(f"problem {self.name}: got limits without a floor")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the nodes."""
        return tuple(n.name for n in self.nodes)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What the goal speaks of: the objective, then what has limits."""
        limited = (limit.name for limit in self.limits)
        return tuple(dict.fromkeys((self.objective, *limited)))

    @property
    def states(self) -> tuple[str, ...]:
        """Nodes the goal does not speak of."""
        return tuple(n for n in self.names if n not in self.outcomes)

    def column(self, name: str) -> int:
        """Return a node's column in Y."""
        return self.names.index(name)

    def values(self, U: Tensor) -> Tensor:
        """Return V (n, d) at U (n, d)."""
        columns = [c.value(U[:, i]) for i, c in enumerate(self.controls)]
        return torch.stack(columns, dim=-1)

    def intervention(self, u: Tensor) -> dict[str, float]:
        """Return what a campaign calls the point u (d,)."""
        names = (c.name for c in self.controls)
        return dict(zip(names, self.values(u.unsqueeze(0))[0].tolist(), strict=True))

    def point(self, intervention: Intervention) -> Tensor:
        """Return the point (d,) of an intervention.

        Raises:
            TypeError: A setting is no number.
        """
        places: list[float] = []
        for control in self.controls:
            value = intervention[control.name]
            if not isinstance(value, int | float):
                raise TypeError(f"{control.name}: got {value!r}, must be a number")
            places.append(control.place(value))
        return torch.tensor(places, dtype=torch.float64).clamp(0.0, 1.0)

    def measure(self, u: Tensor, seed: int) -> Tensor:
        """Return what an experiment at u (d,) shows: (m,) values, noise included.

        Args:
            u: The point.
            seed: Of the noise; the same for all methods, so that they stay paired.
        """
        generator = torch.Generator().manual_seed(seed)
        V = self.values(u.unsqueeze(0))
        if self.experiment is not None:
            return self.experiment(V, generator)[0]
        noise = torch.tensor([n.noise for n in self.nodes], dtype=torch.float64)
        drawn = torch.randn(len(noise), generator=generator, dtype=torch.float64)
        return self.truth(V)[0] + noise * drawn

    def utility(self, Y: Tensor) -> Tensor:
        """Return the objective (...) of Y (..., m), turned so that larger is better."""
        sign = 1.0 if self.goal == "maximize" else -1.0
        return sign * Y[..., self.column(self.objective)]

    def excess(self, Y: Tensor) -> Tensor:
        """Return by how much Y (..., m) breaks limits (..., limits); > 0 is broken."""
        over = [
            sign * (Y[..., self.column(c.name)] - c.value)
            for c in self.limits
            for sign in [1.0 if c.relation == "<=" else -1.0]
        ]
        return torch.stack(over, dim=-1) if over else Y[..., :0]

    def allowed(self, Y: Tensor) -> Tensor:
        """Return which of Y (..., m) keep all limits (...)."""
        return (self.excess(Y) <= 0).all(dim=-1)

    def regret(self, U: Tensor) -> list[float]:
        """Return how far the best true value so far is from the optimum, by point."""
        sign = 1.0 if self.goal == "maximize" else -1.0
        Y = self.truth(self.values(U))
        none = torch.full_like(Y[:, 0], sign * (self.floor or 0.0))
        worth = torch.where(self.allowed(Y), self.utility(Y), none)
        return (sign * self.optimum - worth.cummax(dim=0).values).tolist()


def sobol(dimension: int, count: int, seed: int) -> Tensor:
    """Return the first (count, dimension) points of a scrambled Sobol sequence."""
    engine = SobolEngine(dimension, scramble=True, seed=seed)
    return engine.draw(count, dtype=torch.float64)


def _units(count: int) -> tuple[Control, ...]:
    return tuple(Control(f"x{i}") for i in range(1, count + 1))


def _names(controls: Sequence[Control]) -> tuple[str, ...]:
    return tuple(c.name for c in controls)


def _dropwave_truth(U: Tensor) -> Tensor:
    r = (10.24 * U - 5.12).norm(dim=-1)
    return torch.stack([r, (1 + torch.cos(12 * r)) / (2 + 0.5 * r**2)], dim=-1)


def dropwave() -> Problem:
    """Return Drop-wave: a radius, then ripples around its zero, whose top is 1."""
    controls = _units(2)
    return Problem(
        name="dropwave",
        controls=controls,
        nodes=(Node("y0", _names(controls)), Node("y1", ("y0",))),
        objective="y1",
        optimum=1.0,
        truth=_dropwave_truth,
    )


def _ackley_truth(U: Tensor) -> Tensor:
    x = 4 * U - 2
    square, wave = (x**2).mean(dim=-1), torch.cos(2 * math.pi * x).mean(dim=-1)
    top = 20 * torch.exp(-0.2 * square.sqrt()) + torch.exp(wave) - 20 - math.e
    return torch.stack([square, wave, top], dim=-1)


def ackley() -> Problem:
    """Return negated Ackley in six dimensions: 0 in the middle of the cube."""
    controls = _units(6)
    states = (Node("y0", _names(controls)), Node("y1", _names(controls)))
    return Problem(
        name="ackley",
        controls=controls,
        nodes=(*states, Node("y2", ("y0", "y1"))),
        objective="y2",
        optimum=0.0,
        truth=_ackley_truth,
    )


def _rosenbrock_truth(U: Tensor) -> Tensor:
    x = 4 * U - 2
    here, following = x[:, :-1], x[:, 1:]
    loss = 100 * (following - here**2) ** 2 + (1 - here) ** 2
    return -loss.cumsum(dim=-1)


def rosenbrock() -> Problem:
    """Return negated Rosenbrock in five dimensions, summed up link by link: 0 at 1."""
    controls = _units(5)
    first = Node("y1", ("x1", "x2"))
    links = (Node(f"y{i}", (f"y{i - 1}", f"x{i}", f"x{i + 1}")) for i in (2, 3, 4))
    return Problem(
        name="rosenbrock",
        controls=controls,
        nodes=(first, *links),
        objective="y4",
        optimum=0.0,
        truth=_rosenbrock_truth,
    )
