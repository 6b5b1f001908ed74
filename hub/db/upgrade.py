"""Brings a database to the tables of this program, in one transaction."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from devices.model.errors import Refused


def upgrade(connection: Connection) -> None:
    """Run every migration that this database has not had.

    Raises:
        Refused: the database was written by a newer program.
    """
    config = Config()
    config.set_main_option("script_location", "hub.db:migrations")
    config.attributes["connection"] = connection
    try:
        with connection.begin():
            command.upgrade(config, "head")
    except CommandError as error:
        raise Refused(f"this program is older than its database: {error}") from error
