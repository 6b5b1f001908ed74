"""What the two adapters for servers do when a server, a network or a name is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.db import Database
from hub.series.influxdb import InfluxSeries
from hub.series.ledger import DatabaseLedger
from hub.series.lines import body, lines, portions
from hub.series.port import Aggregate, Entry
from hub.series.victoriametrics import VictoriaSeries
from tests.contracts.series.fake_influxdb import BUCKET, ORGANISATION, TOKEN, fake_influxdb

STAMP = Stamp("edge-hq1", 1, Lane.LIVE, 1)
ENTRY = Entry(SampleBatch.of([0], [1000], [1.0]), ["a.x"], STAMP)
Make = Callable[..., Any]


def influx(port: int, database: Database, token: str = TOKEN) -> InfluxSeries:
    return InfluxSeries(f"http://127.0.0.1:{port}", token, ORGANISATION, BUCKET, DatabaseLedger(database))


def victoria(port: int, database: Database) -> VictoriaSeries:
    return VictoriaSeries(f"http://127.0.0.1:{port}", DatabaseLedger(database))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as opened:
        yield opened


@pytest.mark.parametrize("make", [influx, victoria])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Garbled),
        (422, Garbled),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
async def test_an_answer_is_sorted_by_who_has_to_act(
    database: Database, make: Make, status: int, error: type[CampusError]
) -> None:
    async with fake_influxdb() as server, make(server.port, database) as store:
        server.say = status
        with pytest.raises(error, match=str(status)):
            await store.write([ENTRY])
        with pytest.raises(error, match=str(status)):
            await store.read(["a.x"], 0, 10_000_000, 1, Aggregate.MEAN)


async def test_what_could_not_be_written_is_not_in_the_ledger(database: Database) -> None:
    async with fake_influxdb() as server, influx(server.port, database) as store:
        server.say = 503
        with pytest.raises(Unreachable):
            await store.write([ENTRY])
        server.say = 0
        assert await store.write([ENTRY]) == [True]
        assert await store.write([ENTRY]) == [False]
    assert server.requests == ["POST /api/v2/write"] * 2


@pytest.mark.parametrize("make", [influx, victoria])
async def test_a_server_that_is_not_there_is_tried_again(
    database: Database, make: Make, free_port: Callable[[], int]
) -> None:
    async with make(free_port(), database) as store:
        with pytest.raises(Unreachable):
            await store.write([ENTRY])
        with pytest.raises(Unreachable):
            await store.latest()


@pytest.mark.parametrize("make", [influx, victoria])
async def test_a_name_that_would_be_syntax_is_garbled(database: Database, make: Make) -> None:
    async with fake_influxdb() as server, make(server.port, database) as store:
        for name in ("a.x v=1,q=2 3\ncampus,point=b", "a x", 'a.x"', "号.x", ""):
            with pytest.raises(Garbled):
                await store.write([Entry(ENTRY.batch, [name])])
        assert server.requests == []


def test_a_large_group_is_cut_into_portions_and_nothing_is_lost() -> None:
    def entry(rows: int, start: int) -> Entry:
        return Entry(
            SampleBatch.of(np.zeros(rows, int), np.arange(start, start + rows), np.ones(rows)), ["a.x"]
        )

    group = [entry(15_000, 0), entry(0, 0), entry(50_000, 15_000), entry(1, 65_000)]
    cut = list(portions(group))
    assert [sum(len(part.batch) for part in portion) for portion in cut] == [20_000, 20_000, 20_000, 5_001]
    times = np.concatenate([part.batch.time_us for portion in cut for part in portion])
    assert np.array_equal(times, np.arange(65_001))
    assert body(cut[0], 1).count(b"\n") == 19_999


async def test_a_wrong_token_is_refused(database: Database) -> None:
    async with fake_influxdb() as server, influx(server.port, database, "stolen") as store:
        with pytest.raises(Refused, match="401"):
            await store.write([ENTRY])


async def test_influxdb_is_asked_by_its_own_api_only(database: Database) -> None:
    async with fake_influxdb() as server, influx(server.port, database) as store:
        await store.write([ENTRY])
        await store.read(["a.x"], 0, 10_000_000, 1, Aggregate.MEAN)
        await store.drop_before(5000)
    assert server.requests == ["POST /api/v2/write", "POST /api/v2/query", "POST /api/v2/delete"]


def test_a_line_says_what_there_is_and_nothing_else() -> None:
    batch = SampleBatch.of(
        [0, 1, 0, 0], [1_000, 2_000, 3_000, 4_999], [1.5, np.nan, 2.0, np.nan], [0, 2, 1, 0]
    )
    assert lines(Entry(batch, ["a.x", "b-1.y_2"]), 1000) == [
        "campus,point=a.x v=1.5 1",
        "campus,point=b-1.y_2 q=2 2",
        "campus,point=a.x v=2.0,q=1 3",
        "campus,point=a.x q=0 4",
    ]
