"""The first administrator: made by whoever can read the hub's own folder, with a token that works once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from devices.model.texts import Text
from hub.accounts import people
from hub.accounts.roles import Role
from hub.accounts.sessions import digest_of
from hub.db.audit import Actor
from hub.db.tables import first_run
from hub.errors import NotAllowed

TOKEN_FILE: Final = "first-run-token"  # noqa: S105 - a file's name


def offer(connection: Connection, folder: Path, now_us: int) -> str | None:
    """Make a token while there is no user, and write it where only the hub's owner reads.

    Returns:
        A token that is new, to be shown once; None where people exist or an earlier token still stands.
    """
    path = folder / TOKEN_FILE
    if people.count(connection):
        withdraw(connection, folder)
        return None
    stored = connection.execute(select(first_run.c.digest)).scalar_one_or_none()
    if stored is not None and path.exists() and digest_of(path.read_text("utf-8").strip()) == stored:
        return None
    token = secrets.token_urlsafe(24)
    connection.execute(delete(first_run))
    connection.execute(insert(first_run).values(id=1, digest=digest_of(token), created_us=now_us))
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(token + "\n")
    return token


def is_open(connection: Connection) -> bool:
    """Whether the first administrator is still to be made."""
    return people.count(connection) == 0


def redeem(
    connection: Connection, token: str, name: str, password_hash: str, actor: Actor, now_us: int
) -> people.User:
    """Make the first administrator.

    Raises:
        NotAllowed: the token is wrong, or somebody was first.
        Invalid: the name is not of the form that names have.
    """
    stored = connection.execute(select(first_run.c.digest)).scalar_one_or_none()
    fits = stored is not None and secrets.compare_digest(stored, digest_of(token))
    if not fits or not is_open(connection):
        raise NotAllowed(Text("初始化令牌无效", "The first-run token is not valid"))
    connection.execute(delete(first_run))
    return people.create(connection, name, password_hash, Role.ADMIN, actor, now_us)


def withdraw(connection: Connection, folder: Path) -> None:
    """Take the token back: it has been used, or is not needed."""
    connection.execute(delete(first_run))
    (folder / TOKEN_FILE).unlink(missing_ok=True)
