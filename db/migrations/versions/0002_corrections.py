"""What was recorded can be corrected, by adding to it.

Revision 0002.
"""

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, Integer, Text, UniqueConstraint

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of corrections."""
    op.create_table(
        "correction",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("step_id", Integer, ForeignKey("step.id"), nullable=False),
        Column("quantity", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("corrected_by", Text, nullable=False),
        Column("corrected_at", DateTime(timezone=True), nullable=False),
        Column("event_seq", Integer, nullable=False),
        UniqueConstraint("step_id", "quantity", "event_seq"),
    )


def downgrade() -> None:
    """Remove it, and with it what was corrected."""
    op.drop_table("correction")
