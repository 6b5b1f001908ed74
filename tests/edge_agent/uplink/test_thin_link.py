"""A line that carries less than comes in: what rules read stays fresh, the rest comes later, nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire.messages import Lane, Message, encode
from edge_agent.uplink.thinning import COARSE_S, KEPT_S, MEMORY_S, REST, Bandwidth, Thinning
from tests.brokers import RunningBroker
from tests.edge_agent.outbox.numbered import numbered
from tests.edge_agent.uplink.conftest import Agent, Agents
from tests.edge_agent.uplink.fake_hub import FakeHub, until
from tests.edge_agent.uplink.test_delivery import is_empty

S = 1_000_000


@dataclass
class ThinLine:
    """A proxy in front of a broker; carries so many bytes per second towards it, None: all."""

    to_port: int
    bytes_per_s: float | None
    port: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ThinLine]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2048)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.to_port)
        up = asyncio.create_task(self._copy(reader, back, slow=True))
        down = asyncio.create_task(self._copy(there, writer, slow=False))
        self.tasks |= {up, down}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
        with contextlib.closing(writer):
            while data := await reader.read(1024):
                writer.write(data)
                if slow and self.bytes_per_s is not None:
                    await asyncio.sleep(len(data) / self.bytes_per_s)


def rest(number: int, size: int) -> Message:
    message = numbered(number, Lane.LIVE, size)
    message.header[REST] = True
    return message


async def produce(agent: Agent, numbers: range) -> dict[int, float]:
    """Each tenth of a second 500 bytes that a rule reads, and 2500 that none does; returns when each was put."""
    put_s = {}
    for number in numbers:
        put_s[number] = time.monotonic()
        await agent.outbox.put(Lane.LIVE, numbered(number, Lane.LIVE, 500))
        await agent.outbox.put(Lane.LIVE, rest(10_000 + number, 2500))
        await asyncio.sleep(0.1)
    return put_s


@pytest.mark.promise("P-uplink-10")
async def test_on_a_thin_line_what_rules_read_stays_fresh_and_the_rest_comes_later(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    hub = FakeHub()
    changes = {"thin_after_s": 0.5, "thin_calm_s": 1.0, "late_after_s": 20, "ack_timeout_s": 60}
    async with (
        ThinLine(mosquitto.port, 15_000).open() as line,
        hub.on(mosquitto),
        agents(mosquitto.to(port=line.port), **changes) as agent,
    ):
        agent.clock.step_us = ((2 * KEPT_S - int(time.time())) % COARSE_S) * S  # none of the kept seconds
        await produce(agent, range(40))
        await until(lambda: agent.uplink.is_thin)
        put_s = await produce(agent, range(40, 100))
        await until(lambda: hub.has_all(Lane.LIVE, range(60, 90)))
        arrived_s = {record.number: record.at_s for record in hub.records}
        ages = sorted(arrived_s[number] - put_s[number] for number in range(60, 90))
        assert ages[-1] < 5, "30 kB come in each second, 15 go: otherwise it would be nine"
        health = agent.uplink.health()
        assert health["thinned"] > 20
        assert 8_000 < health["bandwidth_bytes_per_s"] < 40_000
        assert not set(range(10_060, 10_090)) <= set(arrived_s), "the rest waits"
        line.bytes_per_s = None
        await until(lambda: is_empty(agent), within_s=20)
        await until(lambda: not agent.uplink.is_thin, within_s=20)
    assert hub.has_all(Lane.LIVE, range(100))
    assert hub.has_all(Lane.LIVE, range(10_000, 10_100)), "nothing is lost"


def test_what_no_rule_reads_goes_ten_seconds_of_each_minute() -> None:
    thinning = Thinning(5, 30)
    data = encode(rest(1, 10))
    assert not thinning.defers(data, 30 * S)
    thinning.look(behind=True, bandwidth=100.0, inflow=200.0, now_s=0)
    thinning.look(behind=True, bandwidth=100.0, inflow=200.0, now_s=5)
    gone = [second for second in range(120) if not thinning.defers(data, second * S)]
    assert gone == [*range(10), *range(60, 70)]
    assert thinning.deferred == 100
    assert not thinning.defers(encode(numbered(1)), 30 * S)


def test_a_line_is_thin_after_a_while_and_carries_all_again_only_with_some_to_spare() -> None:
    thinning = Thinning(5, 30)
    thinning.look(behind=True, bandwidth=None, inflow=200.0, now_s=0)
    thinning.look(behind=False, bandwidth=None, inflow=200.0, now_s=4)
    thinning.look(behind=True, bandwidth=None, inflow=200.0, now_s=5)
    assert not thinning.active
    thinning.look(behind=True, bandwidth=None, inflow=200.0, now_s=10)
    assert thinning.active
    for now_s in range(11, 100):
        thinning.look(behind=False, bandwidth=210.0, inflow=200.0, now_s=now_s)
    assert thinning.active, "it would fall behind again"
    for now_s in range(100, 131):
        thinning.look(behind=False, bandwidth=300.0, inflow=200.0, now_s=now_s)
    assert not thinning.active


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9999)), min_size=1, max_size=50))
def test_bandwidth_is_the_best_whole_second_of_the_last_while(steps: list[tuple[int, int]]) -> None:
    bandwidth, now_s, arrived = Bandwidth(), 0, list[tuple[int, int]]()
    for pause_s, size in steps:
        now_s += pause_s
        bandwidth.arrived(size, now_s + 0.5)
        arrived.append((now_s, size))
    whole = {at_s for at_s, _ in arrived if now_s - MEMORY_S <= at_s < now_s}
    totals = [sum(size for at_s, size in arrived if at_s == second) for second in whole]
    assert bandwidth.bytes_per_s == (max(totals) if totals else None)
