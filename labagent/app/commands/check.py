"""``labagent check``: all mistakes of a campaign file, or what it asks for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from labagent import config
from labagent.app.layout import fields
from labagent.app.lazy import CONFIGURATION
from labagent.app.options import JsonOption
from labagent.app.overview import overview
from labagent.app.printing import complain, say, say_json
from labagent.app.setups import Checked, check_setups
from labagent.campaigns import Campaign
from labagent.errors import ConfigurationError, Mistake


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaign file.")],
    as_json: JsonOption = False,
) -> None:
    """Check a campaign file: all its mistakes at once, or what it asks for.

    Exit code 2 where something is wrong; every mistake comes with its place, what was
    found, the rule, and what to type instead.
    """
    try:
        campaign = _load(file)
    except ConfigurationError as error:
        _report(error, as_json)
        raise typer.Exit(CONFIGURATION) from error
    if as_json:
        say_json(plain(file, campaign))
    else:
        say(screen(file, campaign))


def _load(file: Path) -> Campaign:
    """Read a campaign file and check its executors' settings.

    Raises:
        ConfigurationError: All mistakes that were found.
    """
    campaign = config.load(file)
    mistakes = list(_mistakes(file, check_setups(campaign, file.resolve().parent)))
    if mistakes:
        raise ConfigurationError(mistakes)
    return campaign


def plain(file: Path, campaign: Campaign) -> dict[str, object]:
    """Return a campaign as plain data."""
    return {
        "ok": True,
        "file": str(file),
        "name": campaign.name,
        "goal": campaign.goal.sentence,
        "objectives": [
            {"name": o.name, "unit": o.unit, "direction": o.direction.value}
            for o in campaign.goal.objectives
        ],
        "controls": {v.name: v.unit for v in campaign.space.controls},
        "recipes": campaign.space.size,
        "measured": {v.name: v.unit for v in campaign.measured},
        "context": {v.name: v.unit for v in campaign.context},
        "stages": [s.name for s in campaign.stages],
        "executors": {e.name: e.adapter for e in campaign.executors},
        "budget": {
            "experiments": campaign.budget.experiments,
            "cost": campaign.budget.cost,
            "currency": campaign.budget.currency,
            "hours": campaign.budget.hours,
        },
        "leash": campaign.leash.value,
        "batch": campaign.batch,
        "initial": campaign.initial,
        "mistakes": [],
    }


def screen(file: Path, campaign: Campaign) -> Iterator[str]:
    """Yield a campaign as lines for people."""
    yield f"{file} is a valid campaign file."
    yield fields(overview(campaign))
    yield f"Start it with: labagent run {file}"


def _mistakes(file: Path, checked: tuple[Checked, ...]) -> Iterator[Mistake]:
    """Yield what the adapters find wrong with their settings."""
    for one in checked:
        for problem in one.problems:
            found, _, rule = problem.partition(", must ")
            yield Mistake(str(file), found, f"must {rule or 'be right'}")


def _report(error: ConfigurationError, as_json: bool) -> None:
    if as_json:
        mistakes = [
            {
                "place": m.place,
                "problem": m.problem,
                "rule": m.rule,
                "suggestion": m.suggestion,
            }
            for m in error.mistakes
        ]
        say_json({"ok": False, "mistakes": mistakes})
        return
    complain(str(error), label="")
    count = len(error.mistakes)
    complain(f"{count} mistake{'s' if count > 1 else ''}", label="")
