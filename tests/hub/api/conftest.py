"""The whole interface over real rooms, without a network; people of every role are one word away."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from hub.accounts import passwords, people, sessions
from hub.accounts.roles import Role
from hub.accounts.throttle import Throttle
from hub.api.live import Feed
from hub.api.points import DeviceRows
from hub.api.ports import Ports
from hub.api.settings import WebSettings
from hub.api.web import guarded, web_app
from hub.backtest import Backtests, BacktestSettings
from hub.db import Database
from hub.db.audit import Actor
from hub.live.bus import Bus
from hub.live.newest import Newest
from hub.rulebook.rulebook import Rulebook
from hub.series.duckdb import DuckSeries
from tests.fake_clock import FakeClock

ORIGIN = "http://hub.test"
PASSWORD = "seven valves are blue"
Client = httpx.AsyncClient
SignIn = Callable[[Role | None], Awaitable[Client]]


@functools.cache
def hashed() -> str:
    """Hashing is slow on purpose; one for all tests."""
    return passwords.hashed(PASSWORD)


@pytest.fixture(scope="session")
def campus() -> Campus:
    return load_campus(Path(__file__).parents[1] / "site" / "site.yaml")


@pytest.fixture
def web() -> WebSettings:
    return WebSettings()


@pytest.fixture
async def ports(tmp_path: Path, campus: Campus, clock: FakeClock, web: WebSettings) -> AsyncIterator[Ports]:
    newest = Newest(point for agent in campus.agents for point in campus.points_of(agent).names)
    async with (
        Database(f"sqlite:///{tmp_path}/hub.db") as db,
        DuckSeries(tmp_path / "series.duckdb", memory_mb=128, threads=1) as series,
    ):
        bus = Bus()
        book = Rulebook(campus, db, bus, clock.now_us)
        yield Ports(
            book=book,
            db=db,
            series=series,
            newest=newest,
            bus=bus,
            feed=Feed(newest, boot="boot"),
            rows=DeviceRows(newest),
            throttle=Throttle(clock.monotonic),
            web=web,
            data_dir=tmp_path,
            version="0.1.0",
            now_us=clock.now_us,
            backtests=Backtests(lambda: book.campus, series, BacktestSettings(waiting=2), clock.now_us),
        )


@pytest.fixture
def app(ports: Ports) -> ASGIApp:
    return guarded(web_app(ports))


@pytest.fixture
async def sign_in(ports: Ports, app: ASGIApp) -> AsyncIterator[SignIn]:
    """A client that is signed in with a role, or a stranger for None. The user's name is the role's word."""
    async with AsyncExitStack() as stack:

        async def client(role: Role | None) -> Client:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("10.0.0.7", 4711))
            headers = {"X-Campuswatch": "1", "Origin": ORIGIN}
            made = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)
            )
            if role is not None:
                made.cookies.set("campuswatch", await token_of(ports, role))
            return made

        yield client


async def token_of(ports: Ports, role: Role) -> str:
    """Make the user of a role if need be, and begin a session."""
    names = {user.name for user in await ports.db.read(people.everybody)}
    now_us = ports.now_us()
    root = Actor("test", "admin")
    if role.word not in names:
        await ports.db.write(lambda c: people.create(c, role.word, hashed(), role, root, now_us))
    return await ports.db.write(lambda c: sessions.begin(c, role.word, "10.0.0.7", now_us))


@pytest.fixture
async def stranger(sign_in: SignIn) -> Client:
    return await sign_in(None)


@pytest.fixture
async def viewer(sign_in: SignIn) -> Client:
    return await sign_in(Role.VIEWER)


@pytest.fixture
async def operator(sign_in: SignIn) -> Client:
    return await sign_in(Role.OPERATOR)


@pytest.fixture
async def engineer(sign_in: SignIn) -> Client:
    return await sign_in(Role.ENGINEER)


@pytest.fixture
async def admin(sign_in: SignIn) -> Client:
    return await sign_in(Role.ADMIN)
