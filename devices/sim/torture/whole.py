"""The whole campus under torture: a real hub with its broker, a real agent, the simulator, and bad lines between."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devices.model.errors import Refused, Unreachable
from devices.sim.credentials import broker_of
from devices.sim.demo_files import write_hub
from devices.sim.torture.bench_files import AGENT, DOORS, RULE, SETTINGS, write_whole
from devices.sim.torture.doors import BEHIND_MS, Speakers, topic_of
from devices.sim.torture.hubview import HubView
from devices.sim.torture.killing import kill_often
from devices.sim.torture.nursery import Nursery
from devices.sim.torture.oracle import CONSERVATION, INTEGRITY, LIVENESS, ONCE, Judged, Oracle, Violation
from devices.sim.torture.proxy import Proxy
from devices.sim.torture.shim import Machine
from devices.sim.torture.zygote import CRASHED
from devices.sim.wires.field import FieldPublisher, Saying
from devices.sim.wires.ledger import Ledger
from devices.sim.wires.payloads import door_payload
from devices.wire.mqtt import Backoff

AGENT_PROGRAM, HUB_PROGRAM = "edge_agent.__main__", "hub.__main__"
POINTS: Final = tuple(
    f"{door}.{point}" for door in DOORS for point in ("open", "locked", "forced", "granted")
)
VICTIMS: Final = ("agent", "agent", "hub", "hub", "broker")
GATEWAYS: Final = 2
READY_S: Final = 60.0
FUSE_S: Final = 2.0
FLOW_S: Final = 10.0
POINTS_AT_ONCE: Final = 4
HISTORIES: Final = 10


class Whole:
    """A campus of real programs, killed one at a time.

    Args:
        folder: empty; everything goes there.
        library: the shim, see `shim.built`; None for honest disks.
        seed: of everything that is drawn.
        kills_between: so many kills, then everything must settle.
        settle_s: within this time.
        victims: who is killed, as often as it is named.
        environment: for hub and agent, beside this process's.
    """

    def __init__(
        self,
        folder: Path,
        library: Path | None,
        seed: str,
        *,
        kills_between: int = 25,
        settle_s: float = 120.0,
        victims: Sequence[str] = VICTIMS,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.oracle = Oracle(Judged.LOOSELY)
        self.lives: list[str] = []
        self.kills: Counter[str] = Counter()
        self.power_cuts = 0
        self.longest_s = 0.0
        self._kills_between, self._settle_s = kills_between, settle_s
        self._victims = victims
        self._source = random.Random(seed)
        self._speakers = Speakers(random.Random(f"{seed} doors"))
        (folder / "credentials").mkdir(parents=True, mode=0o700)
        (folder / "hub-disk").mkdir()
        self._http, self._mqtt, self._control, *ports = _free_ports(3 + GATEWAYS)
        self._site = write_whole(folder, ports)
        hub_file = str(write_hub(folder, self._site, self._http, self._mqtt))
        edge_file = str(folder / SETTINGS)
        self._machines = {
            "agent": Machine(library, folder, (folder / "data" / "outbox.sqlite",)),
            "hub": Machine(
                library, folder / "hub-disk", (folder / "hub" / "hub.db", folder / "hub" / "series.duckdb")
            ),
        }
        given = environment or {}
        self._nurseries = {
            "hub": self._nursery("hub", HUB_PROGRAM, given, hub_file),
            "agent": self._nursery("agent", AGENT_PROGRAM, given, edge_file),
        }
        self._files = {"hub": hub_file, "agent": edge_file}
        self._pids: dict[str, int] = {}
        self._proxy = Proxy(self._mqtt, random.Random(f"{seed} line"))
        self._view = HubView(self._http, folder / "hub")
        self._began_us = self._window_us = time.time_ns() // 1000
        self._publisher: FieldPublisher | None = None
        self._speaks = True

    def _nursery(self, name: str, program: str, given: Mapping[str, str], file: str) -> Nursery:
        environment = {**given, **self._machines[name].environment()}
        return Nursery(program, self.folder / f"{name}.log", environment, ("check", "--config", file))

    async def run(self, kills: int, until_s: float, enough: asyncio.Event | None = None) -> list[Violation]:
        """Kill so often, or until a moment of the monotonic clock or `enough`; the first violations end it.

        Raises:
            Unreachable: the campus does not even start.
        """
        async with contextlib.AsyncExitStack() as stack:
            for nursery in self._nurseries.values():
                await stack.enter_async_context(nursery)
            tasks = await self._begin(stack)
            try:
                return await kill_often(self, kills, self._kills_between, until_s, enough)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def killed(self) -> int:
        """How often one of the programs was killed."""
        return sum(self.kills.values())

    @property
    def figures(self) -> dict[str, Any]:
        """What was done so far."""
        return {
            "killed": dict(self.kills),
            "power_cuts": self.power_cuts,
            "line": dict(self._proxy.acts),
            "longest_drain_s": round(self.longest_s, 2),
            "messages": self.oracle.counts.told,
        }

    # --- the beginning

    async def _begin(self, stack: contextlib.AsyncExitStack) -> list[asyncio.Task[None]]:
        for name in (AGENT, "field"):
            out = ("--out", str(self.folder / "credentials" / f"{name}.json"))
            pid = await self._nurseries["hub"].start("enrol", name, "--config", self._files["hub"], *out)
            if await self._nurseries["hub"].ended(pid):
                raise Unreachable(f"the hub enrols nobody: {self._nurseries['hub'].tail()}")
        await self._start("hub")
        await self._wait(self._view.is_up, "the hub answers")
        await asyncio.to_thread(self._view.first_run)
        line = await self._proxy.open()
        stack.push_async_callback(self._proxy.close)
        self._write_credentials(line)
        simulator = await self._simulator()
        stack.push_async_callback(_end, simulator)
        await self._start("agent")
        await self._wait(self._is_online, "the agent is online")
        field = broker_of(self.folder / "credentials" / "field.json", None, {})
        backoff = Backoff(0.1, 0.5, 0.5, random.random)
        publisher = FieldPublisher(field, Ledger(), "torture-doors", lambda: time.time_ns() // 1000, backoff)
        self._publisher = publisher
        return [
            asyncio.create_task(publisher.run(), name="torture doors"),
            asyncio.create_task(self._speak(publisher), name="torture speakers"),
        ]

    def _write_credentials(self, port: int) -> None:
        """The agent goes through the proxy, as somebody who was given its address."""
        given = json.loads((self.folder / "credentials" / f"{AGENT}.json").read_text("utf-8"))
        (self.folder / "hub.json").write_text(json.dumps({**given, "port": port}), "utf-8")

    async def _simulator(self) -> Process:
        command = [sys.executable, "-m", "devices.sim", "run", "--site", str(self._site)]
        return await asyncio.create_subprocess_exec(
            *command, "--control", f"127.0.0.1:{self._control}", stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )

    def _is_online(self) -> bool:
        with contextlib.suppress(Unreachable):
            return any(row["agent"] == AGENT and row["state"] == "online" for row in self._view.gateways())
        return False

    async def _wait(self, holds: Any, what: str) -> None:
        end_s = time.monotonic() + READY_S
        while not await asyncio.to_thread(holds):
            if time.monotonic() > end_s:
                tails = "\n".join(nursery.tail() for nursery in self._nurseries.values())
                raise Unreachable(f"not within {READY_S:g} s: {what}\n{tails}")
            await asyncio.sleep(0.1)

    async def _start(self, name: str) -> None:
        self._pids[name] = await self._nurseries[name].start("run", "--config", self._files[name])

    async def _speak(self, publisher: FieldPublisher) -> None:
        while True:
            if self._speaks:
                message = self._speakers.say()
                self.oracle.tell(message, len(self.lives))
                publisher.say(Saying(message.door, topic_of(message), door_payload(message), 4))
            await asyncio.sleep(self._source.uniform(0.01, 0.1))

    # --- one kill

    async def kill(self) -> None:
        """Kill one of the programs at a moment that is drawn."""
        source, victim = self._source, self._source.choice(self._victims)
        self._proxy.chance = source.choice((0.0, 0.02, 0.1))
        wait_s, trouble = source.uniform(0.0, 2.0), self._make_trouble()
        power = victim != "broker" and self._machines[victim].is_real and source.random() < 0.4  # noqa: PLR2004 - some
        fuse = source.randint(1, 60) if victim != "broker" and source.random() < 0.5 else 0  # noqa: PLR2004 - half
        records = source.choice((0, 1, 2, 5, 10))
        if records:  # most kills while readings flow, some while everything begins
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._proxy.passed(self._proxy.records + records), FLOW_S)
            wait_s *= 0.1
        await asyncio.sleep(wait_s)
        how = f"operation {fuse} of its disk" if fuse else f"{records} records + {wait_s:.2f} s"
        self.lives.append(f"{victim} killed at {how}{', power cut' * power}; {trouble}")
        if victim == "broker":
            self._kill_broker()
        else:
            await self._kill_program(victim, fuse, power=power)
        self.kills[victim] += 1
        for name in self._machines:
            await self._revive(name)

    async def _kill_program(self, victim: str, fuse: int, *, power: bool) -> None:
        nursery, pid, page = self._nurseries[victim], self._pids[victim], self._machines[victim].page
        page["fuse"] = fuse
        if fuse:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(nursery.ended(pid), FUSE_S)
        await nursery.kill(pid)
        page.quieten()
        if power:
            self._machines[victim].cut_power(self._source)
            self.power_cuts += 1

    async def _revive(self, name: str) -> None:
        """Start a program that is dead, as the system would; one that crashed has broken a promise."""
        nursery, pid = self._nurseries[name], self._pids[name]
        if nursery.is_alive(pid):
            return
        if await nursery.ended(pid) == CRASHED:
            self.oracle.violations.append(Violation(LIVENESS, f"the {name} crashed: {nursery.tail()}"))
        await self._start(name)

    def _make_trouble(self) -> str:
        """A slow database or a full disk at the hub, for as long as it lives."""
        page = self._machines["hub"].page
        page.quieten()
        match self._source.choice(("none", "none", "slow", "full")):
            case "slow":
                page["sync_us"] = self._source.choice((5_000, 50_000))
                return "the hub's disk is slow"
            case "full":
                page["room"] = self._source.choice((0, 20_000, 200_000))
                return "the hub's disk is full"
        return "no trouble"

    def _kill_broker(self) -> None:
        for children in Path(f"/proc/{self._pids['hub']}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                for pid in children.read_text().split():
                    if "nats-server" in Path(f"/proc/{pid}/cmdline").read_text("utf-8"):
                        os.kill(int(pid), signal.SIGKILL)

    # --- the judgement

    async def settle(self) -> None:
        """No more faults: everything that was accepted must be at the hub, once, within the bound."""
        self._speaks, self._proxy.chance = False, 0.0
        for machine in self._machines.values():
            machine.page.quieten()
        began_s = time.monotonic()
        missing = [Violation(LIVENESS, "the hub does not answer")]
        while missing and time.monotonic() - began_s < self._settle_s and not self.oracle.violations:
            await asyncio.sleep(0.3)
            for name in self._machines:
                await self._revive(name)
            with contextlib.suppress(Unreachable):
                missing = await self._missing()
        self.longest_s = max(self.longest_s, time.monotonic() - began_s)
        self.oracle.violations.extend(missing)
        if not self.oracle.violations:
            self.oracle.settle()
        # Nobody has spoken for longer than the doors' clocks are behind.
        self._window_us = time.time_ns() // 1000 - 2 * BEHIND_MS * 1000
        self._speaks = True

    async def _missing(self) -> list[Violation]:
        assert self._publisher is not None
        if self._publisher.waiting:
            return [Violation(LIVENESS, f"the broker does not take {self._publisher.waiting} messages")]
        self.oracle.accept_all(len(self.lives))
        ledger = await asyncio.to_thread(_ledger, self._control)
        await asyncio.to_thread(self._look)
        polled = await asyncio.to_thread(lambda: list(self._polled(ledger)))
        return [*self.oracle.missing(), *polled]

    def _look(self) -> None:
        """Ask the hub for everything of this window, and all alerts."""
        now_us = time.time_ns() // 1000
        self.oracle.look()
        for point, rows in self._view.readings(POINTS, self._window_us - 1, now_us).items():
            self.oracle.hold(point, rows["time_us"], rows["value"])
        alerts = list(self._view.alerts(RULE))
        for row in alerts:
            what = (row["device"], row["start_us"])
            self.oracle.see(row["id"], what, cleared=row["cleared_us"] is not None)
        for row in alerts[:HISTORIES]:
            lines = [(line["act"], line["time_us"]) for line in self._view.history(row["id"])]
            if len(set(lines)) < len(lines):
                self.oracle.violations.append(Violation(ONCE, f"history of {row['id']}: {lines}"))
        aside = self._view.quarantined()
        if aside:
            self.oracle.violations.append(Violation(INTEGRITY, f"{aside} messages were set aside"))

    def _polled(self, ledger: Mapping[str, Mapping[str, int]]) -> Iterator[Violation]:
        """Of what was polled, the simulator counted how much is surely with the agent."""
        now_us = time.time_ns() // 1000
        points = sorted(ledger)
        for first in range(0, len(points), POINTS_AT_ONCE):
            some = points[first : first + POINTS_AT_ONCE]
            found = self._view.readings(some, self._began_us, now_us)
            for point in some:
                times_us = found.get(point, {}).get("time_us", [])
                self.oracle.twice(point, times_us)
                if len(times_us) < ledger[point]["followed"]:
                    what = f"{point}: {len(times_us)} readings of {ledger[point]['followed']} that were read"
                    yield Violation(CONSERVATION, what)


def _ledger(port: int) -> Mapping[str, Mapping[str, int]]:
    """What the simulator answered, by point."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/ledger")
        content = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused(f"the simulator does not answer: {error}") from None
    finally:
        connection.close()
    return dict(content["points"])


async def _end(process: Process) -> None:
    process.terminate()
    await process.wait()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
