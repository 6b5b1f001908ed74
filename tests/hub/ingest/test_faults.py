"""Killed hubs, dead brokers, stores that are slow, full or picky: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from devices.model.errors import Refused, Unreachable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import samples_message
from hub.alerts import store
from hub.db import Database
from hub.ingest import Bounds
from hub.series.duckdb import DuckSeries
from tests.brokers import RunningBroker
from tests.hub.ingest.campus import ROOT, T0, A, B, alerts, event, points, record, samples
from tests.hub.ingest.hub import Agent, Hub, agent, hub
from tests.hub.ingest.stores import Trouble
from tests.hub.waiting import until

RECORDS = 12


@asynccontextmanager
async def troubled(
    broker: RunningBroker, folder: Path, bounds: Bounds | None = None
) -> AsyncIterator[tuple[Hub, Trouble]]:
    async with DuckSeries(folder / "series.duckdb", memory_mb=256) as real:
        trouble = Trouble(real)
        async with hub(broker, folder, series=trouble, bounds=bounds) as running:
            yield running, trouble


async def start_hub(folder: Path, port: int, *arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tests.hub.ingest.hub_process", str(folder), str(port), *arguments]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT)


async def send_all(edge: Agent, answered: set[tuple[Lane, int]]) -> None:
    """What an agent's uplink does after each connection: everything that is not acknowledged."""
    for seq in range(1, RECORDS + 1):
        if (Lane.LIVE, seq) not in answered:
            await edge.send(Lane.LIVE, record(samples(20, start_s=20 * seq), Lane.LIVE, seq))
        if (Lane.ALERTS, seq) not in answered:
            await edge.send(Lane.ALERTS, record(alerts(event(seq)), Lane.ALERTS, seq))


async def gather_acks(
    edge: Agent, answered: set[tuple[Lane, int]], hub_process: asyncio.subprocess.Process
) -> None:
    """Until everything is acknowledged, or nothing is any more."""
    while len(answered) < 2 * RECORDS and hub_process.returncode is None:
        try:
            ack = await edge.ack(1)
        except TimeoutError:
            return  # nobody listens yet, or any more: send again
        assert not ack.refused
        answered |= set(ack.done)


@pytest.mark.promise("P-ingest-1")
@pytest.mark.parametrize("moment", ["before-samples", "after-samples", "before-alerts", "after-alerts"])
async def test_a_hub_killed_around_a_commit_has_everything_once_in_the_end(
    nats: RunningBroker, tmp_path: Path, moment: str
) -> None:
    answered: set[tuple[Lane, int]] = set()
    async with agent(nats) as edge:
        killed = await start_hub(tmp_path, nats.port, moment)
        while killed.returncode is None:
            await send_all(edge, answered)
            await gather_acks(edge, answered, killed)
            await asyncio.sleep(0.05)
        again = await start_hub(tmp_path, nats.port)
        while len(answered) < 2 * RECORDS:
            await send_all(edge, answered)
            await gather_acks(edge, answered, again)
        again.kill()
        await again.wait()
    async with (
        DuckSeries(tmp_path / "series.duckdb") as series,
        Database(f"sqlite:///{tmp_path}/hub.db") as db,
    ):
        rows = (await series.raw(points()[:10], 0, 1 << 60, 10_000)).batch
        assert rows.time_us.tolist() == [T0 + second * 1_000_000 for second in range(20, 20 * RECORDS + 20)]
        for seq in range(1, RECORDS + 1):
            found = await db.read(lambda c, seq=seq: store.get(c, event(seq).id))
            assert found.count == 1


@pytest.mark.promise("P-ingest-2")
async def test_a_broker_that_is_killed_and_comes_back_costs_nothing(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path) as running:
        async with agent(broker) as edge:
            await edge.send(Lane.LIVE, record(samples(), Lane.LIVE, 1))
            await edge.ack()
            await broker.engine.kill()
            await until(lambda: not running.ingest.connected)
            await until(lambda: "broker" in running.ingest.status().stalled)
        await broker.engine.start()
        await until(lambda: running.ingest.connected)
        async with agent(broker) as edge:
            for seq in (1, 2):
                await edge.send(Lane.LIVE, record(samples(start_s=20 * seq), Lane.LIVE, seq))
            assert sorted(await edge.acks(2)) == [(Lane.LIVE, 1), (Lane.LIVE, 2)]
        assert await running.rows() == 40
        assert running.ingest.status().stalled == {}


@pytest.mark.promise("P-ingest-3")
@pytest.mark.parametrize("error", [Unreachable("the disk is full"), Refused("wrong password")])
async def test_nothing_is_acknowledged_while_the_store_is_down_and_alerts_go_on(
    broker: RunningBroker, tmp_path: Path, error: Unreachable | Refused
) -> None:
    async with troubled(broker, tmp_path) as (running, trouble), agent(broker) as edge:
        trouble.down = error
        for seq in range(40):  # more than Mosquitto leaves unacknowledged
            await edge.send(Lane.LIVE, record(samples(start_s=20 * seq), Lane.LIVE, seq))
        await until(lambda: running.ingest.status().stalled)
        assert running.ingest.status().stalled == {"series": str(error)}
        await edge.send(Lane.ALERTS, record(alerts(event()), Lane.ALERTS, 1))
        assert (await edge.ack()).done == ((Lane.ALERTS, 1),)
        await edge.no_ack()
        assert running.ingest.status().lag_s > 0.4
        trouble.down = None
        assert len(set(await edge.acks(40))) == 40
        assert running.ingest.status().stalled == {}
        assert await running.rows() == 40 * 20


@pytest.mark.promise("P-ingest-5")
async def test_a_batch_that_the_store_can_never_take_is_found_and_the_others_are_stored(
    nats: RunningBroker, tmp_path: Path
) -> None:
    async with troubled(nats, tmp_path) as (running, trouble), agent(nats) as edge:
        trouble.hates = points()[50]
        trouble.down = Unreachable("until all have come")
        for seq in range(5):
            await edge.send(Lane.LIVE, record(samples(start_s=20 * seq), Lane.LIVE, seq))
        bad = samples_message(SampleBatch.of([50], [T0], [1.0]), points())
        await edge.send(Lane.LIVE, record(bad, Lane.LIVE, 5))
        await until(lambda: running.ingest.status().queue == 6)
        trouble.down = None
        answers = await edge.acks(6)
        assert {tuple(answer[:2]) for answer in answers} == {(Lane.LIVE, seq) for seq in range(6)}
        (refused,) = [answer for answer in answers if len(answer) == 3]
        assert refused[1] == 5
        assert await running.rows() == 100
        assert len(await running.reasons()) == 1


@pytest.mark.promise("P-ingest-6")
async def test_a_slow_store_and_a_flood_leave_memory_bounded_and_other_agents_served(
    broker: RunningBroker, tmp_path: Path
) -> None:
    bounds = Bounds(messages=8, bytes=2_000_000, total_bytes=4_000_000, held=8, group=4)
    rng = np.random.default_rng(1)
    noise = [
        record(
            samples_message(
                SampleBatch.of([0] * 20_000, T0 + np.arange(20_000), rng.random(20_000)), points()
            ),
            Lane.BACKLOG,
            seq,
        )
        for seq in range(60)
    ]
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with troubled(broker, tmp_path, bounds) as (running, trouble), agent(broker) as flood:
        trouble.slow_s = 0.1
        async with agent(broker, B) as calm:
            most = 0
            for round_ in range(20):
                for payload in noise:
                    await (await flood.link.send(f"campus/v1/{A}/up/backlog", payload)).sent()
                most = max(most, running.ingest.status().queue_bytes)
                await calm.send(
                    Lane.LIVE, record(samples(start_s=round_, agent=B), Lane.LIVE, round_, agent=B)
                )
                await calm.ack(within_s=3)
            counts = running.ingest.status().agents
        assert most <= bounds.total_bytes
        assert counts[A].received.shed > 100
        assert counts[B].received.shed == 0
        assert max(trouble.writes) <= bounds.group
    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sent_kb = 20 * sum(map(len, noise)) / 1024
    assert after_kb - before_kb < sent_kb / 3, "what was shed must not be kept"
