"""Users in the database. A change ends the sessions that it touches, and leaves a row in the audit trail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from devices.model.texts import Text
from hub.accounts.roles import Role
from hub.db import audit
from hub.db.audit import Act, Actor
from hub.db.tables import sessions, users
from hub.errors import Conflict, Invalid, NotFound

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in."""

    name: str
    role: Role
    disabled: bool
    created_us: int
    changed_us: int

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "name": self.name,
            "role": self.role.word,
            "disabled": self.disabled,
            "created_us": self.created_us,
            "changed_us": self.changed_us,
        }


def count(connection: Connection) -> int:
    """How many users there are."""
    return connection.execute(select(func.count()).select_from(users)).scalar_one()


def everybody(connection: Connection) -> list[User]:
    """All users by name."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]


def named(connection: Connection, name: str) -> User:
    """One user.

    Raises:
        NotFound: nobody has that name.
    """
    row = connection.execute(select(users).where(users.c.name == name)).first()
    if row is None:
        raise NotFound(Text("没有此用户", "No such user"))
    return _user(row)


def stored_password(connection: Connection, name: str) -> str | None:
    """The hash to compare with; None for a name that cannot sign in."""
    query = select(users.c.password).where(users.c.name == name, users.c.disabled.is_(False))
    return connection.execute(query).scalar_one_or_none()


def create(
    connection: Connection, name: str, password_hash: str, role: Role, actor: Actor, now_us: int
) -> User:
    """Add a person.

    Raises:
        Invalid: the name is not of the form that names have.
        Conflict: it is taken.
    """
    if _NAME.fullmatch(name) is None:
        raise Invalid(
            Text(
                "用户名须为小写字母、数字、点、横线，至多 32 字符",
                "A name is a-z 0-9 . _ -, at most 32 characters",
            )
        )
    if connection.execute(select(users.c.name).where(users.c.name == name)).first() is not None:
        raise Conflict(Text("用户名已存在", "The name is taken"))
    row = {
        "name": name,
        "password": password_hash,
        "role": role.word,
        "disabled": False,
        "created_us": now_us,
        "changed_us": now_us,
    }
    connection.execute(insert(users).values(row))
    audit.record(connection, actor, Act("user.create", name, after={"role": role.word}), now_us)
    return User(name, role, False, now_us, now_us)


def change(
    connection: Connection,
    name: str,
    actor: Actor,
    now_us: int,
    *,
    role: Role | None = None,
    disabled: bool | None = None,
) -> User:
    """Change what a person may do; their sessions end, so that it counts at once.

    Raises:
        NotFound: nobody has that name.
        Conflict: nobody would be left who can manage people.
    """
    before = named(connection, name)
    values: dict[str, Any] = {}
    if role is not None and role is not before.role:
        values["role"] = role.word
    if disabled is not None and disabled is not before.disabled:
        values["disabled"] = disabled
    if not values:
        return before
    connection.execute(update(users).where(users.c.name == name).values(values))
    if not _admins(connection):
        raise Conflict(Text("至少要保留一名管理员", "At least one administrator must remain"))
    _end_sessions(connection, name)
    was = {key: before.as_json()[key] for key in values}
    audit.record(connection, actor, Act("user.change", name, before=was, after=values), now_us)
    return named(connection, name)


def set_password(
    connection: Connection, name: str, password_hash: str, actor: Actor, now_us: int, *, keep: str = ""
) -> None:
    """Give a person another password; all their sessions end, but for the one of digest `keep`.

    Raises:
        NotFound: nobody has that name.
    """
    named(connection, name)
    values = {"password": password_hash, "changed_us": now_us}
    connection.execute(update(users).where(users.c.name == name).values(values))
    _end_sessions(connection, name, keep)
    audit.record(connection, actor, Act("user.password", name), now_us)


def _admins(connection: Connection) -> int:
    query = select(func.count()).select_from(users)
    able = query.where(users.c.role == Role.ADMIN.word, users.c.disabled.is_(False))
    return connection.execute(able).scalar_one()


def _end_sessions(connection: Connection, name: str, keep: str = "") -> None:
    connection.execute(delete(sessions).where(sessions.c.user == name, sessions.c.digest != keep))


def _user(row: Any) -> User:
    return User(row.name, Role.of(row.role), row.disabled, row.created_us, row.changed_us)
