"""A wire between an agent and a simulated gateway that fails on command, and keeps what the gateway truly said."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from enum import Enum

import numpy as np


class Fault(Enum):
    """What becomes of answers; half-open swallows questions."""

    NONE = "none"
    DRIPS = "drips"
    CUTS = "cuts"
    DELAYS = "delays"
    GARBLES = "garbles"
    HALF_OPEN = "half-open"


class BadWire:
    """One port in front of another.

    fault:   what it does now
    calls:   how often it was connected to
    """

    def __init__(self, port: int, flips: Callable[[int], Iterable[int]]) -> None:
        self.fault = Fault.NONE
        self.calls = 0
        self.delay_s = 1.0
        self._port = port
        self._flips = flips
        self._said = bytearray()
        self._turn = itertools.count()

    def said(self) -> set[float]:
        """Every number that stood in what the gateway said, wherever it began."""
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(bytes(self._said), np.uint8), 4)
        return set(np.ascontiguousarray(windows).view(">f4")[:, 0].astype(float).tolist())

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Stand there; yields the port to connect to."""
        tasks: set[asyncio.Task[None]] = set()

        async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            self.calls += 1
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self._carry(reader, writer)
            writer.transport.abort()

        server = await asyncio.start_server(called, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, ahead = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._questions(reader, ahead))
                group.create_task(self._answers(behind, writer))
        except* ConnectionError:
            pass
        finally:
            ahead.transport.abort()

    async def _questions(self, reader: asyncio.StreamReader, ahead: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            if self.fault is not Fault.HALF_OPEN:
                ahead.write(data)
        raise ConnectionResetError("the agent hung up")

    async def _answers(self, behind: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await behind.read(4096):
            self._said += data
            match self.fault:
                case Fault.DRIPS:
                    for at in range(len(data)):
                        writer.write(data[at : at + 1])
                        await writer.drain()
                        await asyncio.sleep(0)
                case Fault.CUTS:
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    await asyncio.sleep(0.02)
                    raise ConnectionResetError("cut")
                case Fault.DELAYS:
                    await asyncio.sleep(self.delay_s)
                    writer.write(data)
                case Fault.GARBLES:
                    writer.write(self._garbled(data))
                case Fault.HALF_OPEN:
                    pass
                case _:
                    writer.write(data)
        raise ConnectionResetError("the gateway hung up")

    def _garbled(self, data: bytes) -> bytes:
        """One bit of one byte turned over, another one each time."""
        turn = next(self._turn)
        places = list(self._flips(len(data)))
        wrong = bytearray(data)
        wrong[places[turn % len(places)]] ^= 1 << turn % 8
        return bytes(wrong)
