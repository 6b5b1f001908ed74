"""A hub small enough to read: the REST and event contract over invented data, with knobs for what goes wrong.

`python -m tests.console.fake_hub --port 8099` serves it for a look by hand (user wang, password campus-demo-1).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from tests.console.fake_alerts import FakeAlerts
from tests.console.fake_campus import FakeCampus, Json
from tests.console.fake_orders import FakeOrders
from tests.console.fake_readings import FakeReadings, gateways, wave

BOOT = "b7f3"
KEPT_EVENTS = 5000


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass
class FakeHub:
    """State, events and knobs; `serving` puts it on a port, `cut` and `restore` take the network away and back."""

    first_run: bool = False
    users: dict[str, Json] = field(default_factory=dict)
    lag_s: float = 0.2
    muted: int = 0
    ping_s: float = 1.0
    offline: set[str] = field(default_factory=set)
    offline_since_us: int = 0
    passes: int = 3120
    moved_us: int | None = None
    forget_events: bool = False
    campus: FakeCampus = field(default_factory=FakeCampus)
    sessions: dict[str, str] = field(default_factory=dict)
    events: list[tuple[int, str, Json]] = field(default_factory=list)
    waiting: set[asyncio.Queue[tuple[int, str, Json]]] = field(default_factory=set)
    refused_acks: int = 0
    port: int = 0
    requests: list[str] = field(default_factory=list)
    queries: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alerts = FakeAlerts(self.campus)
        self.orders = FakeOrders(self.campus)
        self.readings = FakeReadings(self.campus)
        self.readings.fill(now_us())
        self.pictures: Any = None  # see fake_pictures
        self._number = 0
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        if not self.first_run:
            for name, role in (
                ("wang", "operator"),
                ("li", "engineer"),
                ("root", "admin"),
                ("guest", "viewer"),
            ):
                self.users[name] = {
                    "name": name,
                    "role": role,
                    "password": "campus-demo-1",
                    "disabled": False,
                }

    # ------------------------------------------------------------------------------------------------ what happens

    def emit(self, name: str, data: Json) -> None:
        self._number += 1
        self.events = [*self.events[-KEPT_EVENTS:], (self._number, name, data)]
        for queue in self.waiting:
            queue.put_nowait(self.events[-1])

    def raise_alert(self, rule: str, device: str, *, age_s: float = 1.0, **more: Any) -> Json:
        alert = self.alerts.make(rule, device, now_us() - int(age_s * 1e6), **more)
        self.emit("alert", dict(alert))
        self.emit("status", self.status())
        return alert

    def act(self, alert_id: str, act: str, actor: str = "system", words: str = "") -> Json:
        alert = self.alerts.act(alert_id, act, actor, now_us(), words)
        self.emit("alert", dict(alert))
        self.emit("status", self.status())
        return alert

    def set_values(self, values: dict[str, float | None], *, age_s: float = 0.0, quality: int = 0) -> None:
        rows = {name: [now_us() - int(age_s * 1e6), value, quality] for name, value in values.items()}
        self.readings.values.update(rows)
        self.emit("values", {"now_us": now_us(), "values": rows})

    def silence_agent(self, agent: str) -> None:
        self.offline.add(agent)
        self.offline_since_us = now_us()
        self.emit("gateway", next(row for row in self.gateway_rows() if row["agent"] == agent))
        self.emit("status", self.status())

    def status(self) -> Json:
        return {
            "now_us": now_us(),
            "counts": self.alerts.counts(),
            "lag_s": self.lag_s,
            "muted": self.muted,
            "agents": 4,
            "agents_offline": len(self.offline),
        }

    def gateway_rows(self) -> list[Json]:
        return gateways(self.campus, now_us(), self.offline, self.offline_since_us)

    async def live(self) -> None:
        """Readings that move, as on a running campus; for a look by hand."""
        chance = random.Random(1)
        names = [name for name in self.readings.values if not name.startswith("beitou-meter")]
        while True:
            await asyncio.sleep(1)
            some = {n: wave(n, now_us()) for n in chance.sample(names, 700) if n != "hq1-pump-1.position"}
            self.set_values(some)
            self.emit("status", self.status())

    # ------------------------------------------------------------------------------------------------ on the wire

    async def stream(self, last_event_id: str | None, user: str) -> AsyncIterator[str]:
        queue: asyncio.Queue[tuple[int, str, Json]] = asyncio.Queue()
        self.waiting.add(queue)
        try:
            yield event(
                f"{BOOT}-{self._number}",
                "hello",
                {"now_us": now_us(), "boot": BOOT, "user": user},
                id_line=False,
            )
            if last_event_id:
                if self.forget_events:
                    yield event(f"{BOOT}-{self._number}", "reset", {})
                else:
                    after = int(last_event_id.split("-")[1])
                    for number, name, data in [row for row in self.events if row[0] > after]:
                        yield event(f"{BOOT}-{number}", name, data)
            yield event(f"{BOOT}-{self._number}", "status", self.status())
            while True:
                try:
                    number, name, data = await asyncio.wait_for(queue.get(), self.ping_s)
                    yield event(f"{BOOT}-{number}", name, data)
                except TimeoutError:
                    yield ": ping\n\n"
        finally:
            self.waiting.discard(queue)

    async def start(self, port: int = 0) -> None:
        from tests.console.fake_cameras import add_cameras  # noqa: PLC0415 - as below
        from tests.console.fake_order_routes import add_orders  # noqa: PLC0415 - the routes know the hub, not the other way
        from tests.console.fake_pictures import FakePictures, add_pictures  # noqa: PLC0415 - as above
        from tests.console.fake_plans import add_plans  # noqa: PLC0415 - as above
        from tests.console.fake_routes import build_app  # noqa: PLC0415 - as above

        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        self.port = listener.getsockname()[1]
        app = build_app(self)
        add_orders(app, self)
        add_cameras(app, self)
        add_plans(app, self)
        self.pictures = self.pictures or FakePictures()
        add_pictures(app, self)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
        self._server = QuietServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="fake hub")
        while not self._server.started:  # noqa: ASYNC110 - uvicorn says it by this attribute only
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        await self._task
        self._server = self._task = None

    async def cut(self) -> None:
        """The network is gone; the hub itself goes on."""
        await self.stop()

    async def restore(self) -> None:
        await self.start(self.port)

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        await self.start(port)
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            await self.stop()


class QuietServer(uvicorn.Server):
    """Leaves the process's signals to the tests."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        yield


def event(identity: str, name: str, data: Json, *, id_line: bool = True) -> str:
    head = f"id: {identity}\n" if id_line else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--quiet", action="store_true", help="no alerts at all")
    parser.add_argument("--first-run", action="store_true")
    chosen = parser.parse_args()
    hub = FakeHub(first_run=chosen.first_run)
    if not chosen.quiet:
        hub.alerts.fill(now_us())
        hub.orders.fill(now_us())
    async with hub.serving(chosen.port):
        await hub.live()


if __name__ == "__main__":
    asyncio.run(main())
