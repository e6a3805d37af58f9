"""Small campaigns for the tests of the model and the planner."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from labagent.campaigns import (
    Budget,
    Campaign,
    Direction,
    Find,
    Goal,
    Leash,
    Objective,
    OutcomeLimit,
)
from labagent.causes import ProcessGraph
from labagent.experiments import Trial, Trials
from labagent.variables import (
    Choice,
    Composition,
    Condition,
    Constraint,
    Continuous,
    ControlDomain,
    DesignSpace,
    Integer,
    Intervention,
    Real,
    Role,
    Species,
    Term,
    Variable,
)

Y = Objective("y", "", Direction.MAXIMIZE)


def control(name: str, domain: ControlDomain) -> Variable:
    return Variable(name, Role.CONTROL, domain)


def species(symbols: str, low: float = 0.0, high: float = 1.0) -> tuple[Species, ...]:
    return tuple(Species(s, low, high) for s in symbols.split())


PLANE = DesignSpace(
    (control("x", Continuous(-5, 10)), control("z", Continuous(0, 15))),
    (Constraint("x + z <= 18", (Term(1, "x"), Term(1, "z")), 18),),
)
GRID = DesignSpace(
    (
        control("x", Continuous(0, 1, step=0.25)),
        control("k", Integer(1, 3)),
        control("label", Choice(("a", "b"))),
    )
)
ALLOY = DesignSpace(
    (control("alloy", Composition(species("Al Cu Ni Pt"), Fraction(1, 8), 1, 3)),)
)
MIXED = DesignSpace(
    (
        control("t", Continuous(20, 100)),
        control("rate", Continuous(1, 100, log=True)),
        control("label", Choice(("a", "b", "c"))),
        control("k", Integer(1, 9)),
        control("mix", Composition(species("A B C", 0, 0.8), None, 1, 2)),
    ),
    (
        Constraint(
            "t <= 60 when label == a",
            (Term(1, "t"),),
            60,
            (Condition("label", None, "==", "a"),),
        ),
    ),
)
SPACES = {"plane": PLANE, "grid": GRID, "alloy": ALLOY, "mixed": MIXED}


def campaign(
    space: DesignSpace,
    objectives: tuple[Objective, ...] = (Y,),
    limits: tuple[OutcomeLimit, ...] = (),
    **changes: Any,  # noqa: ANN401 - whatever field is to differ
) -> Campaign:
    """Return a campaign over a space that measures what its goal names."""
    names = dict.fromkeys([o.name for o in objectives] + [c.name for c in limits])
    find = Find.FRONT if len(objectives) > 1 else Find.BEST
    settings: dict[str, Any] = {
        "name": "test",
        "goal": Goal("A test.", find, objectives, limits),
        "space": space,
        "measured": tuple(Variable(n, Role.OUTCOME, Real(), "") for n in names),
        "context": (),
        "stages": (),
        "graph": ProcessGraph(),
        "budget": Budget(experiments=30),
        "safety": (),
        "leash": Leash.AUTONOMOUS,
        "stop": (),
        "executors": (),
        "batch": 2,
        "initial": 5,
        "seed": 0,
        "device": "cpu",
        "history": None,
        "document": "{}",
    }
    return Campaign(**{**settings, **changes})


def branin(i: Intervention) -> float:
    """Return the negated Branin function (maximum -0.397887) on PLANE."""
    x, z = float(i["x"]), float(i["z"])  # type: ignore[arg-type]
    bowl = z - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return -(bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def trials(rows: list[tuple[Intervention, Mapping[str, float]]]) -> Trials:
    """Return measured trials, one batch each."""
    return Trials(
        len(rows),
        tuple(Trial(i, a, dict(r), batch=i - 1) for i, (a, r) in enumerate(rows, 1)),
    )
