"""The tables of memory, as SQLAlchemy sees them.

A migration under ``db/migrations/versions`` makes the same tables; a test compares the
two. Rows are only ever added, except in ``step`` (whose state moves) and ``chain_head``
(which points at the newest event); triggers see to that. A column that is added later
must be nullable: the events before it tell of no value, and ``verify`` compares.

Every table's ``id`` counts from 1 without gaps, per database. ``event_seq`` names the
event that added the row, so that any past view of memory can be read again.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from db.columns import (
    Utc,
    event_seq,
    json_column,
    number,
    optional_ref,
    ref,
    row_id,
    text_column,
    time_column,
    whole,
)

HEAD = "0003"
"""Revision of the newest migration; a test compares it with the migrations."""

REVISIONS = frozenset({"0001", "0002", "0003"})
"""Every revision this program can upgrade from; any other is newer or foreign."""


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


campaign = Table(
    "campaign",
    metadata,
    row_id(),
    text_column("name"),
    text_column("view_name"),
    time_column("created_at"),
    event_seq(),
    UniqueConstraint("name"),
    UniqueConstraint("view_name"),
)

goal_version = Table(
    "goal_version",
    metadata,
    row_id(),
    ref("campaign"),
    whole("version"),
    text_column("document"),
    text_column("sha256"),
    text_column("written_by"),
    time_column("created_at"),
    event_seq(),
    UniqueConstraint("campaign_id", "version"),
)

variable = Table(
    "variable",
    metadata,
    row_id(),
    ref("goal_version"),
    whole("position"),
    text_column("name"),
    Column("role", Text, nullable=False),
    text_column("unit"),
    text_column("kind"),
    json_column("species"),
    UniqueConstraint("goal_version_id", "name"),
    CheckConstraint("kind IN ('number', 'label', 'composition')", "kind"),
)

model_version = Table(
    "model_version",
    metadata,
    row_id(),
    ref("campaign"),
    text_column("sha256"),
    json_column("content"),
    time_column("created_at"),
    event_seq(),
    UniqueConstraint("campaign_id", "sha256"),
)

decision = Table(
    "decision",
    metadata,
    row_id(),
    ref("campaign"),
    ref("goal_version"),
    ref("model_version"),
    whole("batch"),
    whole("as_of"),
    text_column("strategy"),
    text_column("acquisition"),
    Column("seed", BigInteger, nullable=False),
    whole("trained_on"),
    json_column("pending"),
    json_column("versions"),
    text_column("decided_by"),
    time_column("decided_at"),
    event_seq(),
    UniqueConstraint("campaign_id", "batch"),
    CheckConstraint("as_of < event_seq", "as_of"),
)

experiment = Table(
    "experiment",
    metadata,
    row_id(),
    ref("campaign"),
    whole("number"),
    ref("goal_version"),
    optional_ref("decision"),
    Column("batch", Integer),
    json_column("intervention"),
    text_column("source"),
    Column("imported", Boolean, nullable=False),
    Column("import_key", Text),
    number("score"),
    json_column("runners_up"),
    time_column("proposed_at"),
    event_seq(),
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
    row_id(),
    ref("experiment"),
    text_column("stage"),
    whole("position"),
    text_column("executor"),
    text_column("key"),
    text_column("state"),
    whole("token"),
    whole("attempts"),
    Column("worker", Text),
    Column("handed_over", Boolean, nullable=False),
    Column("lease_until", Utc),
    Column("dispatched_at", Utc),
    Column("finished_at", Utc),
    text_column("message"),
    json_column("provenance"),
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
    row_id(),
    ref("step"),
    text_column("quantity"),
    text_column("unit"),
    UniqueConstraint("step_id", "quantity"),
)

step_state = Table(
    "step_state",
    metadata,
    row_id(),
    ref("step"),
    text_column("state"),
    whole("token"),
    Column("worker", Text),
    text_column("message"),
    time_column("entered_at"),
    event_seq(),
    UniqueConstraint("step_id", "event_seq"),
)

prediction = Table(
    "prediction",
    metadata,
    row_id(),
    ref("experiment"),
    text_column("quantity"),
    text_column("unit"),
    number("mean"),
    number("std"),
    number("q05"),
    number("q95"),
    text_column("basis"),
    json_column("members"),
    time_column("sealed_at"),
    event_seq(),
    UniqueConstraint("experiment_id", "quantity"),
    CheckConstraint("std > 0", "std"),
    CheckConstraint("basis IN ('prior', 'model')", "basis"),
)

measurement = Table(
    "measurement",
    metadata,
    row_id(),
    ref("step"),
    ref("experiment"),
    text_column("quantity"),
    Column("value", Double),
    Column("label", Text),
    text_column("unit"),
    Column("sigma", Double),
    text_column("quality"),
    text_column("kind"),
    Column("raw", Text),
    time_column("measured_at"),
    event_seq(),
    CheckConstraint("(value IS NULL) <> (label IS NULL)", "value"),
    CheckConstraint("sigma IS NULL OR sigma >= 0", "sigma"),
    CheckConstraint("kind IN ('result', 'context', 'readback')", "kind"),
)
Index(None, measurement.c.experiment_id)

# What a step saw of a quantity before this row's event counts no more; what is right,
# if that is known, is in measurements of the same event.
correction = Table(
    "correction",
    metadata,
    row_id(),
    ref("step"),
    text_column("quantity"),
    text_column("reason"),
    text_column("corrected_by"),
    time_column("corrected_at"),
    event_seq(),
    UniqueConstraint("step_id", "quantity", "event_seq"),
)

# Whether somebody set a control or a state in an experiment, or it took its own course.
# The newest word on a variable counts; without one a control was set, a state was not.
regime = Table(
    "regime",
    metadata,
    row_id(),
    ref("experiment"),
    text_column("variable"),
    Column("was_set", Boolean, nullable=False),
    text_column("reason"),
    text_column("said_by"),
    time_column("said_at"),
    event_seq(),
    UniqueConstraint("experiment_id", "variable", "event_seq"),
)

approval = Table(
    "approval",
    metadata,
    row_id(),
    ref("experiment"),
    Column("approved", Boolean, nullable=False),
    text_column("approved_by"),
    text_column("reason"),
    time_column("approved_at"),
    event_seq(),
    UniqueConstraint("experiment_id"),
)

executor = Table(
    "executor",
    metadata,
    row_id(),
    ref("campaign"),
    text_column("name"),
    text_column("sha256"),
    json_column("capabilities"),
    time_column("registered_at"),
    event_seq(),
    UniqueConstraint("campaign_id", "name", "sha256"),
)

finding = Table(
    "finding",
    metadata,
    row_id(),
    ref("campaign"),
    text_column("kind"),
    text_column("text"),
    text_column("sha256"),
    Column("experiment", Integer),
    json_column("details"),
    time_column("found_at"),
    event_seq(),
    UniqueConstraint("campaign_id", "sha256"),
)

artifact = Table(
    "artifact",
    metadata,
    row_id(),
    ref("campaign"),
    optional_ref("experiment"),
    text_column("kind"),
    text_column("path"),
    text_column("sha256"),
    time_column("kept_at"),
    event_seq(),
)

event = Table(
    "event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("campaign_id", Integer),
    time_column("at"),
    text_column("kind"),
    text_column("actor"),
    text_column("payload"),
    text_column("hash"),
)

chain_head = Table(
    "chain_head",
    metadata,
    row_id(),
    whole("seq"),
    text_column("hash"),
    time_column("at"),
    CheckConstraint("id = 1", "single"),
)

CHAINED: tuple[Table, ...] = tuple(
    table for table in metadata.sorted_tables if table not in (event, chain_head)
)
"""Tables whose every row is written down in an event, each after those it refers to."""

OUTSIDE: frozenset[str] = frozenset({"step.lease_until"})
"""Columns the chain leaves out: a heartbeat moves them and is no event."""
