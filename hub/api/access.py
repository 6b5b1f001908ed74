"""Who is asking, and whether they may."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from devices.model.texts import Text
from hub.accounts import sessions
from hub.accounts.roles import Role
from hub.accounts.sessions import Lifetime, Session, digest_of
from hub.api.ports import Hub, Ports
from hub.db import audit
from hub.db.audit import Act, Actor
from hub.errors import NotAllowed, NotSignedIn

COOKIE: Final = "campuswatch"
#: Longer than any token of ours.
LONGEST_TOKEN: Final = 200


def lifetime_of(hub: Ports) -> Lifetime:
    """How long sessions of this hub last."""
    return Lifetime(hub.web.session_idle_s, hub.web.session_absolute_s)


def address_of(connection: HTTPConnection) -> str:
    """Where the request comes from; behind a trusted proxy, what that says."""
    return connection.client.host if connection.client is not None else ""


async def session_or_none(request: Request, hub: Hub) -> Session | None:
    """The session of a request, which counts as used by it."""
    token = request.cookies.get(COOKIE, "")
    if not token or len(token) > LONGEST_TOKEN:
        return None
    digest, now_us = digest_of(token), hub.now_us()
    found = await hub.db.read(lambda c: sessions.find(c, digest, lifetime_of(hub), now_us))
    if found is not None and now_us - found.seen_us > sessions.TOUCH_US:
        await hub.db.write(lambda c: sessions.touch(c, found, now_us))
    return found


MaybeSignedIn = Annotated[Session | None, Depends(session_or_none)]


async def signed_in(session: MaybeSignedIn) -> Session:
    """The session of a request that must have one.

    Raises:
        NotSignedIn: there is none, or it has ended.
    """
    if session is None:
        raise NotSignedIn(Text("请先登录", "Sign in first"))
    return session


SignedIn = Annotated[Session, Depends(signed_in)]


def actor_of(request: Request, session: Session) -> Actor:
    """A signed-in person as the audit trail names them."""
    request_id: str = request.state.request_id
    return Actor(session.user, session.role.word, address_of(request), session.label, request_id)


def stranger(request: Request, name: str) -> Actor:
    """Somebody who says to be `name`, as the audit trail names them."""
    request_id: str = request.state.request_id
    return Actor(name, "", address_of(request), "", request_id)


@cache
def needs(role: Role) -> Callable[..., Awaitable[None]]:
    """A dependency that lets in who has this role, or more."""

    async def allowed(request: Request, hub: Hub, session: SignedIn) -> None:
        if session.role < role:
            what = Act("access.refused", request.url.path, reason=f"{request.method} needs {role.word}")
            await hub.db.write(lambda c: audit.record(c, actor_of(request, session), what, hub.now_us()))
            raise NotAllowed(
                Text(f"需要更高权限（{role.word}）", f"This needs the role {role.word}"), [role.word]
            )

    return allowed


@cache
def needs_or_bearer(role: Role) -> Callable[..., Awaitable[None]]:
    """A dependency that lets in who has this role, or shows the hub's token for programs."""

    async def allowed(request: Request, hub: Hub, session: MaybeSignedIn) -> None:
        if not _bears_token(request, hub):
            await needs(role)(request, hub, await signed_in(session))

    return allowed


def _bears_token(request: Request, hub: Ports) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or hub.web.metrics_token_file is None:
        return False
    kept = hub.web.metrics_token_file.read_text("utf-8").strip()
    return bool(kept) and secrets.compare_digest(token.strip().encode(), kept.encode())


def set_cookie(response: Response, token: str, hub: Ports) -> None:
    """Give the browser its session; no script can read it, no other site can use it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=round(hub.web.session_absolute_s),
        path="/",
        secure=hub.web.secure,
        httponly=True,
        samesite="strict",
    )


def drop_cookie(response: Response, hub: Ports) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, path="/", secure=hub.web.secure, httponly=True, samesite="strict")
