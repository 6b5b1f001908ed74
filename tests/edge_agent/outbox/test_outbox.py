"""What the outbox promises to the rest of the agent, on a good disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest

from devices.model.errors import Refused
from devices.wire.messages import Lane, Message, decode
from devices.wire.records import stamp_of
from edge_agent.errors import NotStored
from edge_agent.outbox import Outbox, OutboxSettings, Stored
from edge_agent.outbox.layout import mark_crc
from tests.edge_agent.outbox.numbered import numbered, numbers_of
from tests.fake_clock import START_US, FakeClock

ALL = 1 << 40
Open = Callable[..., AbstractAsyncContextManager[Outbox]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.db"


@pytest.fixture
def opened(path: Path, clock: FakeClock) -> Open:
    def make(agent: str = "a1", **bounds: float) -> Outbox:
        settings = OutboxSettings.model_validate({"reserve_bytes": 65536, **bounds})
        return Outbox(path, agent, settings, now_us=clock.now_us, monotonic=clock.monotonic)

    return make


@pytest.fixture
async def outbox(opened: Open) -> AsyncIterator[Outbox]:
    async with opened() as box:
        yield box


async def all_of(box: Outbox, lane: Lane = Lane.LIVE) -> list[Stored]:
    return await box.take(lane, 0, ALL)


async def test_a_record_is_taken_as_it_will_be_sent(outbox: Outbox) -> None:
    await outbox.put(Lane.LIVE, numbered(7))
    (record,) = await all_of(outbox)
    message = decode(record.data)
    stamp = stamp_of(message)
    assert (stamp.agent, stamp.epoch, stamp.lane, stamp.seq) == ("a1", outbox.epoch, Lane.LIVE, 1)
    assert (message.header["number"], message.header["sent_us"]) == (7, START_US)
    assert (record.seq, record.time_us) == (1, START_US)


async def test_each_lane_counts_for_itself(outbox: Outbox) -> None:
    for lane in (Lane.LIVE, Lane.ALERTS, Lane.LIVE, Lane.BACKLOG):
        await outbox.put(lane, numbered(1, lane))
    assert {lane: [r.seq for r in await all_of(outbox, lane)] for lane in Lane} == {
        Lane.ALERTS: [1],
        Lane.LIVE: [1, 2],
        Lane.BACKLOG: [1],
    }


async def test_taking_gives_at_least_one_record_and_no_more_than_asked_for(outbox: Outbox) -> None:
    await outbox.commit([(Lane.LIVE, numbered(n, size=1000)) for n in range(10)])
    size = len((await all_of(outbox))[0].data)
    assert [r.seq for r in await outbox.take(Lane.LIVE, 0, 1)] == [1]
    assert [r.seq for r in await outbox.take(Lane.LIVE, 4, 3 * size)] == [5, 6, 7]
    assert await outbox.take(Lane.LIVE, 10, ALL) == []
    assert await outbox.take(Lane.ALERTS, 0, ALL) == []


async def test_what_is_done_is_gone_and_its_number_is_never_used_again(opened: Open) -> None:
    async with opened() as box:
        await box.commit([(Lane.LIVE, numbered(n)) for n in range(3)])
        await box.done([(Lane.LIVE, 1), (Lane.LIVE, 2), (Lane.LIVE, 3), (Lane.LIVE, 99), (Lane.ALERTS, 1)])
        assert await all_of(box) == []
        assert box.stats().total_bytes == 0
    async with opened() as box:
        await box.put(Lane.LIVE, numbered(4))
        assert [r.seq for r in await all_of(box)] == [4]


async def test_records_states_epoch_and_numbers_survive_a_restart(opened: Open) -> None:
    async with opened() as box:
        await box.commit([(Lane.ALERTS, numbered(1, Lane.ALERTS))], {"detect": b"\x00state"})
        await box.save_state("other", b"x")
        epoch = box.epoch
    async with opened() as box:
        assert box.epoch == epoch
        assert numbers_of(await all_of(box, Lane.ALERTS)) == [1]
        assert await box.load_states() == {"detect": b"\x00state", "other": b"x"}
        assert await box.load_state("nothing") is None


async def test_a_new_file_begins_a_new_epoch(opened: Open, path: Path) -> None:
    epochs = set()
    for _ in range(3):
        async with opened() as box:
            epochs.add(box.epoch)
            assert 0 <= box.epoch < 2**63
        await asyncio.to_thread(path.unlink)
    assert len(epochs) == 3


async def test_a_message_that_cannot_be_encoded_fails_alone_and_takes_no_number(outbox: Outbox) -> None:
    good = [asyncio.create_task(outbox.put(Lane.LIVE, numbered(n))) for n in range(3)]
    unfit = Message(numbered(0).kind, {"filler": object()})
    bad = asyncio.create_task(outbox.commit([(Lane.LIVE, numbered(8)), (Lane.LIVE, unfit)], {"s": b"x"}))
    last = asyncio.create_task(outbox.put(Lane.LIVE, numbered(3)))
    with pytest.raises(TypeError):
        await bad
    await asyncio.gather(*good, last)
    records = await all_of(outbox)
    assert (numbers_of(records), [r.seq for r in records]) == ([0, 1, 2, 3], [1, 2, 3, 4])
    assert await outbox.load_state("s") is None


async def test_what_waits_together_is_committed_together(outbox: Outbox) -> None:
    before = outbox.stats().commits
    await asyncio.gather(*(outbox.put(Lane.LIVE, numbered(n)) for n in range(500)))
    assert numbers_of(await all_of(outbox)) == list(range(500))
    assert outbox.stats().commits - before < 50


async def test_a_cancelled_caller_harms_nobody(outbox: Outbox) -> None:
    tasks = [asyncio.create_task(outbox.put(Lane.LIVE, numbered(n))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert set(range(1, 20, 2)) <= set(numbers_of(await all_of(outbox)))


async def test_what_was_put_before_the_end_is_committed(opened: Open) -> None:
    async with opened() as box:
        waiting = asyncio.gather(*(box.put(Lane.LIVE, numbered(n)) for n in range(50)))
        await asyncio.sleep(0)
    await waiting
    async with opened() as box:
        assert numbers_of(await all_of(box)) == list(range(50))


async def test_a_closed_outbox_says_so(opened: Open) -> None:
    async with opened() as box:
        pass
    with pytest.raises(NotStored, match="closed"):
        await box.put(Lane.LIVE, numbered(1))
    with pytest.raises(NotStored, match="closed"):
        await box.take(Lane.LIVE, 0, 1)


async def test_news_tells_of_commits_and_not_of_reading(outbox: Outbox) -> None:
    outbox.news.clear()
    await all_of(outbox)
    assert not outbox.news.is_set()
    await outbox.put(Lane.LIVE, numbered(1))
    assert outbox.news.is_set()
    outbox.news.clear()
    await outbox.done([(Lane.LIVE, 1)])
    assert outbox.news.is_set()


async def test_a_second_agent_on_the_same_file_is_refused(opened: Open, outbox: Outbox) -> None:
    second = opened()
    with pytest.raises(Refused, match="another process"):
        await second.__aenter__()
    await outbox.put(Lane.LIVE, numbered(1))  # and the first does not mind


async def test_the_file_of_another_agent_is_refused_and_left_alone(opened: Open, outbox: Outbox) -> None:
    await outbox.put(Lane.LIVE, numbered(1))
    await outbox.__aexit__(None, None, None)
    with pytest.raises(Refused, match="belongs to agent a1, this is a2"):
        await opened("a2").__aenter__()
    async with opened() as box:
        assert numbers_of(await all_of(box)) == [1]


async def test_the_file_of_a_newer_version_is_refused_and_left_alone(opened: Open, path: Path) -> None:
    async with opened() as box:
        await box.put(Lane.LIVE, numbered(1))
    with closing(sqlite3.connect(path)) as connection, connection:
        newer = (2, mark_crc("format", 2))
        connection.execute("UPDATE marks SET value = ?, crc = ? WHERE name = 'format'", newer)
    with pytest.raises(Refused, match="install the newer one"):
        await opened().__aenter__()
    assert [each.name for each in path.parent.glob("*corrupt*")] == []


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    box = Outbox(
        tmp_path / "taken" / "outbox.db",
        "a1",
        OutboxSettings(),
        now_us=clock.now_us,
        monotonic=clock.monotonic,
    )
    with pytest.raises(Refused, match="cannot be written"):
        await box.__aenter__()


async def test_the_loop_is_never_blocked_while_much_is_written(outbox: Outbox) -> None:
    loop = asyncio.get_running_loop()
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            before_s = loop.time()
            await asyncio.sleep(0)
            longest_s = max(longest_s, loop.time() - before_s)

    watcher = asyncio.create_task(watch())
    messages = [(Lane.LIVE, numbered(n, size=100_000)) for n in range(20)]
    for _ in range(5):
        await outbox.commit(messages)
    watcher.cancel()
    assert longest_s < 0.25  # writing 10 MB takes longer than that


async def test_health_tells_what_waits_and_for_how_many_hours_there_is_room(
    opened: Open, clock: FakeClock
) -> None:
    async with opened(max_bytes=1 << 20) as box:
        assert box.stats().hours_left is None
        for n in range(60):
            await box.put(Lane.LIVE, numbered(n, size=500))
            await clock.advance(10)
        health = box.stats().as_health()
    assert (health["live"], health["alerts"], health["full"]) == (60, 0, False)
    assert health["oldest_us"] == START_US
    assert health["bytes_per_s"] == pytest.approx(health["bytes"] / 600, rel=0.15)
    room = (1 << 20) - health["bytes"]
    assert health["hours_left"] == pytest.approx(room / health["bytes_per_s"] / 3600)
