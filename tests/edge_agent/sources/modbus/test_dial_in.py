"""Units that call: who they are, several at one port, strangers, and a call that follows a dead one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from devices.model.errors import ConfigRefused
from devices.model.samples import Quality
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from tests.contracts.modbus.reading import QUICK, SHEET, reading
from tests.contracts.modbus.stages import calling
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.modbus.misbehaving import Server
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device


def dial_in(name: str, port: int, **more: Any) -> dict[str, Any]:
    link = {"id": name, "agent": AGENT, "kind": "modbus-dial-in", "name": NAME, "host": "127.0.0.1"}
    return {**link, "port": port, "poll_s": 0.05, "timeout_s": 2.0, **more}


@contextlib.asynccontextmanager
async def two_links(folder: Path, port: int) -> AsyncIterator[tuple[GatheringSink, ModbusSource]]:
    links = [dial_in("one", port, registration="DTU-1"), dial_in("two", port, registration_hex="4454552d32")]
    devices = [device("m1", "sheet", "one"), device("m2", "sheet", "two")]
    async with reading(campus_of(folder, links, devices, {"sheet": SHEET}), QUICK) as (sink, source):
        await sink.until_count("m1.a", 1)
        await sink.until_count("m2.a", 1)
        yield sink, source


async def test_two_units_at_one_port_are_told_apart_by_what_they_say_first(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    one, two = Server(rtu=True), Server(rtu=True)
    one.words[1, 3, 100], two.words[1, 3, 100] = 111, 222
    async with (
        two_links(tmp_path, port) as (sink, _),
        calling(two, port, "DTU-2"),
        calling(one, port, "DTU-1"),
    ):
        await sink.until(lambda: sink.of("m1.a")[-1] == (111.0, Quality.GOOD))
        await sink.until(lambda: sink.of("m2.a")[-1] == (222.0, Quality.GOOD))


async def test_a_stranger_is_hung_up_on_and_counted(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    async with two_links(tmp_path, port) as (_, source):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        health = source.health()["links"]
    assert health["one"]["strangers"] == health["two"]["strangers"] == 1


async def test_a_new_call_takes_the_place_of_one_that_died_unheard(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """A DTU that lost its power does not say so; its old connection stays open for hours."""
    port = free_port()
    async with two_links(tmp_path, port) as (sink, _):
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        silent.write(b"DTU-1")
        async with calling(Server(rtu=True), port, "DTU-1"):
            await sink.until(lambda: sink.of("m1.a")[-1] == (100.0, Quality.GOOD))
        silent.close()


async def test_a_unit_may_speak_frames_with_a_number(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    campus = campus_of(
        tmp_path, [dial_in("one", port, framing="tcp")], [device("m1", "sheet", "one")], {"sheet": SHEET}
    )
    settings = ModbusSettings(connect_timeout_s=0.2, reconnect_first_s=0.02)
    async with reading(campus, settings) as (sink, _), calling(Server(), port, ""):
        await sink.until(lambda: bool(sink.of("m1.a")) and sink.of("m1.a")[-1] == (100.0, Quality.GOOD))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"registration": "DTU-1"}, {"registration": "DTU-12"}),
        ({"registration": "DTU-1"}, {}),
        ({"registration": "A"}, {"registration": "B", "host": "127.0.0.2"}),
        ({"registration": "A", "registration_hex": "41"}, {"registration": "B"}),
    ],
)
def test_units_that_cannot_be_told_apart_are_refused_with_the_path(
    tmp_path: Path, first: dict[str, str], second: dict[str, str]
) -> None:
    links = [dial_in("one", 5020, **first), dial_in("two", 5020, **second)]
    with pytest.raises(ConfigRefused, match=r"links\.(one|two)"):
        campus_of(tmp_path, links, [device("m1", "sheet", "one")], {"sheet": SHEET})


@pytest.mark.parametrize("unit", [0, 248])
def test_a_unit_that_frames_cannot_carry_is_refused(tmp_path: Path, unit: int) -> None:
    link = {"id": "bus", "agent": AGENT, "kind": "modbus-serial", "name": NAME, "path": "/dev/ttyS9"}
    with pytest.raises(ConfigRefused, match=r"devices\.m1\.unit.*1 to 247"):
        campus_of(tmp_path, [link], [device("m1", "sheet", unit=unit)], {"sheet": SHEET})
