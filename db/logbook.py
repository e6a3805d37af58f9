"""The logbook on SQL: every method is one transaction of the modules beside it."""

from collections.abc import Iterable, Mapping, Sequence

from db import campaigns, claims, corrections, importing, proposing, reading, regimes
from db.campaigns import check_goal
from db.engine import Database, shown
from db.revisions import bring_up, found_revision
from db.verification import find_faults
from db.writing import transaction
from labagent.campaigns import Campaign, Stage
from labagent.errors import DataError
from labagent.experiments import (
    USUAL,
    Decision,
    ExperimentRecord,
    Measurement,
    Regime,
    StepState,
    Trials,
)
from labagent.ports import (
    CampaignRow,
    Claim,
    Correction,
    DecisionRecord,
    EventRow,
    Fault,
    Finding,
    ImportedRow,
)

_AGENT = "agent"


class SqlLogbook:
    """Memory on SQLite or PostgreSQL; see :class:`labagent.ports.Logbook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_campaign(self, campaign: Campaign, by: str) -> CampaignRow:
        """Register a campaign, or a new goal version if its document changed."""
        with transaction(self._database, "open", by) as writer:
            campaigns.write_campaign(writer, campaign, by)
            (row,) = reading.read_campaigns(writer.connection, campaign.name)
            return row

    def campaign(self, name: str | None = None) -> CampaignRow:
        """Return a campaign by name; without one, the only campaign there is."""
        found = self.campaigns()
        chosen = [row for row in found if name in (None, row.name)]
        if len(chosen) == 1:
            return chosen[0]
        known = ", ".join(row.name for row in found) or "none"
        raise DataError(
            f"campaign {name or '(no name)'}: got {len(chosen)} in the database, must "
            f"be one; there is {known}"
        )

    def campaigns(self) -> tuple[CampaignRow, ...]:
        """Return all campaigns."""
        with self._database.reading() as connection:
            return reading.read_campaigns(connection)

    def document(self, campaign: int, goal_version: int | None = None) -> str:
        """Return a goal version's document; the newest by default."""
        with self._database.reading() as connection:
            return reading.read_document(connection, campaign, goal_version)

    def trials(self, campaign: int, as_of: int | None = None) -> Trials:
        """Return all experiments as they stood after event ``as_of``."""
        with self._database.reading() as connection:
            return reading.read_trials(connection, campaign, as_of)

    def experiments(
        self, campaign: int, numbers: Iterable[int] | None = None
    ) -> tuple[ExperimentRecord, ...]:
        """Return experiments for review, in order of their numbers."""
        with self._database.reading() as connection:
            return reading.read_experiments(connection, campaign, numbers)

    def decisions(self, campaign: int) -> tuple[DecisionRecord, ...]:
        """Return every decision in order."""
        with self._database.reading() as connection:
            return reading.read_decisions(connection, campaign)

    def add_decision(
        self,
        campaign: int,
        decision: Decision,
        stages: Sequence[Stage],
        by: str,
        goal_version: int | None = None,
    ) -> tuple[int, ...]:
        """Write decision, experiments, steps and sealed predictions; return ids."""
        with transaction(self._database, "propose", by, campaign) as writer:
            check_goal(writer.connection, campaign, goal_version)
            return proposing.write_decision(writer, campaign, decision, stages, by)

    def import_rows(
        self, campaign: int, rows: Sequence[ImportedRow], source: str, by: str
    ) -> tuple[int, int]:
        """Add past experiments; return how many were new and how many were known."""
        with transaction(self._database, "import", by, campaign) as writer:
            return importing.write_imports(writer, campaign, rows, source, by)

    def decide(
        self, experiments: Sequence[int], approved: bool, by: str, reason: str
    ) -> None:
        """Approve or reject proposed experiments (row ids), all or none."""
        kind = "approve" if approved else "reject"
        with transaction(self._database, kind, by) as writer:
            proposing.write_approval(
                writer, experiments, approved=approved, by=by, reason=reason
            )

    def claim(
        self,
        campaign: int,
        worker: str,
        lease: float,
        step: int | None = None,
        goal_version: int | None = None,
    ) -> Claim | None:
        """Lease the first runnable step (or the one named) for ``lease`` seconds."""
        with self._database.reading() as connection:  # waiting workers lock nothing
            if not claims.is_runnable(connection, campaign, step):
                return None
        with transaction(self._database, "claim", worker, campaign) as writer:
            check_goal(writer.connection, campaign, goal_version)
            return claims.claim_step(writer, campaign, worker, lease, step)

    def runnable(self, campaign: int) -> tuple[int, ...]:
        """Return ids of the steps ``claim`` would give out now, in order."""
        with self._database.reading() as connection:
            return claims.runnable_steps(connection, campaign)

    def lapse(self, worker: str) -> int:
        """End the leases of a worker known to be dead; return how many."""
        with transaction(self._database, "lapse", _AGENT) as writer:
            return claims.lapse_leases(writer, worker)

    def workers(self, campaign: int) -> tuple[str, ...]:
        """Return workers that hold a lease."""
        with self._database.reading() as connection:
            return claims.lease_holders(connection, campaign)

    def heartbeat(self, claim: Claim, lease: float) -> None:
        """Extend the lease."""
        with self._database.writing() as connection:
            claims.extend_lease(connection, claim, lease)

    def hand_over(self, claim: Claim) -> None:
        """Leave a running step with a person: its lease ends only by a result."""
        with transaction(self._database, "hand over", claim.worker) as writer:
            claims.hand_over_step(writer, claim)

    def release(self, claim: Claim, message: str) -> None:
        """Give a step back to ``approved``: the executor saw nothing of it."""
        with transaction(self._database, "release", claim.worker) as writer:
            claims.release_step(writer, claim, message)

    def complete(
        self,
        claim: Claim,
        state: StepState,
        measurements: Sequence[Measurement],
        message: str,
        provenance: Mapping[str, object],
        regime: Regime = USUAL,
    ) -> None:
        """Write state, results, provenance and event in one transaction."""
        with transaction(self._database, "complete", claim.worker) as writer:
            claims.complete_step(
                writer, claim, state, measurements, message, provenance
            )
            regimes.write_regime(writer, claim.experiment, regime, claim.worker)

    def record(
        self,
        step: int,
        state: StepState,
        measurements: Sequence[Measurement],
        message: str,
        by: str,
        regime: Regime = USUAL,
    ) -> None:
        """Write what a person says of a step that is handed over, or unknown."""
        with transaction(self._database, "record", by) as writer:
            claims.record_step(writer, step, state, measurements, message, by)
            owner = claims.owner_of(writer.connection, step)
            regimes.write_regime(writer, owner.experiment_id, regime, by)

    def correct(
        self,
        experiment: int,
        wrong: Iterable[str],
        measurements: Sequence[Measurement],
        reason: str,
        by: str,
        regime: Regime = USUAL,
    ) -> None:
        """Say what of an experiment (row id) is wrong, and what is right."""
        names = list(wrong)
        with transaction(self._database, "correct", by) as writer:
            if names or measurements or not regime:
                corrections.write_correction(
                    writer, experiment, names, measurements, reason, by
                )
            regimes.correct_regime(writer, experiment, regime, by, reason)

    def corrections(self, campaign: int) -> tuple[Correction, ...]:
        """Return what was corrected, in order."""
        with self._database.reading() as connection:
            return corrections.read_corrections(connection, campaign)

    def cancel(self, steps: Sequence[int], by: str, reason: str) -> None:
        """Cancel approved steps that have not been claimed."""
        with transaction(self._database, "cancel", by) as writer:
            claims.cancel_steps(writer, steps, reason)

    def register_executor(
        self, campaign: int, name: str, capabilities: Mapping[str, object]
    ) -> str:
        """Keep an executor's capabilities; return their sha256."""
        with transaction(self._database, "register", _AGENT, campaign) as writer:
            return campaigns.write_executor(writer, campaign, name, capabilities)

    def add_finding(self, campaign: int, finding: Finding) -> None:
        """Keep something worth telling; the same text twice is kept once."""
        with transaction(self._database, "find", _AGENT, campaign) as writer:
            campaigns.write_finding(writer, campaign, finding)

    def findings(self, campaign: int) -> tuple[Finding, ...]:
        """Return what was worth telling, in order."""
        with self._database.reading() as connection:
            return reading.read_findings(connection, campaign)

    def events(self, campaign: int | None = None) -> tuple[EventRow, ...]:
        """Return the chain's events in order."""
        with self._database.reading() as connection:
            return reading.read_events(connection, campaign)

    def verify(self) -> tuple[Fault, ...]:
        """Check hash chain, rows against events, seals and their times, and gaps."""
        with self._database.reading() as connection:
            return find_faults(connection)

    def close(self) -> None:
        """Release connections; safe to repeat."""
        self._database.close()


def open_logbook(url: str) -> SqlLogbook:
    """Open a database, creating or upgrading its schema where needed.

    Args:
        url: ``sqlite:///file.db``, ``sqlite://`` (in memory), ``postgresql://…``.

    Raises:
        SchemaError: The schema is newer than this program, or not one of ours.
        LogbookError: The database cannot be reached.
    """
    database = Database(url)
    try:
        bring_up(database)
    except BaseException:
        database.close()
        raise
    return SqlLogbook(database)


def upgrade(url: str) -> str:
    """Bring a database to this program's schema and return its revision."""
    open_logbook(url).close()
    return revision(url) or ""


def revision(url: str) -> str | None:
    """Return a database's schema revision, changing nothing; None where it is empty."""
    database = Database(url)
    try:
        with database.reading() as connection:
            return found_revision(connection, shown(database.url))
    finally:
        database.close()
