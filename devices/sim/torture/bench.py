"""The bench: one real agent, killed again and again, in a world that the harness plays and counts."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from devices.sim.torture.bench_files import SETTINGS, write_bench
from devices.sim.torture.field import ACCEPTED, ACKNOWLEDGED, ARRIVED, Field
from devices.sim.torture.killing import kill_often
from devices.sim.torture.nursery import Nursery
from devices.sim.torture.oracle import LIVENESS, Judged, Oracle, Violation
from devices.sim.torture.shim import Machine
from devices.sim.torture.zygote import CRASHED

PROGRAM: Final = "edge_agent.__main__"
#: A life ends by then, whatever was to end it; longer than it needs, for machines that others keep busy.
LONGEST_LIFE_S: Final = 4.0
DAY_US: Final = 86_400_000_000
STEPS_US: Final = (0, 3_600_000_000, -3_600_000_000, 400 * DAY_US, -400 * DAY_US, -20_000 * DAY_US)


@dataclass(frozen=True, slots=True)
class Life:
    """How one life of the agent goes, and what ends it; drawn by seed."""

    end: str  # fuse, opening, accepted, arrived, acknowledged or time
    count: int  # of disk operations or events
    delay_s: float
    power: bool  # the power goes with it: what was not synced is lost
    trouble: str  # of the disk, clock or line meanwhile

    def __str__(self) -> str:
        how = f"{self.end} {self.count}" if self.count else self.end
        return f"killed at {how} + {self.delay_s * 1000:.0f} ms{', power cut' * self.power}, {self.trouble}"


def drawn(source: random.Random, *, is_real: bool, clock: bool) -> Life:
    """Draw a life; without the shim there are fewer ways to die."""
    ends = [ACCEPTED, ARRIVED, ACKNOWLEDGED, "time"] + ["fuse", "fuse", "fuse", "opening"] * is_real
    end = source.choice(ends)
    count = {"time": 0, "opening": source.randint(1, 40), "fuse": source.randint(1, 150)}.get(
        end, source.choice((1, 1, 2, 5, 20))
    )
    delay_s = source.uniform(0, 0.3) if end == "time" else source.choice((0.0, 0.0, 0.001, 0.01, 0.05))
    troubles = ["none"] * 6 + ["cut"]
    if is_real:
        troubles += ["full", "bad-sync", "slow", *(["clock"] * 3 if clock else [])]
    return Life(
        end,
        count,
        delay_s,
        is_real and source.random() < 0.5,  # noqa: PLR2004 - every second
        source.choice(troubles),
    )


@dataclass
class Tally:
    """What a bench has done so far."""

    kills: int = 0
    at_work: int = 0  # of these, when the agent had begun to accept or send
    ends: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    power_cuts: int = 0
    by_itself: int = 0
    drains: int = 0
    longest_drain_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kills": self.kills,
            "at_work": self.at_work,
            "ends": dict(self.ends),
            "troubles": dict(self.troubles),
            "power_cuts": self.power_cuts,
            "ended_by_itself": self.by_itself,
            "drains": self.drains,
            "longest_drain_s": round(self.longest_drain_s, 2),
        }


class Bench:
    """One agent and its world.

    Args:
        folder: empty; everything goes there.
        library: the shim, see `shim.built`; None for an honest disk.
        seed: of everything that is drawn.
        kills_between: so many kills, then everything must settle.
        drain_s: within this time.
        clock: the agent's clock is set now and then; alerts are not judged then.
        environment: for the program under test, beside this process's.
    """

    def __init__(
        self,
        folder: Path,
        library: Path | None,
        seed: str,
        *,
        kills_between: int = 25,
        drain_s: float = 60.0,
        clock: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.tally = Tally()
        self.seed = seed
        self.lives: list[Life] = []
        self.oracle = Oracle(Judged.NOT_AT_ALL if clock else Judged.EXACTLY)
        self._kills_between = kills_between
        self._drain_s = drain_s
        self._clock = clock
        self._source = random.Random(seed)
        self._field = Field(self.oracle, random.Random(f"{seed} field"))
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._machine = Machine(library, folder, (folder / "data" / "outbox.sqlite",))
        self._settings = str(folder / SETTINGS)
        self._nursery = Nursery(
            PROGRAM,
            folder / "agent.log",
            {**(environment or {}), **self._machine.environment()},
            ("check", "--config", self._settings),
        )

    async def run(self, kills: int, until_s: float, enough: asyncio.Event | None = None) -> list[Violation]:
        """Kill so often, or until a moment of the monotonic clock or `enough`; the first violations end it."""
        port = await self._field.open()
        write_bench(self.folder, port)
        try:
            async with self._nursery:
                return await kill_often(self, kills, self._kills_between, until_s, enough)
        finally:
            await self._field.close()
            self._machine.page.close()

    @property
    def killed(self) -> int:
        """How often the agent was killed."""
        return self.tally.kills

    # --- one life

    async def kill(self) -> None:
        """Start the agent, and kill it as the next life is drawn."""
        life = drawn(self._source, is_real=self._machine.is_real, clock=self._clock)
        self.lives.append(life)
        self._field.life = len(self.lives)
        page, began = self._machine.page, self._field.events.total()
        page["fuse"] = life.count if life.end == "opening" else 0
        pid = await self._nursery.start("run", "--config", self._settings)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_LIFE_S):
                await self._until(life, pid)
        by_itself = not self._nursery.is_alive(pid)
        code = await self._nursery.kill(pid)
        self._field.cut()
        page["fuse"] = 0
        self._make_right()
        if life.power:
            self._machine.cut_power(self._source)
            self.tally.power_cuts += 1
        self.tally.by_itself += by_itself and code >= 0
        self.tally.kills += code < 0
        self.tally.at_work += code < 0 and self._field.events.total() > began
        if code == CRASHED:
            self.oracle.violations.append(Violation(LIVENESS, f"the agent crashed: {self._nursery.tail()}"))
        self.tally.ends[life.end] += 1
        self.tally.troubles[life.trouble] += 1

    async def _until(self, life: Life, pid: int) -> None:
        """Live up to the moment of death."""
        dead = asyncio.ensure_future(self._nursery.ended(pid))
        lived = asyncio.ensure_future(self._lived(life))
        try:
            await asyncio.wait({dead, lived}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (dead, lived):
                task.cancel()
            await asyncio.gather(dead, lived, return_exceptions=True)

    async def _lived(self, life: Life) -> None:
        events = self._field.events
        if life.end == "opening":
            await asyncio.Event().wait()
        if life.end != "time":
            await self._field.reach(ACCEPTED, events[ACCEPTED] + 1)
        self._make_trouble(life.trouble)
        if life.end == "fuse":
            self._machine.page["fuse"] = life.count
            await asyncio.Event().wait()
        elif life.end != "time":
            await self._field.reach(life.end, events[life.end] + life.count)
        await asyncio.sleep(life.delay_s)

    def _make_trouble(self, trouble: str) -> None:
        page, source = self._machine.page, self._source
        match trouble:
            case "cut":
                self._field.cut()
            case "full":
                page["room"] = source.choice((0, 4_000, 60_000, 300_000))
            case "bad-sync":
                page["bad_syncs"] = source.randint(1, 4)
            case "slow":
                page["sync_us"] = source.choice((2_000, 20_000))
            case "clock":
                page["clock_us"] = source.choice(STEPS_US)

    def _make_right(self) -> None:
        page = self._machine.page
        page["room"], page["bad_syncs"], page["sync_us"] = -1, 0, 0

    # --- and the judgement

    async def settle(self) -> None:
        """No more faults: everything that was accepted must arrive within the bound."""
        self._field.speaks, self._field.is_kind = False, True
        began_s = time.monotonic()
        pid = await self._nursery.start("run", "--config", self._settings)
        while missing := self.oracle.missing():
            if time.monotonic() - began_s > self._drain_s or not self._nursery.is_alive(pid):
                break
            if any(found.promise != LIVENESS for found in self.oracle.violations):
                break
            await asyncio.sleep(0.02)
        if not self._nursery.is_alive(pid):
            missing = [Violation(LIVENESS, f"the agent does not run: {self._nursery.tail()[-600:]}")]
        await self._nursery.kill(pid)
        self._field.cut()
        self.tally.drains += 1
        self.tally.longest_drain_s = max(self.tally.longest_drain_s, time.monotonic() - began_s)
        self.oracle.violations.extend(missing)
        if not self.oracle.violations:
            self.oracle.settle()
        self._field.speaks, self._field.is_kind = True, False
