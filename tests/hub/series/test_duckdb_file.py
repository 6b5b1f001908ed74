"""What the embedded store promises beyond the contract: it survives what happens to files and processes."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import duckdb
import numpy as np
import pytest

from devices.model.errors import Refused, Unreachable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.series.duckdb import DuckSeries
from hub.series.duckdb_file import DuckFile
from hub.series.port import Aggregate, Entry
from tests.hub.series.writer_process import POINTS, ROWS, entry

ROOT = Path(__file__).parents[3]


async def start_writer(path: Path, *arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tests.hub.series.writer_process", str(path), *arguments]
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=ROOT)


async def count(store: DuckSeries) -> int:
    return (await store.size()).rows or 0


@pytest.mark.promise("P-series-1")
async def test_a_killed_process_loses_nothing_it_had_confirmed_and_leaves_no_half_batch(
    tmp_path: Path,
) -> None:
    path = tmp_path / "series.duckdb"
    for stop_after in (1, 7, 23):
        writer = await start_writer(path)
        assert writer.stdout is not None
        confirmed = -1
        for _ in range(stop_after):
            confirmed = int((await writer.stdout.readline()).split()[1])
        writer.kill()
        await writer.wait()
        async with DuckSeries(path) as store:
            stored = await count(store)
            assert stored % ROWS == 0
            assert stored >= (confirmed + 1) * ROWS
            new = await store.write([entry(seq) for seq in range(confirmed + 2)])
            assert not any(new[: confirmed + 1]), "a repeat of what was confirmed must be recognised"
            assert await count(store) == max(stored, (confirmed + 2) * ROWS)


@pytest.mark.promise("P-series-1")
@pytest.mark.parametrize("limit", ["1500000", "17500000"])
async def test_a_full_disk_refuses_new_batches_and_keeps_the_old_ones(tmp_path: Path, limit: str) -> None:
    """The small limit meets the write-ahead log, the larger one the checkpoint into the file itself."""
    path = tmp_path / "series.duckdb"
    writer = await start_writer(path, limit)
    output, _ = await writer.communicate()
    assert writer.returncode == 0
    said = [line.split() for line in output.decode().splitlines()]
    stored = {int(seq) for word, seq in said if word != "failed"}
    assert any(word == "failed" for word, _ in said)
    assert said[-1][0] != "failed", "it goes on when there is room again"
    async with DuckSeries(path) as store:
        assert await count(store) == len(stored) * ROWS
        assert not any(await store.write([entry(seq) for seq in sorted(stored)]))


@pytest.mark.promise("P-series-1")
async def test_a_torn_end_of_the_log_costs_no_more_than_the_torn_batch(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    writer = await start_writer(path)
    assert writer.stdout is not None
    for _ in range(5):
        await writer.stdout.readline()
    writer.kill()
    await writer.wait()
    log = path.with_name("series.duckdb.wal")
    os.truncate(log, log.stat().st_size - 1000)
    async with DuckSeries(path) as store:
        assert await count(store) >= 4 * ROWS
        assert await count(store) % ROWS == 0
        await store.write([entry(seq) for seq in range(6)])
        assert await count(store) >= 6 * ROWS


def sizes_aside(folder: Path) -> list[int]:
    return [file.stat().st_size for file in folder.glob("series.duckdb.wal.torn-*")]


@pytest.mark.promise("P-series-1")
@pytest.mark.parametrize("left", [b"\0", b"\xff"], ids=["zeros", "ones"])
async def test_wrong_bytes_at_the_end_of_the_log_cost_no_more_than_the_torn_batch(
    tmp_path: Path, left: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "series.duckdb"
    writer = await start_writer(path)
    assert writer.stdout is not None
    for _ in range(5):
        await writer.stdout.readline()
    writer.kill()
    await writer.wait()
    log = path.with_name("series.duckdb.wal")
    size = log.stat().st_size
    with log.open("r+b") as file:  # the file is long enough, but its last sectors were never written
        file.seek(size - 1000)
        file.write(left * 1000)
    async with DuckSeries(path) as store:
        assert await count(store) >= 4 * ROWS
        assert await count(store) % ROWS == 0
    assert "is cut there" in caplog.text
    assert sizes_aside(tmp_path) == [size]


async def test_a_file_that_another_process_has_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    writer = await start_writer(path)
    assert writer.stdout is not None
    await writer.stdout.readline()
    try:
        with pytest.raises(Refused, match=r"series\.duckdb"):
            async with DuckSeries(path):
                pass
    finally:
        writer.kill()
        await writer.wait()


async def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(Refused, match="cannot be opened"):
        async with DuckSeries(path):
            pass


async def test_a_file_of_a_later_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    async with DuckSeries(path):
        pass
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE layout SET version = 99")
    with pytest.raises(Refused, match="layout 99"):
        async with DuckSeries(path):
            pass


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with DuckSeries(tmp_path / "series.duckdb") as store:
        store._file.close()
        with pytest.raises(Unreachable, match="closed"):
            await store.size()
        assert await store.write([entry(0)]) == [True], "a write opens it again"
        assert await count(store) == ROWS


async def test_a_live_read_does_not_wait_for_a_backfill(tmp_path: Path) -> None:
    names = [f"dev-{k}.value" for k in range(1000)]
    n = 1_000_000
    big = SampleBatch.of(np.arange(n) % 1000, np.arange(n) * 1000, np.random.default_rng(1).random(n))
    async with DuckSeries(tmp_path / "series.duckdb") as store:
        await store.write([Entry(big[:1000], names)])
        writing = asyncio.create_task(store.write([Entry(big, names)]))
        await asyncio.sleep(0.02)
        await store.read(names[:5], 0, 1_000_000, 1, Aggregate.MEAN)
        await store.latest(names[:5])
        assert not writing.done(), "the read should have come back while the large batch is being stored"
        await writing


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.1])
async def test_a_read_that_nobody_waits_for_is_stopped_whenever_they_leave(
    tmp_path: Path, after_s: float
) -> None:
    n = 400_000
    batch = SampleBatch.of(np.zeros(n, int), np.arange(n), np.zeros(n))
    async with DuckSeries(tmp_path / "series.duckdb", threads=1) as store:
        await store.write([Entry(batch, ["a.b"])])
        endless = "SELECT count(*) FROM samples a, samples b WHERE a.time_us * b.time_us % 7 = 100"
        reading = asyncio.create_task(store._query(endless, [], lambda result: result.fetchone()))
        await asyncio.sleep(after_s)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await count(store)


async def test_the_ledger_is_merged_when_it_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    stamps = [Stamp("edge", 1, Lane.LIVE, seq) for seq in range(50)]
    file = DuckFile(path, memory_mb=128, threads=1, ledger_slack=5)
    for stamp in stamps:
        file.write([Entry(SampleBatch.empty(), [], stamp)])
    file.close()
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute("SELECT count(*) FROM ledger").fetchone()
    assert rows is not None
    assert rows[0] < 12
    async with DuckSeries(path) as store:
        assert not any(await store.write([Entry(SampleBatch.empty(), [], stamp) for stamp in stamps]))


def test_a_large_file_is_opened_without_reading_it_all_and_still_knows_repeats(tmp_path: Path) -> None:
    day_us, path = 86_400_000_000, tmp_path / "series.duckdb"
    names = ["old.x", "new.x", "never.x"]
    old = Entry(SampleBatch.of([0, 1], [day_us, day_us], [1.0, 2.0]), names)
    new = Entry(SampleBatch.of([1], [20 * day_us], [3.0]), names)
    ahead = Entry(SampleBatch.of([1], [1 << 60], [4.0]), names)  # a clock that was wrong
    file = DuckFile(path, memory_mb=128, threads=1)
    file.write([old])
    file.write([new])
    file.close()
    file = DuckFile(path, memory_mb=128, threads=1, remember_rows=2)
    file.open()
    assert {name: reading.value for name, reading in file.latest(None).items()} == {"new.x": 3.0}
    for again in (old, new, ahead, ahead):
        file.write([again])
    with file.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM samples").fetchall() == [(4,)], (
            "two old ones, a new one, and the one ahead, each once"
        )
    file.write([Entry(SampleBatch.of([0, 0], [2 * day_us, 30 * day_us], [7.0, 8.0]), names)])
    assert file.latest(["old.x", "never.x"])["old.x"].value == 8.0
    file.close()


async def test_points_keep_their_numbers_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    async with DuckSeries(path) as store:
        await store.write([Entry(SampleBatch.of([0, 1], [1, 1], [1.0, 2.0]), ["a.x", "b.x"])])
    async with DuckSeries(path) as store:
        await store.write([Entry(SampleBatch.of([0, 1], [2, 2], [3.0, 4.0]), ["c.x", "a.x"])])
        newest = await store.latest()
    assert {name: reading.value for name, reading in newest.items()} == {"a.x": 4.0, "b.x": 2.0, "c.x": 3.0}


async def test_late_samples_of_many_days_are_stored_once(tmp_path: Path) -> None:
    day_us = 86_400_000_000
    batch = SampleBatch.of(np.zeros(50, int), np.arange(50) * day_us // 5, np.arange(50.0))
    async with DuckSeries(tmp_path / "series.duckdb") as store:
        await store.write([Entry(batch[25:], POINTS)])
        await store.write([Entry(batch[10:40], POINTS)])
        await store.write([Entry(batch, POINTS)])
        found = await store.raw(POINTS, 0, 1 << 60, 100)
    assert found.batch.value.tolist() == list(range(50))
