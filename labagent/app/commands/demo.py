"""``labagent demo``: a real campaign from goal to result, and what it was worth."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from flows.outcomes import Why
from flows.wiring import open_runtime
from labagent.app.commands.init import Example, example_text, write_example
from labagent.app.commands.run import Call
from labagent.app.database import file_url
from labagent.app.layout import fields
from labagent.app.options import JsonOption
from labagent.app.overview import control, limit, wish
from labagent.app.printing import say, say_json
from labagent.app.worth import (
    best_lines,
    plain_worth,
    prediction_table,
    read_truth,
    truth_lines,
)
from labagent.campaigns import Campaign
from labagent.experiments import ExperimentRecord
from labagent.review import best
from labagent.review.truth import Comparison, compare

WHO = "demo"
FILE = "alloy.yaml"


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where it runs; made if needed.")
    ] = Path("demo-out"),
    as_json: JsonOption = False,
) -> None:
    """Run a real campaign in a few minutes and compare its end with the truth.

    It is the example `alloy`: 30 simulated experiments among 1580 alloys, all of which
    were simulated beforehand, so that the truth is known. Stop it at any moment; the
    same command goes on. Delete the folder to begin anew.
    """
    file = folder / FILE
    if not file.exists():
        write_example(folder, Example.ALLOY)
    with open_runtime(str(file), file_url(folder / "labagent.db"), WHO) as runtime:
        campaign = runtime.campaign
        if not as_json:
            say(opening(campaign, file))
        call = Call(runtime, None, wait=False, yes=False, by=WHO)
        outcome = call.until_over(quiet=as_json)
        records = call.records()
    worth = comparison(campaign, records, file)
    if as_json:
        say_json(plain_worth(campaign, records, worth))
    else:
        say(closing(campaign, records, worth, folder))
    if outcome.why not in (Why.BUDGET, Why.FINISHED):
        raise typer.Exit(outcome.exit_code)


def comparison(
    campaign: Campaign, records: tuple[ExperimentRecord, ...], file: Path
) -> Comparison | None:
    """Compare with the truth; None where there is nothing that could be compared."""
    asked_as_shipped = file.read_text(encoding="utf-8") == example_text(FILE)
    if not asked_as_shipped or not any(r.results for r in records):
        return None
    return compare(campaign, records, read_truth(campaign))


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
    yield ""


def closing(
    campaign: Campaign,
    records: tuple[ExperimentRecord, ...],
    worth: Comparison | None,
    folder: Path,
) -> Iterator[str]:
    """Yield what was found, what it was worth, and what to type next."""
    yield ""
    yield from best_lines(campaign, records)
    yield ""
    yield prediction_table(records)
    yield ""
    if worth is None:
        yield f"{FILE} was changed, or has no results: no truth to compare with."
    else:
        yield from truth_lines(campaign, worth)
    yield ""
    leaders = best(campaign, records) or records[-1:]
    number = leaders[0].number if leaders else 1
    yield "What to type next:"
    for command, why in next_commands(folder, number):
        yield f"  {command:<44}{why}".rstrip()


def next_commands(folder: Path, number: int) -> Iterator[tuple[str, str]]:
    """Yield commands that go on from here, and what each is good for."""
    if shutil.which("labagent") is None:
        home = Path(sys.prefix)
        home = Path(os.path.relpath(home)) if home.is_relative_to(Path.cwd()) else home
        yield (
            f". {shlex.quote(str(home / 'bin' / 'activate'))}",
            "makes `labagent` known",
        )
    yield f"cd {shlex.quote(str(folder))}", ""
    yield "labagent history", "every experiment"
    yield f"labagent show {number}", "one of them: predicted, measured"
    yield f"labagent explain {number}", "why it was proposed"
    yield "labagent verify", "was a row changed since?"
    yield "labagent replay", "make each decision again"
    yield "labagent init --example manual ../mine", "a campaign of your own"
