"""Formulas that say how an effect follows from data: a tree with four kinds of node.

Names are bound as in a program: ``Sum(("x",), ...)`` means its own ``x`` inside,
whatever ``x`` means outside. When printed, such an inner variable gets a prime.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labagent.causes.mixed import Names


@dataclass(frozen=True)
class Probability:
    """``P(of | do(done), given)``, read from the experiments of one regime.

    Attributes:
        of: Whose distribution, sorted.
        given: What is conditioned on, sorted.
        done: What was set and matters, sorted.
        regime: All that was set in the experiments it is read from; what is in there
            and not in ``done`` changes nothing.
    """

    of: tuple[str, ...]
    given: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    regime: Names = frozenset()

    @property
    def variables(self) -> Names:
        """The variables on whose values it depends."""
        return frozenset(self.of + self.given + self.done)

    def __str__(self) -> str:
        """Return the formula for people."""
        return _write(self)


@dataclass(frozen=True)
class Product:
    """All factors multiplied; 1 where there are none."""

    factors: tuple["Estimand", ...]

    @property
    def variables(self) -> Names:
        """The variables on whose values it depends."""
        return frozenset[str]().union(*(f.variables for f in self.factors))

    def __str__(self) -> str:
        """Return the formula for people."""
        return _write(self)


@dataclass(frozen=True)
class Sum:
    """A formula added up over all values of some variables; an integral for numbers."""

    over: tuple[str, ...]
    of: "Estimand"

    @property
    def variables(self) -> Names:
        """The variables on whose values it depends."""
        return self.of.variables - frozenset(self.over)

    def __str__(self) -> str:
        """Return the formula for people."""
        return _write(self)


@dataclass(frozen=True)
class Quotient:
    """One formula divided by another."""

    above: "Estimand"
    below: "Estimand"

    @property
    def variables(self) -> Names:
        """The variables on whose values it depends."""
        return self.above.variables | self.below.variables

    def __str__(self) -> str:
        """Return the formula for people."""
        return _write(self)


Estimand = Probability | Product | Sum | Quotient


def terms(estimand: Estimand) -> tuple[Probability, ...]:
    """Return every probability in a formula, from left to right."""
    match estimand:
        case Probability():
            return (estimand,)
        case Product(factors):
            return tuple(term for factor in factors for term in terms(factor))
        case Sum(_, inner):
            return terms(inner)
        case Quotient(above, below):
            return terms(above) + terms(below)


# ----------------------------------------------------------------- algebra


def multiply(factors: Iterable[Estimand]) -> Estimand:
    """Return a product without products in it."""
    flat = tuple(part for factor in factors for part in _split(factor))
    return flat[0] if len(flat) == 1 else Product(flat)


def sum_over(estimand: Estimand, over: Iterable[str]) -> Estimand:
    """Return a formula summed over variables, with nothing in the sum that need not be.

    ``sum over b of P(b | a) P(a)`` is ``P(a)``, and ``sum over b of P(b, c) P(a)`` is
    ``P(a) P(c)``.
    """
    factors = _split(estimand)
    left = frozenset(over)
    while (step := _absorb(factors, left)) is not None:
        factors, left = step
    if not left:
        return multiply(factors)
    outside = [f for f in factors if not f.variables & left]
    inside = [f for f in factors if f.variables & left]
    return multiply([*outside, Sum(tuple(sorted(left)), multiply(inside))])


def divide(above: Estimand, below: Estimand) -> Estimand:
    """Return a quotient, common factors cancelled and ``P(a, b) / P(b)`` read."""
    numerator, denominator = list(_split(above)), list[Estimand]()
    for factor in _split(below):
        if factor in numerator:
            numerator.remove(factor)
        else:
            denominator.append(factor)
    if not denominator:
        return multiply(numerator)
    top, bottom = multiply(numerator), multiply(denominator)
    return _condition(top, bottom) or Quotient(top, bottom)


def _condition(above: Estimand, below: Estimand) -> Probability | None:
    match above, below:
        case Probability(of, given, done, regime), Probability(less):
            rest = tuple(sorted(set(of) - set(less)))
            if below != Probability(less, given, done, regime) or not rest:
                return None
            if not set(less) <= set(of):
                return None
            return Probability(rest, tuple(sorted((*less, *given))), done, regime)
        case _:
            return None


def _split(estimand: Estimand) -> tuple[Estimand, ...]:
    return estimand.factors if isinstance(estimand, Product) else (estimand,)


def _absorb(
    factors: tuple[Estimand, ...], over: Names
) -> tuple[tuple[Estimand, ...], Names] | None:
    """Do one part of a sum inside the only factor that it concerns, if one can."""
    for i, factor in enumerate(factors):
        others = (*factors[:i], *factors[i + 1 :])
        busy = frozenset[str]().union(*(other.variables for other in others))
        alone = (over & factor.variables) - busy
        found = _absorb_in(factor, alone) if alone else None
        if found is not None:
            less, gone = found
            return (*factors[:i], *_split(less), *factors[i + 1 :]), over - gone
    return None


def _absorb_in(factor: Estimand, over: Names) -> tuple[Estimand, Names] | None:
    """Sum a factor over some of the variables, without a new sum around it."""
    match factor:
        case Probability(of, given, done, regime) if gone := over & frozenset(of):
            rest = tuple(v for v in of if v not in gone)
            one = Product(())
            return (Probability(rest, given, done, regime) if rest else one), gone
        case Sum(inner_over, inner):
            return sum_over(inner, over.union(inner_over)), over
        case Quotient(above, below) if gone := over - below.variables:
            return divide(sum_over(above, gone), below), gone
        case _:
            return None


# ---------------------------------------------------------------- printing


def _write(estimand: Estimand, names: Mapping[str, str] | None = None) -> str:
    """Return a formula as text; ``names`` says how variables are called by now."""
    names = {v: v for v in estimand.variables} if names is None else names
    match estimand:
        case Probability():
            return _write_probability(estimand, names)
        case Product(factors):
            return " ".join(_bracket(f, names) for f in factors) or "1"
        case Sum(over, inner):
            inner_names = {**names, **_prime(over, names)}
            called = ", ".join(inner_names[v] for v in over)
            return f"sum over {called} of {_write(inner, inner_names)}"
        case Quotient(above, below):
            return f"{_bracket(above, names)} / {_bracket(below, names)}"


def _write_probability(term: Probability, names: Mapping[str, str]) -> str:
    of, given, done = (
        ", ".join(names[v] for v in group) for group in (term.of, term.given, term.done)
    )
    behind = ", ".join(part for part in (f"do({done})" if done else "", given) if part)
    return f"P({of} | {behind})" if behind else f"P({of})"


def _bracket(estimand: Estimand, names: Mapping[str, str]) -> str:
    text = _write(estimand, names)
    return text if isinstance(estimand, Probability) else f"[{text}]"


def _prime(over: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    taken = set(names.values())
    primed: dict[str, str] = {}
    for variable in over:
        name = variable
        while name in taken:
            name += "'"
        primed[variable] = name
        taken.add(name)
    return primed
