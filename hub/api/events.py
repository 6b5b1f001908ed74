"""`GET /api/events`: what changes, as it changes; a page that was away resumes where it was."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from devices.model.texts import Text
from hub.accounts import sessions
from hub.accounts.roles import Role
from hub.accounts.sessions import Session
from hub.api.access import SignedIn, lifetime_of
from hub.api.answers import dumps
from hub.api.live import SILENT, VALUES, Entry, Reader
from hub.api.points import chosen
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.errors import TooMany

RETRY_MS: Final = 2000

ROUTES: Final = Routes("events")


class EventStream(Response):
    """Sends chunks until there are no more, the reader has gone, or it does not read."""

    def __init__(self, chunks: AsyncIterator[bytes], ports: Ports) -> None:
        super().__init__(media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks = chunks
        self._ports = ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI wants it."""
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with asyncio.TaskGroup() as group:
            sender = group.create_task(self._send_all(send), name="events-sender")
            watcher = group.create_task(_gone(receive), name="events-watcher")
            sender.add_done_callback(lambda _: watcher.cancel())
            watcher.add_done_callback(lambda _: sender.cancel())

    async def _send_all(self, send: Send) -> None:
        try:
            async for chunk in self._chunks:
                async with asyncio.timeout(self._ports.feed.pace.send_s):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            self._ports.feed.dropped += 1
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@ROUTES.get("/events", role=Role.VIEWER)
async def events(
    request: Request,
    hub: Hub,
    who: SignedIn,
    devices: str | None = None,
    site: str | None = None,
    kind: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Server-sent events: hello, alert, values, gateway, status, reset. Resumes by Last-Event-ID."""
    del request
    if len(hub.feed) >= hub.web.max_streams:
        raise TooMany(Text("打开的页面过多", "Too many pages are open"), 30)
    wanted = chosen(hub.campus, devices, site, kind)
    return EventStream(_chunks(hub, who, wanted, last_event_id), hub)


async def _chunks(
    hub: Ports, who: Session, wanted: list[str] | None, last: str | None
) -> AsyncIterator[bytes]:
    """Everything for one page, until it is told to go."""
    now, ping_s = asyncio.get_running_loop().time, hub.feed.pace.ping_s
    with hub.feed.reader(who.user, who.digest) as reader:
        place = _Place(hub, wanted)
        yield f"retry: {RETRY_MS}\n\n".encode() + place.begin(who, last)
        looked = now()
        while not reader.ended:
            if chunk := place.catch_up():
                yield chunk
            await _woken(reader, looked + ping_s - now())
            if now() - looked >= ping_s:
                looked = now()
                if not await _still_signed_in(hub, who):
                    return
                yield b": ping\n\n"


class _Place:
    """Where one page is in the feed."""

    def __init__(self, hub: Ports, wanted: list[str] | None) -> None:
        self._hub = hub
        self._wanted = wanted
        self._boot = hub.feed.boot
        self._number = hub.feed.number
        self._version = hub.newest.version

    def begin(self, who: Session, last: str | None) -> bytes:
        """The greeting; and where the page cannot go on from where it was, that it must load anew."""
        hub = self._hub
        hello = {"now_us": hub.now_us(), "boot": self._boot, "user": who.user}
        if last is None:
            return self._event("hello", dumps(hello))
        boot, _, place = last.rpartition("-")
        number = int(place) if place.isascii() and place.isdigit() else -1
        if boot != self._boot or hub.feed.after(number) is None:
            return self._event("hello", dumps(hello)) + self._event("reset", b"{}")
        self._number, self._version = number, hub.feed.version_at(number)
        return self._event("hello", dumps(hello))

    def catch_up(self) -> bytes:
        """All that happened since; empty if nothing did."""
        feed = self._hub.feed
        entries = feed.after(self._number) if feed.boot == self._boot else None
        if entries is None:
            self._boot, self._number, self._version = feed.boot, feed.number, self._hub.newest.version
            return self._event("reset", b"{}")
        told = b"".join(self._told(entry) for entry in entries)
        if any(entry.event == VALUES for entry in entries):
            told += self._values()
        return told

    def _told(self, entry: Entry) -> bytes:
        self._number = entry.number
        return b"" if entry.event in SILENT else self._event(entry.event, entry.data)

    def _values(self) -> bytes:
        newest = self._hub.newest
        rows = newest.changed_since(self._version)
        self._version = newest.version
        if self._wanted is not None:
            rows = rows[self._hub.rows.mask(self._wanted)[rows]]
        if not len(rows):
            return b""
        body = {"now_us": self._hub.now_us(), "values": newest.as_json(rows)}
        return self._event(VALUES, dumps(body))

    def _event(self, name: str, data: bytes) -> bytes:
        return f"id: {self._boot}-{self._number}\nevent: {name}\ndata: ".encode() + data + b"\n\n"


async def _woken(reader: Reader, seconds: float) -> None:
    """Wait for news, but no longer than this."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)):
            await reader.woken.wait()
    reader.woken.clear()


async def _still_signed_in(hub: Ports, who: Session) -> bool:
    """An open page is use of the session; and where that has ended, the page ends."""
    now_us = hub.now_us()
    found = await hub.db.read(lambda c: sessions.find(c, who.digest, lifetime_of(hub), now_us))
    if found is not None and now_us - found.seen_us > sessions.TOUCH_US:
        await hub.db.write(lambda c: sessions.touch(c, found, now_us))
    return found is not None


async def _gone(receive: Receive) -> None:
    """Wait until the reader has gone."""
    message: Message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()
