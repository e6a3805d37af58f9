"""Whether any intervention keeps all rules: cheap and exact where it speaks.

Nothing is reported that is not certainly impossible: single rules by their least
possible left-hand side, small grids by enumeration, and all unconditional rules
together by linear programming (steps and whole numbers are ignored there).
"""

import math
from collections.abc import Sequence

from labagent.variables import (
    Composition,
    Constraint,
    Continuous,
    DesignSpace,
    Integer,
    Variable,
)

_FEW = 20_000  # grid points worth enumerating: about 0.1 s
_SMALL = 1e-9
Bounds = dict[str, tuple[float, float]]


def impossible_rules(space: DesignSpace) -> list[Constraint]:
    """Return unconditional rules that no intervention can keep, each on its own."""
    bounds = _bounds(space.controls)
    return [
        rule
        for rule in space.constraints
        if not rule.when and _least(rule, bounds) > rule.bound + _slack(rule)
    ]


def impossible_together(space: DesignSpace) -> bool:
    """Return whether the rules certainly contradict each other."""
    if not space.constraints or space.candidates is not None:
        return False
    size = space.size
    if size is not None and size <= _FEW:
        return not any(True for _ in space.points())
    return not _solvable(space)


def _bounds(controls: Sequence[Variable]) -> Bounds:
    bounds: Bounds = {}
    for control in controls:
        match control.domain:
            case Continuous(low=low, high=high) | Integer(low=low, high=high):
                bounds[control.name] = (float(low), float(high))
            case Composition(species=members):
                for s in members:
                    bounds[f"{control.name}.{s.symbol}"] = (s.low, s.high)
            case _:
                pass
    return bounds


def _slack(rule: Constraint) -> float:
    return 1e-7 * max(1.0, abs(rule.bound))


def _least(rule: Constraint, bounds: Bounds) -> float:
    return sum(
        t.coefficient * bounds[t.path][0 if t.coefficient > 0 else 1]
        for t in rule.terms
    )


def _solvable(space: DesignSpace) -> bool:
    """Return whether the unconditional rules have a common solution.

    Variables are shifted to y = x - low >= 0; rows read ``a y <= b``.
    """
    bounds = _bounds(space.controls)
    index = {path: i for i, path in enumerate(bounds)}
    rows: list[list[float]] = []
    for path, (low, high) in bounds.items():
        rows.append([*_row(index, {path: 1.0}), high - low])
    for rule in space.constraints:
        if not rule.when:
            terms: dict[str, float] = {}
            for t in rule.terms:
                terms[t.path] = terms.get(t.path, 0.0) + t.coefficient
            rows.append(_shifted(index, bounds, terms, rule.bound + _slack(rule)))
    for control in space.controls:
        if isinstance(control.domain, Composition):
            ones = {f"{control.name}.{s}": 1.0 for s in control.domain.symbols}
            minus = dict.fromkeys(ones, -1.0)
            rows.append(_shifted(index, bounds, ones, 1.0 + _SMALL))
            rows.append(_shifted(index, bounds, minus, -1.0 + _SMALL))
    return _has_solution(rows)


def _row(index: dict[str, int], terms: dict[str, float]) -> list[float]:
    row = [0.0] * len(index)
    for path, coefficient in terms.items():
        row[index[path]] = coefficient
    return row


def _shifted(
    index: dict[str, int], bounds: Bounds, terms: dict[str, float], bound: float
) -> list[float]:
    offset = math.fsum(c * bounds[path][0] for path, c in terms.items())
    scale = max([abs(c) * (bounds[p][1] - bounds[p][0]) for p, c in terms.items()])
    # rows of size one, so that one tolerance fits all units
    factor = 1.0 / max(scale, abs(bound - offset), 1e-12)
    scaled = {path: factor * c for path, c in terms.items()}
    return [*_row(index, scaled), factor * (bound - offset)]


def _has_solution(rows: list[list[float]]) -> bool:
    """Return whether ``A y <= b, y >= 0`` has a solution: phase one of the simplex.

    One artificial variable x0 loosens every row (``A y - x0 <= b``); a solution exists
    where its least value is zero. Bland's rule, so it ends.

    Args:
        rows: Each row of A followed by its b.
    """
    width = len(rows[0]) - 1
    table = [[*row[:-1], -1.0, row[-1]] for row in rows]  # dictionary form, x0 last
    basis = [width + 1 + i for i in range(len(rows))]
    columns = list(range(width + 1))
    goal = [0.0] * width + [1.0, 0.0]  # minimise x0
    worst = min(range(len(rows)), key=lambda i: table[i][-1])
    if table[worst][-1] >= -_SMALL:
        return True
    _pivot(table, goal, basis, columns, worst, width)
    while True:
        entering = [j for j in range(len(columns)) if goal[j] < -_SMALL]
        if not entering:
            break
        j = min(entering, key=lambda k: columns[k])
        leaving = [i for i in range(len(table)) if table[i][j] > _SMALL]
        if not leaving:
            break
        i = min(leaving, key=lambda r: (table[r][-1] / table[r][j], basis[r]))
        _pivot(table, goal, basis, columns, i, j)
    return -goal[-1] <= 1e-7  # noqa: PLR2004 above rounding, below any rule's slack


def _pivot(
    table: list[list[float]],
    goal: list[float],
    basis: list[int],
    columns: list[int],
    i: int,
    j: int,
) -> None:
    """Swap the basic variable of row i with the non-basic one of column j."""
    pivot = table[i][j]
    row = [value / pivot for value in table[i]]
    row[j] = 1.0 / pivot
    for other in [*table[:i], *table[i + 1 :], goal]:
        factor = other[j]
        if factor:
            for k, value in enumerate(row):
                other[k] = (0.0 if k == j else other[k]) - factor * value
    table[i] = row
    basis[i], columns[j] = columns[j], basis[i]
