"""What every store of time series promises to the hub, whoever made it."""

from __future__ import annotations

import asyncio
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.model.errors import Refused
from devices.model.samples import Quality, SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.series.port import Aggregate, Entry
from tests.contracts.series.stores import Contestant, Open
from tests.contracts.series.twin import Twin

#: 2026-07-01 00:00:00 UTC.
T0 = 1_782_864_000_000_000
SECOND = 1_000_000
NAMES = ["hq1-ac-0301.setpoint_c", "hq1-ac-0301.room_c", "hq1-meter-1.energy_kwh"]


def entry(*samples: tuple[int, float, float], stamp: Stamp | None = None) -> Entry:
    """Samples as (point, seconds after T0, value)."""
    point, second, value = zip(*samples, strict=True) if samples else ((), (), ())
    quality = np.where(np.isnan(np.asarray(value, float)), Quality.NO_ANSWER, Quality.GOOD)
    time_us = np.asarray(second, float) * SECOND + T0
    return Entry(SampleBatch.of(point, time_us.astype(np.int64), value, quality), NAMES, stamp)


async def rows(
    running: Contestant, from_s: float = -1000, to_s: float = 1000
) -> list[tuple[str, float, float]]:
    """Everything as (point, seconds after T0, value)."""
    await running.settle()
    answer = await running.store.raw(
        NAMES, T0 + round(from_s * SECOND), T0 + round(to_s * SECOND), limit=1_000_000
    )
    batch = answer.batch
    return [
        (answer.points[p], (t - T0) / SECOND, v)
        for p, t, v in zip(batch.point.tolist(), batch.time_us.tolist(), batch.value.tolist(), strict=True)
    ]


async def means(running: Contestant, from_s: float, to_s: float, step_s: float) -> list[float]:
    """Mean of the first point by step."""
    await running.settle()
    found = await running.store.read(
        NAMES[:1], T0 + round(from_s * SECOND), T0 + round(to_s * SECOND), step_s, Aggregate.MEAN
    )
    return [float(value) for value in found.value[0]]


async def test_what_was_written_is_read_back_in_order_of_time(contestant: Contestant) -> None:
    assert (
        await contestant.store.write([entry((0, 10, 26.0), (2, 0, 100.5)), entry((1, 5, -3.25))])
        == [True] * 2
    )
    assert await rows(contestant) == [(NAMES[2], 0, 100.5), (NAMES[1], 5, -3.25), (NAMES[0], 10, 26.0)]


@pytest.mark.promise("P-series-2")
async def test_the_same_stamp_again_is_not_new_and_changes_nothing(contestant: Contestant) -> None:
    stamp = Stamp("edge-hq1", 77, Lane.LIVE, 5)
    assert await contestant.store.write([entry((0, 0, 1.0), stamp=stamp)]) == [True]
    assert await contestant.store.write([entry((0, 0, 1.0), stamp=stamp), entry((0, 1, 2.0))]) == [
        False,
        True,
    ]
    other = Stamp("edge-hq1", 77, Lane.BACKLOG, 5)
    assert await contestant.store.write([entry((0, 2, 3.0), stamp=other)] * 2) == [True, False]
    assert [value for _, _, value in await rows(contestant)] == [1.0, 2.0, 3.0]


async def test_the_highest_number_of_a_lane_is_known(contestant: Contestant) -> None:
    for seq in (5, 9, 7):
        await contestant.store.write([entry((0, seq, 1.0), stamp=Stamp("edge-hq1", 77, Lane.LIVE, seq))])
    assert await contestant.store.last_seq("edge-hq1", 77, Lane.LIVE) == 9
    assert await contestant.store.last_seq("edge-hq1", 78, Lane.LIVE) == 0
    assert await contestant.store.last_seq("edge-hq1", 77, Lane.BACKLOG) == 0


async def test_a_stamp_is_remembered_after_the_store_was_closed(open_store: Open, tmp_path: Path) -> None:
    stamp = Stamp("edge-hq1", (1 << 63) - 1, Lane.LIVE, 1)
    async with open_store(tmp_path) as first:
        assert await first.store.write([entry((0, 0, 1.0), stamp=stamp)]) == [True]
    async with open_store(tmp_path) as second:
        assert await second.store.write([entry((0, 0, 1.0), stamp=stamp)]) == [False]


@pytest.mark.promise("P-series-2")
async def test_the_same_sample_in_another_batch_counts_once(contestant: Contestant) -> None:
    await contestant.store.write([entry((0, 0, 1.0), (0, 1, 3.0))])
    await contestant.store.write([entry((0, 1, 3.0), (0, 2, 8.0))])
    await contestant.store.write([entry((0, 0, 1.0), (0, 0, 1.0))])
    assert [value for _, _, value in await rows(contestant)] == [1.0, 3.0, 8.0]
    assert await means(contestant, 0, 3, 3) == [4.0]


async def test_samples_may_come_out_of_order(contestant: Contestant) -> None:
    await contestant.store.write([entry((0, 100, 1.0))])
    await contestant.store.write([entry((0, 50, 2.0), (0, -50, 3.0))])
    await contestant.store.write([entry((0, 75, 4.0), (0, 60, 5.0))])
    assert [second for _, second, _ in await rows(contestant)] == [-50, 50, 60, 75, 100]
    assert (await contestant.store.latest(NAMES[:1]))[NAMES[0]].value == 1.0


@pytest.mark.promise("P-series-3")
async def test_a_missing_reading_stays_missing_and_is_never_zero(contestant: Contestant) -> None:
    await contestant.store.write([entry((0, 0, math.nan), (0, 1, 5.0), (0, 10, math.nan), (0, 20, 0.0))])
    values = [value for _, _, value in await rows(contestant)]
    assert np.array_equal(values, [math.nan, 5.0, math.nan, 0.0], equal_nan=True)
    assert np.array_equal(await means(contestant, 0, 40, 10), [5.0, math.nan, 0.0, math.nan], equal_nan=True)


async def test_the_quality_of_each_sample_is_kept(contestant: Contestant) -> None:
    every = list(Quality)
    values = [1.5 if quality <= Quality.UNCERTAIN else math.nan for quality in every]
    times = [T0 + k * SECOND for k in range(len(every))]
    await contestant.store.write([Entry(SampleBatch.of([0] * len(every), times, values, every), NAMES)])
    await contestant.settle()
    found = await contestant.store.raw(NAMES, T0, T0 + 100 * SECOND, 100)
    assert found.batch.quality.tolist() == every
    assert np.array_equal(found.batch.value, values, equal_nan=True)


async def test_a_range_holds_its_start_and_not_its_end(contestant: Contestant) -> None:
    await contestant.store.write([entry((0, 0, 1.0), (0, 10, 2.0), (0, 20, 4.0))])
    assert [second for _, second, _ in await rows(contestant, 0, 20)] == [0, 10]
    assert await means(contestant, 0, 20, 10) == [1.0, 2.0]
    assert await means(contestant, 0, 20.001, 30) == [7 / 3]
    assert await means(contestant, 0, 20, 30) == [1.5]


async def test_count_is_zero_where_nothing_was_read(contestant: Contestant) -> None:
    await contestant.store.write([entry((0, 0, 1.0), (0, 1, math.nan), (0, 21, 4.0))])
    await contestant.settle()
    found = await contestant.store.read(NAMES[:2], T0, T0 + 30 * SECOND, 10, Aggregate.COUNT)
    assert found.value.tolist() == [[1, 0, 1], [0, 0, 0]]
    assert found.time_us.tolist() == [T0, T0 + 10 * SECOND, T0 + 20 * SECOND]


async def test_latest_gives_the_newest_sample_of_each_point_also_when_it_is_no_reading(
    contestant: Contestant,
) -> None:
    await contestant.store.write([entry((0, 0, 1.0), (0, 5, 2.0), (1, 3, 7.0), (1, 9, math.nan))])
    await contestant.settle()
    found = await contestant.store.latest()
    assert found[NAMES[0]] == (T0 + 5 * SECOND, 2.0, Quality.GOOD)
    assert found[NAMES[1]].time_us == T0 + 9 * SECOND
    assert math.isnan(found[NAMES[1]].value)
    assert found[NAMES[1]].quality == Quality.NO_ANSWER
    assert NAMES[2] not in found
    assert set(await contestant.store.latest([NAMES[0], NAMES[2]])) == {NAMES[0]}


async def test_dropped_samples_are_never_answered_again(contestant: Contestant) -> None:
    await contestant.store.write([entry((0, 0, 1.0), (0, 10, 2.0), (1, 5, 7.0))])
    await contestant.settle()
    await contestant.store.drop_before(T0 + 10 * SECOND)
    assert await rows(contestant) == [(NAMES[0], 10, 2.0)]
    assert await means(contestant, 0, 11, 100) == [2.0]
    assert set(await contestant.store.latest()) == {NAMES[0]}


async def test_an_unknown_point_has_no_readings_and_is_no_error(contestant: Contestant) -> None:
    await contestant.store.write([entry((0, 0, 1.0))])
    await contestant.settle()
    unknown = ["nobody.nothing", NAMES[0]]
    found = await contestant.store.read(unknown, T0, T0 + SECOND, 1, Aggregate.LAST)
    assert np.array_equal(found.value, [[math.nan], [1.0]], equal_nan=True)
    assert len((await contestant.store.raw(["nobody.nothing"], 0, T0 * 2, 10)).batch) == 0
    assert await contestant.store.latest(["nobody.nothing"]) == {}


async def test_nothing_written_and_nothing_asked_are_no_errors(contestant: Contestant) -> None:
    store = contestant.store
    assert await store.write([]) == []
    assert await store.write([entry()]) == [True]
    assert await rows(contestant) == []
    assert await store.latest() == {}
    assert (await store.read([], T0, T0 + SECOND, 1, Aggregate.MEAN)).value.shape == (0, 1)
    assert (await store.read(NAMES, T0, T0, 1, Aggregate.MEAN)).value.shape == (3, 0)
    assert len((await store.raw([], T0, T0 + SECOND, 10)).batch) == 0


async def test_a_raw_read_stops_at_its_limit_and_says_so(contestant: Contestant) -> None:
    await contestant.store.write([entry(*((k % 2, k, float(k)) for k in range(20)))])
    await contestant.settle()
    some = await contestant.store.raw(NAMES, T0, T0 + 100 * SECOND, 7)
    assert some.truncated
    assert some.batch.value.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert [some.points[p] for p in some.batch.point[:2]] == NAMES[:2]
    everything = await contestant.store.raw(NAMES, T0, T0 + 100 * SECOND, 20)
    assert not everything.truncated
    assert len(everything.batch) == 20


async def test_history_gives_every_sample_in_any_order_and_says_when_there_are_more(
    contestant: Contestant,
) -> None:
    await contestant.store.write([entry(*((k % 2, k, float(k)) for k in range(20)), (2, 5, math.nan))])
    await contestant.settle()
    found = await contestant.store.history(NAMES, T0, T0 + 15 * SECOND, 20)
    assert not found.truncated
    told = zip(
        found.batch.point.tolist(), found.batch.time_us.tolist(), found.batch.quality.tolist(), strict=True
    )
    expected = [(k % 2, T0 + k * SECOND, Quality.GOOD) for k in range(15)]
    assert sorted(told) == sorted([*expected, (2, T0 + 5 * SECOND, Quality.NO_ANSWER)])
    some = await contestant.store.history(NAMES, T0, T0 + 100 * SECOND, 7)
    assert (some.truncated, len(some.batch)) == (True, 7)
    assert len((await contestant.store.history([], T0, T0 + SECOND, 7)).batch) == 0


async def test_too_large_or_too_fine_a_read_is_refused(contestant: Contestant) -> None:
    with pytest.raises(Refused, match="more than"):
        await contestant.store.read(NAMES, 0, T0, 0.01, Aggregate.MEAN)
    with pytest.raises(Refused, match=r"0\.001 s"):
        await contestant.store.read(NAMES, T0, T0 + 10, 0.0001, Aggregate.MEAN)


async def test_a_million_rows_come_back_as_they_went_in(contestant: Contestant) -> None:
    n, points = contestant.many, 500
    names = [f"dev-{k}.value" for k in range(points)]
    number = np.arange(n)
    time_us = T0 + number // points * SECOND
    value = np.where(number % 97 == 0, np.nan, np.round(np.sin(number) * 40, 2))
    quality = np.where(np.isnan(value), Quality.NO_ANSWER, Quality.GOOD)
    batch = SampleBatch.of(number % points, time_us, value, quality)
    for start in range(0, n, 50_000):
        await contestant.store.write([Entry(batch[start : start + 50_000], names)])
    await contestant.settle()
    last = int(time_us[-1]) + SECOND
    found = await contestant.store.read(names, T0, last, 100, Aggregate.COUNT)
    expected = np.isfinite(value).reshape(-1, 100, points).sum(axis=1).T
    assert np.array_equal(found.value, expected)
    one = await contestant.store.raw([names[7]], T0, last, n)
    assert np.array_equal(one.batch.value, value[7::points], equal_nan=True)
    size = await contestant.store.size()
    assert size.rows is None or size.rows >= n


async def test_reads_and_writes_at_the_same_time_disturb_nothing(contestant: Contestant) -> None:
    async def write(start: int) -> None:
        for k in range(start, start + 20):
            await contestant.store.write([entry((start % 3, k, float(k)))])

    async def read() -> None:
        for _ in range(10):
            await contestant.store.read(NAMES, T0, T0 + 100 * SECOND, 1, Aggregate.LAST)
            await asyncio.sleep(0)

    await asyncio.gather(write(0), write(20), write(40), read(), read())
    assert [value for _, _, value in await rows(contestant)] == [float(k) for k in range(60)]


times = st.integers(-200, 200).map(lambda tenth: T0 + tenth * SECOND // 10)
values = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6, width=32))
samples = st.dictionaries(st.tuples(st.integers(0, 2), times), values, max_size=40)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    batches=st.lists(samples, max_size=3),
    from_us=times,
    length_us=st.integers(0, 30 * SECOND).map(lambda us: us // 1000 * 1000),
    step_s=st.sampled_from([0.1, 0.25, 1, 3, 7, 100]),
    aggregate=st.sampled_from(Aggregate),
    run=st.builds(next, st.just(itertools.count())),
)
async def test_steps_and_rows_equal_the_slow_twin(
    contestant: Contestant,
    batches: list[dict[tuple[int, int], float]],
    from_us: int,
    length_us: int,
    step_s: float,
    aggregate: Aggregate,
    run: int,
) -> None:
    names = [f"run-{run}-{k}.value" for k in range(3)]
    twin = Twin()
    for batch in batches:
        known = {(time_us, names.index(name)): value for (time_us, name), (value, _) in twin.samples.items()}
        some = {key: known.get((key[1], key[0]), value) for key, value in batch.items()}
        point, time_us = zip(*some, strict=True) if some else ((), ())
        quality = [Quality.SENTINEL if math.isnan(value) else Quality.GOOD for value in some.values()]
        made = Entry(SampleBatch.of(list(point), list(time_us), list(some.values()), quality), names)
        await contestant.store.write([made])
        twin.write([made])
    await contestant.settle()
    to_us = from_us + length_us
    found = await contestant.store.read(names, from_us, to_us, step_s, aggregate)
    expected = twin.read(names, from_us, to_us, round(step_s * SECOND), aggregate)
    np.testing.assert_allclose(found.value, expected, rtol=1e-9, atol=1e-9)
    raw = (await contestant.store.raw(names, from_us, to_us, 1000)).batch
    slow = twin.raw(names, from_us, to_us)
    assert raw.time_us.tolist() == [time_us for time_us, _, _, _ in slow]
    assert [names[p] for p in raw.point] == [name for _, name, _, _ in slow]
    # VictoriaMetrics keeps decimals, 15 digits of them
    np.testing.assert_allclose(raw.value, [value for _, _, value, _ in slow], rtol=1e-13)
    assert raw.quality.tolist() == [quality for _, _, _, quality in slow]
