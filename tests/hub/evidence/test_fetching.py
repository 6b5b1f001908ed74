"""From the store of a gateway to a person at the hub, over messages that may be lost, late or of somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devices.campus.keep_days import KeepDays
from devices.model.errors import Garbled, Unreachable
from devices.wire.evidence import PIECE_BYTES, evidence_topic
from devices.wire.messages import Kind, Message, decode, encode, orders_topic
from edge_agent.evidence.answering import Answering
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.evidence.store import Store
from hub.evidence import Fetching
from hub.evidence.retention import CopySettings

ALERT = "ab" * 12
CLIP = bytes(range(256)) * 900
FILES = {"clip.mp4": CLIP, "1-clean.jpg": b"picture", "1-facts.jpg": b""}


class Orders:
    """Who gets everything else."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def hear(self, message: Message) -> None:
        self.heard.append(message)

    async def speak(self, _link: object, _boot: int) -> None:
        await asyncio.Event().wait()


class Wire:
    """A line between a hub and a gateway; `loses` says of the n-th message whether it is lost."""

    agent = "edge"

    def __init__(self, folder: Path, loses: Callable[[int], bool] = lambda _: False, **more: Any) -> None:
        self.store = Store(folder / "edge", EvidenceSettings(), lambda _: 10**12)
        self.store.open()
        self.orders = Orders()
        self.gateway = Answering(self.agent, self.store, self.orders)
        self.hub = Fetching(folder / "hub", self.to_gateway, **more)
        self.messages = 0
        self.asked: list[tuple[str, int]] = []
        self._loses = loses

    async def to_gateway(self, topic: str, payload: bytes) -> None:
        assert topic == orders_topic(self.agent)
        self.messages += 1
        question = decode(payload).header
        self.asked.append((question["name"], question["offset"]))
        if not self._loses(self.messages):
            self.gateway.hear(decode(payload))

    async def send(self, topic: str, payload: bytes, *, qos: int) -> None:
        assert (topic, qos) == (evidence_topic(self.agent), 1)
        assert len(payload) < PIECE_BYTES + 2000
        self.messages += 1
        if not self._loses(self.messages):
            self.hub.hear(self.agent, payload)


@asynccontextmanager
async def connected(wire: Wire) -> AsyncIterator[Wire]:
    task = asyncio.create_task(wire.gateway.speak(wire, 1), name="gateway")
    try:
        yield wire
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with connected(Wire(tmp_path)) as wire:
        wire.store.keep(ALERT, FILES, {"severity": 3}, 1)
        yield wire


async def test_files_come_whole_and_are_asked_for_once(wire: Wire) -> None:
    listed = await wire.hub.files("edge", ALERT)
    assert {file.name: file.bytes for file in listed} == {name: len(data) for name, data in FILES.items()}
    for name, data in FILES.items():
        path = await wire.hub.file("edge", ALERT, name)
        assert path is not None
        assert path.read_bytes() == data
    before = wire.messages
    both = await asyncio.gather(*(wire.hub.file("edge", ALERT, "clip.mp4") for _ in range(2)))
    assert both[0] == both[1]
    assert wire.messages == before


@pytest.mark.parametrize("name", ["2-clean.jpg", "../hub.db", "clip.mp4/..", "", "manifest.jsonl"])
async def test_there_is_no_other_file(wire: Wire, name: str) -> None:
    assert await wire.hub.file("edge", ALERT, name) is None
    assert await wire.hub.file("edge", "cd" * 12, "clip.mp4") is None
    assert await wire.hub.files("edge", "cd" * 12) == ()


async def test_lost_messages_are_asked_for_again(tmp_path: Path) -> None:
    async with connected(Wire(tmp_path, {2, 7}.__contains__, answer_s=1.0)) as wire:
        wire.store.keep(ALERT, FILES, {"severity": 3}, 1)
        path = await wire.hub.file("edge", ALERT, "clip.mp4")
        assert path is not None
        assert path.read_bytes() == CLIP


async def test_a_gateway_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="edge does not answer"):
        await Wire(tmp_path, lambda _: True, answer_s=0.01).hub.files("edge", ALERT)


async def test_a_file_that_was_changed_at_the_gateway_is_not_shown(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "edge" / ALERT / "clip.mp4").write_bytes(CLIP[:-1] + b"\0")
    with pytest.raises(Unreachable, match="not what it was"):
        await wire.hub.file("edge", ALERT, "clip.mp4")
    assert not list((tmp_path / "hub").rglob("clip.mp4"))


async def test_what_was_not_looked_at_for_longest_makes_room(tmp_path: Path) -> None:
    small = CopySettings.model_construct(bytes=len(CLIP) + 10, keep_days=KeepDays(), reserve_bytes=0)
    async with connected(Wire(tmp_path, copies=small)) as wire:
        for alert in ("aa" * 12, "bb" * 12):
            wire.store.keep(alert, FILES, {"severity": 3}, 1)
            assert await wire.hub.file("edge", alert, "clip.mp4") is not None
        assert [path.parent.name for path in (tmp_path / "hub").rglob("clip.mp4")] == ["bb" * 12]


async def test_a_file_that_broke_off_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    mended = False

    def breaks(_number: int) -> bool:
        came = sum(path.stat().st_size for path in (tmp_path / "hub").glob("*/*"))
        return came >= 3 * PIECE_BYTES and not mended

    async with connected(Wire(tmp_path, breaks, answer_s=0.5)) as wire:
        wire.store.keep(ALERT, FILES, {"severity": 3}, 1)
        with pytest.raises(Unreachable, match="does not answer"):
            await wire.hub.file("edge", ALERT, "clip.mp4")
        mended, before = True, len(wire.asked)
        path = await wire.hub.file("edge", ALERT, "clip.mp4")
        assert path is not None
        assert path.read_bytes() == CLIP
    assert min(offset for name, offset in wire.asked[before:] if name) == 3 * PIECE_BYTES


@pytest.mark.parametrize("what", ["evidence", "pictures"])
async def test_behind_a_gateway_that_is_silent_nobody_waits_for_all_before_him(
    tmp_path: Path, what: str
) -> None:
    wire = Wire(tmp_path, lambda _: True, answer_s=0.05)

    async def ask() -> None:
        with pytest.raises(Unreachable):
            await (
                wire.hub.pictures("edge", "cam")
                if what == "pictures"
                else wire.hub.file("edge", ALERT, "clip.mp4")
            )

    await asyncio.gather(*(ask() for _ in range(60)))
    assert 0 < wire.messages < 60, "each by itself is asked for three times, one after the other"
    await ask()


async def test_a_disk_that_takes_no_copy_is_said_and_no_fault_of_ours(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "hub").write_bytes(b"no folder")
    with pytest.raises(Unreachable, match="the hub can keep no copy"):
        await wire.hub.file("edge", ALERT, "clip.mp4")


async def test_orders_pass_by_and_answers_of_others_are_refused(wire: Wire) -> None:
    order = Message(Kind.ORDERS, {"agent": "edge"})
    wire.gateway.hear(order)
    assert wire.orders.heard == [order]
    for header in (
        {"agent": "other", "number": 1, "alert": ALERT, "name": "", "offset": 0},
        {"agent": "edge"},
    ):
        with pytest.raises(Garbled):
            wire.gateway.hear(Message(Kind.FETCH, header))
    with pytest.raises(Garbled):
        wire.hub.hear("other", encode(Message(Kind.PIECE, {"agent": "edge", "number": 1, "files": []})))


async def test_a_file_that_is_gone_at_the_gateway_ends_nothing_there(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "edge" / ALERT / "clip.mp4").unlink()
    with pytest.raises(Unreachable, match="not what it was"):
        await wire.hub.file("edge", ALERT, "clip.mp4")
    assert wire.store.counts["unreadable"] == 1
    assert await wire.hub.file("edge", ALERT, "1-clean.jpg") is not None
