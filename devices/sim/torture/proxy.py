"""A line between an MQTT client and its broker that breaks as lines do: whole packets late, twice, out of order, never.

What MQTT promises of QoS 1 is kept: a packet that comes twice has the DUP flag, and the second acknowledgement of it
goes nowhere. Connections are cut, and stand still without being closed.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Final

from devices.sim.torture import packets
from devices.sim.torture.bench_files import AGENT
from devices.sim.torture.packets import Packet
from devices.wire.messages import Lane, up_topic

HELD_S: Final = 0.2
#: A packet that is late, and a line that stands still.
PAUSES_S: Final = {"late": (0.02, 0.4), "still": (0.5, 3.0)}
RECORDS: Final = up_topic(AGENT, Lane.LIVE)
ACTS: Final = ("late", "twice", "reorder", "cut", "still")


class Proxy:
    """Stands before a broker on this machine; for the time between `open` and `close`.

    chance:  of something happening to a PUBLISH of QoS 1; 0 is a good line.
    records: of readings that went by.
    """

    def __init__(self, broker_port: int, source: random.Random) -> None:
        self.chance = 0.0
        self.acts: Counter[str] = Counter()
        self.records = 0
        self._passed = asyncio.Event()
        self._broker_port = broker_port
        self._source = source
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._ways: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """Listen, and return the port."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def passed(self, records: int) -> None:
        """Wait until so many have gone by since the beginning."""
        while self.records < records:
            self._passed.clear()
            await self._passed.wait()

    async def close(self) -> None:
        """End every line."""
        assert self._server is not None
        self._server.close()
        for way in list(self._ways):
            way.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        await self._server.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        ends = [writer]
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._broker_port)
            ends.append(back)
            up, down = Counter[int](), Counter[int]()
            ways = [
                asyncio.create_task(self._carry(reader, back, up, down)),
                asyncio.create_task(self._carry(there, writer, down, up)),
            ]
            self._ways.update(ways)
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                self._ways.difference_update(ways)
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            return  # no broker just now
        finally:
            for end in ends:
                end.transport.abort()
            self._lines.discard(task)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        doubled: Counter[int],
        swallowed: Counter[int],
    ) -> None:
        """One direction; `doubled` counts our repeats, `swallowed` those of the other direction."""
        held: list[Packet] = []

        def write(*some: Packet) -> None:
            if not writer.transport.is_closing():
                writer.write(b"".join(packet.packed() for packet in some))

        def let_go() -> None:
            write(*held)
            held.clear()

        while True:
            packet = await packets.read(reader)
            if packet.kind == packets.PUBLISH and packet.topic == RECORDS:
                self.records += 1
                self._passed.set()
            number = packet.number if packet.kind in {packets.PUBLISH, packets.PUBACK} else None
            if packet.kind == packets.PUBACK and number is not None and swallowed[number] > 0:
                swallowed[number] -= 1
                continue
            act = self._drawn(packet)
            await asyncio.sleep(self._pause_s(act))
            match act:
                case "twice" if number is not None:
                    doubled[number] += 1
                    write(packet)
                    packet = packet.again()
                case "reorder":
                    held.append(packet)
                    asyncio.get_running_loop().call_later(HELD_S, let_go)
                    continue
                case "cut":
                    return
            write(packet)
            let_go()

    def _pause_s(self, act: str) -> float:
        low, high = PAUSES_S.get(act, (0.0, 0.0))
        return self._source.uniform(low, high)

    def _drawn(self, packet: Packet) -> str:
        if packet.kind != packets.PUBLISH or packet.number is None or self._source.random() >= self.chance:
            return ""
        act = self._source.choice(ACTS)
        self.acts[act] += 1
        return act
