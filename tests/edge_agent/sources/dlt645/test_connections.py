"""What lies between agent and meters: serial servers, adapters and noise."""

from __future__ import annotations

import contextlib
from pathlib import Path

from devices.model.samples import Quality
from tests.edge_agent.sources.dlt645.meters import (
    ADDRESS,
    Asked,
    Bus,
    Reply,
    data_of,
    framed,
    on_tcp,
    on_terminal,
    rightly,
)
from tests.edge_agent.sources.dlt645.reading import (
    HASTY,
    QUICK,
    VALUES,
    WIRES,
    assert_only_true_numbers,
    campus,
    each_wire,
    of_bus,
    reading,
)


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
