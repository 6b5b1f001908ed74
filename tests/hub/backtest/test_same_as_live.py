"""The live rules over what was stored find the alerts that were raised live."""

from __future__ import annotations

import numpy as np
import pytest

from devices.campus.site import Campus
from hub.backtest import Job
from hub.series.duckdb import DuckSeries
from tests.hub.backtest.conftest import Judge
from tests.hub.backtest.live import START_US, Known, Live, S, alerts, by_rule, stored

HOURS = 2
TO_US = START_US + HOURS * 3600 * S


def found(job: Job) -> dict[str, Known]:
    """What the backtest says of the live rules, in the words of `alerts`."""
    assert job.trial is not None
    live, draft = job.trial.episodes()
    assert [one.as_json() for one in live] == [one.as_json() for one in draft]
    return {
        one.as_json()["id"]: (
            one.rule,
            one.device,
            one.raised_us,
            one.cleared_us,
            one.severity,
        )
        for one in live
    }


@pytest.mark.promise("P-backtest-1")
@pytest.mark.parametrize("seed", range(4))
async def test_the_live_rules_over_what_is_stored_raise_and_clear_the_same_alerts(
    campus: Campus, series: DuckSeries, judge: Judge, seed: int
) -> None:
    random = np.random.default_rng(seed)
    agents = [Live(campus, agent, random) for agent in campus.agents]
    for agent in agents:
        agent.run(TO_US + 300 * S)
    await stored(series, agents)
    live = alerts([event for agent in agents for event in agent.events], TO_US)
    assert {rule for rule, count in by_rule(live) if count > 3} == set(campus.rules)
    job = await judge(list(campus.rules.values()), START_US, TO_US)
    assert found(job) == live


@pytest.mark.promise("P-backtest-1")
async def test_an_agent_that_was_away_is_nobodys_silence_in_the_backtest_either(
    campus: Campus, series: DuckSeries, judge: Judge
) -> None:
    agent = Live(campus, "edge-hq1", np.random.default_rng(11))
    agent.run(START_US + 2400 * S)
    agent.restart(900)
    back_us = agent.now_us
    agent.run(TO_US + 300 * S)
    await stored(series, [agent])
    live = alerts(agent.events, TO_US)
    told = found(await judge(list(campus.rules.values()), START_US, TO_US))
    # The moment of the return itself is not stored: what was silent then is named by the first sample after it.
    unnamed = {event.id for event in agent.events if event.start_us == back_us}
    strange = {name for name in told.keys() - live.keys() if told[name][0] == "device-stale"}
    assert len(strange) == len(unnamed & live.keys()) < len(live) / 10
    assert {name: told[name] for name in told.keys() - strange} == {
        name: live[name] for name in live.keys() - unnamed
    }


@pytest.mark.promise("P-backtest-1")
@pytest.mark.parametrize("seed", range(2))
async def test_readings_that_the_agent_knew_a_little_late_change_nothing(
    campus: Campus, series: DuckSeries, judge: Judge, seed: int
) -> None:
    agent = Live(campus, "edge-hq1", np.random.default_rng(seed))
    agent.run(TO_US + 300 * S, late_us=2 * S)
    await stored(series, [agent])
    values = {"pump-not-auto", "ac-setpoint"}  # silence and passes are judged by when something was known
    live = {name: one for name, one in alerts(agent.events, TO_US).items() if one[0] in values}
    rules = [rule for rule in campus.rules.values() if rule.id in values]
    assert found(await judge(rules, START_US, TO_US)) == live
