"""What a formula comes to on counted data: variables with a few values each."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from labagent.causes.estimands import Estimand, Probability, Product, Quotient, Sum
from labagent.causes.mixed import Names
from labagent.errors import DataError

Row = tuple[Mapping[str, Hashable], float]
"""What was set and seen, by variable, and how often or how probable that is."""


@dataclass(frozen=True)
class Counts:
    """Counted experiments, by what was set in them.

    Attributes:
        rows: For each regime its rows. How often a setting was chosen does not matter,
            only what was seen under it.
    """

    rows: Mapping[Names, Sequence[Row]]

    def levels(self, variable: str) -> tuple[Hashable, ...]:
        """Return the values a variable was seen with anywhere, in order of sight."""
        every = (row for rows in self.rows.values() for row, _ in rows)
        return tuple(dict.fromkeys(row[variable] for row in every if variable in row))

    def weigh(self, regime: Names, values: Mapping[str, Hashable]) -> float:
        """Return the weight of a regime's rows that have these values."""
        wanted = values.items()
        return sum(
            weight
            for row, weight in self.rows.get(regime, ())
            if all(row.get(name) == value for name, value in wanted)
        )


def evaluate(
    estimand: Estimand, counts: Counts, values: Mapping[str, Hashable]
) -> float:
    """Return the value of a formula, in [0, 1] for an effect.

    Args:
        estimand: The formula.
        counts: Rows for every regime that it reads from.
        values: A value for each variable the formula depends on.

    Raises:
        DataError: What it conditions on never occurred, so that the formula has no
            value: the data are short of what identification takes for granted.
    """
    match estimand:
        case Probability():
            return _look_up(estimand, counts, values)
        case Product(factors):
            return prod(evaluate(factor, counts, values) for factor in factors)
        case Sum(over, inner):
            bound = _assign(over, counts)
            return sum(evaluate(inner, counts, {**values, **b}) for b in bound)
        case Quotient(above, below):
            share = evaluate(below, counts, values)
            if share <= 0.0:
                raise _never(str(below), values)
            return evaluate(above, counts, values) / share


def _look_up(
    term: Probability, counts: Counts, values: Mapping[str, Hashable]
) -> float:
    behind = {name: values[name] for name in (*term.given, *term.done)}
    total = counts.weigh(term.regime, behind)
    if total <= 0.0:
        raise _never(str(term), behind)
    seen = {name: values[name] for name in term.of}
    return counts.weigh(term.regime, {**behind, **seen}) / total


def _assign(over: Sequence[str], counts: Counts) -> Iterable[dict[str, Hashable]]:
    levels = (counts.levels(variable) for variable in over)
    return (dict(zip(over, point, strict=True)) for point in product(*levels))


def _never(term: str, values: Mapping[str, Hashable]) -> DataError:
    at = ", ".join(f"{name} = {value}" for name, value in values.items()) or "no rows"
    return DataError(
        f"effect's term {term}: got no experiment with {at}, must have some; "
        "run one there or ask at other values"
    )
