"""Alembic's entry: it runs the steps on the connection that `hub.db.upgrade` opened."""

from __future__ import annotations

from alembic import context

from hub.db.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
