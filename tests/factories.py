"""Values to test with: a small campaign and what is proposed and measured in it."""

import json
from collections.abc import Sequence
from dataclasses import replace

from labagent.campaigns import (
    Budget,
    Campaign,
    Direction,
    ExecutorSpec,
    Find,
    Goal,
    Leash,
    Objective,
    Stage,
)
from labagent.causes import ProcessGraph
from labagent.experiments import (
    Basis,
    Decision,
    Kind,
    Measurement,
    Member,
    Prediction,
    Proposal,
    RunnerUp,
)
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    DesignSpace,
    Integer,
    Intervention,
    Label,
    Real,
    Role,
    Species,
    Variable,
)

ONE_STAGE = (
    Stage(
        "experiment",
        ("alloy", "anneal.hold", "anneal.gas", "layers"),
        ("hardness", "resistivity"),
        "furnace",
        cost=2.0,
        hours=0.5,
    ),
)
ROUTE = (
    Stage("mix", ("alloy", "layers"), (), "mixer"),
    Stage("anneal", ("anneal.hold", "anneal.gas"), ("resistivity",), "furnace"),
    Stage("test", (), ("hardness",), "indenter"),
)
"""Three stages; the first measures nothing."""


SPACE = DesignSpace(
    (
        Variable(
            "alloy",
            Role.CONTROL,
            Composition((Species("Al"), Species("Cu"), Species("Ni"))),
        ),
        Variable("anneal.hold", Role.CONTROL, Continuous(0.5, 60.0, log=True), "min"),
        Variable("anneal.gas", Role.CONTROL, Choice(("argon", "air"))),
        Variable("layers", Role.CONTROL, Integer(1, 9)),
    )
)
"""Every kind of control."""


def make_campaign(
    name: str = "alloys",
    stages: Sequence[Stage] = ONE_STAGE,
    document: str | None = None,
) -> Campaign:
    """Return a campaign with every kind of control, a state, an outcome and context."""
    return Campaign(
        name=name,
        goal=Goal(
            "Hard and conducting",
            Find.BEST,
            (Objective("hardness", "GPa", Direction.MAXIMIZE),),
        ),
        space=SPACE,
        measured=(
            Variable("resistivity", Role.STATE, Real(0.0, 10.0), "uohm*cm"),
            Variable("hardness", Role.OUTCOME, Real(0.0, 20.0), "GPa"),
        ),
        context=(
            Variable("humidity", Role.CONTEXT, Real(0.0, 100.0), "%"),
            Variable("operator", Role.CONTEXT, Label()),
        ),
        stages=tuple(stages),
        graph=ProcessGraph(),
        budget=Budget(experiments=30),
        safety=(),
        leash=Leash.AUTONOMOUS,
        stop=(),
        executors=tuple(
            ExecutorSpec(e, "callable", {}, 60.0)
            for e in sorted({s.executor for s in stages})
        ),
        batch=2,
        initial=4,
        seed=0,
        device="cpu",
        history=None,
        document=document or json.dumps({"campaign": name}),
    )


def changed(campaign: Campaign) -> Campaign:
    """Return the campaign with a goal that changed, and so another document."""
    goal = replace(campaign.goal, sentence="Harder still")
    return replace(campaign, goal=goal, document=json.dumps({"goal": goal.sentence}))


def intervention(hold: float = 5.0, aluminium: float = 0.25) -> Intervention:
    """Return a value for every control of :func:`make_campaign`."""
    return {
        "alloy": {"Al": aluminium, "Cu": 1.0 - aluminium},
        "anneal.hold": hold,
        "anneal.gas": "argon",
        "layers": 3,
    }


def prediction(quantity: str, unit: str, mean: float = 1.0) -> Prediction:
    """Return a mixture of two members."""
    members = (Member("plain", 0.75, mean, 0.5), Member("constant", 0.25, 0.0, 2.0))
    return Prediction(quantity, unit, members, Basis.MODEL)


def proposal(hold: float = 5.0) -> Proposal:
    """Return a proposal with its predictions and one runner-up."""
    return Proposal(
        intervention=intervention(hold),
        predictions=(
            prediction("hardness", "GPa", hold / 7),
            prediction("resistivity", "uohm*cm"),
        ),
        score=0.1 + 0.2,
        runners_up=(RunnerUp(intervention(hold + 1), 0.1),),
    )


def decision(
    batch: int = 0, holds: Sequence[float] = (5.0, 7.0), as_of: int = 1
) -> Decision:
    """Return a decision that proposes one experiment for each hold time (min)."""
    return Decision(
        batch=batch,
        as_of=as_of,
        strategy="model",
        acquisition="qLogNEI",
        seed=123 + batch,
        trained_on=batch,
        pending=(),
        model={"hardness": {"lengthscale": [0.1, 1 / 3], "noise": 1e-4}},
        versions={"botorch": "0.18"},
        proposals=tuple(proposal(hold) for hold in holds),
    )


def hardness(value: float = 3.0, sigma: float | None = None) -> Measurement:
    """Return a measured hardness, in GPa."""
    return Measurement("hardness", value, "GPa", sigma=sigma)


def resistivity(value: float = 2.0) -> Measurement:
    """Return a measured resistivity, in uohm*cm."""
    return Measurement("resistivity", value, "uohm*cm")


def humidity(value: float = 40.0) -> Measurement:
    """Return an observed humidity, in percent."""
    return Measurement("humidity", value, "%", kind=Kind.CONTEXT)
