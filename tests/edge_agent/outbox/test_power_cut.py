"""A power cut leaves what was synced and any part of the rest; a failed sync leaves nobody knows what."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.wire.messages import Lane
from edge_agent.errors import NoRoom, NotStored
from edge_agent.outbox import Outbox, OutboxSettings
from tests.edge_agent.outbox.faulty_disk import FaultyDisk
from tests.edge_agent.outbox.numbered import numbered, numbers_of
from tests.fake_clock import FakeClock

ALL = 1 << 40
WRITERS = 4
EACH = 20


@dataclass(frozen=True)
class Image:
    """What a power cut would have left at one moment, and which numbers were acknowledged before it."""

    files: dict[str, bytes]
    acknowledged: frozenset[int]
    finished: frozenset[int]


class Load:
    """Writers on a faulty disk, with an image taken now and then."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.source = random.Random(seed)
        self.disk = FaultyDisk()
        self.acknowledged: set[int] = set()
        self.finished: set[int] = set()
        self.images: list[Image] = []

    async def run(self) -> None:
        self.disk.on_write = self.perhaps_cut
        with self.disk.in_place():
            async with outbox_in(self.folder) as box, asyncio.TaskGroup() as tasks:
                for writer in range(WRITERS):
                    tasks.create_task(self.write(box, writer))

    def perhaps_cut(self) -> None:
        if self.source.random() < 0.2:
            files = self.disk.after_power_cut(self.source)
            self.images.append(Image(files, frozenset(self.acknowledged), frozenset(self.finished)))

    async def write(self, box: Outbox, writer: int) -> None:
        for number in range(writer * 1000, writer * 1000 + EACH):
            message = numbered(number, Lane.ALERTS, size=self.source.choice((0, 300, 9000)))
            with suppress(NotStored):
                await box.commit([(Lane.ALERTS, message)], {f"writer {writer}": str(number).encode()})
                self.acknowledged.add(number)
                if self.source.random() < 0.3:
                    await self.finish_first(box)

    async def finish_first(self, box: Outbox) -> None:
        first = await box.take(Lane.ALERTS, 0, 1)
        self.finished.update(numbers_of(first))
        await box.done([(Lane.ALERTS, record.seq) for record in first])


def outbox_in(folder: Path) -> Outbox:
    clock = FakeClock()
    settings = OutboxSettings(reserve_bytes=0)
    return Outbox(folder / "o.db", "a1", settings, now_us=clock.now_us, monotonic=clock.monotonic)


def lay_out(image: Image, folder: Path) -> None:
    folder.mkdir()
    for name, content in image.files.items():
        (folder / name).write_bytes(content)


async def lost_of(image: Image, folder: Path) -> set[int]:
    """Open the image as after a power cut; return acknowledged numbers that are missing, or whose state is.

    A file that had to be set aside is a loss as well, written as -1.
    """
    lay_out(image, folder)
    async with outbox_in(folder) as box:
        found = numbers_of(await box.take(Lane.ALERTS, 0, ALL))
        states = await box.load_states()
        replaced = {-1} if box.stats().set_aside else set()
    behind = set()
    for writer in range(WRITERS):
        newest = max((n for n in {*found, *image.finished} if n // 1000 == writer), default=-1)
        behind |= {newest} if int(states.get(f"writer {writer}", b"-1")) < newest else set()
    return replaced | behind | (image.acknowledged - image.finished - set(found))


@pytest.mark.promise("P-outbox-2")
@pytest.mark.parametrize("seed", range(3))
async def test_after_a_power_cut_everything_acknowledged_is_there(tmp_path: Path, seed: int) -> None:
    load = Load(tmp_path / "live", seed)
    await load.run()
    assert len(load.images) > 15
    for number, image in enumerate(load.images):
        assert await lost_of(image, tmp_path / f"image-{number}") == set()


async def test_a_disk_that_lies_about_syncing_is_found_out_by_this_test(tmp_path: Path) -> None:
    load = Load(tmp_path / "live", 0)
    load.disk.is_lying = True
    await load.run()
    lost = [await lost_of(image, tmp_path / f"image-{n}") for n, image in enumerate(load.images)]
    assert any(lost)


@pytest.mark.promise("P-outbox-8")
@pytest.mark.parametrize("seed", range(3))
async def test_failing_syncs_and_writes_lose_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    load = Load(tmp_path / "live", seed)
    faults = {"sync": sqlite3.SQLITE_IOERR_FSYNC, "write": sqlite3.SQLITE_IOERR_WRITE}
    chance = {"sync": 0.2, "write": 0.02}
    started = False

    def fail(act: str, _name: str) -> int:
        return faults[act] if started and load.source.random() < chance[act] else 0

    load.disk.fail = fail
    with load.disk.in_place():
        async with outbox_in(load.folder) as box:
            await box.put(Lane.ALERTS, numbered(9999, Lane.ALERTS))
            started = True
            load.disk.on_write = load.perhaps_cut
            await asyncio.gather(*(load.write(box, writer) for writer in range(WRITERS)))
            started = False
            load.disk.on_write = lambda: None
            await box.put(Lane.ALERTS, numbered(9998, Lane.ALERTS))
            found = set(numbers_of(await box.take(Lane.ALERTS, 0, ALL)))
            assert box.stats().set_aside == 0
            assert {9998, *load.acknowledged} - load.finished <= found
    for number, image in enumerate(load.images):
        assert await lost_of(image, tmp_path / f"image-{number}") == set()


async def test_a_disk_that_fails_for_long_gives_every_put_back_and_then_goes_on(tmp_path: Path) -> None:
    disk = FaultyDisk()
    with disk.in_place():
        async with outbox_in(tmp_path) as box:
            await box.put(Lane.LIVE, numbered(1))
            epoch = box.epoch
            disk.fail = lambda act, _name: sqlite3.SQLITE_IOERR_FSYNC if act == "sync" else 0
            for _ in range(3):
                with pytest.raises(NotStored):
                    await box.put(Lane.LIVE, numbered(2))
                assert box.epoch == epoch, "a fault of the disk does not make it another outbox"
            disk.fail = lambda _act, _name: 0
            await box.put(Lane.LIVE, numbered(3))
            assert {1, 3} <= set(numbers_of(await box.take(Lane.LIVE, 0, ALL)))
            assert (box.stats().failures, box.stats().set_aside) == (3, 0)


async def test_a_disk_without_room_refuses_telemetry_and_says_so(tmp_path: Path) -> None:
    """The full story, with the reserve, is told on a real full disk in test_full_disk.py."""
    disk = FaultyDisk()
    with disk.in_place():
        async with outbox_in(tmp_path) as box:
            disk.fail = lambda act, _name: sqlite3.SQLITE_FULL if act == "write" else 0
            with pytest.raises((NoRoom, NotStored)):
                await box.put(Lane.LIVE, numbered(1))
            with pytest.raises(NotStored):
                await box.put(Lane.ALERTS, numbered(1, Lane.ALERTS))
            disk.fail = lambda _act, _name: 0
            await box.put(Lane.ALERTS, numbered(2, Lane.ALERTS))
            assert numbers_of(await box.take(Lane.ALERTS, 0, ALL)) == [2]
            assert box.stats().refused <= 1
