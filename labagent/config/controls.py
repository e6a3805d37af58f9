"""``controls:`` to variables: continuous, integer, choice, composition."""

import math
from collections.abc import Mapping
from fractions import Fraction

from labagent.config.fields import Fields, amount
from labagent.config.nodes import Node, Place, Report, did_you_mean
from labagent.materials import ELEMENTS
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    ControlDomain,
    Integer,
    Role,
    Species,
    Variable,
)

_KEYS: Mapping[str, tuple[str, ...]] = {
    "continuous": ("range", "unit", "scale", "step"),
    "integer": ("range", "unit", "scale"),
    "choice": ("choices",),
    "composition": ("elements", "species", "step", "at_least", "at_most"),
}
_SCALES = ("linear", "log")
_FINEST = 100  # steps of a composition; counting finer grids takes seconds


def read_control(name: str, node: Node, report: Report) -> Variable | None:
    """Return the variable a control's settings describe, or None where wrong.

    Args:
        name: Its full name, such as ``anneal.time``.
        node: Its settings.
        report: Receives what is wrong.
    """
    kind = _kind(name, node, node.fields, report)
    if kind is None:
        return None
    keys = ("kind", *_KEYS[kind])
    fields = Fields(node, f"{kind} control {name}", "control", keys, report)
    if not isinstance(node.value, Mapping):
        return None
    domain: ControlDomain | None
    match kind:
        case "choice":
            domain = _choice(fields, report)
        case "composition":
            domain = _composition(fields, report)
        case _:
            return _numeric(name, fields, whole=kind == "integer")
    return Variable(name, Role.CONTROL, domain) if domain else None


def _kind(
    name: str, node: Node, given: Mapping[str, Node], report: Report
) -> str | None:
    if "kind" in given:
        # every key is let through here: which are right depends on the kind
        fields = Fields(node, f"control {name}", "control", tuple(given), report)
        return fields.option("kind", tuple(_KEYS))
    if "choices" in given:
        return "choice"
    if "elements" in given or "species" in given:
        return "composition"
    return "continuous"


def _numeric(name: str, fields: Fields, *, whole: bool) -> Variable | None:
    unit = fields.unit()
    scale = fields.option("scale", _SCALES) or "linear"
    if "range" not in fields:
        fields.missing("range", "must say [low, high]", "or give choices: [...]")
        return None
    if unit is None:
        return None
    ends = fields.interval("range", unit)
    if ends is None:
        return None
    if scale == "log" and ends[0] <= 0:
        fields.wrong("range", "must lie above zero on a log scale")
        return None
    domain = (
        _integer(fields, ends, scale) if whole else _real(fields, ends, unit, scale)
    )
    return Variable(name, Role.CONTROL, domain, unit) if domain else None


def _integer(fields: Fields, ends: tuple[float, float], scale: str) -> Integer | None:
    low, high = (round(end) for end in ends)
    if (low, high) != ends:
        fields.wrong("range", "must be whole numbers for an integer")
        return None
    return Integer(low, high, scale == "log")


def _real(
    fields: Fields, ends: tuple[float, float], unit: str, scale: str
) -> Continuous | None:
    low, high = ends
    if "step" not in fields:
        return Continuous(low, high, scale == "log")
    step = fields.number("step", unit, difference=True)
    if step is None:
        return None
    if not 0 < step <= high - low:
        fields.wrong("step", f"must lie above 0 and not exceed {high - low:g}")
        return None
    return Continuous(low, high, scale == "log", step)


def label_of(node: Node) -> str | None:
    """Return a choice's label; numbers become their text; None for anything else."""
    match node.value:
        case bool():
            return None
        case str() if node.value.strip():
            return node.value.strip()
        case int() | float():
            return str(node.value)
        case _:
            return None


def _choice(fields: Fields, report: Report) -> Choice | None:
    if "choices" not in fields:
        fields.missing("choices", "must list the options")
        return None
    labels: dict[str, Node] = {}
    sound = True
    for node in fields.items("choices"):
        label = label_of(node)
        problem = f"{fields.what}: got {node.shown}"
        if label is None:
            report.add(node.place, problem, "must be a text", "put it in quotes")
            sound = False
        elif label in labels:
            report.add(node.place, f"{problem} twice", "must be listed once")
            sound = False
        else:
            labels[label] = node
    if sound and len(labels) < 2 and fields.is_list("choices"):  # noqa: PLR2004 one is no choice
        fields.wrong("choices", "must list at least two options")
    return Choice(tuple(labels)) if sound and len(labels) > 1 else None


def _composition(fields: Fields, report: Report) -> Composition | None:
    species = _species(fields, report)
    step = _step(fields, report)
    count = len(species or ())
    at_least = fields.whole("at_least", 1) or 1
    at_most = fields.whole("at_most", 1) or max(count, 1)
    if species is None or ("step" in fields and step is None):
        return None
    if at_most > count and fields.node.typed:
        fields.wrong("at_most", f"must not exceed the {count} members there are")
        return None
    if at_least > min(at_most, count):
        fields.wrong("at_least", f"must not exceed {min(at_most, count)}")
        return None
    domain = Composition(species, step, at_least, min(at_most, count))
    problem = _impossible(domain)
    if problem:
        report.add(fields.node.place, f"{fields.what}: {problem[0]}", problem[1])
        return None
    return domain


def _species(fields: Fields, report: Report) -> tuple[Species, ...] | None:
    keys = [key for key in ("elements", "species") if key in fields]
    if len(keys) != 1:
        fields.missing("elements", "must be given, or else species, not both")
        return None
    node = fields.node_of(keys[0])
    found: list[Species | None] = []
    for symbol, place, limits in _entries(fields, keys[0], node):
        if keys[0] == "elements" and symbol not in ELEMENTS:
            report.add(
                place,
                f"{fields.what}: got {symbol!r}",
                "must be the symbol of a chemical element",
                did_you_mean(symbol, ELEMENTS) or "use species: for other names",
            )
            found.append(None)
        else:
            found.append(_one_species(symbol, limits, fields.what, report))
    species = [s for s in found if s is not None]
    if len(species) < len(found):
        return None
    if len({s.symbol for s in species}) < len(species):
        fields.wrong(keys[0], "must name every member once")
        return None
    if len(species) < 2:  # noqa: PLR2004 one is no composition
        if fields.is_list(keys[0]) or fields.is_mapping(keys[0]):
            fields.wrong(keys[0], "must name at least two")
        return None
    return tuple(species)


def _entries(
    fields: Fields, key: str, node: Node | None
) -> list[tuple[str, Place, Node | None]]:
    """Return name, place and limits of every member, from a list or a mapping."""
    if node is not None and isinstance(node.value, tuple):
        return [(str(item.value), item.place, None) for item in node.value]
    return [(s, limits.key, limits) for s, limits in fields.mapping(key).items()]


def _one_species(
    symbol: str, limits: Node | None, what: str, report: Report
) -> Species | None:
    if limits is None:
        return Species(symbol)
    pair = limits.value if isinstance(limits.value, tuple) else ()
    ends = [_fraction(end) for end in pair]
    low, high = ends if len(ends) == 2 else (None, None)  # noqa: PLR2004 a pair
    if low is None or high is None or not 0 <= low < high <= 1:
        report.add(
            limits.place,
            f"{what}: got {symbol} = {limits.shown}",
            "must be [low, high] with 0 <= low < high <= 1",
            f"write {symbol}: [0, 1] for no limits",
        )
        return None
    return Species(symbol, float(low), float(high))


def _fraction(node: Node) -> Fraction | None:
    """Return 1/16 or 0.0625 exactly as typed; None for anything else."""
    if isinstance(node.value, bool):
        return None
    if isinstance(node.value, (int, float)):
        return Fraction(repr(node.value))
    if isinstance(node.value, str):
        head, slash, tail = node.value.partition("/")
        if slash and head.strip().isdecimal() and tail.strip().isdecimal():
            return Fraction(int(head), int(tail)) if int(tail) else None
    return None


def _step(fields: Fields, report: Report) -> Fraction | None:
    node = fields.node_of("step")
    if node is None:
        return None
    step = _fraction(node)
    if step is None and isinstance(node.value, str) and "/" in node.value:
        fields.wrong("step", "must be a fraction of whole numbers", "write 1/16")
    elif step is None:
        amount(node, "", f"{fields.what}: step", report)
    elif not 0 < step < 1:
        fields.wrong("step", "must lie between 0 and 1")
    elif step.numerator != 1:
        whole = max(2, round(1 / step))
        fields.wrong("step", "must divide 1", f"did you mean 1/{whole}?")
    elif step.denominator > _FINEST:
        fields.wrong(
            "step",
            f"must be at least 1/{_FINEST}",
            "leave step out to allow any fraction",
        )
    else:
        return step
    return None


def _impossible(domain: Composition) -> tuple[str, str] | None:
    """Return problem and rule of limits that no composition can keep."""
    lows = math.fsum(s.low for s in domain.species)
    highest = sorted((s.high for s in domain.species), reverse=True)
    highs = math.fsum(highest)
    needed = sum(s.low > 0 for s in domain.species)
    if lows > 1 + 1e-9:
        return f"got low limits that sum to {lows:g}", "must sum to at most 1"
    if highs < 1 - 1e-9:
        return f"got high limits that sum to {highs:g}", "must sum to at least 1"
    if needed > domain.at_most:
        return (
            f"got at_most = {domain.at_most} with {needed} members whose low limit is "
            "above 0",
            f"must allow at least {needed} at once",
        )
    if math.fsum(highest[: domain.at_most]) < 1 - 1e-9:
        return (
            f"got at_most = {domain.at_most}, but the {domain.at_most} highest limits "
            f"sum to {math.fsum(highest[: domain.at_most]):g}",
            "must be able to reach 1",
        )
    if domain.step is not None and domain.size == 0:
        return (
            f"got step = {domain.step}, with which no composition keeps the limits",
            "must leave at least one composition",
        )
    return None
