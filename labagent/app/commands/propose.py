"""``labagent propose``: the next experiments, and what is expected of them."""

from typing import Annotated

import typer

from flows.wiring import Runtime, open_runtime
from labagent import config
from labagent.app.commands.next_tasks import proposals
from labagent.app.commands.run import CampaignArgument
from labagent.app.lazy import BUDGET_USED
from labagent.app.options import ByOption
from labagent.app.printing import complain, say_error
from labagent.app.progress import bar
from labagent.app.session import Session, who, with_session
from labagent.app.text import numbers
from labagent.campaigns import Leash
from labagent.errors import StateError
from labagent.experiments import ExperimentRecord
from labagent.loop import budget_left
from labagent.loop import propose as decide_next
from labagent.review import history_rows
from labagent.review.wording import plural

AGENT = "agent"


@with_session
def propose(
    session: Session,
    reference: CampaignArgument,
    number: Annotated[
        int | None,
        typer.Option("--number", "-n", min=1, help="How many; else a whole batch."),
    ] = None,
    by: ByOption = None,
) -> None:
    """Propose the next experiments and seal what is expected; nothing is run.

    Exit code 4 where the budget is used up.
    """
    session = session.of(reference)
    session.check()
    with (
        open_runtime(reference, session.url, who(by)) as runtime,
        bar("Fitting the model", shown=not session.json),
    ):
        _import_history(runtime, who(by))
        found, cut = _propose(session, runtime, number)
        lines = [*cut, *_lines(session, runtime, found)]
    session.answer(history_rows(found), lines)


def _import_history(runtime: Runtime, by: str) -> None:
    past = runtime.campaign.history
    if past is not None:
        rows = config.read_history(runtime.campaign, runtime.folder)
        runtime.logbook.import_rows(runtime.campaign_id, rows, past.file, by)


def _propose(
    session: Session, runtime: Runtime, number: int | None
) -> tuple[tuple[ExperimentRecord, ...], list[str]]:
    """Write the next batch; return its experiments, and what cut it short.

    Raises:
        StateError: Another process proposed at the same moment.
    """
    trials = runtime.logbook.trials(runtime.campaign_id)
    left = budget_left(runtime.campaign, trials)
    if left < 1:
        said = "the budget is used up; raise `budget:` in the campaign file"
        if session.json:
            say_error(StateError(said))
        complain(said, "")
        raise typer.Exit(BUDGET_USED)
    wanted = number or runtime.campaign.batch
    size = int(min(wanted, left))
    cut = [f"The budget leaves {size} of the {wanted} asked for."] * (size < wanted)
    batch = 1 + max((t.batch for t in trials.rows if t.batch is not None), default=-1)
    decision = decide_next(runtime.campaign, trials, batch, size)
    ids: set[int] = set()
    if decision.proposals:
        stages = runtime.campaign.stages
        ids.update(
            runtime.logbook.add_decision(runtime.campaign_id, decision, stages, AGENT)
        )
    records = runtime.logbook.experiments(runtime.campaign_id)
    return tuple(r for r in records if r.id in ids), cut


def _lines(
    session: Session, runtime: Runtime, found: tuple[ExperimentRecord, ...]
) -> list[str]:
    if not found:
        return ["Everything that may be tried was tried."]
    ids = [r.number for r in found]
    shown = numbers(ids)
    lines = [
        f"Proposed {plural(len(ids), 'experiment')}, predictions sealed:",
        proposals(runtime.campaign, found),
    ]
    if runtime.campaign.leash is Leash.AUTONOMOUS:
        return [*lines, "Run them with:", f"  {session.run_command(runtime.row.name)}"]
    return [
        *lines,
        "Say yes or no with:",
        f"  {session.command('approve', *shown.split())}",
        f"  {session.command('reject', *shown.split(), '--reason', 'why not')}",
    ]
