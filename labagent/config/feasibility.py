"""Whether any intervention keeps all rules: cheap, and exact where it speaks.

Nothing is reported that is not certainly impossible: single rules by their least
possible left-hand side, small grids by enumeration, and rules together by linear
programming (steps, whole numbers and how many members a composition has at once are
ignored there). A conditional rule holds, or one of its conditions does not: these
branches are tried one after the other, each of which is linear again, until one has a
solution. Where that takes too long the question stays open, and nothing is reported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from labagent.config.simplex import SMALL, has_solution
from labagent.variables import (
    Choice,
    Composition,
    Condition,
    Constraint,
    Continuous,
    DesignSpace,
    Integer,
    Variable,
)
from labagent.variables.constraints import SLACK

_FEW = 20_000  # grid points worth enumerating: about 0.1 s
MOST_TRIES = 600
"""Linear programs solved for one space, which takes about a second."""
_MARGIN = 1e-6  # share of a range by which a condition is missed at least
_TINY = 1e-300
Row = list[float]
Labels = dict[str, frozenset[str]]


def impossible_rules(space: DesignSpace) -> list[Constraint]:
    """Return unconditional rules that no intervention can keep, each on its own."""
    bounds = _bounds(space.controls)
    return [
        rule
        for rule in space.constraints
        if not rule.when and _least(rule, bounds) > rule.bound + _slack(rule, bounds)
    ]


def impossible_together(
    space: DesignSpace, most_tries: int = MOST_TRIES
) -> list[Constraint]:
    """Return rules that certainly contradict each other; none where nothing is sure.

    Left out one by one, the others would leave something to try, unless finding that
    out took too long.

    Args:
        space: Controls and rules.
        most_tries: How many branches may be tried before the question stays open.
    """
    if not space.constraints or space.candidates is not None:
        return []
    size = space.size
    if size is not None and size <= _FEW:
        return _on_grid(space)
    search = _Search(space.controls, most_tries)
    if search.possible(space.constraints):
        return []
    needed = list(space.constraints)
    for rule in reversed(space.constraints):
        others = [r for r in needed if r is not rule]
        if not search.possible(others):
            needed = others
    return needed


def _on_grid(space: DesignSpace) -> list[Constraint]:
    if any(True for _ in space.points()):
        return []
    rules = space.constraints
    points = DesignSpace(space.controls).points()
    broken = {
        frozenset(i for i, rule in enumerate(rules) if rule.violations(point))
        for point in points
    }
    needed = frozenset(range(len(rules)))
    for i in reversed(range(len(rules))):
        if all(found & (needed - {i}) for found in broken):
            needed -= {i}
    return [rules[i] for i in sorted(needed)]


@dataclass(frozen=True)
class _Range:
    """Limits of a number that may be set, and the spacing of its grid."""

    low: float
    high: float
    step: float = 0.0

    @property
    def width(self) -> float:
        """The distance of both ends."""
        return self.high - self.low or 1.0


Bounds = dict[str, _Range]


def _bounds(controls: Sequence[Variable]) -> Bounds:
    bounds: Bounds = {}
    for control in controls:
        match control.domain:
            case Continuous(low=low, high=high, step=step):
                bounds[control.name] = _Range(low, high, step or 0.0)
            case Integer(low=low, high=high):
                bounds[control.name] = _Range(low, high, 1.0)
            case Composition(species=members, step=step):
                for s in members:
                    path = f"{control.name}.{s.symbol}"
                    bounds[path] = _Range(s.low, s.high, float(step or 0))
            case _:
                pass
    return bounds


def _slack(rule: Constraint, bounds: Bounds) -> float:
    """Return the most that rounding may add: what the rule itself forgives."""
    parts = [
        abs(t.coefficient) * max(abs(bounds[t.path].low), abs(bounds[t.path].high))
        for t in rule.terms
    ]
    return SLACK * max(abs(rule.bound), *parts)


def _least(rule: Constraint, bounds: Bounds) -> float:
    return sum(
        t.coefficient
        * (bounds[t.path].low if t.coefficient > 0 else bounds[t.path].high)
        for t in rule.terms
    )


@dataclass
class _Search:
    """Tries the branches of conditional rules, each by linear programming.

    Numbers are shifted and scaled to z = (x - low) / (high - low), so that one
    tolerance fits all units; rows read ``a z <= b``.
    """

    controls: Sequence[Variable]
    left: int
    _bounds: Bounds = field(init=False)
    _index: dict[str, int] = field(init=False)
    _labels: Labels = field(init=False)

    def __post_init__(self) -> None:
        self._bounds = _bounds(self.controls)
        self._index = {path: i for i, path in enumerate(self._bounds)}
        self._labels = {
            c.name: frozenset(c.domain.options)
            for c in self.controls
            if isinstance(c.domain, Choice)
        }

    def possible(self, rules: Sequence[Constraint]) -> bool:
        """Return whether some intervention keeps all rules, or none was ruled out."""
        rows = [self._row({path: 1.0}, 1.0) for path in self._bounds]
        for control in self.controls:
            if isinstance(control.domain, Composition):
                parts = [f"{control.name}.{s}" for s in control.domain.symbols]
                rows.append(self._linear(dict.fromkeys(parts, 1.0), 1.0 + SMALL))
                rows.append(self._linear(dict.fromkeys(parts, -1.0), -1.0 + SMALL))
        rows += [self._rule(rule) for rule in rules if not rule.when]
        conditional = [rule for rule in rules if rule.when]
        return self._solvable(rows) and self._branch(conditional, rows, self._labels)

    def _branch(
        self, rules: Sequence[Constraint], rows: list[Row], labels: Labels
    ) -> bool:
        """Return whether rows and rules have a solution; rows are known to have."""
        if not rules:
            return True
        rule, rest = rules[0], rules[1:]
        if any(_never(c, labels) for c in rule.when):
            return self._branch(rest, rows, labels)
        enforced = [*rows, self._rule(rule)]
        if self._solvable(enforced) and self._branch(rest, enforced, labels):
            return True
        for more, fewer in self._ways_out(rule, labels):
            if more and not self._solvable([*rows, *more]):
                continue
            if self._branch(rest, [*rows, *more], fewer):
                return True
        return False

    def _ways_out(
        self, rule: Constraint, labels: Labels
    ) -> Iterator[tuple[list[Row], Labels]]:
        """Yield rows and labels with which a rule does not apply."""
        for condition in rule.when:
            if isinstance(condition.value, str):
                left = _without(condition, labels[condition.variable])
                if left:
                    yield [], {**labels, condition.variable: left}
            else:
                for rows in self._missed(condition, condition.value):
                    yield rows, labels

    def _missed(self, condition: Condition, value: float) -> list[list[Row]]:
        """Return the ways in which a condition on a number does not hold."""
        path = condition.variable
        path += f".{condition.component}" if condition.component else ""
        limits = self._bounds[path]
        at = (value - limits.low) / limits.width
        half = limits.step / limits.width / 2 or _MARGIN

        def below(end: float) -> Row:
            return self._row({path: 1.0}, end)

        def above(end: float) -> Row:
            return self._row({path: -1.0}, -end)

        match condition.relation:
            case "<=":
                return [[above(at + _MARGIN)]]
            case ">=":
                return [[below(at - _MARGIN)]]
            case "==":
                return [[below(at - half)], [above(at + half)]]
            case _:
                return [[below(at + _MARGIN), above(at - _MARGIN)]]

    def _rule(self, rule: Constraint) -> Row:
        terms: dict[str, float] = {}
        for t in rule.terms:
            terms[t.path] = terms.get(t.path, 0.0) + t.coefficient
        return self._linear(terms, rule.bound + _slack(rule, self._bounds))

    def _linear(self, terms: dict[str, float], bound: float) -> Row:
        """Return a row for ``sum of terms <= bound`` in declared units."""
        bound -= sum(c * self._bounds[path].low for path, c in terms.items())
        scaled = {path: c * self._bounds[path].width for path, c in terms.items()}
        return self._row(scaled, bound)

    def _row(self, terms: dict[str, float], bound: float) -> Row:
        """Return a row of size one for ``sum of coefficients times z <= bound``."""
        size = max(abs(bound), *map(abs, terms.values()), _TINY)
        row = [0.0] * len(self._index)
        for path, coefficient in terms.items():
            row[self._index[path]] = coefficient / size
        return [*row, bound / size]

    def _solvable(self, rows: list[Row]) -> bool:
        self.left -= 1
        return self.left < 0 or not rows or has_solution(rows)


def _never(condition: Condition, labels: Labels) -> bool:
    """Return whether a condition on a choice holds for none of the labels left."""
    if not isinstance(condition.value, str):
        return False
    left = labels[condition.variable]
    return not left - _without(condition, left)


def _without(condition: Condition, left: frozenset[str]) -> frozenset[str]:
    """Return the labels for which a condition on a choice does not hold."""
    same = left & {str(condition.value)}
    return left - same if condition.relation == "==" else same
