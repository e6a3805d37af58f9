"""A campaign in words: what is asked for, set, measured, allowed and spent."""

from collections.abc import Iterator

from labagent.app.text import amount, number
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
from labagent.review.graphs import picture
from labagent.review.wording import plural
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    DesignSpace,
    Domain,
    Integer,
    Real,
    Variable,
)

COUNT_UP_TO = 20_000
"""Recipes that are counted one by one, so that rules between controls count."""

_LEASHES = {
    Leash.APPROVE_EACH: "every experiment waits for a person's yes",
    Leash.APPROVE_BATCH: "every batch waits for a person's yes",
    Leash.AUTONOMOUS: "nothing waits for a person's yes",
}


def overview(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """Yield label and text of everything a campaign file says, in reading order."""
    goal = campaign.goal
    yield "Campaign", campaign.name
    yield "Goal", goal.sentence
    yield "Find", f"{aim(goal)}: " + "; ".join(map(wish, goal.objectives))
    yield "Keep", ", ".join(limit(campaign, x) for x in goal.limits)
    yield "Set", "\n".join(map(control, campaign.space.controls))
    yield "Rules", "\n".join(c.text for c in campaign.space.constraints)
    yield "Recipes", recipes(campaign.space)
    yield "Measure", "\n".join(map(quantity, campaign.measured))
    yield "Note down", "\n".join(map(quantity, campaign.context))
    yield "Stages", "\n".join(stage(campaign, s) for s in campaign.stages)
    yield "Causes", causes(campaign)
    yield "Budget", budget(campaign)
    yield "Leash", f"{campaign.leash.value}: {_LEASHES[campaign.leash]}"
    yield "Stop", "\n".join(rule.text for rule in campaign.stop)
    yield "First", first(campaign)


def aim(goal: Goal) -> str:
    """Return what is to be found: the best, the front, or many good ones."""
    if goal.find is Find.MANY:
        return f"many of the top {amount(100 * goal.top, 'percent')}"
    return goal.find.value


def wish(objective: Objective) -> str:
    """Return an objective in words."""
    name, unit = objective.name, f" ({objective.unit})" if objective.unit else ""
    if objective.direction is Direction.TARGET:
        text = f"{name} close to {amount(objective.target or 0.0, objective.unit)}"
    else:
        text = f"{objective.direction.value} {name}{unit}"
    if objective.good_enough is not None:
        text += f", good enough at {amount(objective.good_enough, objective.unit)}"
    if objective.weight is not None:
        text += f", weight {number(objective.weight)}"
    return text


def limit(campaign: Campaign, found: OutcomeLimit) -> str:
    """Return an outcome limit with its unit."""
    unit = campaign.quantity(found.name).unit
    return f"{found.name} {found.relation} {amount(found.value, unit)}"


def control(variable: Variable) -> str:
    """Return a control and the values it may take."""
    return f"{variable.name}: {allowed(variable.domain, variable.unit)}"


def allowed(domain: Domain, unit: str) -> str:
    """Return a domain in words."""
    match domain:
        case Continuous(low=low, high=high):
            text = f"{number(low)} to {amount(high, unit)}"
            text += f", steps of {number(domain.step)}" if domain.step else ""
            return text + (", log scale" if domain.log else "")
        case Integer(low=low, high=high):
            text = f"whole numbers {low} to {high} {unit}".rstrip()
            return text + (", log scale" if domain.log else "")
        case Choice(options=options):
            return "one of " + ", ".join(options)
        case Composition():
            return _composition(domain)
        case Real() if ranges := _ranges(domain, unit):
            return ", ".join(ranges)
        case _:
            return unit or "any"


def _ranges(domain: Real, unit: str) -> list[str]:
    """Return where a number is expected, and where it may be set."""
    found: list[str] = []
    if domain.low is not None and domain.high is not None:
        low, high = domain.low, domain.high
        found.append(f"expected between {number(low)} and {amount(high, unit)}")
    if domain.noise is not None:
        found.append(f"known to ± {amount(domain.noise, unit)}")
    if domain.settable is not None:
        low, high = domain.settable
        found.append(f"may be set from {number(low)} to {amount(high, unit)}")
    return found


def _composition(domain: Composition) -> str:
    parts = [
        s.symbol
        if (s.low, s.high) == (0.0, 1.0)
        else f"{s.symbol} {number(s.low)}-{number(s.high)}"
        for s in domain.species
    ]
    text = "fractions of " + ", ".join(parts)
    if domain.step is not None:
        text += f", steps of {domain.step}"
    most = min(domain.at_most, len(domain.species))
    if (domain.at_least, most) != (1, len(domain.species)):
        text += f", {domain.at_least} to {most} at once"
    return text


def recipes(space: DesignSpace) -> str:
    """Return how many interventions there are."""
    size = space.size
    if size is None:
        return "infinitely many"
    if size > COUNT_UP_TO:
        rules = ", before the rules" if space.constraints else ""
        return f"{size:,}{rules}"
    return f"{sum(1 for _ in space.points()):,}"


def quantity(variable: Variable) -> str:
    """Return a measured quantity or context variable with its unit."""
    unit = f" ({variable.unit})" if variable.unit else ""
    domain = variable.domain
    known = _ranges(domain, variable.unit) if isinstance(domain, Real) else []
    return ", ".join([f"{variable.name}{unit}", *known])


def stage(campaign: Campaign, found: Stage) -> str:
    """Return a stage: who runs it, what it sets and measures, what it costs."""
    spec = campaign.executor(found.executor)
    costs = [
        f"{number(found.cost)} {campaign.budget.currency}".rstrip()
        if found.cost
        else "",
        amount(found.hours, "h") if found.hours else "",
    ]
    price = ", ".join(c for c in costs if c)
    measures = f", measures {', '.join(found.measures)}" if found.measures else ""
    return (
        f"{found.name}: run by {spec.name}"
        + (f" ({spec.adapter})" if spec.adapter != spec.name else "")
        + measures
        + (f"; {price} each" if price else "")
    )


def causes(campaign: Campaign) -> str:
    """Return the declared causes as a campaign file says them."""
    shown = picture(campaign)
    sure: dict[str, list[str]] = {}
    for edge in campaign.graph.edges:
        if edge.certain:
            sure.setdefault(edge.child, []).append(edge.parent)
    lines = [f"{', '.join(parents)} -> {child}" for child, parents in sure.items()]
    lines += [str(x) for x in shown.links if x.hidden or not x.certain]
    return "\n".join([*lines, *(f"{link}: forbidden" for link in shown.forbidden)])


def budget(campaign: Campaign) -> str:
    """Return what may be used up."""
    return ", ".join(budget_parts(campaign.budget)) or "no limit"


def budget_parts(found: Budget) -> list[str]:
    """Return each limit of a budget with its unit."""
    parts: list[str] = []
    if found.experiments is not None:
        parts.append(plural(found.experiments, "experiment"))
    if found.cost is not None:
        parts.append(f"{number(found.cost)} {found.currency}".rstrip())
    if found.hours is not None:
        parts.append(amount(found.hours, "h"))
    return parts


def first(campaign: Campaign) -> str:
    """Return what happens when the campaign begins."""
    past = f"import {campaign.history.file}, then " if campaign.history else ""
    return (
        f"{past}{plural(campaign.initial, 'space-filling experiment')}, then the model "
        f"proposes {campaign.batch} at a time"
    )
