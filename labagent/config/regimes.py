"""What was set and what took its own course, as tables and people say it.

::

    observed   names of controls that nobody set: they took their own course
    set        names of measured states that somebody set, to the value in their column

Both are columns of a table of past experiments, names with ``;`` between them, or hold
for the whole table where the command line says so. Without a word a control was set and
a state was not.
"""

import re
from collections.abc import Iterable, Mapping

from labagent.config.cells import CellError, missing, text_of
from labagent.config.nodes import did_you_mean
from labagent.errors import Mistake
from labagent.variables import Continuous, Real, Role, Variable

SET, OBSERVED = "set", "observed"
WORDS = (SET, OBSERVED)
"""Columns of a table, and options of a command, that say what was set."""

_BETWEEN = re.compile(r"[;,]")
_IS: Mapping[Role, str] = {
    Role.CONTROL: "a control",
    Role.STATE: "a measured state",
    Role.OUTCOME: "an objective",
    Role.CONTEXT: "context",
}


def read_words(
    cell: object, column: str, known: Mapping[str, Variable]
) -> dict[str, bool]:
    """Return what a cell says: variable to whether it was set.

    Every variable that the cell might have named is in it.

    Args:
        cell: Names, or nothing.
        column: ``set`` or ``observed``.
        known: The campaign's variables by name.

    Raises:
        CellError: A name is none that may stand here.
    """
    names = [] if missing(cell) else _BETWEEN.split(text_of(cell))
    named = [name.strip() for name in names if name.strip()]
    for name in named:
        if wrong := wrong_word(column, name, known):
            raise CellError(*wrong)
    return {n: (n in named) == (column == SET) for n in may_name(column, known)}


def may_name(column: str, known: Mapping[str, Variable]) -> list[str]:
    """Return what a column of words may name."""
    role = Role.STATE if column == SET else Role.CONTROL
    return [n for n, v in known.items() if v.role is role and v.settable]


def wrong_word(
    column: str, name: str, known: Mapping[str, Variable]
) -> tuple[str, str] | None:
    """Return rule and suggestion where a name may not stand among words, else None.

    Args:
        column: ``set`` or ``observed``.
        name: As written.
        known: The campaign's variables by name.
    """
    able = may_name(column, known)
    if name in able:
        return None
    variable = known.get(name)
    listed = ", ".join(able) or "nothing, as no state is settable"
    if variable is None:
        return f"must be among {listed}", did_you_mean(name, able)
    if column == SET and variable.role is Role.STATE:
        return (
            f"must be settable, which {name} is not",
            f"write settable: [low, high] under measured: {name} in the campaign file",
        )
    usual = {
        (SET, Role.CONTROL): "a control counts as set where observed does not name it",
        (OBSERVED, Role.STATE): "a state counts as set only where set names it",
    }
    rule = f"must be among {listed}; {name} is {_IS[variable.role]}"
    return rule, usual.get((column, variable.role), "leave it out")


def wrong_value(variable: Variable, value: float | None) -> tuple[str, str] | None:
    """Return rule and suggestion where a state was not set to a value, else None.

    Args:
        variable: A state that may be set.
        value: What it was, in its unit; None where nobody knows.
    """
    domain = variable.domain
    if not isinstance(domain, Real) or domain.settable is None:
        return None
    if value is None:
        rule = f"must have the value {variable.name} was set to"
        return rule, f"add it, or do not say that {variable.name} was set"
    low, high = domain.settable
    if not Continuous(low, high).violations(value):
        return None
    unit = f" {variable.unit}" if variable.unit else ""
    rule = f"must lie in [{low:g}, {high:g}]{unit}, where it may be set"
    return rule, f"see settable: of {variable.name} in the campaign file"


def option_mistakes(
    column: str, names: Iterable[str], known: Mapping[str, Variable]
) -> list[Mistake]:
    """Return what is wrong with the names that an option of a command gives."""
    return [
        Mistake(f"--{column}", f"got {name!r}", *wrong)
        for name in names
        if (wrong := wrong_word(column, name, known))
    ]
