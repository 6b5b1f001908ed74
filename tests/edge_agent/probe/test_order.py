"""Probes that the hub ordered: on the agent's own link, bounded, and never where a profile forbids it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.errors import Refused, Unreachable
from devices.profiles.profile import Profile
from devices.wire.orders import Order, OrderKind
from edge_agent.probe.answer import bounded
from edge_agent.probe.order import Prober, readers_of
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from tests.edge_agent.sources.modbus.misbehaving import Server, serving, silently
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link
from tests.fake_clock import FakeClock

RANGE = {"unit": 1, "table": "input", "ranges": [[0, 5]], "looks": 1}


def order(target: str = "bus", **args: Any) -> Order:
    return Order("0" * 32, OrderKind.PROBE, target, args, 1 << 60)


def meters(folder: Path, port: int, timeout_s: float, **sheet: Any) -> Campus:
    """One SDM630, whose sheet may say more."""
    campus = campus_of(
        folder, [modbus_link(port, timeout_s=timeout_s)], [device("m1", "eastron-sdm630", unit=1)]
    )
    profile: Profile = campus.profiles["eastron-sdm630"]
    changed = profile.model_copy(update={"sheet": profile.sheet.model_copy(update=sheet)})
    profiles = {**campus.profiles, "eastron-sdm630": changed}
    object.__setattr__(campus, "profiles", profiles)
    return campus


@asynccontextmanager
async def probing(
    folder: Path, server: Server, timeout_s: float = 5.0, **sheet: Any
) -> AsyncIterator[Prober]:
    async with serving(server):
        campus, clock = meters(folder, server.port, timeout_s, **sheet), FakeClock(auto=True)
        source = ModbusSource(campus, AGENT, ModbusSettings(), campus.points_of(AGENT), clock)
        try:
            yield Prober(campus, AGENT, source.worker_of, clock)
        finally:
            source.worker_of("bus").close()


async def test_a_probe_is_answered_over_the_link_in_plain_json(tmp_path: Path) -> None:
    async with probing(tmp_path, Server()) as prober:
        answer = await prober(order(**RANGE))
    json.dumps(answer, allow_nan=False)
    assert (answer["kind"], answer["read"], answer["truncated"]) == ("probe", [[0, 5]], False)
    assert answer["took_s"] >= 0


async def test_a_check_is_answered_with_a_verdict_for_each_point(tmp_path: Path) -> None:
    async with probing(tmp_path, Server()) as prober:
        answer = await prober(order(unit=1, check="eastron-sdm630"))
    assert answer["kind"] == "check"
    assert answer["good"] + answer["wrong"] + answer["open"] == len(answer["points"])


@pytest.mark.parametrize(
    ("target", "args", "words"),
    [
        ("nowhere", RANGE, "no Modbus link of this agent"),
        ("bus", {**RANGE, "ranges": [[0, 600]]}, "at most 500 registers"),
        ("bus", {**RANGE, "ranges": [[9, 3]]}, "first <= last"),
        ("bus", {**RANGE, "more": 1}, "unknown key"),
        ("bus", {**RANGE, "looks": 9}, "looks"),
        ("bus", {"unit": 1, "check": "no-such"}, "no profile 'no-such'"),
        ("bus", {"unit": 1, "check": "campus-door"}, "not for Modbus"),
        ("bus", {"unit": 1, "check": "coolmasternet", "index": 1023}, "at most"),
        ("bus", {"unit": 1, "check": "pressure-7reg", "parameters": {"ct": 3}}, "no parameter ct"),
        ("bus", {**RANGE, "ranges": [[0, 5], [40, 60]]}, "registers 50 to 99 must never be read"),
        ("bus", {"unit": 1, "check": "eastron-sdm120"}, "registers 50 to 99 must never be read"),
    ],
)
@pytest.mark.promise("P-probe-1")
async def test_what_may_not_be_asked_is_refused_before_anything_is_read(
    tmp_path: Path, target: str, args: dict[str, Any], words: str
) -> None:
    server = Server()
    async with probing(tmp_path, server, forbidden=((50, 99),)) as prober:
        with pytest.raises(Refused, match=words):
            await prober(order(target, **args))
    assert server.asked == []


@pytest.mark.promise("P-probe-1")
async def test_a_profile_that_forbids_probes_is_left_alone_but_for_its_own_check(tmp_path: Path) -> None:
    async with probing(tmp_path, Server(), probe=False) as prober:
        with pytest.raises(Refused, match="forbids probes"):
            await prober(order(**RANGE))
        with pytest.raises(Refused, match="forbids probes"):
            await prober(order(unit=1, check="eastron-sdm120"))
        assert (await prober(order(unit=1, check="eastron-sdm630")))["kind"] == "check"


async def test_registers_at_once_are_no_more_than_the_profile_allows(tmp_path: Path) -> None:
    server = Server()
    async with probing(tmp_path, server, max_registers=4) as prober:
        await prober(order(**{**RANGE, "ranges": [[0, 19]]}))
    assert max(asked.count for asked in server.asked) == 4


async def test_an_agent_with_modbus_carries_out_probes_and_another_does_not(tmp_path: Path) -> None:
    campus, clock = meters(tmp_path, 1, 1.0), FakeClock()
    source = ModbusSource(campus, AGENT, ModbusSettings(), campus.points_of(AGENT), clock)
    assert set(readers_of(campus, AGENT, source, clock)) == {OrderKind.PROBE}
    assert readers_of(campus, AGENT, None, clock) == {}


async def test_one_probe_at_a_time(tmp_path: Path) -> None:
    async with probing(tmp_path, Server()) as prober:
        first = asyncio.create_task(prober(order(**RANGE)))
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="another probe"):
            await prober(order(**RANGE))
        assert (await first)["kind"] == "probe"
        assert (await prober(order(**RANGE)))["kind"] == "probe"


async def test_a_silent_unit_is_told(tmp_path: Path) -> None:
    async with probing(tmp_path, Server(everyone=silently), timeout_s=0.1) as prober:
        with pytest.raises(Unreachable):
            await prober(order(**RANGE))


def test_an_answer_that_is_too_long_loses_rows_and_says_so() -> None:
    answer = {"rows": [{"addr": number, "words": ["0000"] * 4} for number in range(500)], "draft": "x" * 900}
    short = bounded({**answer, "truncated": False}, 5000)
    assert short["truncated"] is True
    assert 0 < len(short["rows"]) < 500
    assert len(json.dumps(short)) <= 5000
    assert bounded({**answer, "truncated": False}, 10)["rows"] == []
