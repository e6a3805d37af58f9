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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from db import open_logbook
from labagent.campaigns import Campaign, Stage
from labagent.config import load
from labagent.errors import DataError
from labagent.experiments import Measurement, Prediction, StepState
from labagent.loop import budget_left, predict, propose
from labagent.ports import ImportedRow, Logbook
from labagent.variables import Intervention

LEASE = 60.0
"""Seconds between claiming a step and completing it, both inside ``tell``."""

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


class Agent:
    """Ask for suggestions, tell results, predict; in a ``with`` block or closed by hand."""

    def __init__(
        self, campaign: Campaign, logbook: Logbook, by: str = "ask/tell"
    ) -> None:
        self.campaign = campaign
        self._logbook = logbook
        self._by = by
        self._row = logbook.open_campaign(campaign, by)

    @classmethod
    def open(cls, path: str | Path, db: str | None = None) -> Self:
        """Return an agent for a campaign file.

        Args:
            path: The campaign file.
            db: Database URL to keep everything in; in memory by default.

        Raises:
            ConfigurationError: The file has mistakes.
        """
        return cls(load(Path(path)), open_logbook(db or "sqlite://"))

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
        self._logbook.close()

    def ask(self, n: int = 1) -> list[Suggestion]:
        """Return up to n suggestions; those not told yet count as under way.

        Raises:
            DataError: n is not positive, or the budget or the space is used up.
        """
        if n < 1:
            raise DataError(f"ask: got {n} suggestions, must be at least 1")
        trials = self._logbook.trials(self._row.id)
        count = min(n, budget_left(self.campaign, trials))
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
        what: Suggestion | int | Intervention,
        results: Mapping[str, Result] | None = None,
        *,
        failed: str = "",
    ) -> None:
        """Record what came out.

        Args:
            what: A suggestion, its number, or any intervention that was tried.
            results: Quantity to value or (value, standard uncertainty).
            failed: Why there is no result; for suggestions only.

        Raises:
            DataError: A name, value or number is wrong; nothing is written.
        """
        if not results and not failed:
            raise DataError("tell: got no results, must have some, or say `failed=`")
        if isinstance(what, Mapping):
            self._import(what, self._measurements(results or {}))
        else:
            number = what if isinstance(what, int) else what.number
            self._complete(number, self._measurements(results or {}), failed)

    def predict(
        self, interventions: Sequence[Intervention]
    ) -> list[dict[str, Prediction]]:
        """Return what is expected of interventions, quantity by quantity.

        Raises:
            DataError: An intervention lies outside the space.
        """
        trials = self._logbook.trials(self._row.id)
        return [
            {p.quantity: p for p in row}
            for row in predict(self.campaign, trials, interventions)
        ]

    def _measurements(self, results: Mapping[str, Result]) -> list[Measurement]:
        known = {v.name: v for v in self.campaign.measured}
        unknown = [name for name in results if name not in known]
        if unknown:
            raise DataError(
                f"tell: got {', '.join(unknown)}, must be among {', '.join(known)}"
            )
        found: list[Measurement] = []
        for name, result in results.items():
            value, sigma = result if isinstance(result, tuple) else (result, None)
            problems = known[name].domain.violations(value)
            if problems:
                raise DataError(f"tell {name}: {problems[0]}")
            found.append(Measurement(name, float(value), known[name].unit, sigma=sigma))
        return found

    def _import(self, what: Intervention, measurements: list[Measurement]) -> None:
        problems = self.campaign.space.violations(what)
        if problems:
            raise DataError("tell: " + "; ".join(problems))
        if not measurements:
            raise DataError("tell: only a suggestion can be told to have failed")
        # a source of its own each time: equal results told twice are replicates
        told = len(self._logbook.trials(self._row.id).rows) + 1
        row = ImportedRow(intervention=what, measurements=tuple(measurements))
        self._logbook.import_rows(self._row.id, [row], f"told {told}", self._by)

    def _complete(self, number: int, found: list[Measurement], failed: str) -> None:
        records = self._logbook.experiments(self._row.id, [number])
        if not records:
            raise DataError(
                f"tell: got experiment {number}, must be one that was asked"
            )
        for step in records[0].steps:
            if step.state is not StepState.APPROVED:
                continue
            stage = next(s for s in self.campaign.stages if s.name == step.stage)
            seen = _of_stage(stage, found)
            claim = self._logbook.claim(self._row.id, self._by, LEASE, step.id)
            if claim is None:
                raise DataError(f"tell: experiment {number} has a result already")
            state = StepState.FAILED if failed else StepState.MEASURED
            self._logbook.complete(claim, state, seen, failed, {"by": self._by})
            if failed:
                return


def _of_stage(stage: Stage, found: Sequence[Measurement]) -> list[Measurement]:
    return [m for m in found if m.quantity in stage.measures]
