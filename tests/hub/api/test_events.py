"""The event stream on a real server: what a page hears, how it resumes, and when it is sent away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from devices.model.samples import SampleBatch
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api.live import Feed, Pace
from hub.api.newsroom import Newsroom
from hub.api.ports import Ports
from hub.api.server import WebServer
from hub.api.settings import WebSettings
from hub.api.web import guarded, web_app
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ALERT, GATEWAY
from tests.hub.alerts.events import raised
from tests.hub.api.conftest import token_of

S = 1_000_000


@dataclass
class Event:
    name: str
    id: str
    data: Any


@dataclass
class Page:
    """An open page, as a browser would hold it."""

    lines: AsyncIterator[str]
    comments: list[str] = field(default_factory=list)

    async def next(self, within_s: float = 5.0) -> Event:
        """The next event, or StopAsyncIteration when the hub ends the stream."""
        found: dict[str, str] = {}
        async with asyncio.timeout(within_s):
            while True:
                line = await anext(self.lines)
                if line.startswith(":"):
                    self.comments.append(line)
                elif line:
                    name, _, value = line.partition(": ")
                    found[name] = value
                elif "event" in found:
                    return Event(found["event"], found["id"], json.loads(found["data"]))

    async def until(self, name: str) -> Event:
        while (event := await self.next()).name != name:
            pass
        return event

    async def end(self) -> None:
        """Wait until the hub ends the stream."""
        with pytest.raises(StopAsyncIteration):
            while True:
                await self.next()


@dataclass
class Site:
    """A hub that listens, and pages of it."""

    ports: Ports
    web: WebServer
    stack: AsyncExitStack

    async def page(
        self, query: str = "", *, after: str | None = None, role: Role = Role.VIEWER, token: str = ""
    ) -> Page:
        token = token or await token_of(self.ports, role)
        headers = {"Cookie": f"campuswatch={token}"}
        if after is not None:
            headers["Last-Event-ID"] = after
        client = await self.stack.enter_async_context(
            httpx.AsyncClient(base_url=self.web.address, timeout=60)
        )
        answer = await self.stack.enter_async_context(
            client.stream("GET", f"/api/events{query}", headers=headers)
        )
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        return Page(answer.aiter_lines())

    def heard(self, name: str, time_us: int, value: float) -> None:
        self.ports.newest.update(SampleBatch.of([0], time_us, value), [name])
        self.ports.feed.tell_values()


@asynccontextmanager
async def listening(ports: Ports) -> AsyncIterator[Site]:
    web = WebSettings(port=0, max_streams=ports.web.max_streams)
    async with (
        WebServer(guarded(web_app(ports)), web, ports.feed) as server,
        asyncio.TaskGroup() as group,
    ):
        serving = group.create_task(server.run())
        async with AsyncExitStack() as stack:
            yield Site(ports, server, stack)
            server.stop()
            await serving


@pytest.fixture
async def site(ports: Ports) -> AsyncIterator[Site]:
    async with listening(ports) as site:
        yield site


async def test_a_page_is_greeted_and_hears_of_what_changes(site: Site) -> None:
    page = await site.page()
    hello = await page.next()
    assert (hello.name, hello.id) == ("hello", "boot-0")
    assert hello.data == {"now_us": site.ports.now_us(), "boot": "boot", "user": "viewer"}
    site.ports.feed.add("alert", {"id": "x", "zh": "消防泵"})
    alert = await page.next()
    assert (alert.name, alert.id, alert.data["zh"]) == ("alert", "boot-1", "消防泵")
    site.heard("hq1-ac-301.room_c", 7, 25.5)
    values = await page.next()
    assert (values.name, values.id) == ("values", "boot-2")
    assert values.data["values"] == {"hq1-ac-301.room_c": [7, 25.5, 0]}


async def test_a_page_hears_only_the_values_it_asked_for(site: Site) -> None:
    page = await site.page("?site=hall")
    await page.next()
    site.heard("hq1-ac-301.room_c", 7, 25.5)
    site.heard("hall-ac-1.room_c", 8, 24.0)
    assert (await page.next()).data["values"] == {"hall-ac-1.room_c": [8, 24.0, 0]}


async def test_a_page_that_was_away_resumes_where_it_was(site: Site) -> None:
    page = await site.page()
    await page.next()
    site.ports.feed.add("alert", {"n": 1})
    last = await page.next()
    site.heard("hq1-ac-301.room_c", 7, 25.5)
    site.heard("hq1-ac-301.room_c", 8, 26.5)
    site.ports.feed.add("alert", {"n": 2})
    back = await site.page(after=last.id)
    told = [await back.next() for _ in range(3)]
    assert [event.name for event in told] == ["hello", "alert", "values"]
    assert told[1].data == {"n": 2}
    assert told[2].data["values"] == {"hq1-ac-301.room_c": [8, 26.5, 0]}, "both changes at once, the newest"
    assert told[2].id == "boot-4"


@pytest.mark.parametrize("after", ["other-3", "boot-99", "boot--1", "boot-", "nonsense", "boot-1e9"])
async def test_a_page_that_cannot_go_on_is_told_to_load_anew(site: Site, after: str) -> None:
    site.ports.feed.add("alert", {"n": 1})
    async with AsyncExitStack() as stack:
        page = await replace(site, stack=stack).page(after=after)
        told = [(await page.next()).name for _ in range(2)]
        assert told == ["hello", "reset"]
        site.ports.feed.add("alert", {"n": 2})
        assert (await page.next()).data == {"n": 2}


async def test_a_place_that_has_left_the_ring_is_a_reset(ports: Ports) -> None:
    small = replace(ports, feed=Feed(ports.newest, boot="boot", size=3))
    async with listening(small) as site:
        for number in range(10):
            site.ports.feed.add("alert", {"n": number})
        page = await site.page(after="boot-2")
        assert [(await page.next()).name for _ in range(2)] == ["hello", "reset"]
        page = await site.page(after="boot-8")
        assert [(await page.next()).data.get("n") for _ in range(3)] == [None, 8, 9]


async def test_news_that_were_lost_on_the_way_are_a_reset_for_every_page(site: Site) -> None:
    page = await site.page()
    await page.next()
    site.ports.feed.start_anew()
    reset = await page.next()
    assert reset.name == "reset"
    assert reset.id.startswith(site.ports.feed.boot)


async def test_signing_out_ends_the_pages_of_that_session_and_no_other(site: Site) -> None:
    token = await token_of(site.ports, Role.VIEWER)
    mine, other = await site.page(token=token), await site.page()
    await mine.next()
    await other.next()
    async with httpx.AsyncClient(base_url=site.web.address, timeout=60) as client:
        headers = {"X-Campuswatch": "1", "Cookie": f"campuswatch={token}"}
        assert (await client.post("/api/sign-out", headers=headers)).status_code == 200
    await mine.end()
    site.ports.feed.add("alert", {"n": 1})
    assert (await other.next()).data == {"n": 1}


async def test_disabling_a_person_ends_all_their_pages(site: Site) -> None:
    page = await site.page(role=Role.OPERATOR)
    await page.next()
    admin = await token_of(site.ports, Role.ADMIN)
    async with httpx.AsyncClient(base_url=site.web.address, timeout=60) as client:
        headers = {"X-Campuswatch": "1", "Cookie": f"campuswatch={admin}"}
        answer = await client.patch("/api/users/operator", json={"disabled": True}, headers=headers)
        assert answer.status_code == 200
    await page.end()


async def test_a_page_shows_that_it_lives_and_ends_with_its_session(ports: Ports) -> None:
    quick = replace(ports, feed=Feed(ports.newest, pace=Pace(ping_s=0.05)))
    async with listening(quick) as site:
        page = await site.page()
        await page.next()
        await asyncio.sleep(0.2)
        site.ports.feed.add("alert", {"n": 1})
        await page.next()
        assert page.comments
        assert set(page.comments) == {": ping"}
        await site.ports.db.write(lambda c: c.exec_driver_sql("DELETE FROM sessions").close())
        await page.end()


async def test_a_busy_page_ends_with_its_session_too(ports: Ports) -> None:
    quick = replace(ports, feed=Feed(ports.newest, pace=Pace(ping_s=0.1)))
    async with listening(quick) as site, asyncio.TaskGroup() as group:

        async def chatter() -> None:
            while True:
                site.ports.feed.add("alert", {"n": 1})
                await asyncio.sleep(0.01)

        page = await site.page()
        talking = group.create_task(chatter())
        await page.until("alert")
        await site.ports.db.write(lambda c: c.exec_driver_sql("DELETE FROM sessions").close())
        await page.end()
        talking.cancel()


async def test_a_page_that_is_closed_is_forgotten(site: Site) -> None:
    async with AsyncExitStack() as stack:
        page = await replace(site, stack=stack).page()
        await page.next()
        assert len(site.ports.feed) == 1
    async with asyncio.timeout(40):
        while len(site.ports.feed):  # noqa: ASYNC110 - the server notices when it does
            await asyncio.sleep(0.01)


async def test_a_page_that_does_not_read_is_dropped_and_holds_up_nobody(ports: Ports) -> None:
    impatient = replace(ports, feed=Feed(ports.newest, pace=Pace(send_s=2.0)))
    async with listening(impatient) as site:
        with contextlib.closing(slow_page(site, await token_of(ports, Role.VIEWER))):
            page = await site.page()
            await page.next()
            for _ in range(30):
                site.ports.feed.add("alert", {"text": "x" * 1_000_000})
                await page.until("alert")
            async with asyncio.timeout(40):
                while not site.ports.feed.dropped or len(site.ports.feed) != 1:  # noqa: ASYNC110 - the server notices
                    await asyncio.sleep(0.01)


def slow_page(site: Site, token: str) -> socket.socket:
    """A connection with a small buffer that asks for the events and then reads nothing."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", site.web.port))
    raw.sendall(f"GET /api/events HTTP/1.1\r\nHost: x\r\nCookie: campuswatch={token}\r\n\r\n".encode())
    return raw


async def test_more_pages_than_the_hub_holds_are_refused(ports: Ports) -> None:
    async with listening(replace(ports, web=WebSettings(max_streams=1))) as site:
        page = await site.page()
        await page.next()
        token = await token_of(site.ports, Role.VIEWER)
        async with httpx.AsyncClient(base_url=site.web.address, timeout=60) as client:
            answer = await client.get("/api/events", headers={"Cookie": f"campuswatch={token}"})
        assert answer.status_code == 429


async def test_stopping_the_server_sends_every_page_away(ports: Ports) -> None:
    async with listening(ports) as site:
        pages = [await site.page() for _ in range(3)]
        for page in pages:
            await page.next()
        site.web.stop()
        for page in pages:
            await page.end()


# --------------------------------------------------------------------------------------------------- newsroom


async def test_an_alert_taken_by_the_hub_reaches_the_page(site: Site) -> None:
    async with asyncio.TaskGroup() as group:
        newsroom = group.create_task(Newsroom(site.ports).run())
        page = await site.page()
        await page.until("hello")
        now_us = site.ports.now_us()
        events = [raised(0)]
        applied = await site.ports.db.write(lambda c: store.apply_events(c, events, "edge-hq1", None, now_us))
        site.ports.bus.publish(ALERT, applied.changed)
        alert = await page.until("alert")
        assert (alert.data["device"], alert.data["state"]) == ("hq1-pump-1", "raised")
        status = await page.until("status")
        assert status.data["counts"]["raised"] == 1
        assert (status.data["agents"], status.data["agents_offline"]) == (2, 2)
        await site.ports.db.write(lambda c: roster.came(c, "edge-hq1", Presence.ONLINE, now_us))
        site.ports.bus.publish(GATEWAY, "edge-hq1")
        gateway = await page.until("gateway")
        assert (gateway.data["agent"], gateway.data["state"]) == ("edge-hq1", "online")
        newsroom.cancel()
