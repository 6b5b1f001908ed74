"""Doors and radars: their bytes, their faults, and that a broker gets every message or it is not counted."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devices.campus.site import Campus
from devices.model.codes import Direction, VehicleClass
from devices.profiles.library import shipped
from devices.sim.effects import fault_targets
from devices.sim.plant.doors import DoorMessage
from devices.sim.plant.plant import Happened
from devices.sim.plant.plates import PlateReading
from devices.sim.plant.traffic import RadarReading
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.field import FieldPublisher, Saying, Voices
from devices.sim.wires.ledger import Ledger
from devices.sim.wires.payloads import door_payload, radar_payload
from devices.wire.mqtt import Backoff, connect
from tests.brokers import RunningBroker, StartBroker, mosquitto_broker, nats_broker

NOW = 1_795_350_960_000_000
OPENED = DoorMessage(NOW, "door-1", open=True, locked=False, forced=False, event="opened")
CLOSED = DoorMessage(NOW + 1, "door-1", open=False, locked=True, forced=False, event="closed")
FAST = RadarReading(NOW, "radar-1", 36.0, Direction.RECEDING)
SEEN = PlateReading(NOW, "eye", "浙B12345", 97.5, VehicleClass.CAR)


# ---- bytes


@pytest.mark.parametrize(
    ("own", "kmh", "direction", "wanted"),
    [
        ({}, 36.0, Direction.APPROACHING, {"speed": 10.0, "direction": "inbound", "time": 1.5}),
        ({"unit": "km/h"}, 36.0, Direction.RECEDING, {"speed": 36.0, "direction": "outbound", "time": 1.5}),
        ({"angle_factor": 1.25}, 36.0, Direction.UNKNOWN, {"speed": 8.0, "time": 1.5}),
    ],
)
def test_json_radar_says_what_its_sheet_and_setting_ask(
    own: dict[str, float | str], kmh: float, direction: Direction, wanted: dict[str, object]
) -> None:
    reading = RadarReading(NOW, "r", kmh, direction)
    told = radar_payload(reading, shipped()["ops243-radar"], own, 1.5)
    assert told is not None
    assert json.loads(told) == wanted


@pytest.mark.parametrize(
    ("profile", "direction", "wanted"),
    [
        ("hikvision-radar", Direction.APPROACHING, "f932"),
        ("hikvision-radar", Direction.RECEDING, "f832"),
        ("hikvision-radar", Direction.UNKNOWN, "f732"),
        ("hikvision-radar-single", Direction.RECEDING, "32"),
        ("hikvision-radar-ascii", Direction.APPROACHING, b"+050".hex()),
        ("hikvision-radar-ascii", Direction.RECEDING, b"-050".hex()),
    ],
)
def test_byte_radar_says_fifty_as_its_manual_shows(profile: str, direction: Direction, wanted: str) -> None:
    told = radar_payload(RadarReading(NOW, "r", 50.2, direction), shipped()[profile], {}, 0.0)
    assert told is not None
    assert told.hex() == wanted


def test_byte_radar_is_quiet_below_the_speed_it_reports() -> None:
    reading = RadarReading(NOW, "r", 4.2, Direction.APPROACHING)
    assert radar_payload(reading, shipped()["hikvision-radar"], {}, 0.0) is None


def test_door_says_its_state_with_its_own_clock() -> None:
    wanted = {"ts": NOW // 1000, "door": "open", "lock": "unlocked", "forced": False, "event": "opened"}
    assert json.loads(door_payload(OPENED)) == wanted
    assert json.loads(door_payload(OPENED, -60.0))["ts"] == NOW // 1000 - 60_000


# ---- faults


class Told:
    """Voices of the small campus with a board."""

    def __init__(self, campus: Campus) -> None:
        self.board = FaultBoard(fault_targets(campus), lambda _: None, lambda _: None)
        self.voices = Voices(campus, self.board, NOW)

    def say(
        self,
        *doors: DoorMessage,
        radar: tuple[RadarReading, ...] = (),
        plates: tuple[PlateReading, ...] = (),
        now: int = NOW,
    ) -> list[Saying]:
        return self.voices.sayings(Happened(list(radar), list(doors), list(plates)), now)


@pytest.fixture
def told(small: Campus) -> Told:
    return Told(small)


def test_healthy_devices_speak_on_their_topics(told: Told) -> None:
    said = told.say(OPENED, radar=(FAST,), plates=(SEEN,))
    assert [(saying.device, saying.topic) for saying in said] == [
        ("door-1", "field/one/door/1"),
        ("radar-1", "field/one/radar/1"),
        ("eye", "field/one/eye"),
    ]


@pytest.mark.parametrize(
    ("target", "kind"), [("door-1", "silent"), ("field", "silent"), ("field", "dead-link")]
)
def test_silent_device_says_nothing(told: Told, target: str, kind: str) -> None:
    told.board.put(target, kind, NOW)
    assert told.say(OPENED) == []
    told.board.clear(target)
    assert len(told.say(CLOSED)) == 1


def test_slow_device_speaks_later_with_the_time_of_then(told: Told) -> None:
    told.board.put("door-1", "slow", NOW, value=2.0)
    assert told.say(OPENED) == []
    assert told.say(now=NOW + 1_900_000) == []
    (late,) = told.say(now=NOW + 2_000_000)
    assert json.loads(late.payload)["ts"] == NOW // 1000
    assert told.say(now=NOW + 9_000_000) == []


def test_stuck_door_repeats_its_last_state_with_a_running_clock(told: Told) -> None:
    told.say(OPENED)
    told.board.put("door-1", "stuck", NOW)
    (said,) = told.say(CLOSED)
    assert json.loads(said.payload) | {"ts": 0} == json.loads(door_payload(OPENED)) | {
        "ts": 0,
        "event": "report",
    }


def test_door_with_a_wrong_clock_says_the_wrong_time(told: Told) -> None:
    told.board.put("door-1", "clock-off", NOW, value=-7200)
    assert json.loads(told.say(OPENED)[0].payload)["ts"] == NOW // 1000 - 7_200_000


def test_garbled_device_says_what_no_reader_understands(told: Told) -> None:
    told.board.put("radar-1", "garbled", NOW)
    (said,) = told.say(radar=(FAST,))
    assert said.readings == 0
    with pytest.raises(ValueError, match="decode"):
        json.loads(said.payload)


# ---- brokers

BROKERS = [
    pytest.param(nats_broker, id="nats-server", marks=pytest.mark.needs("nats-server")),
    pytest.param(mosquitto_broker, id="mosquitto", marks=pytest.mark.needs("mosquitto")),
]


@asynccontextmanager
async def publishing(publisher: FieldPublisher) -> AsyncIterator[None]:
    task = asyncio.create_task(publisher.run(), name="publisher under test")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def publisher_for(broker: RunningBroker, ledger: Ledger) -> FieldPublisher:
    backoff = Backoff(first_s=0.05, most_s=0.2, jitter=0.5, random=random.Random(1).random)
    return FieldPublisher(broker, ledger, "sim", lambda: NOW, backoff)


async def heard(broker: RunningBroker, count: int, payloads: list[bytes], ready: asyncio.Event) -> None:
    async with connect(broker, "listener") as link:
        await link.subscribe(["field/#"])
        ready.set()
        async for message in link.messages():
            payloads.append(message.payload)
            message.done()
            if len(payloads) >= count:
                return


@pytest.mark.parametrize("start", BROKERS)
async def test_every_message_arrives_once_in_order_and_is_counted(start: StartBroker, tmp_path: Path) -> None:
    async with start(tmp_path) as broker:
        ledger, payloads, ready = Ledger(), list[bytes](), asyncio.Event()
        publisher = publisher_for(broker, ledger)
        listening = asyncio.create_task(heard(broker, 300, payloads, ready))
        await ready.wait()
        async with publishing(publisher):
            for number in range(300):
                publisher.say(Saying("door-1", "field/one/door/1", str(number).encode(), 1))
            await asyncio.wait_for(listening, 10)
            while publisher.waiting:  # noqa: ASYNC110 - the last acknowledgements
                await asyncio.sleep(0.01)
    assert payloads == [str(number).encode() for number in range(300)]
    count = ledger.device("door-1")
    assert (count.published, count.acked, count.readings, count.lost) == (300, 300, 300, 0)


async def acked(ledger: Ledger, device: str, count: int) -> None:
    async with asyncio.timeout(15):
        while ledger.device(device).acked < count:  # noqa: ASYNC110 - the ledger has no event
            await asyncio.sleep(0.01)


@pytest.mark.needs("mosquitto")
async def test_message_waits_for_a_broker_that_is_away_and_none_is_lost(tmp_path: Path) -> None:
    async with mosquitto_broker(tmp_path) as broker:
        ledger = Ledger()
        publisher = publisher_for(broker, ledger)
        async with publishing(publisher):
            publisher.say(Saying("door-1", "field/one/door/1", b"before", 1))
            await acked(ledger, "door-1", 1)
            await broker.engine.kill()
            for number in range(50):
                publisher.say(Saying("door-1", "field/one/door/1", str(number).encode(), 1))
            await asyncio.sleep(0.3)
            assert (publisher.connected, publisher.waiting) == (False, 50)
            assert publisher.problem
            assert ledger.device("door-1").acked == 1
            await broker.engine.start()
            await acked(ledger, "door-1", 51)
        assert publisher.waiting == 0


@pytest.mark.needs("mosquitto")
async def test_message_that_was_under_way_when_the_broker_died_is_sent_again(tmp_path: Path) -> None:
    async with mosquitto_broker(tmp_path) as broker:
        ledger = Ledger()
        publisher = publisher_for(broker, ledger)
        async with publishing(publisher):
            publisher.say(Saying("door-1", "field/one/door/1", b"before", 1))
            await acked(ledger, "door-1", 1)
            broker.engine.freeze()
            for number in range(20):
                publisher.say(Saying("door-1", "field/one/door/1", str(number).encode(), 1))
            await asyncio.sleep(0.2)  # written, and nobody has acknowledged
            await broker.engine.kill()
            await broker.engine.start()
            await acked(ledger, "door-1", 21)
        assert publisher.waiting == 0
        assert ledger.device("door-1").published == 21
