"""The tables of memory, as SQLAlchemy sees them.

A migration under ``db/migrations/versions`` makes the same tables; a test compares the
two. Rows are only ever added, except in ``step`` (whose state moves) and ``chain_head``
(which points at the newest event); triggers see to that. A column that is added later
must be nullable: the events before it tell of no value, and ``verify`` compares.

Every table's ``id`` counts from 1 without gaps, per database. ``event_seq`` names the
event that added the row, so that any past view of memory can be read again.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0001"
"""Revision of the newest migration; a test compares it with the migrations."""

REVISIONS = frozenset({"0001"})
"""Every revision this program can upgrade from; any other is newer or foreign."""


class Utc(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it as ISO text with microseconds."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Convert to UTC; SQLite's text carries no zone."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Return an aware time in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


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
    return Column(name, JSON(none_as_null=True), nullable=False)


def _time(name: str) -> Column[datetime]:
    return Column(name, Utc, nullable=False)


def _event_seq() -> Column[int]:
    return Column("event_seq", Integer, nullable=False)


campaign = Table(
    "campaign",
    metadata,
    _id(),
    _text("name"),
    _text("view_name"),
    _time("created_at"),
    _event_seq(),
    UniqueConstraint("name"),
    UniqueConstraint("view_name"),
)

goal_version = Table(
    "goal_version",
    metadata,
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

variable = Table(
    "variable",
    metadata,
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

model_version = Table(
    "model_version",
    metadata,
    _id(),
    _ref("campaign"),
    _text("sha256"),
    _json("content"),
    _time("created_at"),
    _event_seq(),
    UniqueConstraint("campaign_id", "sha256"),
)

decision = Table(
    "decision",
    metadata,
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

experiment = Table(
    "experiment",
    metadata,
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

step = Table(
    "step",
    metadata,
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
    Column("lease_until", Utc),
    Column("dispatched_at", Utc),
    Column("finished_at", Utc),
    _text("message"),
    _json("provenance"),
    UniqueConstraint("experiment_id", "position"),
    UniqueConstraint("key"),
    CheckConstraint(
        "state IN ('proposed', 'approved', 'running', 'measured', 'failed', "
        "'unknown', 'cancelled', 'rejected', 'abandoned')",
        "state",
    ),
    CheckConstraint("state <> 'running' OR dispatched_at IS NOT NULL", "dispatched"),
    CheckConstraint("state <> 'running' OR worker IS NOT NULL", "worker"),
    CheckConstraint(
        "(finished_at IS NULL) = "
        "(state IN ('proposed', 'approved', 'running', 'unknown'))",
        "finished",
    ),
)
Index(None, step.c.state)

step_quantity = Table(
    "step_quantity",
    metadata,
    _id(),
    _ref("step"),
    _text("quantity"),
    _text("unit"),
    UniqueConstraint("step_id", "quantity"),
)

step_state = Table(
    "step_state",
    metadata,
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

prediction = Table(
    "prediction",
    metadata,
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

measurement = Table(
    "measurement",
    metadata,
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
Index(None, measurement.c.experiment_id)

approval = Table(
    "approval",
    metadata,
    _id(),
    _ref("experiment"),
    Column("approved", Boolean, nullable=False),
    _text("approved_by"),
    _text("reason"),
    _time("approved_at"),
    _event_seq(),
    UniqueConstraint("experiment_id"),
)

executor = Table(
    "executor",
    metadata,
    _id(),
    _ref("campaign"),
    _text("name"),
    _text("sha256"),
    _json("capabilities"),
    _time("registered_at"),
    _event_seq(),
    UniqueConstraint("campaign_id", "name", "sha256"),
)

finding = Table(
    "finding",
    metadata,
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

artifact = Table(
    "artifact",
    metadata,
    _id(),
    _ref("campaign"),
    _optional_ref("experiment"),
    _text("kind"),
    _text("path"),
    _text("sha256"),
    _time("kept_at"),
    _event_seq(),
)

event = Table(
    "event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("campaign_id", Integer),
    _time("at"),
    _text("kind"),
    _text("actor"),
    _text("payload"),
    _text("hash"),
)

chain_head = Table(
    "chain_head",
    metadata,
    _id(),
    _whole("seq"),
    _text("hash"),
    _time("at"),
    CheckConstraint("id = 1", "single"),
)

CHAINED: tuple[Table, ...] = tuple(
    table for table in metadata.sorted_tables if table not in (event, chain_head)
)
"""Tables whose every row is written down in an event, each after those it refers to."""

OUTSIDE: frozenset[str] = frozenset({"step.lease_until"})
"""Columns the chain leaves out: a heartbeat moves them and is no event."""
