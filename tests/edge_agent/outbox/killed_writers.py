"""Writers that are killed at random instants, again and again, on one outbox: run by test_killed.py.

python -m tests.edge_agent.outbox.killed_writers FOLDER SECONDS SEED [--acknowledge-early | --no-transaction]

Each round forks a writer, lets it put, save states and delete, kills it with SIGKILL, and looks into what it
left. The writer tells what was acknowledged through a pipe, after the fact; what it is about to delete,
before. The two options plant faults, to prove that they would be found.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from devices.wire.messages import Lane
from edge_agent.outbox import Outbox, OutboxSettings
from tests.edge_agent.outbox.numbered import numbered, numbers_of

ALL = 1 << 40
WORD = struct.Struct("<cq")
WRITERS = 5
LANES = (Lane.ALERTS, Lane.LIVE)


def outbox_in(folder: Path) -> Outbox:
    return Outbox(
        folder / "o.db",
        "a1",
        OutboxSettings(reserve_bytes=0),
        now_us=lambda: time.time_ns() // 1000,
        monotonic=time.monotonic,
    )


async def write(folder: Path, pipe: int, base: int, seed: int, planted: str) -> None:
    """Put records as fast as possible until killed; a record's number says who put it and when."""

    def tell(what: bytes, number: int) -> None:
        os.write(pipe, WORD.pack(what, number))

    async def work(box: Outbox, writer: int) -> None:
        source = random.Random(seed * 100 + writer)
        for count in range(100_000):
            number = base + count * WRITERS + writer
            lane = source.choice(LANES)
            state = {f"writer {writer}": str(number).encode()}
            records = [(lane, numbered(number, lane, size=source.choice((0, 100, 5000, 20_000))))]
            if planted == "--acknowledge-early":
                tell(b"+", number)
            if planted == "--no-transaction":
                await box.commit(records)
                await box.commit((), state)
            else:
                await box.commit(records, state)
            tell(b"+", number)
            if source.random() < 0.4:
                await delete_some(box, lane, source)

    async def delete_some(box: Outbox, lane: Lane, source: random.Random) -> None:
        first = await box.take(lane, 0, source.choice((1, 30_000)))
        for number in numbers_of(first):
            tell(b"-", number)
        await box.done([(lane, record.seq) for record in first])

    async with outbox_in(folder) as box, asyncio.TaskGroup() as tasks:
        for writer in range(WRITERS):
            tasks.create_task(work(box, writer))


@dataclass
class Judge:
    """Compares what is in the outbox with what was told."""

    acknowledged: set[int] = field(default_factory=set)
    deleting: set[int] = field(default_factory=set)
    seen: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(LANES, 0))
    rounds: int = 0
    lost: list[int] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    double: list[int] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)

    def hear(self, words: bytes) -> None:
        for what, number in WORD.iter_unpack(words[: len(words) // WORD.size * WORD.size]):
            (self.acknowledged if what == b"+" else self.deleting).add(number)

    async def look(self, folder: Path) -> None:
        self.rounds += 1
        async with outbox_in(folder) as box:
            found: list[int] = []
            for lane in LANES:
                records = await box.take(lane, 0, ALL)
                found += numbers_of(records)
                await box.done([(lane, record.seq) for record in records])
            states = await box.load_states()
            stats = box.stats()
        self.lost += sorted(self.acknowledged - self.deleting - set(found))
        self.double += sorted({number for number in found if found.count(number) > 1})
        for writer in range(WRITERS):
            newest = max((n for n in {*found, *self.acknowledged} if n % WRITERS == writer), default=-1)
            if int(states.get(f"writer {writer}", b"-1")) < newest:
                self.behind.append(newest)
        if stats.set_aside or stats.dropped or stats.corrupt_states:
            self.torn.append(repr(stats))
        self.acknowledged.clear()
        self.deleting.clear()


def one_round(folder: Path, judge: Judge, base: int, source: random.Random, planted: str) -> None:
    reading, writing = os.pipe()
    seed, life_s = source.getrandbits(30), source.uniform(0.005, 0.08)
    child = os.fork()
    if not child:
        os.close(reading)
        asyncio.run(write(folder, writing, base, seed, planted))
        os._exit(1)
    os.close(writing)
    time.sleep(life_s)
    os.kill(child, signal.SIGKILL)
    words = b""
    while piece := os.read(reading, 1 << 16):
        words += piece
    os.close(reading)
    os.waitpid(child, 0)
    judge.hear(words)
    asyncio.run(judge.look(folder))


def main() -> None:
    folder, seconds, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    planted = sys.argv[4] if len(sys.argv) > 4 else ""
    source = random.Random(seed)
    judge = Judge()
    deadline = time.monotonic() + seconds
    base, told = 0, 0
    while time.monotonic() < deadline:
        one_round(folder, judge, base, source, planted)
        base += 1_000_000
        told += 1
    report = {
        "seed": seed,
        "rounds": judge.rounds,
        "lost": judge.lost,
        "double": judge.double,
        "behind": judge.behind,
        "torn": judge.torn,
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
