"""People, for administrators."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Request
from pydantic import Field

from devices.profiles.strict import Strict
from hub.accounts import passwords, people
from hub.accounts.roles import Role
from hub.api.access import SignedIn, actor_of
from hub.api.answers import Json
from hub.api.ports import Hub
from hub.api.routes import Routes
from hub.api.session import Name, Password, new_hash

ROUTES: Final = Routes("users")

RoleWord = Literal["viewer", "operator", "engineer", "admin"]


class NewUser(Strict):
    """Somebody who is to sign in."""

    name: Name
    password: Password
    role: RoleWord


class Change(Strict):
    """What is to be different; what is not given stays."""

    role: RoleWord | None = None
    disabled: bool | None = None
    password: Annotated[str | None, Field(max_length=passwords.LONGEST)] = None


@ROUTES.get("/users", role=Role.ADMIN)
async def users(hub: Hub) -> Json:
    """Everybody."""
    found = await hub.db.read(people.everybody)
    return Json({"users": [user.as_json() for user in found]})


@ROUTES.post("/users", role=Role.ADMIN, status=201)
async def create(request: Request, hub: Hub, who: SignedIn, body: NewUser) -> Json:
    """Add a person."""
    passwords.check(body.password, body.name)
    hashed = await new_hash(hub, body.password)
    actor, now_us = actor_of(request, who), hub.now_us()
    role = Role.of(body.role)
    made = await hub.db.write(lambda c: people.create(c, body.name, hashed, role, actor, now_us))
    return Json(made.as_json(), 201)


@ROUTES.patch("/users/{name}", role=Role.ADMIN)
async def change(request: Request, hub: Hub, who: SignedIn, name: str, body: Change) -> Json:
    """Change role, password, or whether a person may sign in; their sessions and open pages end."""
    actor, now_us = actor_of(request, who), hub.now_us()
    if body.password is not None:
        passwords.check(body.password, name)
        hashed = await new_hash(hub, body.password)
        await hub.db.write(lambda c: people.set_password(c, name, hashed, actor, now_us))
    role = None if body.role is None else Role.of(body.role)
    after = await hub.db.write(
        lambda c: people.change(c, name, actor, now_us, role=role, disabled=body.disabled)
    )
    hub.feed.end(user=name)
    return Json(after.as_json())
