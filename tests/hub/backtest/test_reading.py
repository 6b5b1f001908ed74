"""Stored readings in pieces: all of them, once, in bounded pieces, and what was held before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.samples import Quality, SampleBatch
from edge_agent.detect.backtest.held import newest
from hub.backtest.reading import DAY_US, History
from hub.series.duckdb import DuckSeries
from hub.series.port import Entry, Rows
from tests.hub.backtest.live import START_US, S

HELD_US = START_US - 7 * DAY_US
NAMES = ["hq1-ac-301.room_c", "hq1-ac-302.room_c", "hall-ac-1.room_c"]


class Counted:
    """A store that remembers how much each read gave."""

    def __init__(self, store: DuckSeries) -> None:
        self._store = store
        self.given: list[int] = []

    async def history(self, points: list[str], from_us: int, to_us: int, limit: int) -> Rows:
        found = await self._store.history(points, from_us, to_us, limit)
        self.given.append(len(found.batch))
        return found


async def test_every_sample_comes_once_and_no_piece_is_large(series: DuckSeries) -> None:
    random = np.random.default_rng(5)
    dense = START_US + DAY_US // 2 + np.sort(random.integers(0, 600 * S, 20_000))
    sparse = START_US + np.arange(2880) * 60 * S
    time_us = np.unique(np.concatenate([dense, sparse]))
    batch = SampleBatch.of(random.integers(0, 2, len(time_us)), time_us, random.random(len(time_us)))
    await series.write([Entry(batch, NAMES)])
    store = Counted(series)
    history = History(store, NAMES, HELD_US, START_US, START_US + 2 * DAY_US, rows=1000)
    pieces = [piece async for piece in history.pieces()]
    found = SampleBatch.joined([piece.batch for piece in pieces[1:]])
    order = np.lexsort((found.point, found.time_us))
    assert np.array_equal(found.time_us[order], batch.time_us)
    assert np.array_equal(found.value[order], batch.value)
    untils = [piece.until_us for piece in pieces]
    assert untils == sorted(untils)
    assert untils[-1] == START_US + 2 * DAY_US - 1
    for piece, until_us in zip(pieces[1:], untils, strict=False):
        assert not len(piece.batch) or piece.batch.time_us.min() > until_us
        assert not len(piece.batch) or piece.batch.time_us.max() <= piece.until_us
    assert max(store.given) <= 2000


async def test_a_crowd_within_a_millisecond_is_still_taken_whole(series: DuckSeries) -> None:
    batch = SampleBatch.of(np.zeros(900), START_US + np.arange(900), 1.0)
    await series.write([Entry(batch, NAMES)])
    history = History(series, NAMES, HELD_US, START_US, START_US + S, rows=10)
    assert sum([len(piece.batch) async for piece in history.pieces()]) == 900


async def test_what_was_held_before_is_looked_for_as_far_back_as_is_said(series: DuckSeries) -> None:
    ago = {0: 3 * DAY_US, 1: 8 * DAY_US, 2: 5 * S}
    for row, us in ago.items():
        value = [20.0 + row, np.nan]
        batch = SampleBatch.of(
            [row, row], [START_US - us, START_US - us + 1], value, [Quality.GOOD, Quality.NO_ANSWER]
        )
        await series.write([Entry(batch, NAMES)])
    history = History(series, NAMES, HELD_US, START_US, START_US + S)
    held = (await anext(history.pieces())).batch
    assert dict(zip(held.point.tolist(), held.time_us.tolist(), strict=True)) == {
        0: START_US - 3 * DAY_US,
        2: START_US - 5 * S,
    }
    assert held.value.tolist() == [22.0, 20.0]


async def test_nothing_stored_is_nothing_judged(series: DuckSeries) -> None:
    history = History(series, NAMES, HELD_US, START_US, START_US + 3 * DAY_US)
    assert sum([len(piece.batch) async for piece in history.pieces()]) == 0


samples = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.sampled_from([1.0, 2.0, np.nan]), st.integers(0, 3)),
    max_size=12,
)


@given(samples)
def test_the_newest_good_reading_equals_the_loop(rows: list[tuple[int, int, float, int]]) -> None:
    point, time_us, value, quality = zip(*rows, strict=True) if rows else ((), (), (), ())
    found = newest(SampleBatch.of(point, time_us, value, quality))
    slow: dict[int, int] = {}
    for p, t, v, q in rows:
        if q <= Quality.UNCERTAIN and v == v:  # noqa: PLR0124 - NaN
            slow[p] = max(t, slow.get(p, -1))
    assert dict(zip(found.point.tolist(), found.time_us.tolist(), strict=True)) == slow


@pytest.mark.parametrize("span_us", [1, S, DAY_US])
async def test_a_reader_that_loses_interest_leaves_no_read_behind(series: DuckSeries, span_us: int) -> None:
    pieces = History(series, NAMES, HELD_US, START_US, START_US + span_us).pieces()
    await anext(pieces)
    await anext(pieces)
    await pieces.aclose()
