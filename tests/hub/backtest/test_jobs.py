"""Jobs: one at a time, cancelled at any time, never in the way of the hub."""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np
import pytest

from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Unreachable
from devices.model.samples import SampleBatch
from hub.backtest import Backtests, BacktestSettings
from hub.backtest.jobs import OVER, State
from hub.errors import Conflict, NotFound, TooLarge
from hub.series.duckdb import DuckSeries
from hub.series.port import Entry, Rows
from tests.hub.backtest.conftest import NOW_US, Judge
from tests.hub.backtest.live import START_US, S
from tests.hub.waiting import until

DAY_US = 86_400 * S
POSITION = "hq1-pump-1.position"


async def minutes(series: DuckSeries, days: int = 1) -> None:
    """A pump that is out of automatic for every other hour."""
    minute = np.arange(days * 1440)
    value = 1.0 + minute // 60 % 2
    batch = SampleBatch.of(np.zeros(len(minute)), START_US + minute * 60 * S, value)
    await series.write([Entry(batch, [POSITION])])


async def test_a_switched_off_rule_loses_all_its_alerts(
    campus: Campus, series: DuckSeries, judge: Judge
) -> None:
    await minutes(series)
    off = campus.rules["pump-not-auto"].model_copy(update={"enabled": False})
    job = await judge([off], START_US, START_US + DAY_US)
    assert job.report is not None
    found = job.report["difference"]
    assert (found["lost"], found["gained"], found["moved"], found["same"]) == (12, 0, 0, 0)
    assert job.report["draft"]["alerts"] == 0


async def test_a_new_rule_gains_all_its_alerts(campus: Campus, series: DuckSeries, judge: Judge) -> None:
    await minutes(series)
    new = campus.rules["pump-not-auto"].model_copy(update={"id": "another", "version": 1})
    job = await judge([new], START_US, START_US + DAY_US)
    assert job.report is not None
    assert (job.report["difference"]["gained"], job.report["live"]["alerts"]) == (12, 0)
    assert job.report["rules"][0]["live_version"] is None


async def test_what_was_raised_before_the_span_counts_its_hours_and_not_itself(
    campus: Campus, series: DuckSeries, judge: Judge
) -> None:
    await minutes(series)
    from_us = START_US + 90 * 60 * S
    job = await judge([campus.rules["pump-not-auto"]], from_us, from_us + 3600 * S)
    assert job.report is not None
    assert (job.report["live"]["alerts"], job.report["live"]["active_h"]) == (0, 0.5)
    assert job.report["difference"]["same"] == 0
    line = job.trial.intervals("hq1-pump-1")["rules"][0]["live"]
    assert [(one["raised_us"], one["cleared_us"]) for one in line] == [
        (START_US + 3600 * S, START_US + 7200 * S)
    ]


async def test_a_point_that_spoke_days_ago_is_still_known(
    campus: Campus, series: DuckSeries, judge: Judge
) -> None:
    said_us = START_US - 5 * DAY_US
    await series.write([Entry(SampleBatch.of([0], said_us, 2.0), [POSITION])])
    job = await judge([campus.rules["pump-not-auto"]], START_US, START_US + DAY_US)
    assert job.report is not None
    assert job.report["live"]["open_at_end"] == 1
    assert job.report["live"]["active_h"] == 24
    assert job.trial.intervals("hq1-pump-1")["rules"][0]["live"][0]["start_us"] == said_us
    assert job.report["notes"][0]["en"].startswith("No readings on 2 of the days")


class Slow:
    """A store whose every read takes its time, or fails."""

    def __init__(self, store: DuckSeries, seconds: float = 0.0, error: Exception | None = None) -> None:
        self._store, self._seconds, self._error = store, seconds, error
        self.reads = 0

    async def history(self, points: list[str], from_us: int, to_us: int, limit: int) -> Rows:
        self.reads += 1
        await asyncio.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        return await self._store.history(points, from_us, to_us, limit)


async def ask(campus: Campus, store: Slow) -> tuple[Backtests, asyncio.Task[None]]:
    jobs = Backtests(lambda: campus, store, BacktestSettings(), lambda: NOW_US)
    return jobs, asyncio.create_task(jobs.run())


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_job_that_runs_is_cancelled_and_the_next_one_runs(campus: Campus, series: DuckSeries) -> None:
    await minutes(series, 3)
    store = Slow(series, 0.05)
    jobs, task = await ask(campus, store)
    rules = list(campus.rules.values())
    first = await jobs.ask(rules, START_US, START_US + 3 * DAY_US, "a")
    second = await jobs.ask(rules[:1], START_US, START_US + DAY_US, "b")
    await until(lambda: store.reads > 3)
    assert (first.state, second.state, jobs.position(second)) == (State.RUNNING, State.QUEUED, 1)
    with pytest.raises(Conflict):
        jobs.intervals(first.id, "x")
    jobs.cancel(first.id)
    await until(lambda: second.state in OVER, 20)
    assert (first.state, first.report, second.state) == (State.CANCELLED, None, State.DONE)
    await ended(task)


async def test_a_hub_that_ends_in_the_middle_leaves_nothing_behind(
    campus: Campus, series: DuckSeries
) -> None:
    await minutes(series, 3)
    store = Slow(series, 0.05)
    jobs, task = await ask(campus, store)
    await jobs.ask(list(campus.rules.values()), START_US, START_US + 3 * DAY_US, "a")
    await until(lambda: store.reads > 3)
    await ended(task)  # tests fail that leave a task or a thread


async def test_a_store_that_is_away_fails_the_job_and_not_the_hub(campus: Campus, series: DuckSeries) -> None:
    jobs, task = await ask(campus, Slow(series, error=Unreachable("the disk is gone")))
    job = await jobs.ask(list(campus.rules.values()), START_US, START_US + DAY_US, "a")
    await until(lambda: job.state in OVER)
    assert job.state is State.FAILED
    assert "the disk is gone" in job.error.en
    assert not task.done()
    await ended(task)


async def test_an_error_of_ours_fails_the_job_and_is_counted(campus: Campus, series: DuckSeries) -> None:
    jobs, task = await ask(campus, Slow(series, error=ZeroDivisionError("ours")))
    job = await jobs.ask(list(campus.rules.values()), START_US, START_US + DAY_US, "a")
    await until(lambda: job.state in OVER)
    assert (job.state, jobs.failed) == (State.FAILED, 1)
    assert "ours" not in job.error.en
    assert not task.done()
    await ended(task)


async def test_only_the_newest_reports_are_kept(campus: Campus, backtests: Backtests, judge: Judge) -> None:
    jobs = [await judge([campus.rules["pump-not-auto"]], START_US, START_US + S) for _ in range(5)]
    assert backtests.all() == jobs[:1:-1]
    with pytest.raises(NotFound):
        backtests.job(jobs[0].id)


async def test_rules_that_do_not_fit_and_spans_that_are_too_long_are_refused(
    campus: Campus, backtests: Backtests
) -> None:
    rule = campus.rules["pump-not-auto"]
    with pytest.raises(ConfigRefused, match="each id once"):
        await backtests.ask([rule, rule], START_US, START_US + S, "a")
    with pytest.raises(TooLarge):
        await backtests.ask([rule], START_US, START_US + 93 * DAY_US, "a")


async def test_the_event_loop_goes_on_while_a_month_is_judged(
    campus: Campus, series: DuckSeries, backtests: Backtests
) -> None:
    minute = np.arange(30 * 1440)
    names = [name for agent in campus.agents for name in campus.points_of(agent).names if "ac-" in name]
    value = np.random.default_rng(1).integers(20, 28, len(minute))
    for row in range(len(names)):
        batch = SampleBatch.of(np.full(len(minute), row), START_US + minute * 60 * S, value)
        await series.write([Entry(batch, names)])
    job = await backtests.ask([campus.rules["ac-setpoint"]], START_US, START_US + 30 * DAY_US, "a")
    turns = 0
    while job.state not in OVER:
        await asyncio.sleep(0.001)
        turns += 1
    assert job.state is State.DONE
    assert job.report["cost"]["samples"] > 500_000
    assert turns > 10, "judged in the loop's own thread"
