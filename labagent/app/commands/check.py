"""``labagent check``: all mistakes of a campaign file, or what it asks for."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from labagent.app.inspecting import inspected
from labagent.app.layout import fields, paragraph
from labagent.app.options import JsonOption
from labagent.app.overview import overview
from labagent.app.printing import say, say_json
from labagent.campaigns import Campaign


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaign file.")],
    as_json: JsonOption = False,
) -> None:
    """Check a campaign file: all its mistakes at once, or what it asks for.

    Exit code 2 where something is wrong; every mistake comes with its place, what was
    found, the rule, and what to type instead.
    """
    campaign, notes = inspected(file, as_json=as_json)
    if as_json:
        say_json(plain(file, campaign) | {"notes": list(notes)})
    else:
        say(screen(file, campaign, notes))


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
        "causes": [
            {"parent": e.parent, "child": e.child, "probability": e.probability}
            for e in campaign.graph.edges
        ],
        "forbidden": [[e.parent, e.child] for e in campaign.graph.forbidden],
        "hidden": [list(pair) for pair in campaign.graph.hidden],
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
