"""Parsed rules to constraints on controls: names looked up, units converted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labagent.campaigns import OutcomeLimit
from labagent.config import units
from labagent.config.names import unknown_name
from labagent.config.nodes import Node, Report, did_you_mean, shortened
from labagent.config.rules import (
    Amount,
    Rule,
    RuleError,
    Sum,
    When,
    parse_conditions,
    parse_rule,
)
from labagent.errors import DataError
from labagent.variables import (
    Choice,
    Composition,
    Condition,
    Constraint,
    Continuous,
    Integer,
    Role,
    Species,
    Term,
    Variable,
)

_NUMERIC = (Continuous, Integer, Species)
_ZERO = 1e-9  # below this, a sum of coefficients has cancelled


@dataclass(frozen=True)
class Handle:
    """What a name in a rule points to: a control, or a species of one.

    Attributes:
        variable: Name of the control.
        component: Species of a composition, or None.
        domain: What the name may be.
        unit: Its unit; empty for fractions.
        grid: Whether it can only take listed values, so that == makes sense.
    """

    variable: str
    component: str | None
    domain: Continuous | Integer | Choice | Composition | Species
    unit: str
    grid: bool


class _BrokenNameError(Exception):
    """The name belongs to a control whose own mistake is reported elsewhere."""


class Scope:
    """The names that rules may use.

    Args:
        controls: Controls without mistakes.
        names: All controls that were declared.
        others: Name to role of what rules must not use.
    """

    def __init__(
        self,
        controls: Sequence[Variable],
        names: Sequence[str],
        others: Mapping[str, Role],
    ) -> None:
        self._handles = {path: h for c in controls for path, h in _handles(c)}
        self._declared = tuple(names)
        self._others = others

    @property
    def names(self) -> list[str]:
        """Every name a rule may use; compositions by their species."""
        return [
            path
            for path, handle in self._handles.items()
            if not isinstance(handle.domain, Composition)
        ]

    def find(self, name: str) -> Handle:
        """Return what a name points to.

        Raises:
            RuleError: Nothing a rule can use.
        """
        handle = self._handles.get(name)
        if handle is None:
            raise self._unknown(name)
        if isinstance(handle.domain, Composition):
            symbols = handle.domain.symbols
            raise RuleError(
                f"the composition {name}",
                "must name one of its members",
                f"write for example {name}.{symbols[0]}",
            )
        return handle

    def _unknown(self, name: str) -> Exception:
        sound = {h.variable for h in self._handles.values()}
        for declared in self._declared:
            broken = declared not in sound
            if broken and (name == declared or name.startswith(f"{declared}.")):
                return _BrokenNameError(name)
        if name in self._others:
            return RuleError(
                f"{name}, which is measured or observed",
                "must be about controls",
                "limit what is measured under objectives, with goal: at_most",
            )
        return RuleError(*unknown_name("rule", name, self.names))


def _handles(control: Variable) -> list[tuple[str, Handle]]:
    domain = control.domain
    if isinstance(domain, Composition):
        grid = domain.step is not None
        parts = [
            (f"{control.name}.{s.symbol}", Handle(control.name, s.symbol, s, "", grid))
            for s in domain.species
        ]
        whole = Handle(control.name, None, domain, "", grid=grid)
        return [*parts, (control.name, whole)]
    if not isinstance(domain, (Continuous, Integer, Choice)):
        raise TypeError(f"control {control.name} has the domain {domain}")
    grid = domain.size is not None
    return [(control.name, Handle(control.name, None, domain, control.unit, grid))]


def read_rules(
    nodes: Sequence[Node], scope: Scope, report: Report
) -> tuple[Constraint, ...]:
    """Return the constraints a list of rules states.

    Args:
        nodes: Texts such as ``a <= 2 * b when base == K2CO3``.
        scope: The names they may use.
        report: Receives what is wrong.
    """
    found: list[Constraint] = []
    for node in nodes:
        if not isinstance(node.value, str):
            report.add(
                node.place,
                f"rule: got {node.shown}",
                "must be a text such as a <= 5 s",
            )
            continue
        text = " ".join(node.value.split())
        try:
            rule = parse_rule(text, scope.names)
            found.append(_constraint(text, rule, scope))
        except _BrokenNameError:
            continue
        except RuleError as error:
            _refuse(report, node, text, error)
    return tuple(found)


def _refuse(report: Report, node: Node, text: str, error: RuleError) -> None:
    problem = error.problem.removeprefix("rule: got ")
    report.add(
        node.place,
        f"rule {shortened(text)!r}: got {problem}",
        error.rule,
        error.suggestion,
    )


def _constraint(text: str, rule: Rule, scope: Scope) -> Constraint:
    conditions = tuple(_condition(when, scope) for when in rule.when)
    handles = {
        name: scope.find(name)
        for side in (rule.left, rule.right)
        for name in _names(side)
    }
    if not handles:
        raise RuleError("no control", "must be about at least one control")
    for name, handle in handles.items():
        if isinstance(handle.domain, Choice):
            raise RuleError(
                f"{name}, which is a choice",
                "must compute with numbers",
                f"a choice may stand after when, as in {name} == "
                f"{handle.domain.options[0]}",
            )
    sign = 1.0 if rule.relation == "<=" else -1.0
    left, right = rule.left.scaled(sign), rule.right.scaled(sign)
    if left.under or right.under:
        total = _ratio(left, right, handles)
    else:
        total = _linear(left.plus(right.scaled(-1.0)), handles)
    terms, bound = total
    made = tuple(
        Term(c, handles[n].variable, handles[n].component)
        for n, c in terms.items()
        if c
    )
    if not made:
        raise RuleError(
            "controls that cancel out", "must be about at least one control"
        )
    return Constraint(text, made, bound, conditions)


def _names(side: Sum) -> list[str]:
    return [*side.terms, *([side.under] if side.under else [])]


def _linear(
    total: Sum, handles: Mapping[str, Handle]
) -> tuple[dict[str, float], float]:
    """Return coefficients and bound of ``total <= 0``, all in the first name's unit.

    Units with an offset (degC) are right for single values and for differences; other
    combinations must be written in one unit, because their meaning is not clear.
    """
    base = handles[next(iter(total.terms))].unit
    net = sum(total.terms.values())
    terms: dict[str, float] = {}
    constant = 0.0
    for name, coefficient in total.terms.items():
        slope, offset = _affine(handles[name].unit, base, name)
        terms[name] = coefficient * slope
        constant += coefficient * offset
    mixed = {handles[name].unit for name in total.terms} != {base}
    for amount in total.amounts:
        if amount.value and amount.unit is None and mixed:
            raise RuleError(
                f"{abs(amount.value):g} between controls of different units",
                "must carry a unit",
            )
        slope, offset = _affine(amount.unit or base, base, f"{abs(amount.value):g}")
        constant += slope * amount.value + _shift(total, net, offset)
    return terms, -constant


def _shift(total: Sum, net: float, offset: float) -> float:
    """Return what the offset of a constant's unit adds: nothing to differences."""
    if offset == 0.0 or abs(net) < _ZERO:
        return 0.0
    if len(total.amounts) == 1 and abs(abs(net) - 1) < _ZERO:
        return -net * offset
    raise RuleError(
        "units with different zero points in a sum",
        "must be written in one unit",
        "use the controls' own unit",
    )


def _affine(unit: str, base: str, name: str) -> tuple[float, float]:
    try:
        return units.affine(unit, base)
    except DataError as error:
        if not units.known(unit):
            rule = "must be a unit pint knows, such as degC, min or percent"
            raise RuleError(f"the unit {unit!r}", rule, units.instead(unit)) from error
        raise RuleError(
            f"{name} in {unit or 'no unit'} beside {base or 'a plain number'}",
            "must compare quantities of one kind",
            units.instead(unit),
        ) from error


def _ratio(
    left: Sum, right: Sum, handles: Mapping[str, Handle]
) -> tuple[dict[str, float], float]:
    """Return ``a / b <= r`` as ``a - r b <= 0``; b must not be negative."""
    if right.under:
        left, right = right.scaled(-1.0), left.scaled(-1.0)
    if left.under is None or right.under or right.terms or len(right.amounts) != 1:
        raise RuleError("a ratio", "must be compared with one number")
    under = handles[left.under]
    low = under.domain.low if isinstance(under.domain, _NUMERIC) else 0.0
    if low < 0:
        raise RuleError(
            f"the denominator {left.under}, which may be {low:g}",
            "must have a denominator whose range begins at 0 or above",
        )
    base = handles[next(iter(left.terms))].unit
    for unit in (base, under.unit):
        if units.has_offset(unit):
            raise RuleError(
                f"a ratio in {unit}", "must be in a unit whose zero is zero"
            )
    terms = {n: c * _affine(handles[n].unit, base, n)[0] for n, c in left.terms.items()}
    limit = _ratio_limit(right.amounts[0], base, under.unit)
    terms[left.under] = terms.get(left.under, 0.0) - limit
    return terms, 0.0


def _ratio_limit(amount: Amount, base: str, under: str) -> float:
    """Return the ratio's limit in ``base`` per ``under``."""
    if amount.unit is None and not units.compatible(base, under):
        raise RuleError(
            f"{abs(amount.value):g} as the ratio of {base or '1'} and {under or '1'}",
            "must carry a unit",
        )
    if base == under:
        return amount.value * _affine(amount.unit or "", "", "the ratio")[0]
    per = f"({base or 'dimensionless'})/({under or 'dimensionless'})"
    return amount.value * _affine(amount.unit or "", per, "the ratio")[0]


def _condition(when: When, scope: Scope) -> Condition:
    handle = scope.find(when.name)
    if isinstance(handle.domain, Choice):
        return _label_condition(when, handle, handle.domain.options)
    value = _value(when, handle.unit)
    if when.relation in ("==", "!=") and not handle.grid:
        raise RuleError(
            f"{when.relation} on {when.name}, which may take any value",
            "must be <= or >= there",
        )
    return Condition(handle.variable, handle.component, when.relation, value)


def _label_condition(when: When, handle: Handle, options: Sequence[str]) -> Condition:
    if when.relation not in ("==", "!="):
        raise RuleError(
            f"{when.relation} on the choice {when.name}", "must be == or != there"
        )
    if when.value not in options:
        raise RuleError(
            f"the label {when.value!r} of {when.name}",
            f"must be one of {', '.join(options)}",
            did_you_mean(when.value, options),
        )
    return Condition(handle.variable, None, when.relation, when.value)


def _value(when: When, unit: str) -> float:
    parts = None if when.quoted else units.split_amount(when.value)
    if parts is None:
        raise RuleError(f"{when.value!r}", f"must compare {when.name} with a number")
    slope, offset = _affine(parts[1] or unit, unit, when.name)
    return slope * parts[0] + offset


def read_limits(
    text: str, quantities: Mapping[str, Variable]
) -> tuple[OutcomeLimit, ...]:
    """Return limits on measured quantities, joined by ``and``.

    Args:
        text: Such as ``plqy >= 35 and t85 >= 100``.
        quantities: Measured quantities by name.

    Raises:
        RuleError: The text is not that.
    """
    limits: list[OutcomeLimit] = []
    for when in parse_conditions(text):
        if when.name not in quantities:
            raise RuleError(*unknown_name("rule", when.name, list(quantities)))
        if when.relation not in ("<=", ">="):
            raise RuleError(
                f"{when.relation} on {when.name}",
                "must be <= or >= on a measured quantity",
            )
        value = _value(when, quantities[when.name].unit)
        limits.append(OutcomeLimit(when.name, when.relation, value))
    return tuple(limits)
