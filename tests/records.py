"""Experiments and goals for tests that need no database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from labagent.campaigns import (
    Budget,
    Campaign,
    Direction,
    Find,
    Goal,
    Leash,
    Objective,
    OutcomeLimit,
    Stage,
)
from labagent.causes import ProcessGraph
from labagent.experiments import (
    Basis,
    ExperimentRecord,
    Measurement,
    Member,
    Prediction,
    SealedPrediction,
    StepRecord,
    StepState,
)
from labagent.variables import Continuous, DesignSpace, Real, Role, Variable

START = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
MAXIMIZE = Direction.MAXIMIZE


def objective(name: str, weight: float | None = None) -> Objective:
    return Objective(name, "GPa", MAXIMIZE, weight=weight)


def goal_campaign(
    *objectives: Objective, limits: Sequence[OutcomeLimit] = ()
) -> Campaign:
    """A campaign of one stage with one control, ``x``, and any goal."""
    names = [*(o.name for o in objectives), *(limit.name for limit in limits)]
    return Campaign(
        name="goal",
        goal=Goal("Stiff.", Find.BEST, objectives, tuple(limits)),
        space=DesignSpace((Variable("x", Role.CONTROL, Continuous(0, 1)),)),
        measured=tuple(Variable(n, Role.OUTCOME, Real(), "GPa") for n in names),
        context=(),
        stages=(Stage("experiment", ("x",), tuple(names), "mill", 12.0, 0.5),),
        graph=ProcessGraph(),
        budget=Budget(experiments=10),
        safety=(),
        leash=Leash.AUTONOMOUS,
        stop=(),
        executors=(),
        batch=1,
        initial=1,
        seed=0,
        device="cpu",
        history=None,
        document="{}",
    )


def prediction(
    quantity: str, mean: float, std: float, basis: Basis = Basis.MODEL
) -> Prediction:
    return Prediction(quantity, "GPa", (Member("gp", 1.0, mean, std),), basis)


def record(
    number: int,
    results: Mapping[str, float] | None = None,
    predictions: Sequence[Prediction] = (),
    state: StepState | None = None,
    source: str = "agent",
) -> ExperimentRecord:
    """One experiment of one step, measured where results are given."""
    results = results or {}
    state = state or (StepState.MEASURED if results else StepState.PROPOSED)
    at = START + timedelta(hours=number)
    agent = source == "agent"
    ran = state not in (StepState.PROPOSED, StepState.APPROVED, StepState.REJECTED)
    step = StepRecord(
        id=100 + number,
        stage="experiment",
        position=0,
        state=state,
        executor="mill",
        key=f"key-{number}",
        attempts=int(ran),
        dispatched_at=at + timedelta(minutes=2) if ran and agent else None,
        finished_at=at + timedelta(minutes=3) if results else None,
        message="",
        provenance={},
        measurements=tuple(Measurement(q, v, "GPa") for q, v in results.items()),
    )
    return ExperimentRecord(
        id=1000 + number,
        number=number,
        batch=number if agent else None,
        intervention={"x": 0.1 * number},
        proposed_at=at,
        predictions=tuple(
            SealedPrediction(p, at + timedelta(minutes=1)) for p in predictions
        ),
        steps=(step,),
        approval=None,
        source=source,
        goal_version=1,
    )
