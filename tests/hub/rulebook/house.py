"""A hub's broker, ingest, rulebook and roll-out, and whole agents that connect to them; all in this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devices.campus.rules import RuleFile
from devices.wire.mqtt import Broker
from edge_agent import agent as edge
from edge_agent.settings import load_settings
from hub.broker import EmbeddedBroker, agent_user, hashed
from hub.db import Database
from hub.db.audit import Actor
from hub.gateways import roster
from hub.ingest import Ingest
from hub.ingest.ingest import wall_us
from hub.live.bus import Bus
from hub.live.newest import Newest
from hub.orders.courier import Courier
from hub.orders.desk import Desk
from hub.rulebook import shelf
from hub.rulebook.draft import Draft
from hub.rulebook.report import Report, report
from hub.rulebook.rollout import Rollout
from hub.rulebook.rulebook import Rulebook
from hub.rulebook.shelf import Progress, Publication, Step
from hub.series.duckdb import DuckSeries
from tests.hub.rulebook.documents import SITE, campus

HQ1, HALL = "edge-hq1", "edge-hall"
PASSWORDS = {HQ1: "valves are blue", HALL: "doors are green"}
HASHES = {agent: hashed(password) for agent, password in PASSWORDS.items()}
QUICK = {"health_s": 0.5, "first_wait_s": 0.05, "most_wait_s": 0.3, "probe_s": 0.3}
ANN = Actor("ann", "engineer")


@dataclass
class House:
    """What a test asks and does."""

    broker: EmbeddedBroker
    db: Database
    book: Rulebook
    folder: Path
    desk: Desk
    site: Path

    def signed_in(self, agent: str) -> Broker:
        return Broker("127.0.0.1", self.broker.address.port, agent, PASSWORDS[agent])

    async def publish(self, *documents: dict[str, Any], **more: Any) -> Publication:
        rules = RuleFile.model_validate({"rules": documents}).rules
        wanted = Draft(self.book.rules.number, rules, (), "a test", **more)
        return await self.book.publish(await self.book.prepare(wanted), [], ANN)

    async def said(self, agent: str) -> Report:
        return report((await self.db.read(roster.gateways)).get(agent))

    async def steps(self, number: int) -> dict[str, Step]:
        return await self.db.read(lambda c: shelf.steps(c, number))

    async def running(self, number: int, *agents: str) -> None:
        """Wait until the agents run a set, by the hub's own reckoning."""
        async with asyncio.timeout(60):
            while True:
                steps = await self.steps(number)
                if all(agent in steps and steps[agent].state is Progress.RUNNING for agent in agents):
                    return
                await asyncio.sleep(0.05)

    def settings(self, agent: str, site: Path | None = None, **more: Any) -> Path:
        credentials = {
            "agent": agent,
            "host": "127.0.0.1",
            "port": self.broker.address.port,
            "username": agent,
            "password": PASSWORDS[agent],
        }
        secret = self.folder / f"{agent}.json"
        secret.write_text(json.dumps(credentials))
        secret.chmod(0o600)
        values = {
            "agent": agent,
            "site": str(site or self.site),
            "data_dir": str(self.folder / agent),
            "hub": str(secret),
            "health": {"port": 0},
            "detect": {"tick_s": 0.1},
            "outbox": {"reserve_bytes": 0},
            "uplink": QUICK,
            **more,
        }
        file = self.folder / f"{agent}.yaml"
        file.write_text(yaml.safe_dump(values))
        return file

    @asynccontextmanager
    async def agent(self, name: str, site: Path | None = None, **more: Any) -> AsyncIterator[None]:
        """A whole agent, which keeps its disk from one start to the next."""
        task = asyncio.create_task(edge.run(load_settings(self.settings(name, site, **more))), name=name)
        try:
            yield
        finally:
            assert not task.done(), task
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):  # cancelled here
                await task


@asynccontextmanager
async def house(folder: Path, free_port: Callable[[], int]) -> AsyncIterator[House]:
    """A hub without a web server."""
    site, bus = campus(), Bus()
    own_site = folder / "own-site.yaml"  # where no device answers: on ports that nothing listens on
    own_site.write_text(
        re.sub(r"port: \d+", lambda _: f"port: {free_port()}", SITE.read_text("utf-8")), "utf-8"
    )
    users = [agent_user(agent, HASHES[agent], ["field/hq1"] if agent == HQ1 else []) for agent in PASSWORDS]
    async with (
        EmbeddedBroker(folder / "broker", users, port=free_port()) as broker,
        Database(f"sqlite:///{folder}/hub.db") as db,
        DuckSeries(folder / "series.duckdb", memory_mb=128, threads=1) as series,
    ):
        book = Rulebook(site, db, bus, wall_us)
        await book.load()
        ingest = Ingest(
            broker.address,
            campus=site,
            series=series,
            database=db,
            newest=Newest(),
            bus=bus,
            agents=set(PASSWORDS),
        )
        rollout = Rollout(book, db, bus, ingest.tell, wall_us)
        desk = Desk(db, bus, lambda: book.campus, wall_us, enabled=True)
        courier = Courier(desk, db, bus, ingest.tell, wall_us, again_s=0.3)
        ingest.on_outcomes = courier.hear
        jobs = [asyncio.create_task(room.run()) for room in (ingest, rollout, courier)]
        try:
            yield House(broker, db, book, folder, desk, own_site)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
