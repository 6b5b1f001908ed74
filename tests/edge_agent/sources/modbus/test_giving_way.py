"""An order that meets a probe of a silent unit: it goes out at once where answers are known by their number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devices.profiles.profile import Table
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.modbus.question import Question
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.modbus.misbehaving import Asked, Reply, Server, exception, serving, slowly
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

SHEET = {"kind": "modbus", "points": [{"name": "a", "table": "holding", "addr": 4}]}
GOOD, SILENT = 1, 7
WRITE = 6
LONG_S = 20.0


class Gateway(Server):
    """Says that a unit is silent, and when it is asked again takes `probe_s` before it says anything more."""

    probe_s = 0.0

    def dead(self, asked: Asked, frame: bytes) -> Reply:
        if self.probes == 0:
            return exception(11)(asked, frame)
        return [self.probe_s, frame] if self.probe_s else []

    @property
    def probes(self) -> int:
        return sum(asked.unit == SILENT for asked in self.asked) - 1

    @property
    def writes(self) -> int:
        return sum(asked.function == WRITE for asked in self.asked)


@asynccontextmanager
async def probing(folder: Path, gateway: Gateway, timeout_s: float) -> AsyncIterator[ModbusSource]:
    """A link on which a probe has just been sent."""
    kind = "modbus-rtu-tcp" if gateway.rtu else "modbus-tcp"
    gateway.manners[SILENT] = gateway.dead
    async with serving(gateway):
        link = {**modbus_link(gateway.port, poll_s=60.0, timeout_s=timeout_s), "kind": kind}
        devices = [device(f"m{unit}", "sheet", unit=unit) for unit in (GOOD, SILENT)]
        campus = campus_of(folder, [link], devices, {"sheet": SHEET})
        settings = ModbusSettings(probe_first_s=0.1, probe_most_s=LONG_S)
        source = ModbusSource(campus, AGENT, settings, campus.points_of(AGENT), SystemClock())
        polling = asyncio.create_task(source.run(GatheringSink(campus.points_of(AGENT))))
        try:
            async with asyncio.timeout(LONG_S):
                while gateway.probes < 1:  # noqa: ASYNC110 - the server runs beside us
                    await asyncio.sleep(0.01)
            yield source
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)


async def written(source: ModbusSource) -> None:
    question = Question.write_register(GOOD, 4, 25)
    await source.worker_of("bus").ask(question, LONG_S, is_order=True)


async def test_an_order_does_not_wait_for_the_time_out_of_a_probe(tmp_path: Path) -> None:
    gateway = Gateway()
    async with probing(tmp_path, gateway, timeout_s=LONG_S) as source:
        async with asyncio.timeout(LONG_S / 2):
            await written(source)
        health = source.health()["links"]["bus"]
    assert gateway.writes == 1
    assert (health["timeouts"], health["answered"], gateway.connections) == (1, 2, 1)


async def test_a_question_of_a_person_still_waits_for_a_probe(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.probe_s = 0.3
    async with probing(tmp_path, gateway, timeout_s=LONG_S) as source:
        await source.worker_of("bus").ask(Question.read(GOOD, Table.HOLDING, 4, 1), LONG_S)
        health = source.health()["links"]["bus"]
    assert (health["timeouts"], health["late"], health["silent"]) == (0, 0, [])


async def test_on_rtu_an_order_lets_a_probe_have_its_time(tmp_path: Path) -> None:
    """Or the two would be on the wire at once."""
    gateway = Gateway(rtu=True)
    gateway.probe_s = 0.3
    async with probing(tmp_path, gateway, timeout_s=LONG_S) as source:
        await written(source)
        health = source.health()["links"]["bus"]
    assert gateway.writes == 1
    assert (health["timeouts"], health["late"], health["silent"]) == (0, 0, [])


async def test_behind_a_gateway_that_takes_one_question_at_a_time_an_order_has_time_enough(
    tmp_path: Path,
) -> None:
    """And the unit that answers the probe after all is known to live."""
    gateway, timeout_s = Gateway(), 2.0
    gateway.probe_s = 0.8 * timeout_s
    async with probing(tmp_path, gateway, timeout_s) as source:
        gateway.manners[GOOD] = slowly(0.4 * timeout_s)
        await written(source)
        health = source.health()["links"]["bus"]
    assert gateway.writes == 1
    assert (health["timeouts"], health["late"]) == (1, 1)
