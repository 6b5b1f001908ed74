"""A serial port as a transport, over a pair of pseudo-terminals."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator

import pytest

from devices.model.errors import Unreachable
from edge_agent.sources.serial_port import open_serial


class Heard(asyncio.Protocol):
    def __init__(self) -> None:
        self.data = b""
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.news = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)

    async def until(self, data: bytes) -> None:
        while self.data != data:
            self.news.clear()
            await self.news.wait()


@pytest.fixture
def pair() -> Iterator[tuple[int, str]]:
    """The far end of a line, and the path of the near one."""
    far, near = os.openpty()
    path = os.ttyname(near)
    os.close(near)
    yield far, path
    with contextlib.suppress(OSError):
        os.close(far)


#: Bytes to which a terminal gives a meaning of its own: interrupt, end, newline, return, stop, erase.
EVERY_BYTE = bytes(range(256))


@pytest.mark.parametrize("frame", ["8E1", "8N1", "8O1", "8N2"])
async def test_every_byte_travels_unchanged_both_ways(pair: tuple[int, str], frame: str) -> None:
    far, path = pair
    transport, heard = await open_serial(Heard, path, 2400, frame)
    transport.write(EVERY_BYTE)
    assert await asyncio.to_thread(os.read, far, 1000) == EVERY_BYTE
    os.write(far, EVERY_BYTE)
    await heard.until(EVERY_BYTE)
    transport.close()
    assert await heard.lost is None
    assert transport.is_closing()


async def test_what_the_line_cannot_take_at_once_follows_in_order(pair: tuple[int, str]) -> None:
    far, path = pair
    transport, heard = await open_serial(Heard, path, 9600, "8N1")
    whole = EVERY_BYTE * 100
    transport.write(whole[:20_000])
    transport.write(whole[20_000:])
    got = b""
    while len(got) < len(whole):
        got += await asyncio.to_thread(os.read, far, 4096)
    assert got == whole
    transport.abort()
    await heard.lost


async def test_a_line_that_takes_nothing_any_more_ends_the_connection(pair: tuple[int, str]) -> None:
    transport, heard = await open_serial(Heard, pair[1], 9600, "8N1")
    transport.write(bytes(200_000))
    assert "no more bytes" in str(await heard.lost)


async def test_an_unplugged_adapter_ends_the_connection(pair: tuple[int, str]) -> None:
    far, path = pair
    transport, heard = await open_serial(Heard, path, 9600, "8N1")
    os.close(far)
    assert isinstance(await heard.lost, OSError)
    transport.write(b"into nothing")
    transport.close()


async def test_a_port_is_for_one_program_at_a_time(pair: tuple[int, str]) -> None:
    transport, heard = await open_serial(Heard, pair[1], 9600, "8N1")
    with pytest.raises(Unreachable, match="lock"):
        await open_serial(Heard, pair[1], 9600, "8N1")
    transport.close()
    await heard.lost
    again, heard = await open_serial(Heard, pair[1], 9600, "8N1")
    again.close()
    await heard.lost


async def test_a_port_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="/dev/no-such-port"):
        await open_serial(Heard, "/dev/no-such-port", 9600, "8N1")
