"""What people say was set, or took its own course, checked against the campaign."""

from collections.abc import Iterable, Mapping

from labagent.campaigns import Campaign
from labagent.config import schema_of
from labagent.config.regimes import OBSERVED, SET, option_mistakes, wrong_value
from labagent.errors import ConfigurationError, Mistake
from labagent.experiments import Regime
from labagent.variables import Role


def read_regime(
    campaign: Campaign,
    was_set: Iterable[str] = (),
    observed: Iterable[str] = (),
    *,
    instead: bool = False,
) -> dict[str, bool]:
    """Return what a person says: variable to whether it was set.

    Args:
        campaign: Declares the variables.
        was_set: Measured states that somebody set.
        observed: Controls that took their own course.
        instead: Whether it replaces what was said before: controls may have been set
            after all, and states taken their own course.

    Raises:
        ConfigurationError: A name may not stand there; every mistake is named.
    """
    known = schema_of(campaign).variables
    roles = {name: variable.role for name, variable in known.items()}
    named = {SET: list(was_set), OBSERVED: list(observed)}
    usual = {SET: Role.CONTROL, OBSERVED: Role.STATE}
    mistakes = [
        mistake
        for word, names in named.items()
        for mistake in option_mistakes(
            word,
            [n for n in names if not (instead and roles.get(n) is usual[word])],
            known,
        )
    ]
    for name in (n for n in named[SET] if n in named[OBSERVED]):
        problem = f"got {name!r}, and --{OBSERVED} too"
        mistakes.append(Mistake(f"--{SET}", problem, "must be one of the two"))
    if mistakes:
        raise ConfigurationError(mistakes)
    return dict.fromkeys(named[SET], True) | dict.fromkeys(named[OBSERVED], False)


def refuse_unset(
    campaign: Campaign, regime: Regime, values: Mapping[str, float | None]
) -> None:
    """Refuse states that were set to no value, or to one they may not be set to.

    Args:
        campaign: Says what may be set, and where.
        regime: What was set.
        values: Quantity to its value, in its unit.

    Raises:
        ConfigurationError: There is such a state.
    """
    mistakes: list[Mistake] = []
    for state in (v for v in campaign.measured if regime.get(v.name)):
        value = values.get(state.name)
        if wrong := wrong_value(state, value):
            got = "nothing" if value is None else f"{value:g} {state.unit}".rstrip()
            mistakes.append(Mistake(f"result {state.name}", f"got {got}", *wrong))
    if mistakes:
        raise ConfigurationError(mistakes)
