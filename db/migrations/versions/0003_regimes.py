"""What was set and what took its own course is kept, experiment by experiment.

Revision 0003.
"""

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    Text,
    UniqueConstraint,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of regimes."""
    op.create_table(
        "regime",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("experiment_id", Integer, ForeignKey("experiment.id"), nullable=False),
        Column("variable", Text, nullable=False),
        Column("was_set", Boolean, nullable=False),
        Column("reason", Text, nullable=False),
        Column("said_by", Text, nullable=False),
        Column("said_at", DateTime(timezone=True), nullable=False),
        Column("event_seq", Integer, nullable=False),
        UniqueConstraint("experiment_id", "variable", "event_seq"),
    )


def downgrade() -> None:
    """Remove it, and with it what was said of experiments."""
    op.drop_table("regime")
