"""``labagent demo``: a real campaign from goal to result, and what it was worth."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from flows.outcomes import Why
from flows.wiring import Runtime, open_runtime
from labagent.app.commands.init import Example, write_example
from labagent.app.commands.run import Call
from labagent.app.database import file_url
from labagent.app.layout import fields
from labagent.app.options import JsonOption
from labagent.app.overview import control, limit, wish
from labagent.app.printing import say, say_json
from labagent.app.progress import bar
from labagent.app.rails import draw_rails, legend
from labagent.app.screen import heading, rendered
from labagent.campaigns import Campaign
from labagent.review import best
from labagent.review.graphs import picture

WHO = "demo"


class Demo(StrEnum):
    """Which campaign is shown."""

    CALCINATION = "calcination"
    ALLOY = "alloy"


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where it runs; made if needed.")
    ] = Path("demo-out"),
    example: Annotated[
        Demo, typer.Option(help="Which campaign to run.")
    ] = Demo.CALCINATION,
    as_json: JsonOption = False,
) -> None:
    """Run a real campaign on simulators in this computer, and show what it was worth.

    `calcination`: a powder route with states on the way, in a few minutes; the model
    is asked what changes would do, and the simulator is asked the same. `alloy`: 30 of
    1580 alloys, in a few minutes, beside the truth about all of them. Stop it at any
    moment; the same command goes on. Delete the folder to begin anew.
    """
    file = folder / f"{example.value}.yaml"
    if not file.exists():
        write_example(folder, Example(example.value))
    with open_runtime(str(file), file_url(folder / "labagent.db"), WHO) as runtime:
        if not as_json:
            say(opening(runtime.campaign, file))
        call = Call(runtime, None, wait=False, yes=False, by=WHO)
        outcome = call.until_over(quiet=as_json, brief=True)
        if outcome.why not in (Why.BUDGET, Why.FINISHED):
            _not_over(outcome.text, as_json=as_json)
            raise typer.Exit(outcome.exit_code)
        with bar("Asking the model", shown=not as_json):
            endings = import_module("labagent.app.endings")  # torch: slow to import
            ending = endings.ending(file.name, runtime)
        if as_json:
            say_json(ending.plain())
        else:
            say(ending.screen())
            say(closing(runtime, folder))


def _not_over(why: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"over": False, "text": why})
    else:
        say([f"{why[:1].upper()}{why[1:]}."])


def opening(campaign: Campaign, file: Path) -> Iterator[str]:
    """Yield what is about to happen."""
    goal = campaign.goal
    wishes = [*map(wish, goal.objectives), *(limit(campaign, x) for x in goal.limits)]
    yield f"labagent demo: the campaign {file}"
    yield fields(
        [
            ("Goal", goal.sentence),
            ("Find", "; ".join(wishes)),
            ("Set", "\n".join(map(control, campaign.space.controls))),
            ("Budget", f"{campaign.budget.experiments} experiments"),
            ("Stop", "Ctrl-C, whenever you like; the same command goes on"),
        ]
    )
    if campaign.graph.edges:
        shown = picture(campaign)
        yield from heading("What causes what, as the campaign file declares it")
        yield rendered(draw_rails(shown))
        yield legend(shown)
    yield from heading("Running")


def closing(runtime: Runtime, folder: Path) -> Iterator[str]:
    """Yield what to type next."""
    logbook, campaign = runtime.logbook, runtime.campaign
    records = logbook.experiments(runtime.campaign_id)
    leaders = best(campaign, records) or records[-1:]
    number = leaders[0].number if leaders else 1
    name = campaign.name if len(logbook.campaigns()) > 1 else ""
    yield from heading("What to type next")
    for command, why in next_commands(folder, number, name):
        yield f"  {command:<44}{why}".rstrip()


def next_commands(folder: Path, number: int, name: str) -> Iterator[tuple[str, str]]:
    """Yield commands that go on from here, and what each is good for.

    Args:
        folder: Where the demo ran.
        number: An experiment to look at.
        name: The campaign's, where the database has several.
    """
    if shutil.which("labagent") is None:
        home = Path(sys.prefix)
        home = Path(os.path.relpath(home)) if home.is_relative_to(Path.cwd()) else home
        yield (
            f". {shlex.quote(str(home / 'bin' / 'activate'))}",
            "makes `labagent` known",
        )
    yield f"cd {shlex.quote(str(folder))}", ""
    yield f"labagent history {name}", "every experiment"
    yield f"labagent show {number} {name}", "one of them: predicted, measured"
    yield f"labagent explain {number} {name}", "why it was proposed"
    yield f"labagent replay {name}", "make each decision again"
    yield "labagent init --example manual ../mine", "a campaign of your own"
