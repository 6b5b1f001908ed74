"""The hub's own rooms with eight days of readings, on a port: for pages that need real backtests and publications.

Nothing of the hub is imitated. Only the agents are: two programs elsewhere that say, through the roster, what they run.
`python -m tests.console.rule_hub --port 8098` serves it for a look by hand (user li, password campus-demo-1).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from devices.campus.loading import load_campus
from devices.model.samples import SampleBatch
from devices.wire.messages import decode
from devices.wire.rule_sets import NONE, RuleSet, rule_set_from
from hub.accounts import passwords, people
from hub.accounts.roles import Role
from hub.accounts.throttle import Throttle
from hub.api.live import Feed
from hub.api.newsroom import Newsroom
from hub.api.points import DeviceRows
from hub.api.ports import Ports
from hub.api.server import WebServer
from hub.api.settings import WebSettings
from hub.api.web import guarded, web_app
from hub.backtest import Backtests, BacktestSettings
from hub.console import mount_console
from hub.db import Database
from hub.db.audit import Actor
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import GATEWAY, Bus
from hub.live.newest import Newest
from hub.rulebook.rollout import Rollout
from hub.rulebook.rulebook import Rulebook
from hub.series.duckdb import DuckSeries
from hub.series.port import Entry

PASSWORD = "campus-demo-1"
USERS = {"li": Role.ENGINEER, "root": Role.ADMIN, "chief": Role.ADMIN, "wang": Role.OPERATOR}
AGENTS = ("edge-a", "edge-b")
ROOMS = 16
DAYS, STEP_S = 8, 300
S = 1_000_000


def now_us() -> int:
    return time.time_ns() // 1000


def _words(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _rule(name: str, title: dict[str, str], family: str, of: str, **more: Any) -> dict[str, Any]:
    told = _words(
        "{device}:{value} {unit},限值 {limit} {unit}", "{device}: {value} {unit}, limit {limit} {unit}"
    )
    head = {
        "id": name,
        "kind": "when",
        "title": title,
        "message": told,
        "advice": _words("1. 到现场查看", "1. Have a look"),
    }
    return {**head, "family": family, "severity": "high", "select": {"kinds": [of]}, **more}


RULES = [
    _rule(
        "low-network-pressure",
        _words("消防管网压力低", "Low pressure in the fire network"),
        "fire",
        "pump",
        when=[{"point": "pressure_mpa", "below": 0.35, "dead_band": 0.02}],
        on_delay_s=10,
    ),
    _rule(
        "room-warm",
        _words("室温过高", "Room too warm"),
        "cooling",
        "ac",
        severity="medium",
        when=[{"point": "room_c", "above": 29, "dead_band": 0.5}],
        on_delay_s=600,
        off_delay_s=300,
    ),
    _rule(
        "setpoint",
        _words("空调温度设定超标", "Set point outside the standard"),
        "cooling",
        "ac",
        kind="setpoint",
        severity="low",
        on_delay_s=20,
    ),
    _rule(
        "unit-silent",
        _words("设备无数据", "Device silent"),
        "device",
        "ac",
        kind="stale",
        severity="low",
        after_s=900,
    ),
]


def site() -> dict[str, Any]:
    """Two buildings with eight rooms and a pump each."""
    units = [
        {
            "id": f"ac-{n:02}",
            "profile": "daikin-dta116a",
            "link": f"ac-{'ab'[n % 2]}",
            "area": f"room-{n:02}",
            "index": n // 2,
        }
        | {"name": _words(f"{n:02} 号空调", f"Unit {n:02}")}
        for n in range(ROOMS)
    ]
    pumps = [
        {
            "id": f"pump-{one}",
            "profile": "campus-pump-panel",
            "link": f"panel-{one}",
            "area": f"room-0{'ab'.index(one)}",
        }
        | {"name": _words(f"消防泵 {one.upper()}", f"Fire pump {one.upper()}")}
        for one in "ab"
    ]
    links = [
        {
            "id": f"{what}-{one}",
            "agent": f"edge-{one}",
            "kind": "modbus-tcp",
            "host": "127.0.0.1",
            "port": port,
            "name": _words("链路", "Link"),
        }
        for port, (what, one) in enumerate([("ac", "a"), ("ac", "b"), ("panel", "a"), ("panel", "b")], 15020)
    ]
    return {
        "campus": {"id": "rules", "name": _words("规则园区", "Campus of rules")},
        "agents": [
            {"id": f"edge-{one}", "name": _words(f"网关 {one.upper()}", f"Gateway {one.upper()}")}
            for one in "ab"
        ],
        "sites": [
            {"id": one, "name": _words(f"{one.upper()} 院", f"Site {one.upper()}"), "agent": f"edge-{one}"}
            for one in "ab"
        ],
        "buildings": [
            {"id": f"house-{one}", "site": one, "name": _words(f"{one.upper()} 楼", f"House {one.upper()}")}
            for one in "ab"
        ],
        "zones": [{"id": "all", "name": _words("全区", "All"), "owner": _words("值班", "Duty")}],
        "areas": [
            {
                "id": f"room-{n:02}",
                "building": f"house-{'ab'[n % 2]}",
                "zone": "all",
                "kind": "office",
                "name": _words(f"{n:02} 室", f"Room {n:02}"),
            }
            for n in range(ROOMS)
        ],
        "links": links,
        "devices": units + pumps,
        "seasons": [
            {"cooling": {"first": "01-01", "last": "12-30"}, "heating": {"first": "12-31", "last": "12-31"}}
        ],
        "rules": RULES,
    }


def history(to_us: int) -> dict[str, np.ndarray]:
    """Readings of eight days, each STEP_S: rooms warm by day, some warmer than others; pressures sink now and then."""
    chance = np.random.default_rng(7)
    time_us = np.arange(to_us - DAYS * 86_400 * S, to_us, STEP_S * S)
    hour = (time_us / 3.6e9 + 8) % 24
    day = np.clip(np.sin((hour - 8) / 12 * np.pi), 0, None)
    values = {}
    for n in range(ROOMS):
        drift = np.convolve(chance.normal(0, 0.3, len(time_us)), np.ones(20) / 20, "same")
        values[f"ac-{n:02}.room_c"] = 24.5 + (3 + n * 0.17) * day + 2.2 * drift
        values[f"ac-{n:02}.setpoint_c"] = np.full(len(time_us), 26.0)
    for number, one in enumerate("ab"):
        dips = (np.sin(time_us / S / (4000 + 900 * number)) > 0.995) * 0.06
        values[f"pump-{one}.pressure_mpa"] = 0.41 - dips + chance.normal(0, 0.004, len(time_us))
    return {"time_us": time_us, **values}


@dataclass
class Agents:
    """Programs elsewhere: they take up what they are sent, or refuse it, and say so in their health."""

    ports: Ports
    refuses: str | None = None
    running: dict[str, RuleSet] = field(default_factory=lambda: dict.fromkeys(AGENTS, NONE))
    holding: bool = False  # what is sent stays unanswered

    async def take(self, topic: str, data: bytes) -> None:
        """What the hub sends."""
        agent = next(name for name in AGENTS if name in topic)
        if self.holding:
            return
        rules = rule_set_from(decode(data), agent)
        if self.refuses == agent and rules.number:
            why = {
                "path": "rules.room-warm.when.0.above",
                "found": "31",
                "found_zh": "31",
                "expected": "a limit that this agent likes",
                "expected_zh": "本网关认可的限值",
            }
            await self.say(agent, {"refused": {**rules.mark, "problems": [why]}})
        else:
            self.running[agent] = rules
            await self.say(agent)

    async def say(self, agent: str, more: dict[str, Any] | None = None) -> None:
        """Health, as the ingest stores it."""
        rules = self.running[agent]
        versions = {rule.id: rule.version for rule in self.ports.book.site.rules.values()}
        versions |= {rule["id"]: rule.get("version", 1) for rule in json.loads(rules.text)}
        said = {"rule_set": {**rules.mark, "versions": versions, **(more or {})}}
        now = now_us()

        def work(connection: Any) -> None:
            roster.came(connection, agent, Presence.ONLINE, now)
            roster.said_health(connection, agent, said, now)

        await self.ports.db.write(work)
        self.ports.bus.publish(GATEWAY, agent)


@dataclass
class RuleHub:
    """Where it listens, and what a test asks of it directly."""

    port: int
    ports: Ports
    agents: Agents


@contextlib.asynccontextmanager
async def serving(
    folder: Path, port: int = 0, alerts_per_day: int = 144, *, judging: bool = True
) -> AsyncIterator[RuleHub]:
    """A running hub with its history, its users, and both agents there.

    Args:
        alerts_per_day: from more on a backtest warns.
        judging: otherwise backtests wait for ever.
    """
    file = folder / "site.yaml"
    file.write_text(json.dumps(site(), ensure_ascii=False), "utf-8")
    campus, bus = load_campus(file), Bus()
    newest = Newest(point for agent in campus.agents for point in campus.points_of(agent).names)
    web = WebSettings(host="127.0.0.1", port=port)
    async with (
        Database(f"sqlite:///{folder}/hub.db") as db,
        DuckSeries(folder / "series.duckdb", memory_mb=256, threads=1) as series,
    ):
        readings = history(now_us())
        time_us, names = readings.pop("time_us"), list(readings)
        for row, values in enumerate(readings.values()):
            await series.write([Entry(SampleBatch.of([row] * len(time_us), time_us, values), names)])
        book = Rulebook(campus, db, bus, now_us)
        await book.load()
        settings = BacktestSettings(alerts_per_day=alerts_per_day)
        ports = Ports(
            book=book,
            db=db,
            series=series,
            newest=newest,
            bus=bus,
            feed=Feed(newest),
            rows=DeviceRows(newest),
            throttle=Throttle(time.monotonic),
            web=web,
            data_dir=folder,
            version="0.1.0",
            now_us=now_us,
            backtests=Backtests(lambda: book.campus, series, settings, now_us),
        )
        hashed, maker = passwords.hashed(PASSWORD), Actor("test", "admin")
        for name, role in USERS.items():
            await db.write(
                lambda c, name=name, role=role: people.create(c, name, hashed, role, maker, now_us())
            )
        agents = Agents(ports)
        app = web_app(ports)
        mount_console(app)
        async with WebServer(guarded(app), web, ports.feed) as server, asyncio.TaskGroup() as group:
            rollout = Rollout(book, db, bus, agents.take, now_us)
            jobs = {
                "rollout": rollout.run(),
                "newsroom": Newsroom(ports).run(),
                "backtests": ports.backtests.run() if judging else asyncio.sleep(0),
            }
            tasks = [group.create_task(job, name=name) for name, job in jobs.items()]
            answering = group.create_task(server.run(), name="web")
            for agent in AGENTS:
                await agents.say(agent)
            try:
                yield RuleHub(server.port, ports, agents)
            finally:
                server.stop()
                await answering
                for task in tasks:
                    task.cancel()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8098)
    parser.add_argument("--seconds", type=float, default=3600)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder), chosen.port):
            await asyncio.sleep(chosen.seconds)


if __name__ == "__main__":
    asyncio.run(main())
