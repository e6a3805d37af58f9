"""Memory as it began: campaigns, decisions, experiments, steps, seals, chain.

Revision 0001.
"""

from datetime import UTC, datetime

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=False)


def _ref(table: str) -> Column[int]:
    return Column(f"{table}_id", Integer, ForeignKey(f"{table}.id"), nullable=False)


def _optional_ref(table: str) -> Column[int]:
    return Column(f"{table}_id", Integer, ForeignKey(f"{table}.id"))


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _whole(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _number(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _json(name: str) -> Column[object]:
    return Column(name, JSON, nullable=False)


def _time(name: str) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=False)


def _event_seq() -> Column[int]:
    return Column("event_seq", Integer, nullable=False)


def upgrade() -> None:
    """Create every table."""
    _goals()
    _decisions()
    _experiments()
    _steps()
    _step_details()
    _predictions()
    _results()
    _reports()
    _chain()


def _goals() -> None:
    """Create the tables of what was asked for."""
    op.create_table(
        "campaign",
        _id(),
        _text("name"),
        _text("view_name"),
        _time("created_at"),
        _event_seq(),
        UniqueConstraint("name"),
        UniqueConstraint("view_name"),
    )
    op.create_table(
        "goal_version",
        _id(),
        _ref("campaign"),
        _whole("version"),
        _text("document"),
        _text("sha256"),
        _text("written_by"),
        _time("created_at"),
        _event_seq(),
        UniqueConstraint("campaign_id", "version"),
    )
    op.create_table(
        "variable",
        _id(),
        _ref("goal_version"),
        _whole("position"),
        _text("name"),
        Column("role", Text, nullable=False),
        _text("unit"),
        _text("kind"),
        _json("species"),
        UniqueConstraint("goal_version_id", "name"),
        CheckConstraint("kind IN ('number', 'label', 'composition')", "kind"),
    )


def _decisions() -> None:
    """Create the tables of why it was proposed."""
    op.create_table(
        "model_version",
        _id(),
        _ref("campaign"),
        _text("sha256"),
        _json("content"),
        _time("created_at"),
        _event_seq(),
        UniqueConstraint("campaign_id", "sha256"),
    )
    op.create_table(
        "decision",
        _id(),
        _ref("campaign"),
        _ref("goal_version"),
        _ref("model_version"),
        _whole("batch"),
        _whole("as_of"),
        _text("strategy"),
        _text("acquisition"),
        Column("seed", BigInteger, nullable=False),
        _whole("trained_on"),
        _json("pending"),
        _json("versions"),
        _text("decided_by"),
        _time("decided_at"),
        _event_seq(),
        UniqueConstraint("campaign_id", "batch"),
        CheckConstraint("as_of < event_seq", "as_of"),
    )


def _experiments() -> None:
    """Create the tables of what was proposed or imported."""
    op.create_table(
        "experiment",
        _id(),
        _ref("campaign"),
        _whole("number"),
        _ref("goal_version"),
        _optional_ref("decision"),
        Column("batch", Integer),
        _json("intervention"),
        _text("source"),
        Column("imported", Boolean, nullable=False),
        Column("import_key", Text),
        _number("score"),
        _json("runners_up"),
        _time("proposed_at"),
        _event_seq(),
        UniqueConstraint("campaign_id", "number"),
        UniqueConstraint("campaign_id", "import_key"),
        CheckConstraint("number > 0", "number"),
        CheckConstraint("imported = (import_key IS NOT NULL)", "import_key"),
        CheckConstraint("imported = (decision_id IS NULL)", "decision"),
        CheckConstraint("imported = (batch IS NULL)", "batch"),
    )


def _steps() -> None:
    """Create the tables of what is run, and where it stands."""
    op.create_table(
        "step",
        _id(),
        _ref("experiment"),
        _text("stage"),
        _whole("position"),
        _text("executor"),
        _text("key"),
        _text("state"),
        _whole("token"),
        _whole("attempts"),
        Column("worker", Text),
        Column("handed_over", Boolean, nullable=False),
        Column("lease_until", DateTime(timezone=True)),
        Column("dispatched_at", DateTime(timezone=True)),
        Column("finished_at", DateTime(timezone=True)),
        _text("message"),
        _json("provenance"),
        UniqueConstraint("experiment_id", "position"),
        UniqueConstraint("key"),
        CheckConstraint(
            "state IN ('proposed', 'approved', 'running', 'measured', 'failed', "
            "'unknown', 'cancelled', 'rejected', 'abandoned')",
            "state",
        ),
        CheckConstraint(
            "state <> 'running' OR dispatched_at IS NOT NULL", "dispatched"
        ),
        CheckConstraint("state <> 'running' OR worker IS NOT NULL", "worker"),
        CheckConstraint(
            "(finished_at IS NULL) = "
            "(state IN ('proposed', 'approved', 'running', 'unknown'))",
            "finished",
        ),
    )
    op.create_index("ix_step_state", "step", ["state"])


def _step_details() -> None:
    """Create the tables of what a step measures and which states it went through."""
    op.create_table(
        "step_quantity",
        _id(),
        _ref("step"),
        _text("quantity"),
        _text("unit"),
        UniqueConstraint("step_id", "quantity"),
    )
    op.create_table(
        "step_state",
        _id(),
        _ref("step"),
        _text("state"),
        _whole("token"),
        Column("worker", Text),
        _text("message"),
        _time("entered_at"),
        _event_seq(),
        UniqueConstraint("step_id", "event_seq"),
    )


def _predictions() -> None:
    """Create the table of what was expected."""
    op.create_table(
        "prediction",
        _id(),
        _ref("experiment"),
        _text("quantity"),
        _text("unit"),
        _number("mean"),
        _number("std"),
        _number("q05"),
        _number("q95"),
        _text("basis"),
        _json("members"),
        _time("sealed_at"),
        _event_seq(),
        UniqueConstraint("experiment_id", "quantity"),
        CheckConstraint("std > 0", "std"),
        CheckConstraint("basis IN ('prior', 'model')", "basis"),
    )


def _results() -> None:
    """Create the tables of what was seen, and what people said."""
    op.create_table(
        "measurement",
        _id(),
        _ref("step"),
        _ref("experiment"),
        _text("quantity"),
        Column("value", Double),
        Column("label", Text),
        _text("unit"),
        Column("sigma", Double),
        _text("quality"),
        _text("kind"),
        Column("raw", Text),
        _time("measured_at"),
        _event_seq(),
        CheckConstraint("(value IS NULL) <> (label IS NULL)", "value"),
        CheckConstraint("sigma IS NULL OR sigma >= 0", "sigma"),
        CheckConstraint("kind IN ('result', 'context', 'readback')", "kind"),
    )
    op.create_index("ix_measurement_experiment_id", "measurement", ["experiment_id"])
    op.create_table(
        "approval",
        _id(),
        _ref("experiment"),
        Column("approved", Boolean, nullable=False),
        _text("approved_by"),
        _text("reason"),
        _time("approved_at"),
        _event_seq(),
        UniqueConstraint("experiment_id"),
    )


def _reports() -> None:
    """Create the tables of who ran it and what was told."""
    op.create_table(
        "executor",
        _id(),
        _ref("campaign"),
        _text("name"),
        _text("sha256"),
        _json("capabilities"),
        _time("registered_at"),
        _event_seq(),
        UniqueConstraint("campaign_id", "name", "sha256"),
    )
    op.create_table(
        "finding",
        _id(),
        _ref("campaign"),
        _text("kind"),
        _text("text"),
        _text("sha256"),
        Column("experiment", Integer),
        _json("details"),
        _time("found_at"),
        _event_seq(),
        UniqueConstraint("campaign_id", "sha256"),
    )
    op.create_table(
        "artifact",
        _id(),
        _ref("campaign"),
        _optional_ref("experiment"),
        _text("kind"),
        _text("path"),
        _text("sha256"),
        _time("kept_at"),
        _event_seq(),
    )


def _chain() -> None:
    """Create the tables of the hash chain and its head."""
    op.create_table(
        "event",
        Column("seq", Integer, primary_key=True, autoincrement=False),
        Column("campaign_id", Integer),
        _time("at"),
        _text("kind"),
        _text("actor"),
        _text("payload"),
        _text("hash"),
    )
    head = op.create_table(
        "chain_head",
        _id(),
        _whole("seq"),
        _text("hash"),
        _time("at"),
        CheckConstraint("id = 1", "single"),
    )
    start = {
        "id": 1,
        "seq": 0,
        "hash": "0" * 64,
        "at": datetime(1970, 1, 1, tzinfo=UTC),
    }
    op.bulk_insert(head, [start])


def downgrade() -> None:
    """Remove every table and what it holds."""
    for name in (
        "chain_head",
        "event",
        "artifact",
        "finding",
        "executor",
        "approval",
        "measurement",
        "prediction",
        "step_state",
        "step_quantity",
        "step",
        "experiment",
        "decision",
        "model_version",
        "variable",
        "goal_version",
        "campaign",
    ):
        op.drop_table(name)
