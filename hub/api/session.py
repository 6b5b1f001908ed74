"""Signing in and out, the first administrator, one's own password."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import Field

from devices.model.texts import Text
from devices.profiles.strict import Strict
from hub.accounts import first_run, passwords, people, sessions
from hub.accounts.people import User
from hub.accounts.roles import Role
from hub.api.access import (
    MaybeSignedIn,
    SignedIn,
    actor_of,
    address_of,
    drop_cookie,
    set_cookie,
    stranger,
)
from hub.api.answers import Json, words
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.db import audit
from hub.db.audit import Act
from hub.errors import NotAllowed, NotSignedIn, TooMany

ROUTES: Final = Routes("session")

Password = Annotated[str, Field(max_length=passwords.LONGEST)]
Name = Annotated[str, Field(max_length=64)]


class FirstRun(Strict):
    """What makes the first administrator."""

    token: Annotated[str, Field(max_length=200)]
    name: Name
    password: Password


class SignIn(Strict):
    """Who somebody says to be, and the proof."""

    name: Name
    password: Password


class NewPassword(Strict):
    """One's own password, before and after."""

    old: Password
    new: Password


@ROUTES.get("/session", role=None)
async def session(hub: Hub, who: MaybeSignedIn) -> Json:
    """Who is signed in, if anybody; and whether the first administrator is still to be made."""
    return Json(await _about(hub, None if who is None else (who.user, who.role)))


@ROUTES.post("/first-run", role=None, status=201)
async def begin(request: Request, hub: Hub, body: FirstRun) -> Json:
    """Make the first administrator with the token that the hub wrote at its first start."""
    address = address_of(request)
    _wait_or_go_on(hub, "first-run", address)
    passwords.check(body.password, body.name)
    hashed = await new_hash(hub, body.password)
    actor, now_us = stranger(request, body.name), hub.now_us()
    hub.throttle.failed("first-run", address)  # taken back below, so that many at once are counted too
    made = await hub.db.write(lambda c: first_run.redeem(c, body.token, body.name, hashed, actor, now_us))
    hub.throttle.succeeded("first-run", address)
    await hub.db.write(lambda c: first_run.withdraw(c, hub.data_dir))
    return await _signed_in(request, hub, made, 201)


@ROUTES.post("/sign-in", role=None)
async def sign_in(request: Request, hub: Hub, body: SignIn) -> Json:
    """Begin a session; after some failures from one place it takes longer and longer."""
    address = address_of(request)
    _wait_or_go_on(hub, body.name, address)
    hub.throttle.failed(body.name, address)  # taken back below, so that many at once are counted too
    stored = await hub.db.read(partial(people.stored_password, name=body.name))
    if not await _fits(hub, body.password, stored):
        refused = Act("session.refused", body.name, "wrong name or password")
        await hub.db.write(lambda c: audit.record(c, stranger(request, body.name), refused, hub.now_us()))
        raise NotSignedIn(Text("用户名或密码不正确", "Wrong name or password"))
    hub.throttle.succeeded(body.name, address)
    return await _signed_in(request, hub, await hub.db.read(partial(people.named, name=body.name)), 200)


@ROUTES.post("/sign-out", role=Role.VIEWER)
async def sign_out(request: Request, hub: Hub, who: SignedIn) -> Json:
    """End this session, and every page that is open in it."""
    actor, now_us = actor_of(request, who), hub.now_us()

    def end(connection: Any) -> None:
        sessions.end(connection, who.digest)
        audit.record(connection, actor, Act("session.sign-out", who.user), now_us)

    await hub.db.write(end)
    hub.feed.end(session=who.digest)
    answer = Json(await _about(hub, None))
    drop_cookie(answer, hub)
    return answer


@ROUTES.post("/password", role=Role.VIEWER)
async def password(request: Request, hub: Hub, who: SignedIn, body: NewPassword) -> Json:
    """Change one's own password; every other session of the same person ends."""
    address = address_of(request)
    _wait_or_go_on(hub, who.user, address)
    stored = await hub.db.read(partial(people.stored_password, name=who.user))
    if not await _fits(hub, body.old, stored):
        hub.throttle.failed(who.user, address)
        raise NotAllowed(Text("原密码不正确", "The old password is wrong"))  # 401 would say: signed out
    passwords.check(body.new, who.user)
    hashed = await new_hash(hub, body.new)
    actor, now_us = actor_of(request, who), hub.now_us()
    await hub.db.write(lambda c: people.set_password(c, who.user, hashed, actor, now_us, keep=who.digest))
    hub.feed.end(user=who.user)
    return Json(await _about(hub, (who.user, who.role)))


async def new_hash(hub: Ports, password: str) -> str:
    """What may be stored of a password."""
    async with hub.turns.hashing:
        return await asyncio.to_thread(passwords.hashed, password)


async def _fits(hub: Ports, password: str, stored: str | None) -> bool:
    async with hub.turns.hashing:
        return await asyncio.to_thread(passwords.fits, password, stored)


def _wait_or_go_on(hub: Ports, name: str, address: str) -> None:
    wait_s = hub.throttle.wait_s(name, address)
    if wait_s > 0:
        seconds = max(1, round(wait_s))
        said = Text(f"尝试过多，请 {seconds} 秒后再试", f"Too many attempts; try again in {seconds} s")
        raise TooMany(said, wait_s)


async def _signed_in(request: Request, hub: Ports, user: User, status: int) -> Json:
    """Begin a session for somebody who has proved who they are."""
    actor, now_us = stranger(request, user.name), hub.now_us()

    def start(connection: Any) -> str:
        sessions.sweep(
            connection, sessions.Lifetime(hub.web.session_idle_s, hub.web.session_absolute_s), now_us
        )
        token = sessions.begin(connection, user.name, address_of(request), now_us)
        audit.record(connection, actor, Act("session.sign-in", user.name), now_us)
        return token

    token = await hub.db.write(start)
    answer = Json(await _about(hub, (user.name, user.role)), status)
    set_cookie(answer, token, hub)
    return answer


async def _about(hub: Ports, who: tuple[str, Role] | None) -> dict[str, Any]:
    head = hub.campus.head
    campus: dict[str, Any] = {"name": words(head.name)}
    if who is not None:
        campus = {"id": head.id, **campus, "timezone": head.timezone}
    return {
        "user": None if who is None else {"name": who[0], "role": who[1].word},
        "first_run": await hub.db.read(first_run.is_open),
        "version": hub.version,
        "campus": campus,
    }
