"""Alerts that latch: they stay until a person resets them, below what is not acknowledged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    op.add_column("alerts", sa.Column("latch", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE alerts SET rank = rank + 1 WHERE rank > 0")


def downgrade() -> None:
    """Go back from this step."""
    op.execute("UPDATE alerts SET state = 'closed', open = false WHERE state = 'latched'")
    op.execute("UPDATE alerts SET rank = rank - 1 WHERE rank > 0")
    op.drop_column("alerts", "latch")
