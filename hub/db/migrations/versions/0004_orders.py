"""Orders to agents, their history, the timers of rules that order something, and what is frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    _orders()
    _history()
    op.create_table(
        "order_timers",
        sa.Column("alert", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("lease_us", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("done_us", sa.BigInteger()),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("alert", name="pk_order_timers"),
    )
    op.create_index("ix_order_timers_done_us_due_us", "order_timers", ["done_us", "due_us"])
    op.create_table(
        "order_freezes",
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_order_freezes"),
    )


def downgrade() -> None:
    """Go back from this step."""
    for table in ("order_freezes", "order_timers", "order_history", "orders"):
        op.drop_table(table)


def _number(name: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=True, nullable=False)


def _orders() -> None:
    op.create_table(
        "orders",
        _number("seq"),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(64)),
        sa.Column("alert", sa.String(64)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("assumed", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(24), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("before", sa.Float()),
        sa.Column("after", sa.Float()),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("sent_us", sa.BigInteger()),
        sa.Column("taken_us", sa.BigInteger()),
        sa.Column("verified_us", sa.BigInteger()),
        sa.Column("ended_us", sa.BigInteger()),
        sa.Column("until_us", sa.BigInteger()),
        sa.Column("cancelled_by", sa.String(64)),
        sa.PrimaryKeyConstraint("seq", name="pk_orders"),
        sa.UniqueConstraint("id", name="uq_orders_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_orders_open_agent", "orders", ["open", "agent"])
    op.create_index("ix_orders_target_created_us", "orders", ["target", "created_us"])
    op.create_index("ix_orders_assumed_created_us", "orders", ["assumed", "created_us"])
    op.create_index(
        "uq_orders_open",
        "orders",
        ["kind", "target"],
        unique=True,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )


def _history() -> None:
    op.create_table(
        "order_history",
        _number("id"),
        sa.Column("order", sa.String(32), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("code", sa.String(24), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("before", sa.Float()),
        sa.Column("after", sa.Float()),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name="fk_order_history_order"),
        sa.PrimaryKeyConstraint("id", name="pk_order_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_history_order", "order_history", ["order"])
