"""A bus worker and meters that misbehave in every way: named, counted, never a wrong number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from devices.model.samples import Quality
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
    refusing,
    rightly,
    silently,
)
from tests.edge_agent.sources.dlt645.reading import (
    HASTY,
    QUICK,
    TRUE,
    VALUES,
    WIRES,
    assert_only_true_numbers,
    campus,
    each_wire,
    of_bus,
    reading,
)


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
