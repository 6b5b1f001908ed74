"""The plausible past: one plant with the present, whole, and sent exactly once whatever happens on the way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from devices.campus.site import Campus
from devices.model.errors import Refused
from devices.model.samples import SampleBatch
from devices.sim.past.journal import Journal
from devices.sim.past.sending import Sender
from devices.sim.past.story import HOUR_US, Hour, Story
from devices.sim.plant.days import US_PER_MINUTE
from devices.sim.plant.plant import Plant
from devices.wire.messages import Lane, ack_topic, decode, encode, up_topic
from devices.wire.mqtt import Backoff, connect
from devices.wire.records import ack_message, samples_from, stamp_of
from tests.brokers import RunningBroker, StartBroker, mosquitto_broker, nats_broker

At = Callable[..., int]


def told(campus: Campus, end_us: int, hours: int) -> tuple[list[str], SampleBatch, list[Hour]]:
    story = Story(campus, seed=1, end_us=end_us, hours=hours)
    story.simulate()
    listed = list(story.hours())
    return story.names, SampleBatch.joined([hour.batch for hour in listed]), listed


def series(names: list[str], batch: SampleBatch, point: str) -> tuple[np.ndarray, np.ndarray]:
    rows = batch[batch.point == names.index(point)]
    order = np.argsort(rows.time_us, kind="stable")
    return rows.time_us[order], rows.value[order]


@pytest.fixture(scope="module")
def monday(demo: Campus, local_us: At) -> tuple[int, list[str], SampleBatch, list[Hour]]:
    end_us = local_us(2026, 11, 23, 19)
    return end_us, *told(demo, end_us, 12)


def test_every_meter_has_every_minute_and_energy_grows_by_power(
    monday: tuple[int, list[str], SampleBatch, list[Hour]],
) -> None:
    end_us, names, batch, _ = monday
    for meter in ("hq1-main-meter-main", "beitou-tower-meter-ac"):
        times, power = series(names, batch, f"{meter}.power_w")
        assert times.tolist() == [end_us - 12 * HOUR_US + US_PER_MINUTE * n for n in range(1, 721)]
        same_times, energy = series(names, batch, f"{meter}.energy_kwh")
        assert (same_times == times).all()
        assert np.diff(energy) == pytest.approx(power[1:] / 60_000, rel=1e-6, abs=1e-9)


def test_registers_end_where_the_running_simulator_begins(
    demo: Campus, monday: tuple[int, list[str], SampleBatch, list[Hour]]
) -> None:
    end_us, names, batch, _ = monday
    plant = Plant(demo, seed=1)
    plant.begin(end_us)
    for meter, row in plant.meters.row.items():
        _, energy = series(names, batch, f"{meter}.energy_kwh")
        assert energy[-1] == pytest.approx(plant.meters.energy_kwh[row], abs=1e-6)


def test_every_unit_is_told_each_hour_and_each_change(
    demo: Campus, monday: tuple[int, list[str], SampleBatch, list[Hour]]
) -> None:
    end_us, names, batch, _ = monday
    plant = Plant(demo, seed=1)
    changes = 0
    for unit in plant.rooms.ids:
        for point in ("on", "mode", "setpoint_c", "room_c"):
            times, values = series(names, batch, f"{unit}.{point}")
            assert np.diff(times).max() <= HOUR_US
            changes += int(np.count_nonzero(np.diff(values))) if point == "setpoint_c" else 0
    assert changes > 10, "a working day in which nobody touches a set point is no test"
    assert batch.time_us.max() <= end_us


def test_passes_of_the_past_are_those_that_the_radars_saw(
    demo: Campus, monday: tuple[int, list[str], SampleBatch, list[Hour]]
) -> None:
    end_us, names, batch, _ = monday
    plant = Plant(demo, seed=1)
    first = (end_us - 12 * HOUR_US) // US_PER_MINUTE
    for lane, sign in (("hq1-radar-in", 1), ("hq1-radar-out", -1)):
        number = next(n for n, where in enumerate(plant.traffic.lanes) if where.radar == lane)
        seen = [p.kmh for minute in range(720) for p in plant.traffic.passes(number, first + minute)]
        _, kmh = series(names, batch, f"{lane}.pass_kmh")
        assert sorted(kmh * sign) == pytest.approx(sorted(seen))
        assert len(seen) > 100


def test_story_speaks_only_of_points_that_the_site_has(
    demo: Campus, monday: tuple[int, list[str], SampleBatch, list[Hour]]
) -> None:
    known = {name for agent in demo.agents for name in demo.points_of(agent).names}
    assert set(monday[1]) <= known


def test_newest_hour_comes_first_and_every_hour_has_its_own_number(
    monday: tuple[int, list[str], SampleBatch, list[Hour]],
) -> None:
    end_us, _, _, hours = monday
    assert [hour.number for hour in hours] == list(range(1, 13))
    for hour in hours:
        assert hour.batch.time_us.max() <= end_us - (hour.number - 1) * HOUR_US + US_PER_MINUTE


def test_same_story_twice_is_the_same_to_the_bit(small: Campus, local_us: At) -> None:
    end_us = local_us(2026, 11, 23, 12)
    (names, first, _), (again, second, _) = (told(small, end_us, 4) for _ in range(2))
    assert names == again
    for column in SampleBatch.__slots__:
        assert np.array_equal(getattr(first, column), getattr(second, column)), column


# ---- journal


def test_journal_goes_on_where_it_was_whatever_is_asked_now(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.journal"
    first = Journal.begun(path, end_us=600, hours=3, seed=7)
    first.done |= {1, 3}
    first.save(path)
    again = Journal.begun(path, end_us=999, hours=8, seed=9)
    assert again == first
    assert not again.is_complete
    again.done.add(2)
    assert again.is_complete


def test_two_journals_have_two_epochs(tmp_path: Path) -> None:
    epochs = {Journal.begun(tmp_path / str(n), end_us=0, hours=1, seed=1).epoch for n in range(5)}
    assert len(epochs) == 5
    assert all(0 < epoch < 1 << 63 for epoch in epochs)


@pytest.mark.parametrize("content", ["", "[]", '{"epoch": 1}', '{"epoch": 1, "done": [], "surprise": 1}'])
def test_file_that_is_no_journal_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "journal"
    path.write_text(content)
    with pytest.raises(Refused, match="not a history journal"):
        Journal.begun(path, end_us=0, hours=1, seed=1)


# ---- sending


class Hub:
    """Acknowledges records; may be deaf to some the first time, or refuse some."""

    def __init__(self, *, deaf_once: set[int] = frozenset(), refuse: set[int] = frozenset()) -> None:
        self.payloads: dict[int, list[bytes]] = {}
        self._deaf_once = set(deaf_once)
        self._refuse = refuse

    async def run(self, broker: RunningBroker, ready: asyncio.Event) -> None:
        async with connect(broker, "hub") as link:
            await link.subscribe([up_topic("history", Lane.BACKLOG)])
            ready.set()
            async for incoming in link.messages():
                message = decode(incoming.payload)
                stamp = stamp_of(message)
                samples_from(message)
                self.payloads.setdefault(stamp.seq, []).append(incoming.payload)
                incoming.done()
                if stamp.seq in self._deaf_once:
                    self._deaf_once.discard(stamp.seq)
                    continue
                mark = (stamp.lane, stamp.seq)
                refused = [(*mark, "not wanted")] if stamp.seq in self._refuse else []
                ack = ack_message(stamp.epoch, [] if refused else [mark], refused, 1)
                await link.publish(ack_topic("history"), encode(ack))


@asynccontextmanager
async def acknowledging(broker: RunningBroker, hub: Hub) -> AsyncIterator[None]:
    ready = asyncio.Event()
    task = asyncio.create_task(hub.run(broker, ready), name="fake hub")
    await ready.wait()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def sender(broker: RunningBroker, path: Path, said: list[str], hours: int = 6) -> Sender:
    journal = Journal.begun(path, end_us=1_795_350_960_000_000, hours=hours, seed=1)
    backoff = Backoff(first_s=0.05, most_s=0.1, jitter=0.5, random=random.Random(1).random)
    return Sender("history", broker, journal, path, ["m.power_w"], backoff, said.append)


def some(hours: int = 6) -> list[Hour]:
    return [Hour(n, SampleBatch.of([0, 0], [n * 10, n * 10 + 1], [n, -n])) for n in range(1, hours + 1)]


BROKERS = [
    pytest.param(nats_broker, id="nats-server", marks=pytest.mark.needs("nats-server")),
    pytest.param(mosquitto_broker, id="mosquitto", marks=pytest.mark.needs("mosquitto")),
]


@pytest.mark.parametrize("start", BROKERS)
async def test_every_hour_is_sent_once_and_the_sender_ends(start: StartBroker, tmp_path: Path) -> None:
    hub, said = Hub(), list[str]()
    async with start(tmp_path) as broker, acknowledging(broker, hub):
        path = tmp_path / "journal"
        await asyncio.wait_for(sender(broker, path, said).send(some()), 15)
        assert {seq: len(copies) for seq, copies in hub.payloads.items()} == dict.fromkeys(range(1, 7), 1)
        again = sender(broker, path, said)
        assert again.journal.is_complete
        await asyncio.wait_for(again.send(some()), 15)
        assert sum(len(copies) for copies in hub.payloads.values()) == 6
    batch, names = samples_from(decode(hub.payloads[4][0]))
    assert (names, batch.value.tolist(), batch.time_us.tolist()) == (["m.power_w"], [4, -4], [40, 41])


@pytest.mark.needs("mosquitto")
async def test_killed_sender_goes_on_with_what_the_hub_does_not_have_as_the_same_bytes(
    tmp_path: Path,
) -> None:
    hub, said, path = Hub(deaf_once={3, 4, 5}), list[str](), tmp_path / "journal"
    async with mosquitto_broker(tmp_path) as broker, acknowledging(broker, hub):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sender(broker, path, said).send(some()), 1.5)
        assert Journal.begun(path, end_us=0, hours=0, seed=0).done == {1, 2}
        await asyncio.wait_for(sender(broker, path, said).send(some()), 15)
    assert {seq: len(copies) for seq, copies in hub.payloads.items()} == {1: 1, 2: 1, 3: 2, 4: 2, 5: 2, 6: 1}
    assert all(len(set(copies)) == 1 for copies in hub.payloads.values())


@pytest.mark.needs("mosquitto")
async def test_sender_waits_for_a_broker_that_is_away(tmp_path: Path) -> None:
    hub, said = Hub(), list[str]()
    async with mosquitto_broker(tmp_path) as broker:
        await broker.engine.kill()
        sending = asyncio.create_task(sender(broker, tmp_path / "journal", said).send(some()))
        await asyncio.sleep(0.3)
        assert not sending.done()
        assert any("waiting for the hub" in line for line in said)
        await broker.engine.start()
        async with acknowledging(broker, hub):
            # What was published before the hub listened is nobody's; without an answer it is sent again.
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await asyncio.wait_for(sender(broker, tmp_path / "journal", said).send(some()), 15)
    assert set(hub.payloads) == set(range(1, 7))


@pytest.mark.needs("mosquitto")
async def test_refused_hour_is_told_and_not_sent_again(tmp_path: Path) -> None:
    hub, said = Hub(refuse={2}), list[str]()
    async with mosquitto_broker(tmp_path) as broker, acknowledging(broker, hub):
        one = sender(broker, tmp_path / "journal", said)
        await asyncio.wait_for(one.send(some()), 15)
    assert one.refused == 1
    assert one.journal.is_complete
    assert said == ["the hub refuses hour 2: not wanted"]
    assert len(hub.payloads[2]) == 1
