"""The pipeline: what it releases when, what it keeps together, and what it does when the disk takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.campus.site import Campus
from devices.model.alerts import EventKind
from devices.model.codes import PumpPosition
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane, Message
from devices.wire.records import alerts_from, samples_from
from edge_agent.detect.counters import STATE as COUNTERS
from edge_agent.detect.counters import Meters
from edge_agent.detect.detection import Detection
from edge_agent.errors import NoRoom, NotStored
from edge_agent.pictures import Looking, PictureSettings
from edge_agent.pipeline import Keeping, Pipeline
from edge_agent.uplink.thinning import REST
from tests.edge_agent.detect.small_campus import small_campus
from tests.fake_clock import FakeClock


@dataclass(frozen=True)
class Pace:
    gather_s: float = 0.05
    tick_s: float = 0.02  # real seconds: a silent tick must not slow the tests
    held_s: float = 5.0


class Disk:
    """A store that remembers its commits and fails when it is told to."""

    def __init__(self) -> None:
        self.commits: list[tuple[list[tuple[Lane, Message]], dict[str, bytes]]] = []
        self.states: dict[str, bytes] = {}
        self.fails: type[Exception] | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def commit(
        self, records: Sequence[tuple[Lane, Message]], states: Mapping[str, bytes] | None = None
    ) -> None:
        await self.open.wait()
        if self.fails is NoRoom:
            records = [(lane, message) for lane, message in records if lane is Lane.ALERTS]
        if self.fails is not NotStored:
            self.commits.append((list(records), dict(states or {})))
            self.states |= states or {}
        if self.fails is not None:
            raise self.fails

    def alerts(self) -> list[tuple[EventKind, str]]:
        found = [m for records, _ in self.commits for lane, m in records if lane is Lane.ALERTS]
        return [(event.kind, event.rule) for message in found for event in alerts_from(message)]

    def samples(self) -> list[tuple[str, float]]:
        found = [m for records, _ in self.commits for lane, m in records if lane is Lane.LIVE]
        pairs = [samples_from(message) for message in found]
        return [(names[p], v) for b, names in pairs for p, v in zip(b.point, b.value, strict=True)]


class Bench:
    """A running pipeline with a clock and a disk in the test's hand."""

    def __init__(self, campus: Campus) -> None:
        self.clock, self.disk, self.campus = FakeClock(), Disk(), campus
        self.table = campus.points_of("edge")
        self.pipeline = self.built()

    def built(self) -> Pipeline:
        detection = Detection(self.campus, "edge", self.table, self.clock.now_us())
        meters = Meters(self.campus, "edge", self.table)
        looking = Looking(self.campus, "edge", self.table, PictureSettings())
        return Pipeline(detection, self.table, self.disk, self.clock, Pace(), meters, looking)

    def batch(self, point: str, value: float) -> SampleBatch:
        return SampleBatch.of([self.table.row[point]], self.clock.now_us(), value)

    async def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            await self.clock.advance(0.1)
            await asyncio.sleep(0.003)


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    return Bench(small_campus(tmp_path))


MANUAL = float(PumpPosition.MANUAL)


@pytest.mark.promise("P-field-1")
async def test_a_source_is_released_only_after_the_commit(bench: Bench) -> None:
    bench.disk.open.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        delivery = tasks.create_task(bench.pipeline.samples(bench.batch("pump.position", MANUAL)))
        await bench.pass_time(1)
        assert not delivery.done()
        bench.disk.open.set()
        await bench.pass_time(0.2)
        assert delivery.done()
        running.cancel()
    assert bench.disk.samples() == [("pump.position", MANUAL)]


@pytest.mark.promise("P-detect-2")
async def test_an_alert_and_the_state_that_raised_it_are_one_commit(bench: Bench) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        await asyncio.gather(
            bench.pipeline.samples(bench.batch("pump.position", MANUAL)), bench.pass_time(0.5)
        )
        await bench.pass_time(6)
        running.cancel()
    assert bench.disk.alerts() == [(EventKind.RAISE, "pump-not-auto")]
    with_alert = next(
        states for records, states in bench.disk.commits if records and records[0][0] is Lane.ALERTS
    )
    assert any(name.startswith("judge:") for name in with_alert)


@pytest.mark.promise("P-detect-2")
async def test_a_pipeline_begun_anew_from_its_states_says_nothing_twice(bench: Bench) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        await asyncio.gather(
            bench.pipeline.samples(bench.batch("pump.position", MANUAL)), bench.pass_time(0.5)
        )
        await bench.pass_time(6)
        running.cancel()
    again = bench.built()
    await again.begin(bench.disk.states)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(again.run())
        await asyncio.gather(again.samples(bench.batch("pump.position", MANUAL)), bench.pass_time(0.5))
        await bench.pass_time(6)
        running.cancel()
    assert bench.disk.alerts() == [(EventKind.RAISE, "pump-not-auto")]


@pytest.mark.promise("P-detect-2")
async def test_after_a_restart_an_old_value_is_not_judged_again(bench: Bench) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        for position, seconds in (
            (MANUAL, 6.5),
            (float(PumpPosition.AUTO), 1),
        ):  # held values are saved at 5 s
            sample = bench.pipeline.samples(bench.batch("pump.position", position))
            await asyncio.gather(sample, bench.pass_time(seconds))
        running.cancel()
    told = bench.disk.alerts()
    assert told == [(EventKind.RAISE, "pump-not-auto"), (EventKind.CLEAR, "pump-not-auto")]
    again = bench.built()
    await again.begin(bench.disk.states)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(again.run())
        await asyncio.gather(again.samples(bench.batch("door.open", 0.0)), bench.pass_time(8))
        running.cancel()
    assert bench.disk.alerts() == told


@pytest.mark.promise("P-detect-5")
async def test_a_full_disk_keeps_alerts_counts_samples_and_refuses_messages(bench: Bench) -> None:
    bench.disk.fails = NoRoom
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        await asyncio.gather(bench.pipeline.samples(bench.batch("pump.position", MANUAL)), bench.pass_time(6))
        tasks.create_task(bench.pass_time(0.5))
        with pytest.raises(NotStored):
            await Keeping(bench.pipeline).samples(bench.batch("door.open", 1.0))
        running.cancel()
    assert bench.disk.alerts() == [(EventKind.RAISE, "pump-not-auto")]
    assert bench.pipeline.health()["not_kept"] == 2
    assert bench.disk.samples() == []


@pytest.mark.promise("P-detect-5")
async def test_alerts_that_a_dead_disk_did_not_take_are_kept_when_it_is_back(bench: Bench) -> None:
    bench.disk.fails = NotStored
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        await asyncio.gather(bench.pipeline.samples(bench.batch("pump.position", MANUAL)), bench.pass_time(6))
        assert bench.pipeline.health()["alerts_waiting"] == 1
        bench.disk.fails = None
        await asyncio.gather(bench.pipeline.samples(bench.batch("door.open", 1.0)), bench.pass_time(0.5))
        running.cancel()
    assert bench.disk.alerts() == [(EventKind.RAISE, "pump-not-auto")]
    assert bench.pipeline.health()["alerts_waiting"] == 0


async def test_what_says_something_of_a_person_is_judged_and_does_not_leave(tmp_path: Path) -> None:
    camera = (
        "  - {id: eye, profile: campus-plate-camera, link: field, area: gate, topic: eye,"
        " name: {zh: 车牌机, en: Plate camera}}\n  - {id: door,"
    )
    bench = Bench(small_campus(tmp_path, **{"  - {id: door,": camera}))
    batch = SampleBatch.joined(
        [bench.batch("eye.plate", 41743249732344.0), bench.batch("eye.plate_sure", 90.0)]
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        await asyncio.gather(bench.pipeline.samples(batch), bench.pass_time(0.5))
        running.cancel()
    assert bench.disk.samples() == [("eye.plate_sure", 90.0)]


async def test_on_a_thin_line_what_no_rule_reads_has_a_record_of_its_own(bench: Bench) -> None:
    bench.pipeline.is_thin = lambda: True
    batch = SampleBatch.joined([bench.batch("pump.position", MANUAL), bench.batch("ac-1.room_c", 21.0)])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        await asyncio.gather(bench.pipeline.samples(batch), bench.pass_time(0.5))
        running.cancel()
    live = [message for records, _ in bench.disk.commits for lane, message in records if lane is Lane.LIVE]
    assert [(message.header["points"], message.header.get(REST)) for message in live] == [
        (["pump.position"], None),
        (["ac-1.room_c"], True),
    ]


async def test_a_counter_keeps_its_reading_and_gets_a_total_whose_state_is_in_the_same_commit(
    bench: Bench,
) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.pipeline.run())
        for value in (5000.0, 0.0, 0.0):
            await asyncio.gather(
                bench.pipeline.samples(bench.batch("ac-1.run_h", value)), bench.pass_time(0.5)
            )
        running.cancel()
    assert [value for name, value in bench.disk.samples() if name == "ac-1.run_h"] == [5000.0, 0.0, 0.0]
    assert [value for name, value in bench.disk.samples() if name == "ac-1.total_run_h"] == [5000.0]
    assert all(COUNTERS in states for _, states in bench.disk.commits[-2:])
