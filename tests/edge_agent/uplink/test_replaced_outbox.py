"""An outbox that had to begin a new file: the hub hears of the new epoch, and old answers delete nothing new."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devices.wire.messages import Kind, Lane
from edge_agent.outbox.opening import encoded_row
from edge_agent.uplink import Uplink, UplinkSettings
from tests.brokers import RunningBroker
from tests.edge_agent.outbox.numbered import numbered
from tests.edge_agent.uplink.conftest import FAST, WallClock
from tests.edge_agent.uplink.fake_hub import FakeHub, until


@dataclass
class MemoryStore:
    """An outbox in a dictionary."""

    epoch: int = 1
    bytes_per_s: float = 0.0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    records: dict[tuple[Lane, int], bytes] = field(default_factory=dict)
    next_now: dict[Lane, int] = field(default_factory=dict)

    def put(self, lane: Lane, seq: int) -> None:
        row = encoded_row("a1", self.epoch, lane, seq, numbered(self.epoch * 1000 + seq, lane), 7)
        self.records[lane, seq] = row.data
        self.next_now[lane] = seq + 1
        self.news.set()

    async def take(self, lane: Lane, after_seq: int, limit_bytes: int) -> Sequence[tuple[int, bytes, int]]:
        behind = [key for key in sorted(self.records) if key[0] is lane and key[1] > after_seq]
        return [(key[1], self.records[key], 7) for key in behind[: max(1, limit_bytes // 1000)]]

    async def fresh_from(self, lane: Lane, age_s: float) -> int:  # noqa: ARG002 - nothing ages here
        return 1

    async def next_seqs(self, *, at_opening: bool) -> Mapping[Lane, int]:
        return dict.fromkeys(Lane, 1 if at_opening else 1000)

    async def open_parts(self, prefix: str) -> tuple[int, Sequence[bytes]] | None:  # noqa: ARG002 - none is open
        return 0, []

    async def renew(self) -> None:
        self.epoch += 1

    async def done(self, acks: Sequence[tuple[Lane, int]]) -> None:
        for key in acks:
            self.records.pop(key, None)
        self.news.set()


async def test_a_new_epoch_is_introduced_and_sent_from_its_first_number(mosquitto: RunningBroker) -> None:
    hub, store = FakeHub(), MemoryStore()
    uplink = Uplink(
        mosquitto,
        "a1",
        store,
        UplinkSettings.model_validate(FAST),
        about={},
        health=dict,
        clock=WallClock(),
    )
    async with hub.on(mosquitto):
        running = asyncio.create_task(uplink.run())
        for seq in range(1, 6):
            store.put(Lane.LIVE, seq)
        await until(lambda: not store.records)
        store.epoch = 2
        for seq in range(1, 4):
            store.put(Lane.LIVE, seq)
        await until(lambda: not store.records)
        running.cancel()
        await asyncio.wait([running])
    hellos = [message.header["epoch"] for message in hub.said if message.kind is Kind.HELLO]
    assert list(dict.fromkeys(hellos)) == [1, 2]
    second = [(record.stamp.seq, record.number) for record in hub.records if record.stamp.epoch == 2]
    assert set(second) == {(1, 2001), (2, 2002), (3, 2003)}


async def test_health_that_cannot_be_told_does_not_end_the_uplink(mosquitto: RunningBroker) -> None:
    hub, store = FakeHub(), MemoryStore()
    uplink = Uplink(
        mosquitto,
        "a1",
        store,
        UplinkSettings.model_validate(FAST),
        about={"version": object()},
        health=lambda: {"section": {"value": object()}},
        clock=WallClock(),
    )
    async with hub.on(mosquitto):
        running = asyncio.create_task(uplink.run())
        store.put(Lane.ALERTS, 1)
        await until(lambda: len(hub.said) >= 3 and not store.records)
        running.cancel()
        await asyncio.wait([running])
    assert {message.kind for message in hub.said} == {Kind.HELLO, Kind.HEALTH}
    assert all(set(message.header) == {"agent", "boot", "epoch", "sent_us"} for message in hub.said)
