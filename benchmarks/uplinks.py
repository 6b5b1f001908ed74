"""Agents as a process of their own: they send prepared batches and wait for the hub's acknowledgements.

python -m benchmarks.uplinks PORT PASSWORD AGENT...

Prepares everything, says `ready` and then, for each line on standard input, sends it all once more (the line is the
first time, in seconds since 1970, of the samples) and says how many seconds it took until all was acknowledged.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane, ack_topic, decode, encode, up_topic
from devices.wire.mqtt import Broker, Link, connect
from devices.wire.records import Stamp, ack_from, samples_message, stamped

SITE = Path(__file__).parents[1] / "config/demo/site.yaml"
BATCHES = 50
ROWS = 10_000
#: Batches that an agent sends without an acknowledgement.
WINDOW = 16
US_PER_S = 1_000_000


def points(campus: Campus, agent: str) -> list[str]:
    """What an agent tells; what says something of a person does not leave it."""
    table = campus.points_of(agent)
    return [name for name in table.names if name not in table.personal]


def batches(names: Sequence[str], start_s: int) -> list[SampleBatch]:
    """What an agent measures: every point each 10 s, values that a sensor gives (one decimal, seldom new)."""
    rng = np.random.default_rng(start_s)
    number = np.arange(BATCHES * ROWS)
    point = number % len(names)
    time_us = (start_s + number // len(names) * 10) * US_PER_S + point * 50
    value = np.round(20 + point % 7 + rng.integers(0, 20, len(number)) // 19 / 10, 1)
    value[rng.random(len(number)) < 0.005] = np.nan
    quality = np.where(np.isnan(value), 2, 0)
    whole = SampleBatch.of(point, time_us, value, quality)
    return [whole[start : start + ROWS] for start in range(0, len(number), ROWS)]


def payloads(agent: str, names: Sequence[str], start_s: int) -> list[bytes]:
    """The batches as they lie in an outbox, ready to be sent."""
    return [
        encode(
            stamped(samples_message(batch, names), Stamp(agent, start_s, Lane.LIVE, seq), start_s * US_PER_S)
        )
        for seq, batch in enumerate(batches(names, start_s), 1)
    ]


async def send(agent: str, link: Link, prepared: Sequence[bytes]) -> None:
    """Send all, never more than the window unacknowledged, and wait for every acknowledgement."""
    room = asyncio.Semaphore(WINDOW)
    topic = up_topic(agent, Lane.LIVE)

    async def hear() -> None:
        left = len(prepared)
        async for message in link.messages():
            message.done()
            answered = len(ack_from(decode(message.payload)).done)
            for _ in range(answered):
                room.release()
            left -= answered
            if not left:
                return

    hearing = asyncio.create_task(hear())
    for payload in prepared:
        await room.acquire()
        await link.send(topic, payload)
    await hearing


async def main(port: int, password: str, agents: Sequence[str]) -> None:
    """Run until standard input ends."""
    campus = load_campus(SITE)
    names = {agent: points(campus, agent) for agent in agents}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        start_s = int(line)
        prepared = {agent: payloads(agent, names[agent], start_s) for agent in agents}
        sys.stdout.write(f"{await _timed(port, password, prepared)}\n")
        sys.stdout.flush()


async def _timed(port: int, password: str, prepared: dict[str, list[bytes]]) -> float:
    links: dict[str, Link] = {}
    async with asyncio.TaskGroup() as tasks:
        begin, end = asyncio.Event(), asyncio.Event()

        async def hold(agent: str) -> None:
            async with connect(Broker("127.0.0.1", port, agent, password), agent) as link:
                await link.subscribe([ack_topic(agent)])
                links[agent] = link
                if len(links) == len(prepared):
                    begin.set()
                await end.wait()

        for agent in prepared:
            tasks.create_task(hold(agent))
        await begin.wait()
        start_s = time.perf_counter()
        await asyncio.gather(*(send(agent, links[agent], some) for agent, some in prepared.items()))
        taken_s = time.perf_counter() - start_s
        end.set()
    return taken_s


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
