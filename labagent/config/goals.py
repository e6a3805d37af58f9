"""``objectives:``, ``measured:``, ``context:``, ``find:`` to what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from labagent.campaigns import Direction, Find, Goal, Objective, OutcomeLimit
from labagent.config.fields import Fields
from labagent.config.names import Register, check_name
from labagent.config.nodes import Node, Report
from labagent.variables import Label, Real, Role, Variable

_DIRECTIONS = tuple(d.value for d in Direction)
_LIMITS: Mapping[str, str] = {"at_most": "<=", "at_least": ">="}
_WITHIN = "within"
_GOALS = (*_DIRECTIONS, *_LIMITS, _WITHIN)
_OBJECTIVE_KEYS = (
    "unit",
    "goal",
    "value",
    "range",
    "good_enough",
    "weight",
    "expect",
    "noise",
)
_MOST_TOP = 50.0  # percent; half of the space is no top
_MEASURED_KEYS = ("kind", "unit", "expect", "noise", "settable", "parts", "length")
_KINDS = ("number", "vector")
_OF_VECTORS = ("parts", "length")
_CONTEXT_KEYS = ("kind", "unit", "range")


@dataclass(frozen=True)
class Wanted:
    """One entry of ``objectives:``: a variable, and what is wanted of it."""

    variable: Variable
    objective: Objective | None
    limits: tuple[OutcomeLimit, ...] = ()


def read_objectives(
    root: Fields, register: Register, report: Report
) -> tuple[Wanted, ...]:
    """Return what is to be made better, and outcome limits.

    Args:
        root: The whole file.
        register: Receives the names.
        report: Receives what is wrong.
    """
    if "objectives" not in root:
        root.missing(
            "objectives",
            "must say what is to be better",
            "write objectives: {name: {unit: ..., goal: maximize}}",
        )
        return ()
    entries = root.mapping("objectives")
    wanted: list[Wanted] = []
    for name, node in entries.items():
        if _take_name("objective", name, node, register, report):
            found = _objective(name, node, report)
            wanted += [found] if found else []
    limits = sum(w.objective is None for w in wanted)
    node = root.node_of("objectives")
    if limits == len(entries) and isinstance(node and node.value, Mapping):
        root.wrong(
            "objectives",
            "must have at least one with goal maximize, minimize or target; limits "
            "alone leave nothing to improve",
        )
    return tuple(wanted)


def _take_name(
    what: str, name: str, node: Node, register: Register, report: Report
) -> bool:
    sound = check_name(what, name, node.key, report)
    return register.add(what, name, node.key) and sound


def _objective(name: str, node: Node, report: Report) -> Wanted | None:
    fields = Fields(node, f"objective {name}", "objective", _OBJECTIVE_KEYS, report)
    if not isinstance(node.value, Mapping):
        return None
    unit = fields.unit()
    if "goal" not in fields:
        fields.missing("goal", f"must be one of {', '.join(_GOALS)}")
        return None
    goal = fields.option("goal", _GOALS)
    if goal is None or unit is None:
        return None
    domain = replace(_expected(fields, unit), noise=_noise(fields, unit))
    variable = Variable(name, Role.OUTCOME, domain, unit)
    if "expect" not in fields:
        report.note(
            node.key,
            f"objective {name}: got no expect, so predictions before the first results "
            "are a wide guess; write expect: [low, high], where 95 % should lie",
        )
    _check_keys(fields, goal)
    if goal in (*_LIMITS, _WITHIN):
        limits = _limits(fields, name, goal, unit)
        return Wanted(variable, None, limits) if limits else None
    if goal == Direction.TARGET and "good_enough" in fields:
        fields.useless(
            "good_enough",
            "must not be given for goal: target; say in stop how close is close enough",
        )
    aim = Objective(
        name,
        unit,
        Direction(goal),
        fields.number("value", unit) if goal == Direction.TARGET else None,
        fields.number("good_enough", unit),
        _weight(fields),
    )
    return Wanted(variable, aim)


def _check_keys(fields: Fields, goal: str) -> None:
    """Check that the keys fit the goal: value or range, weight and good_enough."""
    if goal in (*_LIMITS, Direction.TARGET) and "value" not in fields:
        fields.missing("value", f"must be given for goal: {goal}", "write value: ...")
    if goal == _WITHIN and "range" not in fields:
        fields.missing("range", "must be given for goal: within", "write [low, high]")
    if goal not in (*_LIMITS, Direction.TARGET) and "value" in fields:
        fields.useless("value", f"must not be given for goal: {goal}")
    if goal != _WITHIN and "range" in fields:
        fields.useless("range", "must not be given but for goal: within")
    for key in ("good_enough", "weight"):
        if goal not in _DIRECTIONS and key in fields:
            fields.useless(key, "must not be given for a limit, only for objectives")


def _limits(
    fields: Fields, name: str, goal: str, unit: str
) -> tuple[OutcomeLimit, ...]:
    if goal == _WITHIN:
        ends = fields.interval("range", unit)
        if ends is None:
            return ()
        return OutcomeLimit(name, ">=", ends[0]), OutcomeLimit(name, "<=", ends[1])
    value = fields.number("value", unit)
    return () if value is None else (OutcomeLimit(name, _LIMITS[goal], value),)


def _weight(fields: Fields) -> float | None:
    weight = fields.number("weight")
    if weight is not None and weight <= 0:
        fields.wrong("weight", "must be above zero")
        return None
    return weight


def _expected(fields: Fields, unit: str, key: str = "expect") -> Real:
    ends = fields.interval(key, unit)
    return Real(*ends) if ends else Real()


def _noise(fields: Fields, unit: str) -> float | None:
    noise = fields.number("noise", unit, difference=True)
    if noise is not None and noise <= 0:
        fields.wrong("noise", "must be above zero", "leave it out: noise is learned")
        return None
    return noise


def read_measured(
    root: Fields, register: Register, report: Report
) -> tuple[Variable, ...]:
    """Return quantities that are seen but not optimised.

    Args:
        root: The whole file.
        register: Receives the names.
        report: Receives what is wrong.
    """
    found: list[Variable] = []
    for name, node in root.mapping("measured").items():
        what = f"measured {name}"
        if not _take_name("measured", name, node, register, report):
            continue
        fields = Fields(node, what, "measured", _MEASURED_KEYS, report)
        for key in _OF_VECTORS:  # vectors are taken apart by now
            if key in fields:
                fields.useless(key, "must not be given but for kind: vector")
        kind, unit = fields.option("kind", _KINDS), fields.unit()
        if unit is not None and (kind or "kind" not in fields):
            domain = _expected(fields, unit)
            settable = fields.interval("settable", unit)
            domain = replace(domain, settable=settable, noise=_noise(fields, unit))
            found.append(Variable(name, Role.STATE, domain, unit))
    return tuple(found)


def read_context(
    root: Fields, register: Register, report: Report
) -> tuple[Variable, ...]:
    """Return what is recorded but cannot be set.

    Args:
        root: The whole file.
        register: Receives the names.
        report: Receives what is wrong.
    """
    found: list[Variable] = []
    for name, node in root.mapping("context").items():
        if not _take_name("context", name, node, register, report):
            continue
        fields = Fields(node, f"context {name}", "context", _CONTEXT_KEYS, report)
        kind, unit = fields.option("kind", ("number", "label")), fields.unit()
        if kind == "label":
            for key in ("unit", "range"):
                if key in fields:
                    fields.useless(key, "must not be given for kind: label")
            found.append(Variable(name, Role.CONTEXT, Label()))
        elif unit is not None and (kind or "kind" not in fields):
            domain = _expected(fields, unit, "range")
            found.append(Variable(name, Role.CONTEXT, domain, unit))
    return tuple(found)


def read_goal(root: Fields, wanted: tuple[Wanted, ...]) -> Goal:
    """Return the goal: sentence, what to find, objectives, limits.

    Where sentence or ``find`` are wrong, something stands for them.

    Args:
        root: The whole file.
        wanted: Its objectives and limits.
    """
    sentence = root.text("goal")
    if "goal" not in root:
        root.missing("goal", "must say in one sentence what a good material would be")
    objectives = tuple(w.objective for w in wanted if w.objective is not None)
    limits = tuple(limit for w in wanted for limit in w.limits)
    weighed = [o for o in objectives if o.weight is not None]
    find = _find(root, objectives, weighed)
    top = _top(root, find) if find else Goal.top
    return Goal(sentence or "", find or Find.BEST, objectives, limits, top)


def _top(root: Fields, find: Find) -> float:
    """Return which share of the space counts as its top, from ``top: 5 percent``."""
    if "top" not in root:
        return Goal.top
    if find is not Find.MANY:
        root.useless("top", "must not be given unless find: many")
        return Goal.top
    percent = root.number("top", "percent")
    if percent is None:
        return Goal.top
    if not 0 < percent < _MOST_TOP:
        root.wrong("top", f"must lie above 0 and below {_MOST_TOP} percent")
        return Goal.top
    return percent / 100


def _find(
    root: Fields, objectives: tuple[Objective, ...], weighed: list[Objective]
) -> Find | None:
    several = len(objectives) > 1
    if "find" not in root:
        find = Find.FRONT if several and not weighed else Find.BEST
    else:
        word = root.option("find", tuple(f.value for f in Find))
        if word is None:
            return None
        find = Find(word)
    if find is Find.FRONT and objectives and not several:
        root.wrong("find", "must be best where there is one objective")
    if weighed and (find is Find.FRONT or not several):
        root.wrong(
            "objectives",
            "must have weights only to be summed: with find: best or many and several "
            "objectives",
        )
    elif several and find is not Find.FRONT and len(weighed) < len(objectives):
        lacking = [o.name for o in objectives if o.weight is None]
        root.wrong(
            "objectives",
            f"must have a weight on each for find: {find.value}; {', '.join(lacking)} "
            "has none",
            "or write find: front",
        )
    return find
