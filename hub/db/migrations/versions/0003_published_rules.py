"""Published rules: numbered sets and what became of them, append-only; and how far each agent is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SAID = "published rules are append-only"


def upgrade() -> None:
    """Go to this step."""
    op.create_table(
        "rule_sets",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("backtest", sa.String(64)),
        sa.Column("again", sa.Integer()),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_rule_sets"),
    )
    op.create_table(
        "rule_acts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["rule_sets.number"], name="fk_rule_acts_number"),
        sa.PrimaryKeyConstraint("id", name="pk_rule_acts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rule_acts_number", "rule_acts", ["number"])
    op.create_table(
        "rule_rollout",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", "agent", name="pk_rule_rollout"),
    )
    for table in ("rule_sets", "rule_acts"):
        for statement in _guards(table).get(op.get_bind().dialect.name, ()):
            op.execute(statement)


def downgrade() -> None:
    """Go back from this step."""
    for table in ("rule_rollout", "rule_acts", "rule_sets"):
        op.drop_table(table)


def _guards(table: str) -> dict[str, list[str]]:
    """A table that can only grow, whoever holds the connection."""
    never = f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    return {
        "sqlite": [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {never}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {never}",
        ],
        "postgresql": [
            f"""CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE EXCEPTION '{SAID}'; END $$""",
            f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()""",
        ],
    }
