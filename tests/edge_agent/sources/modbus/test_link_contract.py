"""A link worker and a server that misbehaves in every way: named, counted, never a wrong number."""

from __future__ import annotations

import asyncio
import contextlib
import math
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.samples import Quality
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.modbus import misbehaving as server_of
from tests.edge_agent.sources.modbus.misbehaving import Asked, Reply, Server, frame_of, serving
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

SHEET = {
    "kind": "modbus",
    "points": [
        {"name": "a", "table": "holding", "addr": 100},
        {"name": "b", "table": "holding", "addr": 101},
        {"name": "far", "table": "holding", "addr": 200},
    ],
}
#: A time-out for the tests that let it pass; the others wait as long as a busy machine may need.
HASTY = 0.2
QUICK = ModbusSettings(
    connect_timeout_s=0.5, reconnect_first_s=0.02, reconnect_most_s=0.1, probe_first_s=0.05, probe_most_s=0.1
)


def campus(folder: Path, port: int, units: int = 1, sheet: dict[str, Any] = SHEET, **link: Any) -> Campus:
    link = {"poll_s": 0.05, "timeout_s": 2.0, **link}
    devices = [device(f"m{unit}", "sheet", unit=unit) for unit in range(1, units + 1)]
    return campus_of(folder, [modbus_link(port, **link)], devices, {"sheet": sheet})


@contextlib.asynccontextmanager
async def reading(
    site: Campus, settings: ModbusSettings = QUICK
) -> AsyncIterator[tuple[GatheringSink, ModbusSource]]:
    table = site.points_of(AGENT)
    sink = GatheringSink(table)
    source = ModbusSource(site, AGENT, settings, table, SystemClock(), random=lambda: 0.0)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_right_answer_gives_good_values(tmp_path: Path) -> None:
    async with serving(Server()) as server, reading(campus(tmp_path, server.port)) as (sink, source):
        await sink.until_count("m1.far", 3)
    assert sink.of("m1.a")[0] == (100.0, Quality.GOOD)
    assert sink.of("m1.b")[0] == (101.0, Quality.GOOD)
    assert sink.of("m1.far")[0] == (200.0, Quality.GOOD)
    health = source.health()["links"]["bus"]
    assert health["answered"] >= 6
    assert health["silent"] == []
    assert health["garbled"] == health["timeouts"] == health["reconnects"] == 0


@pytest.mark.promise("P-modbus-1")
async def test_a_silent_unit_gives_no_reading_once_a_cycle_and_its_other_requests_are_skipped(
    tmp_path: Path,
) -> None:
    server = Server(manners={1: server_of.silently})
    async with (
        serving(server),
        reading(campus(tmp_path, server.port, poll_s=0.3, timeout_s=HASTY)) as (sink, source),
    ):
        readings = await sink.until_count("m1.far", 2)
        health = source.health()["links"]["bus"]
    assert all(math.isnan(value) and quality is Quality.NO_ANSWER for value, quality in readings)
    assert {asked.addr for asked in server.asked} == {100}
    assert health["timeouts"] >= 1
    assert health["silent"] == [1]
    assert health["silent_devices"] == ["m1"]
    assert health["units"]["1"]["backoff_s"] > 0
    assert abs(len(sink.of("m1.a")) - len(sink.of("m1.far"))) == 0


async def test_a_silent_unit_that_answers_again_is_read_again(tmp_path: Path) -> None:
    server = Server(manners={1: server_of.silently})
    async with serving(server), reading(campus(tmp_path, server.port, timeout_s=HASTY)) as (sink, source):
        await sink.until_count("m1.far", 3)
        server.manners.clear()
        await sink.until(lambda: sink.of("m1.a")[-1] == (100.0, Quality.GOOD))
        assert source.health()["links"]["bus"]["silent"] == []


@pytest.mark.promise("P-modbus-2")
async def test_an_answer_slower_than_the_time_out_is_late_and_not_taken_for_the_next_one(
    tmp_path: Path,
) -> None:
    slow_once = iter([True])

    def manner(asked: Asked, frame: bytes) -> Reply:
        return [0.3, frame] if asked.addr == 100 and next(slow_once, False) else [frame]

    server = Server(manners={1: manner})
    async with serving(server), reading(campus(tmp_path, server.port, timeout_s=HASTY)) as (sink, source):
        await sink.until(lambda: source.health()["links"]["bus"]["late"] == 1)
        await sink.until(lambda: sink.of("m1.far")[-1][1] is Quality.GOOD)
    good = {value for value, quality in sink.of("m1.a") if quality is Quality.GOOD}
    assert good == {100.0}
    assert {value for value, quality in sink.of("m1.far") if quality is Quality.GOOD} == {200.0}
    assert source.health()["links"]["bus"]["wrong_transaction"] == 0


async def test_an_exception_gives_device_error_and_its_name(tmp_path: Path) -> None:
    server = Server(manners={1: server_of.exception(4)})
    async with serving(server), reading(campus(tmp_path, server.port)) as (sink, source):
        readings = await sink.until_count("m1.far", 2)
    assert {quality for _, quality in readings} == {Quality.DEVICE_ERROR}
    assert source.health()["links"]["bus"]["codes"] == {
        "device_failure": source.health()["links"]["bus"]["exceptions"]
    }
    assert source.health()["links"]["bus"]["silent"] == []


async def test_a_gateway_that_says_the_unit_is_silent_makes_it_silent(tmp_path: Path) -> None:
    server = Server(manners={1: server_of.exception(11)})
    async with serving(server), reading(campus(tmp_path, server.port, units=2)) as (sink, source):
        await sink.until_count("m2.far", 3)
        health = source.health()["links"]["bus"]
    assert {quality for _, quality in sink.of("m1.a")} == {Quality.NO_ANSWER}
    assert health["silent"] == [1]
    assert health["timeouts"] == 0


@pytest.mark.promise("P-modbus-2")
@pytest.mark.parametrize(
    ("manner", "counter"),
    [
        (lambda asked, frame: [frame_of(asked, frame[7:], number=asked.number ^ 0x55)], "wrong_transaction"),
        (lambda asked, frame: [frame_of(asked, frame[7:], unit=asked.unit + 1)], "wrong_unit"),
        (lambda asked, frame: [frame_of(asked, b"\x04" + frame[8:])], "wrong_function"),
        (lambda asked, frame: [frame_of(asked, frame[7:-2])], "wrong_length"),
        (lambda asked, frame: [frame_of(asked, frame[7:] + b"\0\0")], "wrong_length"),
        (lambda _, frame: [frame[:2] + b"\x12\x34" + frame[4:]], "bad_header"),
        (lambda *_: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "bad_header"),
    ],
)
async def test_each_wrong_frame_is_named_and_gives_garbled(tmp_path: Path, manner: Any, counter: str) -> None:
    server = Server(manners={1: manner})
    async with (
        serving(server),
        reading(campus(tmp_path, server.port, units=2, timeout_s=HASTY)) as (sink, source),
    ):
        readings = await sink.until_count("m1.a", 1)
        await sink.until(lambda: sum(quality is Quality.GOOD for _, quality in sink.of("m2.far")) >= 3)
        health = source.health()["links"]["bus"]
    assert readings[0][1] is Quality.GARBLED
    assert health[counter] >= 1
    assert health["garbled"] >= 1


async def test_a_frame_in_pieces_is_put_together(tmp_path: Path) -> None:
    server = Server(
        everyone=lambda _, frame: [frame[:1], 0.005, frame[1:7], 0.005, frame[7:10], 0.005, frame[10:]]
    )
    async with serving(server), reading(campus(tmp_path, server.port)) as (sink, source):
        readings = await sink.until_count("m1.far", 2)
    assert {quality for _, quality in readings} == {Quality.GOOD}
    assert source.health()["links"]["bus"]["garbled"] == 0


async def test_a_device_asked_by_the_direct_unit_id_may_answer_with_its_own(tmp_path: Path) -> None:
    server = Server(everyone=lambda asked, frame: [frame_of(asked, frame[7:], unit=1)])
    async with serving(server):
        site = campus_of(
            tmp_path, [modbus_link(server.port)], [device("m1", "sheet", unit=255)], {"sheet": SHEET}
        )
        async with reading(site) as (sink, source):
            readings = await sink.until_count("m1.far", 1)
    assert readings[0] == (200.0, Quality.GOOD)
    assert source.health()["links"]["bus"]["wrong_unit"] == 0


async def test_a_frame_sent_twice_is_taken_once(tmp_path: Path) -> None:
    server = Server(everyone=lambda _, frame: [frame + frame])
    async with serving(server), reading(campus(tmp_path, server.port)) as (sink, source):
        readings = await sink.until_count("m1.far", 3)
    assert readings[0] == (200.0, Quality.GOOD)
    assert {quality for _, quality in readings} == {Quality.GOOD}
    assert source.health()["links"]["bus"]["unasked"] >= 3


async def test_a_connection_cut_within_a_frame_is_made_anew_at_once(tmp_path: Path) -> None:
    cut = iter([True])
    server = Server(everyone=lambda _, frame: [frame[:9], None] if next(cut, False) else [frame])
    async with serving(server), reading(campus(tmp_path, server.port, timeout_s=5.0)) as (sink, source):
        await sink.until(lambda: any(quality is Quality.GOOD for _, quality in sink.of("m1.far")), 2.0)
    assert sink.of("m1.a")[0][1] is Quality.NO_ANSWER
    health = source.health()["links"]["bus"]
    assert (health["cut_short"], health["reconnects"], health["timeouts"]) == (1, 1, 0)


async def test_a_half_open_connection_is_given_up_and_made_anew(tmp_path: Path) -> None:
    server = Server()
    server.everyone = lambda _, frame: [] if server.connections == 1 else [frame]
    async with serving(server), reading(campus(tmp_path, server.port, timeout_s=HASTY)) as (sink, source):
        await sink.until(lambda: any(quality is Quality.GOOD for _, quality in sink.of("m1.far")), 5.0)
    assert source.health()["links"]["bus"]["timeouts"] >= 3
    assert server.connections == 2


async def test_nobody_listening_gives_no_answer_every_cycle_and_reads_when_somebody_does(
    tmp_path: Path, free_port: Any
) -> None:
    port = free_port()
    async with reading(campus(tmp_path, port)) as (sink, source):
        readings = await sink.until_count("m1.a", 4)
        assert {quality for _, quality in readings} == {Quality.NO_ANSWER}
        assert source.health()["links"]["bus"]["state"] == "down"
        assert source.health()["links"]["bus"]["connect_failures"] >= 1
        async with serving(Server(), port):
            await sink.until(lambda: sink.of("m1.a")[-1][1] is Quality.GOOD)
            assert source.health()["links"]["bus"]["state"] == "up"


async def test_a_server_that_hangs_up_at_once_is_not_called_without_end(tmp_path: Path) -> None:
    server = Server(refuse=True)
    patient = ModbusSettings(reconnect_first_s=0.2, reconnect_most_s=10)
    async with serving(server), reading(campus(tmp_path, server.port, poll_s=0.02), patient) as (sink, _):
        await sink.until_count("m1.a", 50)
    assert server.connections <= 8, "not one for each of fifty rounds"


async def test_a_device_that_sends_without_end_is_hung_up_on(tmp_path: Path) -> None:
    server = Server(everyone=lambda _, frame: [frame, *[b"\xff" * 4096] * 64])
    async with serving(server), reading(campus(tmp_path, server.port)) as (sink, source):
        await sink.until(lambda: source.health()["links"]["bus"]["noisy"] >= 1)
    assert server.connections >= 1


async def test_a_refused_range_is_cut_until_the_rest_is_read_and_that_is_remembered(tmp_path: Path) -> None:
    sheet = {
        "kind": "modbus",
        "points": [{"name": f"p{n}", "table": "holding", "addr": n} for n in range(16)],
    }
    server = Server(absent=[(3, 5, 5)])
    async with serving(server), reading(campus(tmp_path, server.port, sheet=sheet)) as (sink, source):
        await sink.until_count("m1.p15", 2)
        learned = len(server.asked)
        requests = source.health()["links"]["bus"]["requests"]
        await sink.until_count("m1.p15", 4)
    assert {n for n in range(16) if sink.of(f"m1.p{n}")[0][1] is not Quality.GOOD} == {5}
    assert sink.of("m1.p5")[0][1] is Quality.DEVICE_ERROR
    assert {quality for _, quality in sink.of("m1.p5")} == {Quality.DEVICE_ERROR}
    assert sum((asked.function, asked.addr, asked.count) == (3, 0, 16) for asked in server.asked) == 1
    assert sum(asked.addr == 5 for asked in server.asked[learned:]) == 0
    assert 3 <= requests <= 6


async def test_a_gap_that_the_device_refuses_is_not_read_again(tmp_path: Path) -> None:
    sheet = {"kind": "modbus", "points": [{"name": f"p{n}", "table": "input", "addr": n} for n in (0, 4, 5)]}
    server = Server(absent=[(4, 2, 2)])
    async with serving(server), reading(campus(tmp_path, server.port, sheet=sheet)) as (sink, _):
        await sink.until_count("m1.p5", 3)
    assert all(sink.of(f"m1.p{n}")[0] == (float(n), Quality.GOOD) for n in (0, 4, 5))
    assert [(asked.addr, asked.count) for asked in server.asked[:3]] == [(0, 6), (0, 1), (4, 2)]


async def test_an_optional_point_that_is_absent_is_asked_for_once(tmp_path: Path) -> None:
    points = [
        {"name": "a", "table": "holding", "addr": 1},
        {"name": "rare", "table": "holding", "addr": 2, "optional": True},
        {"name": "rarer", "table": "holding", "addr": 3, "optional": True},
    ]
    server = Server(absent=[(3, 3, 3)])
    async with (
        serving(server),
        reading(campus(tmp_path, server.port, sheet={"kind": "modbus", "points": points})) as (
            sink,
            _,
        ),
    ):
        await sink.until_count("m1.rare", 4)
    assert sink.of("m1.a")[0] == (1.0, Quality.GOOD)
    assert sink.of("m1.rare")[-1] == (2.0, Quality.GOOD)
    assert [quality for _, quality in sink.of("m1.rarer")] == [Quality.DEVICE_ERROR]
    assert sum(asked.addr + asked.count > 3 for asked in server.asked) == 2  # both together, then alone


async def test_values_keep_the_time_at_which_they_were_read(tmp_path: Path) -> None:
    server = Server(everyone=lambda asked, frame: [0.2, frame] if asked.addr == 200 else [frame])
    async with (
        serving(server),
        reading(campus(tmp_path, server.port, poll_s=1.0, timeout_s=1.0)) as (sink, _),
    ):
        await sink.until_count("m1.far", 1)
    apart_us = int(sink.times_us("m1.far")[0] - sink.times_us("m1.a")[0])
    assert 150_000 < apart_us < 900_000


async def test_rounds_that_take_longer_than_the_period_are_counted_and_not_queued(tmp_path: Path) -> None:
    server = Server(everyone=server_of.slowly(0.05))
    async with (
        serving(server),
        reading(campus(tmp_path, server.port, poll_s=0.02, timeout_s=1.0)) as (sink, source),
    ):
        await sink.until_count("m1.far", 3)
        server.everyone = server_of.rightly
        asked = len(server.asked)
        await asyncio.sleep(0.1)
        caught_up = len(server.asked) - asked
    assert source.health()["links"]["bus"]["overruns"] >= 6
    assert caught_up <= 2 * 0.1 / 0.02 + 6  # two requests a round, no burst of what was missed


RECORDED = struct.pack(">BB4H", 3, 8, 0x0102, 0x0304, 0x0506, 0x0708)


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
async def test_a_garbled_byte_in_front_of_the_data_never_gives_a_number(
    tmp_path: Path, place: int, flip: int
) -> None:
    sheet = {"kind": "modbus", "points": [{"name": f"p{n}", "table": "holding", "addr": n} for n in range(4)]}

    def manner(asked: Asked, _frame: bytes) -> Reply:
        frame = bytearray(frame_of(asked, RECORDED))
        frame[place] ^= flip
        return [bytes(frame)]

    server = Server(everyone=manner)
    async with (
        serving(server),
        reading(campus(tmp_path, server.port, sheet=sheet, poll_s=0.02, timeout_s=HASTY)) as (sink, source),
    ):
        await sink.until_count("m1.p0", 2)
        health = source.health()["links"]["bus"]
        server.everyone = server_of.rightly
        await sink.until(lambda: sink.of("m1.p3")[-1] == (3.0, Quality.GOOD))
    assert not any(value > 3 for value, _ in sink.of("m1.p0") + sink.of("m1.p3"))
    assert sink.of("m1.p0")[0][1] in {Quality.GARBLED, Quality.NO_ANSWER, Quality.DEVICE_ERROR}
    assert health["answered"] == 0


@pytest.mark.promise("P-modbus-2")
@pytest.mark.parametrize("length", range(len(RECORDED) + 7))
async def test_an_answer_cut_at_any_byte_gives_no_number_and_the_next_is_read(
    tmp_path: Path, length: int
) -> None:
    sheet = {"kind": "modbus", "points": [{"name": f"p{n}", "table": "holding", "addr": n} for n in range(4)]}
    short = iter([True])

    def manner(asked: Asked, frame: bytes) -> Reply:
        return [frame_of(asked, RECORDED)[:length]] if next(short, False) else [frame]

    server = Server(everyone=manner)
    async with (
        serving(server),
        reading(campus(tmp_path, server.port, sheet=sheet, poll_s=0.02, timeout_s=HASTY)) as (sink, _),
    ):
        await sink.until(lambda: sink.of("m1.p3")[-1:] == [(3.0, Quality.GOOD)])
    assert sink.of("m1.p0")[0][1] is (Quality.GARBLED if length else Quality.NO_ANSWER)
    assert {value for value, quality in sink.of("m1.p0") if quality is Quality.GOOD} == {0.0}
