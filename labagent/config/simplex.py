"""Whether linear inequalities have a common solution: phase one of the simplex method.

Chvátal, Linear Programming (1983), chapters 2 and 3. Plain Python, for the handful of
rows of a campaign file.
"""

SMALL = 1e-9
"""What counts as zero in rows of size one."""
_SOLVED = 1e-7  # above rounding, below any rule's slack


def has_solution(rows: list[list[float]]) -> bool:
    """Return whether ``A y <= b, y >= 0`` has a solution.

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
    if table[worst][-1] >= -SMALL:
        return True
    _pivot(table, goal, basis, columns, worst, width)
    while True:
        entering = [j for j in range(len(columns)) if goal[j] < -SMALL]
        if not entering:
            break
        j = min(entering, key=lambda k: columns[k])
        leaving = [i for i in range(len(table)) if table[i][j] > SMALL]
        if not leaving:
            break
        i = min(leaving, key=lambda r: (table[r][-1] / table[r][j], basis[r]))
        _pivot(table, goal, basis, columns, i, j)
    return -goal[-1] <= _SOLVED


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
