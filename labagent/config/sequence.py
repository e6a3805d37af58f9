"""What a cause may come before: context, then stage after stage, then what is wanted.

Time runs one way, so a cause that is set or measured after its effect is a mistake of
the file, whatever the data will say.
"""

from collections.abc import Mapping, Sequence

from labagent.campaigns import Stage
from labagent.causes import Cause
from labagent.variables import Role

Problem = tuple[str, str, str]
"""What was found, the rule, and what to write instead."""


def against_order(
    edge: Cause, roles: Mapping[str, Role], stages: Sequence[Stage]
) -> Problem | None:
    """Return why an edge runs against the order of things; None where it does not.

    Args:
        edge: Between two variables that ``roles`` has.
        roles: Name to role of every variable.
        stages: In the order a sample passes them.
    """
    cause, effect = roles[edge.parent], roles[edge.child]
    if effect is Role.CONTEXT:
        return None if cause is Role.CONTEXT else _before_all(edge, cause)
    if cause is Role.OUTCOME and effect is Role.STATE:
        return _from_the_end(edge)
    return _stage_by_stage(edge, cause, stages)


def _before_all(edge: Cause, role: Role) -> Problem:
    remedy = f"turn it round: {edge.child} -> {edge.parent}"
    if role is Role.CONTROL:
        remedy = f"leave it out, or list {edge.child} under measured"
    return (
        f"cause {edge.parent} -> {edge.child}: {edge.child} is context, there before "
        "anything is set or measured",
        "must come from other context",
        remedy,
    )


def _from_the_end(edge: Cause) -> Problem:
    # an outcome's model sees every state, so an arrow back would close a circle
    return (
        f"cause {edge.parent} -> {edge.child}: {edge.parent} is an objective, and "
        f"{edge.child} is measured on the way to it",
        "must lead from what is measured to what is wanted",
        f"turn it round: {edge.child} -> {edge.parent}",
    )


def _stage_by_stage(edge: Cause, role: Role, stages: Sequence[Stage]) -> Problem | None:
    set_in = {name: i for i, s in enumerate(stages) for name in s.controls}
    seen_in = {name: i for i, s in enumerate(stages) for name in s.measures}
    cause = (set_in if role is Role.CONTROL else seen_in).get(edge.parent)
    effect = seen_in.get(edge.child)
    if cause is None or effect is None or cause <= effect:
        return None
    early, late = stages[effect].name, stages[cause].name
    verb = "sets" if role is Role.CONTROL else "measures"
    remedy = f"turn it round: {edge.child} -> {edge.parent}"
    if role is Role.CONTROL:
        remedy = f"leave it out, or measure {edge.child} in {late} or later"
    return (
        f"cause {edge.parent} -> {edge.child}: stage {early} measures {edge.child} "
        f"before stage {late} {verb} {edge.parent}",
        "must lead from earlier to later, or stay within a stage",
        remedy,
    )
