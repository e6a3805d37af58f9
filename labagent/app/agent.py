"""The ask/tell door, for people who keep their own loop.

::

    from labagent.app.agent import Agent

    with Agent.open("campaign.yaml") as agent:
        for suggestion in agent.ask(2):
            value = my_experiment(**suggestion.intervention)
            agent.tell(suggestion, {"plqy": value})

Everything goes through a logbook, so predictions are sealed before results arrive and
``labagent history --db …`` shows them; without a database it is kept in memory.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd

from db import open_logbook
from labagent.app.cells import cells, titles
from labagent.app.database import database_url
from labagent.app.questions import Questions
from labagent.app.telling import Outcome, measurements, outcomes, regime, settings
from labagent.app.text import expected
from labagent.app.text import settings as shown
from labagent.campaigns import Campaign
from labagent.config import load, read_history
from labagent.errors import DataError
from labagent.experiments import (
    ExperimentRecord,
    Kind,
    Prediction,
    StepRecord,
    StepState,
)
from labagent.loop import budget_left, predict, propose
from labagent.ports import ImportedRow, Logbook
from labagent.review import best
from labagent.variables import Intervention, intervention_key

LEASE = 60.0
"""Seconds between claiming a step and completing it, both inside ``tell``."""

_WITHOUT_OUTCOME = (StepState.APPROVED, StepState.RUNNING, StepState.UNKNOWN)
_LARGEST_NUMBER = 2**31 - 1  # of an experiment: what PostgreSQL's integers hold

Result = float | tuple[float, float]
"""A value, or a value and its standard uncertainty, in the quantity's declared unit."""


@dataclass(frozen=True)
class Suggestion:
    """What to try, and what is expected.

    Attributes:
        number: Number of the experiment.
        intervention: Control name to value, in declared units.
        predictions: Quantity to its sealed prediction.
    """

    number: int
    intervention: Intervention
    predictions: Mapping[str, Prediction]

    def __repr__(self) -> str:
        """Return number, settings and what is expected, as people read them."""
        hoped = ", ".join(f"{q} {expected(p)}" for q, p in self.predictions.items())
        return f"<experiment {self.number}: {shown(self.intervention, {})}; {hoped}>"


Told = Suggestion | int | Intervention
"""A suggestion, its number, or any intervention that was tried."""


class Agent:
    """Ask for suggestions, tell results, predict; close it, or use a ``with`` block."""

    def __init__(
        self, campaign: Campaign, logbook: Logbook, by: str = "ask/tell"
    ) -> None:
        self.campaign = campaign
        self._opened: Logbook | None = logbook
        self._by = by
        self._row = logbook.open_campaign(campaign, by)

    @classmethod
    def open(cls, path: str | Path, db: str | None = None) -> Self:
        """Return an agent for a campaign file, its table of past experiments read.

        Args:
            path: The campaign file.
            db: URL of the database to keep everything in, or the path of a SQLite
                file; in memory by default.

        Raises:
            ConfigurationError: The file or its table has mistakes.
            LogbookError: The database cannot be opened.
            DataError: The database holds another campaign of that name.
        """
        campaign = load(Path(path))
        past = read_history(campaign, Path(path).parent)
        if db is not None and not db.strip():
            raise DataError(f"db: got {db!r}, must be a URL or a path; None is memory")
        logbook = open_logbook("sqlite://" if db is None else database_url(db))
        try:
            agent = cls(campaign, logbook)
            agent._learn(past)
        except BaseException:
            logbook.close()
            raise
        return agent

    def __enter__(self) -> Self:
        """Return the agent."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the database."""
        self.close()

    def close(self) -> None:
        """Close the database; safe to repeat."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def ask(self, n: int = 1) -> list[Suggestion]:
        """Return up to n suggestions; those not told yet count as under way.

        Raises:
            DataError: n is not positive, or the budget or the space is used up.
        """
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise DataError(f"ask: got {n!r}, must be a whole number from 1")
        trials = self._logbook.trials(self._row.id)
        count = min(int(n), budget_left(self.campaign, trials))
        if count < 1:
            raise DataError(
                "ask: the budget is used up; raise `budget:` in the campaign file"
            )
        batch = len(self._logbook.decisions(self._row.id))
        decision = propose(self.campaign, trials, batch, int(count))
        if not decision.proposals:
            raise DataError("ask: every candidate has been tried or is under way")
        ids = self._logbook.add_decision(
            self._row.id, decision, self.campaign.stages, self._by
        )
        self._logbook.decide(ids, approved=True, by=self._by, reason="asked for")
        records = {r.id: r for r in self._logbook.experiments(self._row.id)}
        return [
            Suggestion(
                number=records[i].number,
                intervention=proposal.intervention,
                predictions={p.quantity: p for p in proposal.predictions},
            )
            for i, proposal in zip(ids, decision.proposals, strict=True)
        ]

    def tell(
        self,
        what: Told,
        results: Mapping[str, Result] | None = None,
        *,
        failed: str = "",
        was_set: Iterable[str] = (),
        observed: Iterable[str] = (),
    ) -> None:
        """Record what came out.

        A route of several stages may be told stage by stage, in their order.

        Args:
            what: A suggestion, its number, or any intervention that was tried.
            results: Quantity to value or (value, standard uncertainty).
            failed: Why there is no result; for suggestions only.
            was_set: Measured states that were set by hand, to the value in results, so
                that the intervention alone did not make them.
            observed: Controls that nobody set: they took their own course and were
                written down. Not for suggestions.

        Raises:
            DataError: A name, value or number is wrong; nothing is written.
        """
        if not results and not failed:
            raise DataError("tell: got no results, must have some, or say `failed=`")
        if not failed:
            self._tell([self._checked(what, results or {}, was_set, observed)])
        elif results:
            raise DataError(
                "tell: got results and `failed=`, must be one of them; tell the "
                "results first, then why the next stage failed"
            )
        elif isinstance(what, Mapping):
            raise DataError("tell: only a suggestion can be told to have failed")
        else:
            number, steps = self._open_steps(what)
            self._complete(Outcome(number, steps[0], StepState.FAILED, (), failed))

    def tell_all(self, told: Sequence[tuple[Told, Mapping[str, Result]]]) -> None:
        """Record what came out of several experiments, once all of it is checked.

        Args:
            told: What was tried, and its results, as :meth:`tell` takes them.

        Raises:
            DataError: A name, value or number is wrong; nothing is written.
        """
        self._tell([self._checked(what, results) for what, results in told])

    def _tell(self, checked: Sequence[ImportedRow | list[Outcome]]) -> None:
        asked = [c[0].number for c in checked if not isinstance(c, ImportedRow)]
        twice = [str(number) for number, times in Counter(asked).items() if times > 1]
        if twice:
            raise DataError(
                f"tell: got experiment {', '.join(twice)} twice, must be once"
            )
        for found in checked:
            if isinstance(found, ImportedRow):
                self._import(found)
            else:
                for outcome in found:
                    self._complete(outcome)

    def predict(
        self, interventions: Sequence[Intervention]
    ) -> list[dict[str, Prediction]]:
        """Return what is expected of interventions, quantity by quantity.

        Raises:
            DataError: An intervention lies outside the space.
        """
        asked = [settings(f"intervention {i}", x) for i, x in enumerate(interventions)]
        trials = self._logbook.trials(self._row.id)
        return [
            {p.quantity: p for p in row}
            for row in predict(self.campaign, trials, asked)
        ]

    def questions(self) -> Questions:
        """Return the causal model of what is known now: do, compare, identify, ...."""
        return Questions.of(self.campaign, self._logbook, self._row.id)

    def history(self) -> pd.DataFrame:
        """Return all experiments, one a row, indexed by their numbers.

        The columns are those of ``labagent history --csv``, with units.
        """
        return self._frame(self._logbook.experiments(self._row.id))

    def best(self) -> pd.DataFrame:
        """Return the best experiment, or the Pareto front, as :meth:`history` does."""
        records = self._logbook.experiments(self._row.id)
        return self._frame(best(self.campaign, records))

    def _frame(self, records: Sequence[ExperimentRecord]) -> pd.DataFrame:
        rows = [list(cells(self.campaign, record)) for record in records]
        return pd.DataFrame(rows, columns=list(titles(self.campaign))).set_index("id")

    @property
    def _logbook(self) -> Logbook:
        if self._opened is None:
            raise DataError("agent: is closed, must be open; open the campaign again")
        return self._opened

    def _learn(self, past: Sequence[ImportedRow]) -> None:
        """Import the campaign's own table; rows known before add nothing."""
        history = self.campaign.history
        rows = [r for r in past if any(m.kind is Kind.RESULT for m in r.measurements)]
        if history is not None and rows:
            self._logbook.import_rows(self._row.id, rows, history.file, self._by)

    def _checked(
        self,
        what: Told,
        results: object,
        was_set: Iterable[str] = (),
        observed: Iterable[str] = (),
    ) -> ImportedRow | list[Outcome]:
        """Return what is to be written, every name and value checked."""
        found = measurements(self.campaign, results)
        words = regime(self.campaign, found, was_set, observed)
        if not isinstance(what, Mapping):
            if free := [name for name, done in words.items() if not done]:
                raise DataError(
                    f"tell observed: got {', '.join(free)}, must be set as was "
                    "suggested; tell the intervention that was seen instead"
                )
            number, steps = self._open_steps(what)
            return outcomes(self.campaign, number, steps, found, words)
        intervention = settings("tell", what)
        problems = self.campaign.space.violations(intervention)
        if problems:
            raise DataError("tell: " + "; ".join(problems))
        return ImportedRow(intervention, found, words)

    def _open_steps(self, what: Suggestion | int) -> tuple[int, list[StepRecord]]:
        """Return an experiment's number and its steps without outcome, at least one."""
        number = what.number if isinstance(what, Suggestion) else what
        if isinstance(number, bool) or not isinstance(number, Integral):
            raise DataError(
                f"tell: got {what!r}, must be a suggestion, its number, or the "
                "intervention that was tried"
            )
        numbers = [int(number)] if 0 < number <= _LARGEST_NUMBER else []
        records = self._logbook.experiments(self._row.id, numbers)
        if not records or _differs(records[0], what):
            raise DataError(
                f"tell: got experiment {number}, must be one that was asked here"
            )
        steps = [s for s in records[0].steps if s.state in _WITHOUT_OUTCOME]
        if not steps:
            raise DataError(
                f"tell: got experiment {number}, which is {records[0].state.value}, "
                "must be approved and without a result; to add a replicate, tell its "
                "intervention"
            )
        return int(number), steps

    def _import(self, row: ImportedRow) -> None:
        # a source of its own each time: equal results told twice are replicates
        first = len(self._logbook.trials(self._row.id).rows) + 1
        for told in itertools.count(first):
            new, _ = self._logbook.import_rows(
                self._row.id, [row], f"told {told}", self._by
            )
            if new:  # else another process told the same under this name
                return

    def _complete(self, outcome: Outcome) -> None:
        step, found = outcome.step, outcome.measurements
        state, message = outcome.state, outcome.message
        if step.handed_over or step.state is StepState.UNKNOWN:
            said = outcome.regime
            self._logbook.record(step.id, state, found, message, self._by, said)
            return
        claim = self._logbook.claim(self._row.id, self._by, LEASE, step.id)
        if claim is None:
            raise DataError(
                f"tell: got experiment {outcome.number}, which somebody else runs now, "
                "must be free"
            )
        by = {"by": self._by}
        self._logbook.complete(claim, state, found, message, by, outcome.regime)


def _differs(record: ExperimentRecord, what: Suggestion | int) -> bool:
    """Return whether a suggestion was made by another campaign's agent."""
    if not isinstance(what, Suggestion):
        return False
    ours = intervention_key(record.intervention)
    return ours != intervention_key(what.intervention)
