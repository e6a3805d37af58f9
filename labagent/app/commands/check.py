"""``labagent check``: all mistakes of a campaign file, or what it asks for."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from labagent import config
from labagent.app.layout import fields, paragraph
from labagent.app.lazy import CONFIGURATION
from labagent.app.options import JsonOption
from labagent.app.overview import overview
from labagent.app.printing import complain, say, say_json
from labagent.app.setups import check_setups
from labagent.campaigns import Campaign
from labagent.config import Draft
from labagent.errors import ConfigurationError

_OWN = re.compile(r"option (?P<option>\w+): |(?P<adapter>adapter): |file |package ")
"""How a mistake begins that lies in an executor's settings alone."""


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaign file.")],
    as_json: JsonOption = False,
) -> None:
    """Check a campaign file: all its mistakes at once, or what it asks for.

    Exit code 2 where something is wrong; every mistake comes with its place, what was
    found, the rule, and what to type instead.
    """
    try:
        campaign, notes = _load(file)
    except ConfigurationError as error:
        _report(error, as_json)
        raise typer.Exit(CONFIGURATION) from error
    if as_json:
        say_json(plain(file, campaign) | {"notes": list(notes)})
    else:
        say(screen(file, campaign, notes))


def _load(file: Path) -> tuple[Campaign, tuple[str, ...]]:
    """Read a campaign file and check its executors' settings; return notes too.

    Raises:
        ConfigurationError: All mistakes that were found.
    """
    draft = config.draft(file)
    for one in check_setups(draft.sketch, file.resolve().parent):
        for problem in one.problems:
            _add(draft, one.setup.name, problem)
    return draft.campaign(), draft.notes


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


def screen(file: Path, campaign: Campaign, notes: Sequence[str] = ()) -> Iterator[str]:
    """Yield a campaign as lines for people."""
    yield f"{file} is a valid campaign file."
    yield fields(overview(campaign))
    yield from (paragraph(f"Note: {note}") for note in notes)
    yield f"Start it with: labagent run {shlex.quote(str(file))}"


def _add(draft: Draft, name: str, said: str) -> None:
    """Add what an adapter finds wrong with an executor, at its place in the file.

    Where variables or stages are missing for their own mistakes, the adapter does not
    see them; what it says of them would be wrong and is left out.
    """
    text = said.removeprefix(f"executors.{name}.").removeprefix(f"executor {name}: ")
    own = _OWN.match(text)
    if not (draft.whole or own):
        return
    key = own["option"] or own["adapter"] if own else None
    keys = ("executors", name, *([key] if key else []))
    problem, _, rest = text.replace(": must ", ", must ", 1).partition(", must ")
    rule, _, suggestion = rest.partition("; ")
    rule = f"must {rule or 'be right'}"
    draft.add(keys, f"executor {name}: {problem}", rule, suggestion)


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
