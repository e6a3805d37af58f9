"""``labagent run``: go on until the campaign is done or needs a person."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import typer

from flows.outcomes import Kind, News, Outcome, Why
from flows.run import run as run_campaign
from flows.wiring import Runtime, open_runtime
from labagent.app.commands.status import best_line, objectives
from labagent.app.options import ByOption
from labagent.app.session import Session, who, with_session
from labagent.app.tasks import Task, tasks
from labagent.app.watching import BRIEF, Watcher, watcher
from labagent.errors import StateError
from labagent.experiments import ExperimentRecord, StepState
from labagent.review import best, history_row, message, spent
from labagent.review.wording import plural

POLL_SECONDS = 3.0
"""How often ``--wait`` looks whether a person has answered."""
MOST_BEST = 5
MOST_TASKS = 3
MOST_FAILED = 3

CampaignArgument = Annotated[
    str, typer.Argument(metavar="FILE|NAME", help="The campaign, by file or by name.")
]


@with_session
def run(
    session: Session,
    reference: CampaignArgument,
    max_experiments: Annotated[
        int | None,
        typer.Option(
            "--max-experiments", "-n", min=1, help="Propose no more than these now."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for people instead of ending.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Approve whatever is proposed, as you.")
    ] = False,
    by: ByOption = None,
) -> None:
    """Run a campaign until it is done, the budget is used, or a person is needed.

    Stop it at any moment; the same command goes on. Exit codes: 0 done, 1 everything
    fails, 2 wrong file, 3 waiting for a person, 4 budget used, 130 stopped.
    """
    session = session.of(reference)
    session.check()
    with open_runtime(reference, session.url, who(by)) as runtime:
        call = Call(runtime, max_experiments, wait, yes, who(by))
        before = {r.number for r in call.records() if r.state is StepState.FAILED}
        outcome = call.until_over(quiet=session.json)
        records = call.records()
        failed = [r for r in records if r.state is StepState.FAILED]
        failed = [r for r in failed if r.number not in before]
        data = plain(
            runtime, outcome, records, tasks(runtime.campaign, records, session)
        )
        data["failed"] = [r.number for r in failed]
        lines = [*screen(session, runtime, outcome, records), *_failures(failed)]
    session.answer(data, lines)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


@dataclass
class Call:
    """One call of ``labagent run``, which may run the campaign several times.

    Attributes:
        runtime: Campaign, memory, executors.
        most: Most experiments to propose; None for no limit but the budget.
        wait: Whether to wait for people.
        yes: Whether to approve whatever is proposed.
        by: Who approves then.
    """

    runtime: Runtime
    most: int | None
    wait: bool
    yes: bool
    by: str
    _leaders: tuple[ExperimentRecord, ...] = field(default=())
    _asked: tuple[str, ...] = field(default=())

    def records(self) -> tuple[ExperimentRecord, ...]:
        """Return all experiments as they stand."""
        return self.runtime.logbook.experiments(self.runtime.campaign_id)

    def until_over(self, quiet: bool, brief: bool = False) -> Outcome:
        """Run until there is a reason to end that this call may not answer itself.

        Args:
            quiet: Show nothing.
            brief: Tell of batches and findings, and not of every step.
        """
        records = self.records()
        self._leaders = best(self.runtime.campaign, records)
        begun = _proposed(records)
        of = self.runtime.campaign.budget.experiments
        done = spent(self.runtime.campaign, records).experiments
        kinds = BRIEF if brief else frozenset(Kind)
        shown = frozenset[Kind]() if quiet else kinds
        with watcher(done, of, self.best_text, shown) as watch:
            outcome = self._run(watch, begun)
            while outcome.why is Why.WAITING and self._goes_on(outcome, watch):
                outcome = self._run(watch, begun)
        return outcome

    def _run(self, watch: Watcher, begun: int) -> Outcome:
        left = self.most
        if left is not None:
            left = max(0, left - (_proposed(self.records()) - begun))
        return run_campaign(self.runtime, progress=watch, max_experiments=left)

    def _goes_on(self, outcome: Outcome, watch: Watcher) -> bool:
        """Answer, or wait for, what a person is asked; return whether to run again."""
        if self.yes and self._approve(watch):
            return True
        if not self.wait:
            return False
        if outcome.todo != self._asked:  # say it once, not every three seconds
            self._asked = outcome.todo
            watch(News(Kind.STEP, "waiting for a person: " + "; ".join(outcome.todo)))
        time.sleep(POLL_SECONDS)
        return True

    def _approve(self, watch: Watcher) -> bool:
        proposed = [r for r in self.records() if r.state is StepState.PROPOSED]
        if not proposed:
            return False
        try:
            ids = [r.id for r in proposed]
            self.runtime.logbook.decide(ids, True, self.by, "labagent run --yes")
        except StateError:
            return True  # somebody else decided meanwhile: look again
        shown = ", ".join(str(r.number) for r in proposed)
        watch(News(Kind.APPROVED, f"experiments {shown}, by {self.by}"))
        return True

    def best_text(self, news: News) -> str:
        """Return the best so far after a piece of news, for the bar."""
        campaign, logbook = self.runtime.campaign, self.runtime.logbook
        if news.kind is Kind.STEP and news.experiment is not None:
            new = logbook.experiments(self.runtime.campaign_id, [news.experiment])
            self._leaders = best(campaign, [*self._leaders, *new])
        if not self._leaders:
            return ""
        first = self._leaders[0]
        return f"#{first.number}: {objectives(campaign, first)}"


def _proposed(records: tuple[ExperimentRecord, ...]) -> int:
    return sum(r.batch is not None for r in records)


def plain(
    runtime: Runtime,
    outcome: Outcome,
    records: tuple[ExperimentRecord, ...],
    waiting: list[Task],
) -> dict[str, object]:
    """Return how the run ended as plain data."""
    return {
        "why": outcome.why.value,
        "text": outcome.text,
        "exit_code": outcome.exit_code,
        "experiments": len(records),
        "measured": sum(r.state is StepState.MEASURED for r in records),
        "best": [history_row(r) for r in best(runtime.campaign, records)],
        "waiting": [t.plain() for t in waiting],
    }


def screen(
    session: Session,
    runtime: Runtime,
    outcome: Outcome,
    records: tuple[ExperimentRecord, ...],
) -> Iterator[str]:
    """Yield how the run ended, and what to type next, as lines for people."""
    campaign = runtime.campaign
    yield f"{outcome.text[:1].upper()}{outcome.text[1:]}."
    leaders = best(campaign, records)
    for record in leaders[:MOST_BEST]:
        yield f"Best: {best_line(campaign, record)}"
    if len(leaders) > MOST_BEST:
        yield f"and {len(leaders) - MOST_BEST} more on the Pareto front"
    if outcome.why is Why.WAITING:
        yield from _to_do(session, campaign.name, tasks(campaign, records, session))
        return
    if outcome.why is Why.BUDGET:
        yield "To go on, raise `budget:` in the campaign file."
    yield "To look at what came out:"
    yield f"  {session.command('status')}"
    yield f"  {session.command('history')}"


def _failures(failed: list[ExperimentRecord]) -> Iterator[str]:
    """Yield what failed in this run, with the last line of the reason."""
    if failed:
        yield f"{plural(len(failed), 'experiment')} failed in this run:"
    for record in failed[:MOST_FAILED]:
        reason = (message(record).strip().splitlines() or ["no reason was told"])[-1]
        yield f"  #{record.number}: {reason}"
    if len(failed) > MOST_FAILED:
        yield f"  and {len(failed) - MOST_FAILED} more"


def _to_do(session: Session, name: str, waiting: list[Task]) -> Iterator[str]:
    for task in waiting[:MOST_TASKS]:
        yield f"{task.headline[:1].upper()}{task.headline[1:]}:"
        yield f"  {task.commands[0]}"
    if len(waiting) > MOST_TASKS:
        yield f"and {len(waiting) - MOST_TASKS} more"
    yield "All of it, with the details:"
    yield f"  {session.command('next')}"
    yield "Then go on with:"
    yield f"  {session.run_command(name)}"
