"""The replay source: same samples, own times, at the pace asked for."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from devices.model.errors import Garbled, Refused
from devices.model.points import PointTable
from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.port import Clock, SystemClock
from edge_agent.sources.replay import ReplaySettings, ReplaySource, csvfile, recording
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.fake_clock import START_US, FakeClock

TABLE = PointTable.of(["a.one", "a.two", "b.one"])
BATCH = SampleBatch.of(
    [0, 1, 0, 1, 0],
    START_US + np.array([0, 0, 1, 61, 60]) * 1_000_000,
    [1.0, math.nan, 3.0, 4.0, 5.0],
    [Quality.GOOD, Quality.NO_ANSWER, Quality.GOOD, Quality.UNCERTAIN, Quality.GOOD],
)
NAMES = ("a.two", "b.one")  # the recording's own order: its row 0 is our row 1


@contextlib.asynccontextmanager
async def playing(
    settings: ReplaySettings, clock: Clock
) -> AsyncIterator[tuple[GatheringSink, ReplaySource]]:
    sink = GatheringSink(TABLE)
    source = ReplaySource(settings, TABLE, clock)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "some.cwr"
    recording.write(path, [(BATCH, NAMES), (BATCH[slice(0, 1)], NAMES)])
    return path


def test_a_recording_gives_back_what_was_written(recorded: Path) -> None:
    first, second = list(recording.read(recorded))
    assert first[1] == list(NAMES)
    for name in ("point", "time_us", "value", "quality"):
        np.testing.assert_array_equal(getattr(first[0], name), getattr(BATCH, name))
    assert len(second[0]) == 1


@pytest.mark.parametrize("cut", [1, 3, 5, 40])
def test_a_recording_cut_anywhere_gives_its_whole_messages_and_is_garbled_then(
    recorded: Path, cut: int
) -> None:
    recorded.write_bytes(recorded.read_bytes()[:-cut])
    blocks = recording.read(recorded)
    assert len(next(blocks)[0]) == len(BATCH)
    with pytest.raises(Garbled, match="ends within"):
        next(blocks)


def test_a_file_that_is_no_recording_is_garbled_and_one_that_is_missing_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.cwr"
    path.write_bytes(b"time,point,value\n" * 9)
    with pytest.raises(Garbled, match="a message of"):
        next(recording.read(path))
    with pytest.raises(Refused, match="No such file"):
        next(recording.read(tmp_path / "none.cwr"))


async def test_samples_keep_their_times_and_get_the_rows_of_the_agent(recorded: Path) -> None:
    async with playing(ReplaySettings(files=(recorded,), pace=None), SystemClock()) as (sink, source):
        await source.finished.wait()
    assert sink.of("a.two")[:3] == [(1.0, Quality.GOOD), (3.0, Quality.GOOD), (5.0, Quality.GOOD)]
    assert sink.of("b.one")[1] == (4.0, Quality.UNCERTAIN)
    assert math.isnan(sink.of("b.one")[0][0])
    assert (sink.times_us("a.two")[:3] - START_US).tolist() == [0, 1_000_000, 60_000_000]
    assert source.health()["links"]["replay"]["state"] == "finished"
    assert source.health()["links"]["replay"]["answered"] == len(BATCH) + 1


async def test_samples_come_at_the_pace_asked_for(recorded: Path) -> None:
    clock = FakeClock()
    async with playing(ReplaySettings(files=(recorded,), pace=10), clock) as (sink, source):
        await sink.until(lambda: len(sink.all) == 2)
        while clock.sleepers == 0:  # noqa: ASYNC110 - the clock has no event for it
            await asyncio.sleep(0.001)
        await clock.advance(0.05)
        assert len(sink.all) == 2
        await clock.advance(0.06)
        assert len(sink.all) == 3
        await clock.advance(5.8)
        assert len(sink.all) == 3
        await clock.advance(0.1)
        assert len(sink.all) == 4
        await clock.advance(0.1)
        await source.finished.wait()
        assert len(sink.all) == 6


async def test_samples_may_be_moved_to_now(recorded: Path) -> None:
    clock = FakeClock(START_US + 1_000_000_000_000)
    settings = ReplaySettings(files=(recorded,), pace=None, times="now")
    async with playing(settings, clock) as (sink, source):
        await source.finished.wait()
    assert (sink.times_us("a.two")[:3] - clock.now_us()).tolist() == [0, 1_000_000, 60_000_000]


async def test_points_of_another_agent_are_counted_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "other.cwr"
    recording.write(path, [(BATCH, ("a.one", "elsewhere.one"))])
    async with playing(ReplaySettings(files=(path,), pace=None), SystemClock()) as (sink, source):
        await source.finished.wait()
    assert len(sink.all) == 3
    assert source.health()["links"]["replay"]["unknown"] == 2


async def test_a_broken_file_does_not_keep_the_next_from_being_played(tmp_path: Path, recorded: Path) -> None:
    broken = tmp_path / "broken.cwr"
    broken.write_bytes(b"\xff" * 100)
    async with playing(ReplaySettings(files=(broken, recorded), pace=None), SystemClock()) as (sink, source):
        await source.finished.wait()
    assert len(sink.all) == len(BATCH) + 1
    assert source.health()["links"]["replay"]["garbled"] == 1
    assert "broken.cwr" in source.health()["links"]["replay"]["trouble"]


def table(folder: Path, text: str) -> Path:
    path = folder / "some.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_table_is_read_with_its_times_values_and_qualities(tmp_path: Path) -> None:
    text = """time,point,value,quality
2026-07-01T08:00:00+08:00,a.one,1.5,
1782864000000000,b.one,,
2026-07-01T00:00:01Z,a.one,7,uncertain
2026-07-01T00:00:02Z,a.one,7,garbled
"""
    ((batch, names),) = csvfile.read(table(tmp_path, text))
    assert names == ("a.one", "b.one")
    assert batch.point.tolist() == [0, 1, 0, 0]
    assert (batch.time_us - START_US).tolist() == [0, 0, 1_000_000, 2_000_000]
    np.testing.assert_array_equal(batch.value, [1.5, math.nan, 7.0, math.nan])
    assert batch.quality.tolist() == [Quality.GOOD, Quality.NO_ANSWER, Quality.UNCERTAIN, Quality.GARBLED]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("time,value\n", Refused, "lacks the column point"),
        ("time,point,value\n2026-07-01T00:00:00,a.one,1\n", Garbled, "line 2: a time without a zone"),
        ("time,point,value\n0,a.one,much\n", Garbled, "line 2: could not convert"),
        ("time,point,value,quality\n0,a.one,1,fine\n", Garbled, "line 2: 'FINE'"),
        ("time,point,value,quality\n0,a.one,inf,good\n", Garbled, "line 2: inf is no value of quality good"),
    ],
)
def test_a_wrong_table_is_told_with_its_line(
    tmp_path: Path, text: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        list(csvfile.read(table(tmp_path, text)))
