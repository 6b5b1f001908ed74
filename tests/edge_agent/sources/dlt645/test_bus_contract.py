"""A bus worker and meters that misbehave in every way: named, counted, never a wrong number."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.samples import Quality
from edge_agent.sources.dlt645 import Dlt645Settings, Dlt645Source
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.dlt645.meters import (
    ADDRESS,
    Asked,
    Bus,
    Manner,
    Reply,
    data_of,
    framed,
    on_tcp,
    on_terminal,
    refusing,
    rightly,
    silently,
)
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

SHEET: dict[str, Any] = {
    "kind": "dlt645",
    "points": [
        {"name": "u_l1_v", "di": "02010100", "format": "XXX.X", "unit": "V"},
        {"name": "u_l2_v", "di": "02010200", "format": "XXX.X", "unit": "V"},
        {"name": "power_w", "di": "02030000", "format": "XX.XXXX", "signed": True, "unit": "kW"},
        {"name": "freq_hz", "di": "02800002", "format": "XX.XX", "unit": "Hz", "optional": True},
    ],
    "blocks": [{"di": "0201FF00", "points": ["u_l1_v", "u_l2_v"]}],
}
VALUES = {
    "0201FF00": ["2301", "2298"],
    "02010100": ["2301"],
    "02010200": ["2298"],
    "02030000": ["800145"],
    "02800002": ["4998"],
}
#: What the meters of these tests measure.
TRUE = {"u_l1_v": 230.1, "u_l2_v": 229.8, "power_w": -14.5, "freq_hz": 49.98}
#: A time-out for the tests that let it pass; the others wait as long as a busy machine may need.
HASTY = 0.2
QUICK = Dlt645Settings(
    connect_timeout_s=0.5,
    reconnect_first_s=0.02,
    reconnect_most_s=0.1,
    probe_first_s=0.05,
    probe_most_s=0.1,
    gap_s=0.1,
    pause_s=0.0,
)


def campus(folder: Path, bus: Bus, sheet: dict[str, Any] = SHEET, **link: Any) -> Campus:
    way = (
        {"kind": "dlt645-serial", "path": bus.path} if bus.path else {"kind": "dlt645-tcp", "port": bus.port}
    )
    host = {} if bus.path else {"host": "127.0.0.1"}
    plain = {"id": "bus", "agent": AGENT, "name": NAME, "poll_s": 0.05, "timeout_s": 5.0}
    devices = [
        device(f"m{number}", "sheet", address=address) for number, address in enumerate(bus.addresses, 1)
    ]
    return campus_of(folder, [{**plain, **way, **host, **link}], devices, {"sheet": sheet})


@contextlib.asynccontextmanager
async def reading(
    site: Campus, settings: Dlt645Settings = QUICK
) -> AsyncIterator[tuple[GatheringSink, Dlt645Source]]:
    table = site.points_of(AGENT)
    sink = GatheringSink(table)
    source = Dlt645Source(site, AGENT, settings, table, SystemClock(), random=lambda: 0.0)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def of_bus(source: Dlt645Source) -> dict[str, Any]:
    health: dict[str, Any] = source.health()["links"]["bus"]
    return health


def assert_only_true_numbers(sink: GatheringSink, meters: int = 1) -> None:
    for meter in range(1, meters + 1):
        for name, true in TRUE.items():
            good = {v for v, q in sink.of(f"m{meter}.{name}") if q is Quality.GOOD}
            assert good <= {true}, name
            assert all(math.isnan(v) for v, q in sink.of(f"m{meter}.{name}") if q is not Quality.GOOD)


WIRES = {"tcp": on_tcp, "terminal": on_terminal}
each_wire = pytest.mark.parametrize("wire", WIRES)


@each_wire
@pytest.mark.parametrize("wake_up", range(5))
async def test_a_right_answer_gives_good_values(tmp_path: Path, wire: str, wake_up: int) -> None:
    async with (
        WIRES[wire](Bus(VALUES, wake_up=wake_up)) as bus,
        reading(campus(tmp_path, bus)) as (sink, source),
    ):
        await sink.until_count("m1.freq_hz", 2)
        health = of_bus(source)
    for name, true in TRUE.items():
        assert sink.of(f"m1.{name}")[0] == (true, Quality.GOOD)
    assert {asked.di for asked in bus.asked} == {"0201FF00", "02030000", "02800002"}
    assert health["state"] == "up"
    assert (health["silent"], health["requests"]) == ([], 3)
    assert health["garbled"] == health["timeouts"] == health["noise"] == health["echoes"] == 0


@each_wire
async def test_an_answer_in_single_bytes_with_pauses_is_whole(tmp_path: Path, wire: str) -> None:
    def manner(_: Asked, frame: bytes) -> Reply:
        return [part for byte in frame for part in (bytes([byte]), 0.001)]

    settings = QUICK.model_copy(update={"gap_s": 2.0})
    async with (
        WIRES[wire](Bus(VALUES, everyone=manner)) as bus,
        reading(campus(tmp_path, bus), settings) as (sink, source),
    ):
        await sink.until_count("m1.freq_hz", 1)
        assert of_bus(source)["garbled"] == 0
    assert_only_true_numbers(sink)
    assert sink.of("m1.power_w")[0][1] is Quality.GOOD


@each_wire
async def test_a_silent_meter_gives_no_reading_once_a_round_and_is_asked_one_thing(
    tmp_path: Path, wire: str
) -> None:
    bus = Bus(VALUES, everyone=silently)
    async with (
        WIRES[wire](bus),
        reading(campus(tmp_path, bus, poll_s=0.3, timeout_s=HASTY)) as (sink, source),
    ):
        readings = await sink.until_count("m1.freq_hz", 2)
        health = of_bus(source)
    assert {quality for _, quality in readings} == {Quality.NO_ANSWER}
    assert {asked.di for asked in bus.asked} == {"0201FF00"}
    assert (health["silent"], health["silent_devices"]) == ([ADDRESS], ["m1"])
    assert health["units"][ADDRESS]["backoff_s"] > 0


@pytest.mark.promise("P-dlt645-3")
async def test_silent_meters_do_not_slow_the_others(tmp_path: Path) -> None:
    """Four of five are silent; after one time-out each, the fifth is read as often as if it were alone."""
    addresses = tuple(f"{number:012d}" for number in range(1, 6))
    bus = Bus(VALUES, addresses, dict.fromkeys(addresses[:4], silently))
    patient = QUICK.model_copy(update={"probe_first_s": 60.0, "probe_most_s": 60.0})
    async with on_tcp(bus), reading(campus(tmp_path, bus, timeout_s=0.5), patient) as (sink, source):
        await sink.until(lambda: len(of_bus(source)["silent"]) == 4)
        before = len(sink.of("m5.freq_hz"))
        await sink.until_count("m5.freq_hz", before + 10)
        health = of_bus(source)
    assert health["silent_devices"] == ["m1", "m2", "m3", "m4"]
    assert {q for _, q in sink.of("m5.freq_hz")[before + 1 :]} == {Quality.GOOD}
    assert {q for _, q in sink.of("m1.freq_hz")} == {Quality.NO_ANSWER}


async def test_a_silent_meter_that_answers_again_is_read_again(tmp_path: Path) -> None:
    bus = Bus(VALUES, everyone=silently)
    async with on_tcp(bus), reading(campus(tmp_path, bus, timeout_s=HASTY)) as (sink, source):
        await sink.until_count("m1.freq_hz", 2)
        bus.everyone = rightly
        await sink.until(lambda: sink.of("m1.power_w")[-1] == (-14.5, Quality.GOOD))
        await sink.until(lambda: of_bus(source)["silent"] == [])


async def test_a_late_answer_is_counted_and_wakes_the_meter(tmp_path: Path) -> None:
    slow_once = iter([True])

    def manner(asked: Asked, frame: bytes) -> Reply:
        return [2 * HASTY, frame] if asked.di == "02030000" and next(slow_once, False) else [frame]

    bus = Bus(VALUES, everyone=manner)
    settings = QUICK.model_copy(update={"probe_first_s": 30.0, "probe_most_s": 30.0})
    async with on_tcp(bus), reading(campus(tmp_path, bus, timeout_s=HASTY), settings) as (sink, source):
        await sink.until(lambda: of_bus(source)["late"] >= 1)
        count = len(sink.of("m1.power_w"))
        await sink.until(lambda: Quality.GOOD in [q for _, q in sink.of("m1.power_w")[count:]])
    assert_only_true_numbers(sink)


def instead(make: Any) -> Manner:
    """Send this in place of the right answer, every time; `make` is given the request and the answer."""
    return lambda asked, frame: [make(asked, frame)]


WRONG: dict[str, tuple[Manner, str]] = {
    "checksum": (instead(lambda _, f: f[:-2] + bytes([f[-2] ^ 1, 0x16])), "wrong_sum"),
    "end": (instead(lambda _, f: f[:-1] + b"\x17"), "wrong_sum"),
    "a digit": (instead(lambda _, f: f[:-4] + bytes([f[-4] ^ 1]) + f[-3:]), "wrong_sum"),
    "cut": (instead(lambda _, f: f[:-3]), "cut_short"),
    "length": (instead(lambda _, f: f[:13] + b"\xc8" + f[14:]), "cut_short"),
    "another meter": (
        instead(lambda a, _: framed("000000000009", a.control | 0x80, a.data[:4] + b"\x11\x22\x33")),
        "wrong_address",
    ),
    "another value": (
        instead(lambda a, _: framed(a.address, 0x91, data_of("02070100", "112233"))),
        "wrong_data",
    ),
    "another request": (instead(lambda a, _: framed(a.address, 0x92, a.data[:4] + b"\x01")), "wrong_control"),
    "no identifier": (instead(lambda a, _: framed(a.address, 0x91, b"")), "wrong_data"),
    "noise": (instead(lambda _, __: bytes(range(0x70, 0xA0))), "noise"),
    "another length": (
        instead(lambda a, _: framed(a.address, 0x91, a.data[:4] + b"\x11" * 7)),
        "wrong_length",
    ),
}


@pytest.mark.promise("P-dlt645-2")
@pytest.mark.parametrize(("manner", "counter"), WRONG.values(), ids=WRONG)
async def test_each_wrong_answer_is_named_and_gives_garbled(
    tmp_path: Path, manner: Manner, counter: str
) -> None:
    bus = Bus(VALUES, everyone=manner)
    async with on_tcp(bus), reading(campus(tmp_path, bus, timeout_s=HASTY)) as (sink, source):
        await sink.until(lambda: Quality.GARBLED in [q for _, q in sink.of("m1.u_l1_v")])
        health = of_bus(source)
        assert health[counter] >= 1
        assert health["garbled"] >= 1
        assert all(math.isnan(value) for name in TRUE for value, _ in sink.of(f"m1.{name}"))
        bus.everyone = rightly
        await sink.until(lambda: sink.of("m1.power_w")[-1] == (-14.5, Quality.GOOD))
    assert_only_true_numbers(sink)


async def test_a_meter_whose_answers_make_no_sense_is_left_alone_for_the_rest_of_its_round(
    tmp_path: Path,
) -> None:
    bus = Bus(VALUES, everyone=lambda _, frame: [frame[:-3]])
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, _):
        await sink.until_count("m1.freq_hz", 3)
    assert {asked.di for asked in bus.asked} == {"0201FF00", "02030000"}
    assert {q for _, q in sink.of("m1.freq_hz")} == {Quality.NO_ANSWER}
    assert {q for _, q in sink.of("m1.power_w")} == {Quality.GARBLED}


async def test_an_answer_behind_noise_and_a_false_start_is_found(tmp_path: Path) -> None:
    bus = Bus(VALUES, everyone=lambda _, frame: [b"\x00\x68\x11\xff" + frame])
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until_count("m1.freq_hz", 1)
        assert of_bus(source)["noise"] >= 4
    assert sink.of("m1.power_w")[0] == (-14.5, Quality.GOOD)


async def test_an_adapter_that_echoes_what_is_sent_is_no_trouble(tmp_path: Path) -> None:
    bus = Bus(VALUES, everyone=lambda asked, frame: [asked.raw, 0.15, frame])
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until_count("m1.freq_hz", 1)
        health = of_bus(source)
    assert sink.of("m1.power_w")[0] == (-14.5, Quality.GOOD)
    assert health["echoes"] >= 3
    assert health["garbled"] == 0


async def test_frames_that_nobody_asked_for_are_counted_and_change_nothing(tmp_path: Path) -> None:
    lie = framed(ADDRESS, 0x91, data_of("02800002", "1234"))
    bus = Bus(VALUES, everyone=lambda _, frame: [frame + lie])
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until_count("m1.freq_hz", 2)
        health = of_bus(source)
    assert health["unasked"] >= 1
    assert_only_true_numbers(sink)


@pytest.mark.parametrize(("byte", "reason"), [(0x01, "other"), (0x00, "unknown"), (0x41, "tariffs")])
async def test_a_refusal_gives_device_error_and_its_reason(tmp_path: Path, byte: int, reason: str) -> None:
    bus = Bus(VALUES, everyone=refusing(byte))
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        readings = await sink.until_count("m1.freq_hz", 2)
        health = of_bus(source)
    assert {quality for _, quality in readings} == {Quality.DEVICE_ERROR}
    assert health["codes"][reason] == health["exceptions"] >= 2
    assert (health["silent"], health["requests"]) == ([], 3)


async def test_a_block_that_a_meter_refuses_is_read_value_by_value_from_then_on(tmp_path: Path) -> None:
    bus = Bus({di: values for di, values in VALUES.items() if di != "0201FF00"})
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until_count("m1.freq_hz", 3)
        health = of_bus(source)
    assert [asked.di for asked in bus.asked].count("0201FF00") == 1
    assert (health["splits"], health["requests"]) == (1, 4)
    assert {q for name in TRUE for _, q in sink.of(f"m1.{name}")} == {Quality.GOOD}
    assert len(sink.of("m1.u_l1_v")) >= 3


async def test_a_block_of_another_length_is_read_value_by_value(tmp_path: Path) -> None:
    bus = Bus({**VALUES, "0201FF00": ["2301", "2298", "2297"]})
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until_count("m1.freq_hz", 2)
        assert of_bus(source)["wrong_length"] == of_bus(source)["splits"] == 1
    assert_only_true_numbers(sink)
    assert sink.of("m1.u_l2_v")[0] == (229.8, Quality.GOOD)


async def test_a_refused_value_rests_and_an_optional_one_is_never_asked_again(tmp_path: Path) -> None:
    bus = Bus({di: values for di, values in VALUES.items() if di == "0201FF00"})
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until_count("m1.power_w", 4)
        health = of_bus(source)
    asked = [asked.di for asked in bus.asked]
    assert (asked.count("02030000"), asked.count("02800002")) == (1, 1)
    assert {q for _, q in sink.of("m1.power_w")} == {Quality.DEVICE_ERROR}
    assert len(sink.of("m1.freq_hz")) == 1
    assert health["requests"] == 2


TARIFFS: dict[str, Any] = {
    "kind": "dlt645",
    "points": [
        {"name": f"energy{n}_kwh", "di": f"0001{n:02X}00", "format": "XXXXXX.XX", "unit": "kWh"}
        for n in range(13)
    ],
    "blocks": [{"di": "0001FF00", "points": [f"energy{n}_kwh" for n in range(13)]}],
}
LONG = {"0001FF00": [f"{n:08d}" for n in range(100, 113)]}


@each_wire
@pytest.mark.parametrize("most", [8, 20, 51])
async def test_a_long_answer_is_asked_for_frame_by_frame(tmp_path: Path, wire: str, most: int) -> None:
    """Also where a value is cut by the end of a frame."""
    bus = Bus(LONG, most=most)
    async with WIRES[wire](bus), reading(campus(tmp_path, bus, TARIFFS)) as (sink, source):
        await sink.until_count("m1.energy12_kwh", 2)
        health = of_bus(source)
    assert [sink.of(f"m1.energy{n}_kwh")[0] for n in range(13)] == [
        (pytest.approx(1 + n / 100), Quality.GOOD) for n in range(13)
    ]
    rounds = [asked.data[4] if asked.control == 0x12 else 0 for asked in bus.asked]
    frames = -(-52 // most)
    assert rounds[: 2 * frames] == [*range(frames)] * 2
    assert health["followed"] >= 2 * (frames - 1)
    assert health["garbled"] == 0


@pytest.mark.parametrize(
    ("spoil", "counter"),
    [
        (
            lambda a, f: framed(a.address, f[12], a.data[:4] + b"\x11" * 8 + bytes([a.data[4] + 1])),
            "wrong_number",
        ),
        (lambda a, _: framed(a.address, 0xD2, b"\x01"), "exceptions"),
        (lambda a, _: framed(a.address, 0xB2, a.data[:4] + b"\x11" + a.data[4:]), "garbled"),
    ],
    ids=["another number", "refused", "without end"],
)
async def test_a_long_answer_that_goes_wrong_gives_no_number(
    tmp_path: Path, spoil: Any, counter: str
) -> None:
    bus = Bus(LONG, most=8)
    bus.everyone = lambda a, f: [spoil(a, f) if a.control == 0x12 else f]
    async with on_tcp(bus), reading(campus(tmp_path, bus, TARIFFS)) as (sink, source):
        await sink.until_count("m1.energy12_kwh", 1)
        assert of_bus(source)[counter] >= 1
        bus.everyone = rightly
        await sink.until(lambda: sink.of("m1.energy12_kwh")[-1] == (1.12, Quality.GOOD))
    assert {v for v, q in sink.of("m1.energy0_kwh") if q is Quality.GOOD} == {1.0}


@each_wire
async def test_a_meter_that_is_alone_is_asked_who_it_is(tmp_path: Path, wire: str) -> None:
    async with WIRES[wire](Bus(VALUES, wake_up=1)) as bus:
        site = campus(tmp_path, bus)
        site = campus(tmp_path, Bus(VALUES, ("A" * 12,), port=bus.port, path=bus.path))
        async with reading(site) as (sink, source):
            await sink.until_count("m1.freq_hz", 2)
            health = of_bus(source)
    assert sink.of("m1.power_w")[0] == (-14.5, Quality.GOOD)
    assert [asked.control for asked in bus.asked].count(0x13) == 1
    assert health["addresses"] == {"m1": ADDRESS}
    assert {asked.address for asked in bus.asked if asked.control == 0x11} == {ADDRESS}


async def test_an_only_meter_that_was_replaced_is_asked_anew(tmp_path: Path) -> None:
    bus = Bus(VALUES)
    async with on_tcp(bus):
        site = campus(tmp_path, Bus(VALUES, ("A" * 12,), port=bus.port), timeout_s=HASTY)
        async with reading(site) as (sink, source):
            await sink.until_count("m1.freq_hz", 1)
            bus.addresses = ("000000000042",)
            await sink.until(lambda: of_bus(source)["addresses"] == {"m1": "000000000042"})
            count = len(sink.of("m1.power_w"))
            await sink.until(lambda: (-14.5, Quality.GOOD) in sink.of("m1.power_w")[count:])


@pytest.mark.parametrize("data", [b"", b"\x12" * 5, b"\xaa" * 6])
async def test_an_address_that_is_none_is_not_used(tmp_path: Path, data: bytes) -> None:
    bus = Bus(VALUES, everyone=lambda a, _: [framed(ADDRESS, 0x93, data)] if a.control == 0x13 else [])
    async with on_tcp(bus):
        site = campus(tmp_path, Bus(VALUES, ("A" * 12,), port=bus.port))
        async with reading(site) as (sink, source):
            await sink.until_count("m1.power_w", 1)
            assert of_bus(source)["addresses"] == {}
    assert {asked.control for asked in bus.asked} == {0x13}
    assert sink.of("m1.power_w")[0][1] is Quality.GARBLED


async def test_a_serial_server_that_hangs_up_is_called_again(tmp_path: Path) -> None:
    once = iter([True])
    bus = Bus(VALUES, everyone=lambda _, f: [None] if next(once, False) else [f])
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until(lambda: (-14.5, Quality.GOOD) in sink.of("m1.power_w"))
        assert of_bus(source)["reconnects"] >= 1
    assert_only_true_numbers(sink)


async def test_a_serial_server_that_forgot_the_connection_is_called_anew(tmp_path: Path) -> None:
    """Half-open: bytes go nowhere, and only a new connection helps."""
    bus = Bus(VALUES)
    bus.everyone = lambda _, f: [f] if bus.connections > 1 else []
    async with on_tcp(bus), reading(campus(tmp_path, bus, timeout_s=HASTY)) as (sink, source):
        await sink.until(lambda: (-14.5, Quality.GOOD) in sink.of("m1.power_w"))
        assert of_bus(source)["timeouts"] >= QUICK.give_up_after


async def test_who_sends_nothing_but_nonsense_is_hung_up_on(tmp_path: Path) -> None:
    bus = Bus(VALUES, everyone=lambda _, __: [b"\x68" * 5000])
    async with on_tcp(bus), reading(campus(tmp_path, bus)) as (sink, source):
        await sink.until(lambda: of_bus(source)["noisy"] >= 1)
        bus.everyone = rightly
        await sink.until(lambda: (-14.5, Quality.GOOD) in sink.of("m1.power_w"))
    assert_only_true_numbers(sink)


async def test_a_bus_that_is_not_there_is_down_and_its_points_are_bad(tmp_path: Path) -> None:
    for number, bus in enumerate((Bus(path="/dev/no-such-port"), Bus(port=1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with reading(campus(folder, bus)) as (sink, source):
            readings = await sink.until_count("m1.freq_hz", 2)
            health = of_bus(source)
        assert {quality for _, quality in readings} == {Quality.NO_ANSWER}
        assert health["state"] == "down"
        assert health["connect_failures"] >= 1
        assert health["trouble"]


async def test_an_adapter_that_is_plugged_in_again_is_opened_again(tmp_path: Path) -> None:
    port, bus = tmp_path / "port", Bus(VALUES)
    async with contextlib.AsyncExitStack() as plugged:
        await plugged.enter_async_context(on_terminal(bus))
        port.symlink_to(bus.path)
        async with reading(campus(tmp_path, Bus(VALUES, path=str(port)))) as (sink, source):
            await sink.until_count("m1.freq_hz", 1)
            await plugged.aclose()
            await sink.until(lambda: sink.of("m1.power_w")[-1][1] is Quality.NO_ANSWER)
            port.unlink()
            await plugged.enter_async_context(on_terminal(bus))
            port.symlink_to(bus.path)
            count = len(sink.of("m1.power_w"))
            await sink.until(lambda: (-14.5, Quality.GOOD) in sink.of("m1.power_w")[count:])
            assert of_bus(source)["reconnects"] >= 1


async def test_a_value_keeps_the_time_at_which_it_was_read(tmp_path: Path) -> None:
    bus = Bus(VALUES, everyone=lambda _, frame: [0.05, frame])
    clock = SystemClock()
    async with on_tcp(bus), reading(campus(tmp_path, bus, poll_s=0.2)) as (sink, _):
        before_us = clock.now_us()
        await sink.until_count("m1.freq_hz", 1)
        after_us = clock.now_us()
    times = [int(sink.times_us(f"m1.{name}")[0]) for name in ("u_l1_v", "u_l2_v", "power_w", "freq_hz")]
    assert times[0] == times[1]
    assert times[1] + 40_000 < times[2]
    assert times[2] + 40_000 < times[3]
    assert before_us < times[0]
    assert times[3] < after_us


@pytest.mark.promise("P-dlt645-1")
async def test_whatever_happens_only_reads_leave(tmp_path: Path) -> None:
    kinds: list[Manner] = [
        silently,
        refusing(1),
        lambda _, frame: [frame[:-3]],
        lambda _, frame: [b"\x68" * 20 + frame],
    ]
    manners = iter(kinds * 3)

    def manner(asked: Asked, frame: bytes) -> Reply:
        return next(manners, rightly)(asked, frame)

    bus = Bus(LONG, most=8, everyone=manner)
    async with on_tcp(bus), reading(campus(tmp_path, bus, TARIFFS, timeout_s=HASTY)) as (sink, _):
        await sink.until(lambda: (1.0, Quality.GOOD) in sink.of("m1.energy0_kwh"), 30)
    assert {asked.control for asked in bus.asked} <= {0x11, 0x12, 0x13}
