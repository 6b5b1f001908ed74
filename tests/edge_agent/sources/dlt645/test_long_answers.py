"""Answers of several frames, and a meter that is asked who it is; nothing but reads leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devices.model.samples import Quality
from tests.edge_agent.sources.dlt645.meters import (
    ADDRESS,
    Asked,
    Bus,
    Manner,
    Reply,
    framed,
    on_tcp,
    refusing,
    rightly,
    silently,
)
from tests.edge_agent.sources.dlt645.reading import (
    HASTY,
    VALUES,
    WIRES,
    campus,
    each_wire,
    of_bus,
    reading,
)

TARIFFS: dict[str, Any] = {
    "kind": "dlt645",
    "points": [
        {"name": f"energy{n}_kwh", "di": f"0001{n:02X}00", "digits": (6, 2), "unit": "kWh"} for n in range(13)
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
