"""An outbox on a disk that others fill: run by test_full_disk.py, alone with a small disk of its own.

python -m tests.edge_agent.outbox.full_disk FOLDER --mount     a small disk is mounted there
python -m tests.edge_agent.outbox.full_disk FOLDER --pretend   where nobody may mount: a bound on the folder
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from devices.wire.messages import Lane
from edge_agent.errors import NoRoom, NotStored
from edge_agent.outbox import Outbox, OutboxSettings
from tests.edge_agent.outbox.faulty_disk import FaultyDisk
from tests.edge_agent.outbox.numbered import numbered, numbers_of
from tests.fake_clock import FakeClock

ALL = 1 << 40
MIB = 1 << 20
DISK = 8 * MIB
RESERVE = 2 * MIB


class Story:
    """One outbox, one disk, and what was acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.kept: dict[Lane, set[int]] = {lane: set() for lane in Lane}
        self.number = 0

    def outbox(self) -> Outbox:
        settings = OutboxSettings(reserve_bytes=RESERVE)
        clock = self.clock
        return Outbox(self.folder / "o.db", "a1", settings, now_us=clock.now_us, monotonic=clock.monotonic)

    async def put(self, box: Outbox, lane: Lane, size: int) -> None:
        self.number += 1
        await box.put(lane, numbered(self.number, lane, size=size))
        self.kept[lane].add(self.number)

    async def check(self, box: Outbox) -> None:
        for lane, numbers in self.kept.items():
            found = numbers_of(await box.take(lane, 0, ALL))
            assert set(found) >= numbers, (lane, numbers - set(found))
        assert box.stats().set_aside == 0

    def fill_disk(self) -> None:
        """Write until the disk takes nothing more, as a runaway log would."""
        with (self.folder / "ballast").open("ab", buffering=0) as ballast:
            for size in (65536, 512, 1):
                with contextlib.suppress(OSError):
                    while used(self.folder) + size <= DISK:
                        ballast.write(bytes(size))

    async def run(self) -> None:
        async with self.outbox() as box:
            for lane in (Lane.ALERTS, Lane.LIVE, Lane.LIVE):
                await self.put(box, lane, 1000)
            self.fill_disk()
            await self.telemetry_is_refused(box)
            await self.alerts_are_kept(box)
            await box.done([(Lane.LIVE, 1)])
            self.kept[Lane.LIVE].discard(2)
            await self.check(box)
        async with self.outbox() as box:
            await self.check(box)
            await self.telemetry_is_refused(box)
            await self.put(box, Lane.ALERTS, 500)
            (self.folder / "ballast").unlink()
            await self.telemetry_is_taken_again(box)
            self.fill_disk()
            await self.reserve_runs_out(box)
            await self.check(box)
            (self.folder / "ballast").unlink()
            await self.telemetry_is_taken_again(box)
            await self.put(box, Lane.ALERTS, 500)
        async with self.outbox() as box:
            await self.check(box)

    async def telemetry_is_refused(self, box: Outbox) -> None:
        """What is in the log's own space may still go in; then comes the refusal, again and again."""
        refusals = 0
        for _ in range(3000):
            try:
                await self.put(box, Lane.LIVE, 2000)
            except NoRoom:
                refusals += 1
            await self.clock.advance(0.1)
            if refusals == 30:
                break
        assert refusals == 30
        assert box.stats().is_full
        assert box.stats().refused >= 30

    async def alerts_are_kept(self, box: Outbox) -> None:
        for _ in range(100):
            await self.put(box, Lane.ALERTS, 500)
            await self.clock.advance(0.1)
        try:
            await box.commit(
                [(Lane.LIVE, numbered(9001)), (Lane.ALERTS, numbered(9002, Lane.ALERTS))], {"detect": b"new"}
            )
        except NoRoom:
            self.kept[Lane.ALERTS].add(9002)
        assert 9002 in self.kept[Lane.ALERTS]
        assert await box.load_state("detect") == b"new"
        assert 9001 not in numbers_of(await box.take(Lane.LIVE, 0, ALL))

    async def telemetry_is_taken_again(self, box: Outbox) -> None:
        await self.clock.advance(2)
        await box.save_state("tick", b"x")
        await self.put(box, Lane.LIVE, 1000)
        assert not box.stats().is_full
        assert (self.folder / "o.db.reserve").stat().st_size == RESERVE

    async def reserve_runs_out(self, box: Outbox) -> None:
        """Alerts are taken from the reserve for a while, then given back; nothing is lost by that."""
        taken = 0
        try:
            for _ in range(3000):
                await self.put(box, Lane.ALERTS, 4000)
                taken += 1
        except NotStored:
            pass
        assert 50 < taken < 3000


def used(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.iterdir())


def pretend(folder: Path) -> FaultyDisk:
    """The folder takes DISK bytes: neither SQLite nor the reserve gets more."""
    allocate = os.posix_fallocate

    def allocate_bounded(descriptor: int, offset: int, size: int) -> None:
        if used(folder) + size > DISK:
            raise OSError(errno.ENOSPC, "pretended")
        allocate(descriptor, offset, size)

    disk = FaultyDisk()
    disk.fail = lambda act, _name: sqlite3.SQLITE_FULL if act == "write" and used(folder) >= DISK else 0
    os.posix_fallocate = allocate_bounded
    return disk


def main() -> None:
    folder, how = Path(sys.argv[1]), sys.argv[2]
    if how == "--mount":
        mount = ("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder))
        subprocess.run(mount, check=True)
        asyncio.run(Story(folder).run())
    else:
        with pretend(folder).in_place():
            asyncio.run(Story(folder).run())
    sys.stdout.write("told to the end\n")


if __name__ == "__main__":
    main()
