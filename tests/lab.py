"""A campaign a person carries out, in a folder of its own, and the command line."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from db import SqlLogbook, open_logbook
from labagent import config
from labagent.app.main import app
from labagent.campaigns import Campaign
from labagent.experiments import (
    Basis,
    Decision,
    Member,
    Prediction,
    Proposal,
    RunnerUp,
)

FILMS = """\
labagent: 1
name: films
goal: Bright films.
objectives:
  plqy: {unit: percent, goal: maximize, good_enough: 35, expect: [0, 60]}
measured:
  grain_size: {unit: nm, expect: [10, 500]}
controls:
  temperature: {range: [80, 180], unit: degC}
  solvent: {choices: [DMF, DMSO]}
context:
  humidity: {unit: percent, range: [10, 60]}
  operator: {kind: label}
executors: {bench: manual}
cost: 12 EUR
duration: 2 hour
budget: {experiments: 20, cost: 500 EUR}
leash: approve_batch
batch: 2
seed: 7
"""


@dataclass(frozen=True)
class Lab:
    """A folder with the campaign file ``films.yaml`` and its database.

    Attributes:
        folder: Also the current folder.
    """

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "films.yaml"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'labagent.db'}"

    @property
    def campaign(self) -> Campaign:
        return config.load(self.file)

    def __call__(self, *words: object, **env: str) -> Result:
        """Run ``labagent`` with these words."""
        return CliRunner().invoke(app, [str(w) for w in words], env=env)

    def answer(self, *words: object) -> Any:  # noqa: ANN401
        """Run ``labagent ... --json``, which must succeed, and return its answer."""
        result = self(*words, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout)

    @contextmanager
    def logbook(self) -> Iterator[tuple[SqlLogbook, int]]:
        """Open the database behind the command line's back."""
        logbook = open_logbook(self.url)
        try:
            yield logbook, logbook.open_campaign(self.campaign, "ada").id
        finally:
            logbook.close()

    def propose(self, *temperatures: float) -> None:
        """Propose one experiment per temperature, with predictions of a model."""
        with self.logbook() as (logbook, row):
            batch = len(logbook.decisions(row))
            decision = _decision(batch, temperatures)
            logbook.add_decision(row, decision, self.campaign.stages, "agent")

    def approve(self) -> None:
        """Approve whatever waits."""
        with self.logbook() as (logbook, row):
            waiting = [r.id for r in logbook.experiments(row) if r.approval is None]
            logbook.decide(waiting, True, "ada", "looks safe")

    def tamper(self, *statements: str) -> None:
        """Change the database with another tool, its triggers dropped first."""
        with closing(sqlite3.connect(self.folder / "labagent.db")) as connection:
            triggers = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for (name,) in triggers:
                connection.execute(f'DROP TRIGGER "{name}"')
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def hand_over(self) -> None:
        """Hand every approved step to a person, as a run does."""
        with self.logbook() as (logbook, row):
            while claim := logbook.claim(row, "worker", 60.0):
                logbook.hand_over(claim)


def _decision(batch: int, temperatures: tuple[float, ...]) -> Decision:
    return Decision(
        batch=batch,
        as_of=1,
        strategy="model",
        acquisition="qLogNEI",
        seed=99,
        trained_on=3,
        pending=(),
        model={"plain": {"plqy": {"lengthscales": [0.25, 1.5]}}},
        versions={"torch": "2.13"},
        proposals=tuple(_proposal(t) for t in temperatures),
    )


def _proposal(temperature: float) -> Proposal:
    def member(quantity: str, unit: str, mean: float, std: float) -> Prediction:
        return Prediction(quantity, unit, (Member("gp", 1.0, mean, std),), Basis.MODEL)

    rival = {"temperature": temperature + 1, "solvent": "DMF"}
    return Proposal(
        intervention={"temperature": temperature, "solvent": "DMSO"},
        predictions=(
            member("plqy", "percent", 20.0, 2.0),
            member("grain_size", "nm", 200.0, 10.0),
        ),
        score=0.75,
        runners_up=(RunnerUp(rival, 0.5),),
    )
