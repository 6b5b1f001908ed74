"""One contract for all ways to a unit: a server that misbehaves in every way is named, counted, never believed.

Each test runs over Modbus TCP, RTU frames over TCP, a serial line (a pseudo-terminal) and a unit that dials in.
"""

from __future__ import annotations

import math

import pytest

from devices.model.samples import Quality
from edge_agent.sources.modbus import ModbusSettings
from tests.contracts.modbus.reading import HASTY, SHEET, campus, reading
from tests.contracts.modbus.stages import Stage
from tests.edge_agent.sources.modbus import misbehaving as server_of
from tests.edge_agent.sources.modbus.misbehaving import Asked, Reply, Server, frame_of, pdu_of
from tests.edge_agent.sources.small_campus import campus_of, device


def only(*kinds: str) -> pytest.MarkDecorator:
    """For what only these ways know: a serial line cannot hang up, RTU frames have no number."""
    return pytest.mark.parametrize("stage", kinds, indirect=True)


NETWORK = only("modbus-tcp", "modbus-rtu-tcp", "modbus-dial-in")
NUMBERED = only("modbus-tcp")


def asked_of(server: Server, unit: int) -> int:
    return sum(asked.unit == unit for asked in server.asked)


async def test_a_right_answer_gives_good_values(stage: Stage) -> None:
    async with stage.serving(Server()), reading(campus(stage)) as (sink, source):
        await sink.until_count("m1.far", 3)
    assert sink.of("m1.a")[0] == (100.0, Quality.GOOD)
    assert sink.of("m1.b")[0] == (101.0, Quality.GOOD)
    assert sink.of("m1.far")[0] == (200.0, Quality.GOOD)
    health = source.health()["links"]["bus"]
    assert health["answered"] >= 6
    assert health["silent"] == []
    assert health["garbled"] == health["timeouts"] == health["reconnects"] == 0


@pytest.mark.promise("P-modbus-1")
async def test_a_silent_unit_gives_no_reading_once_a_cycle_and_its_other_requests_are_skipped(
    stage: Stage,
) -> None:
    server = Server(manners={1: server_of.silently})
    async with (
        stage.serving(server),
        reading(campus(stage, poll_s=0.3, timeout_s=HASTY)) as (sink, source),
    ):
        readings = await sink.until_count("m1.far", 2)
        health = source.health()["links"]["bus"]
    assert all(math.isnan(value) and quality is Quality.NO_ANSWER for value, quality in readings)
    assert {asked.addr for asked in server.asked} == {100}
    assert health["timeouts"] >= 1
    assert health["silent"] == [1]
    assert health["silent_devices"] == ["m1"]
    assert health["units"]["1"]["backoff_s"] > 0
    assert abs(len(sink.of("m1.a")) - len(sink.of("m1.far"))) == 0


async def test_a_silent_unit_that_answers_again_is_read_again(stage: Stage) -> None:
    server = Server(manners={1: server_of.silently})
    async with stage.serving(server), reading(campus(stage, timeout_s=HASTY)) as (sink, source):
        await sink.until_count("m1.far", 3)
        server.manners.clear()
        await sink.until(lambda: sink.of("m1.a")[-1] == (100.0, Quality.GOOD))
        assert source.health()["links"]["bus"]["silent"] == []


@pytest.mark.promise("P-modbus-2")
async def test_an_answer_slower_than_the_time_out_is_late_and_not_taken_for_the_next_one(
    stage: Stage,
) -> None:
    slow_once = iter([True])

    def manner(asked: Asked, frame: bytes) -> Reply:
        return [0.7, frame] if asked.addr == 100 and next(slow_once, False) else [frame]

    server = Server(manners={1: manner})
    async with stage.serving(server), reading(campus(stage, timeout_s=0.5)) as (sink, source):
        await sink.until(lambda: source.health()["links"]["bus"]["late"] == 1)
        await sink.until(lambda: sink.of("m1.far")[-1][1] is Quality.GOOD)
    good = {value for value, quality in sink.of("m1.a") if quality is Quality.GOOD}
    assert good == {100.0}
    assert {value for value, quality in sink.of("m1.far") if quality is Quality.GOOD} == {200.0}
    assert source.health()["links"]["bus"]["wrong_transaction"] == 0


async def test_an_exception_gives_device_error_and_its_name(stage: Stage) -> None:
    server = Server(manners={1: server_of.exception(4)})
    async with stage.serving(server), reading(campus(stage)) as (sink, source):
        readings = await sink.until_count("m1.far", 2)
    assert {quality for _, quality in readings} == {Quality.DEVICE_ERROR}
    assert source.health()["links"]["bus"]["codes"] == {
        "device_failure": source.health()["links"]["bus"]["exceptions"]
    }
    assert source.health()["links"]["bus"]["silent"] == []


async def test_a_gateway_that_says_the_unit_is_silent_makes_it_silent(stage: Stage) -> None:
    server = Server(manners={1: server_of.exception(11)})
    async with stage.serving(server), reading(campus(stage, units=2)) as (sink, source):
        await sink.until_count("m2.far", 3)
        health = source.health()["links"]["bus"]
    assert {quality for _, quality in sink.of("m1.a")} == {Quality.NO_ANSWER}
    assert health["silent"] == [1]
    assert health["timeouts"] == 0


async def test_a_frame_in_pieces_is_put_together(stage: Stage) -> None:
    server = Server(
        everyone=lambda _, frame: [frame[:1], 0.005, frame[1:7], 0.005, frame[7:10], 0.005, frame[10:]]
    )
    async with stage.serving(server), reading(campus(stage)) as (sink, source):
        readings = await sink.until_count("m1.far", 2)
    assert {quality for _, quality in readings} == {Quality.GOOD}
    assert source.health()["links"]["bus"]["garbled"] == 0


@NUMBERED
async def test_a_device_asked_by_the_direct_unit_id_may_answer_with_its_own(stage: Stage) -> None:
    server = Server(everyone=lambda asked, frame: [frame_of(asked, pdu_of(asked, frame), unit=1)])
    async with stage.serving(server):
        direct = [device("m1", "sheet", unit=255)]
        site = campus_of(stage.folder, [stage.link], direct, {"sheet": SHEET})
        async with reading(site) as (sink, source):
            readings = await sink.until_count("m1.far", 1)
    assert readings[0] == (200.0, Quality.GOOD)
    assert source.health()["links"]["bus"]["wrong_unit"] == 0


async def test_a_frame_sent_twice_is_taken_once(stage: Stage) -> None:
    server = Server(everyone=lambda _, frame: [frame + frame])
    async with stage.serving(server), reading(campus(stage)) as (sink, source):
        readings = await sink.until_count("m1.far", 3)
    assert readings[0] == (200.0, Quality.GOOD)
    assert {quality for _, quality in readings} == {Quality.GOOD}
    assert source.health()["links"]["bus"]["unasked"] >= 3


@NETWORK
async def test_a_connection_cut_within_a_frame_is_made_anew_at_once(stage: Stage) -> None:
    cut = iter([True])
    server = Server(everyone=lambda _, frame: [frame[:5], None] if next(cut, False) else [frame])
    async with stage.serving(server), reading(campus(stage, timeout_s=5.0)) as (sink, source):
        await sink.until(lambda: any(quality is Quality.GOOD for _, quality in sink.of("m1.far")), 2.0)
    assert sink.of("m1.a")[0][1] is Quality.NO_ANSWER
    health = source.health()["links"]["bus"]
    assert (health["cut_short"], health["reconnects"], health["timeouts"]) == (1, 1, 0)


@only("modbus-tcp", "modbus-dial-in")
async def test_a_half_open_connection_is_given_up_and_made_anew(stage: Stage) -> None:
    server = Server()
    server.everyone = lambda _, frame: [] if server.connections == 1 else [frame]
    async with stage.serving(server), reading(campus(stage, timeout_s=HASTY)) as (sink, source):
        await sink.until(lambda: any(quality is Quality.GOOD for _, quality in sink.of("m1.far")), 5.0)
    assert source.health()["links"]["bus"]["timeouts"] >= 3
    assert server.connections == 2


async def test_nobody_there_gives_no_answer_every_cycle_and_reads_when_somebody_is(stage: Stage) -> None:
    async with reading(campus(stage)) as (sink, source):
        readings = await sink.until_count("m1.a", 4)
        assert {quality for _, quality in readings} == {Quality.NO_ANSWER}
        assert source.health()["links"]["bus"]["state"] == "down"
        assert source.health()["links"]["bus"]["connect_failures"] >= 1
        async with stage.serving(Server()):
            await sink.until(lambda: sink.of("m1.a")[-1][1] is Quality.GOOD)
            assert source.health()["links"]["bus"]["state"] == "up"


@NUMBERED
async def test_a_server_that_hangs_up_at_once_is_not_called_without_end(stage: Stage) -> None:
    server = Server(refuse=True)
    patient = ModbusSettings(reconnect_first_s=0.2, reconnect_most_s=10)
    async with stage.serving(server), reading(campus(stage, poll_s=0.02), patient) as (sink, _):
        await sink.until_count("m1.a", 50)
    assert server.connections <= 8, "not one for each of fifty rounds"


@NETWORK
async def test_a_device_that_sends_without_end_is_hung_up_on(stage: Stage) -> None:
    server = Server(everyone=lambda _, frame: [frame, *[b"\xff" * 4096] * 64])
    async with stage.serving(server), reading(campus(stage)) as (sink, source):
        await sink.until(lambda: source.health()["links"]["bus"]["noisy"] >= 1)
    assert server.connections >= 1


async def test_a_refused_range_is_cut_until_the_rest_is_read_and_that_is_remembered(stage: Stage) -> None:
    sheet = {
        "kind": "modbus",
        "points": [{"name": f"p{n}", "table": "holding", "addr": n} for n in range(16)],
    }
    server = Server(absent=[(3, 5, 5)])
    async with stage.serving(server), reading(campus(stage, sheet=sheet)) as (sink, source):
        await sink.until_count("m1.p15", 2)
        learned = len(server.asked)
        requests = source.health()["links"]["bus"]["requests"]
        await sink.until_count("m1.p15", 4)
    assert {n for n in range(16) if sink.of(f"m1.p{n}")[0][1] is not Quality.GOOD} == {5}
    assert sink.of("m1.p5")[0][1] is Quality.DEVICE_ERROR
    assert {quality for _, quality in sink.of("m1.p5")} == {Quality.DEVICE_ERROR}
    assert sum((asked.function, asked.addr, asked.count) == (3, 0, 16) for asked in server.asked) == 1
    assert sum(asked.addr == 5 for asked in server.asked[learned:]) == 0
    assert 3 <= requests <= 6


async def test_a_gap_that_the_device_refuses_is_not_read_again(stage: Stage) -> None:
    sheet = {"kind": "modbus", "points": [{"name": f"p{n}", "table": "input", "addr": n} for n in (0, 4, 5)]}
    server = Server(absent=[(4, 2, 2)])
    async with stage.serving(server), reading(campus(stage, sheet=sheet)) as (sink, _):
        await sink.until_count("m1.p5", 3)
    assert all(sink.of(f"m1.p{n}")[0] == (float(n), Quality.GOOD) for n in (0, 4, 5))
    assert [(asked.addr, asked.count) for asked in server.asked[:3]] == [(0, 6), (0, 1), (4, 2)]


async def test_an_optional_point_that_is_absent_is_asked_for_once(stage: Stage) -> None:
    points = [
        {"name": "a", "table": "holding", "addr": 1},
        {"name": "rare", "table": "holding", "addr": 2, "optional": True},
        {"name": "rarer", "table": "holding", "addr": 3, "optional": True},
    ]
    server = Server(absent=[(3, 3, 3)])
    async with (
        stage.serving(server),
        reading(campus(stage, sheet={"kind": "modbus", "points": points})) as (
            sink,
            _,
        ),
    ):
        await sink.until_count("m1.rare", 4)
    assert sink.of("m1.a")[0] == (1.0, Quality.GOOD)
    assert sink.of("m1.rare")[-1] == (2.0, Quality.GOOD)
    assert [quality for _, quality in sink.of("m1.rarer")] == [Quality.DEVICE_ERROR]
    assert sum(asked.addr + asked.count > 3 for asked in server.asked) == 2  # both together, then alone


async def test_values_keep_the_time_at_which_they_were_read(stage: Stage) -> None:
    server = Server(everyone=lambda asked, frame: [0.2, frame] if asked.addr == 200 else [frame])
    async with (
        stage.serving(server),
        reading(campus(stage, poll_s=1.0, timeout_s=1.0)) as (sink, _),
    ):
        await sink.until_count("m1.far", 1)
    apart_us = int(sink.times_us("m1.far")[0] - sink.times_us("m1.a")[0])
    assert 150_000 < apart_us < 900_000


async def test_rounds_that_take_longer_than_the_period_are_counted_and_not_queued(stage: Stage) -> None:
    """Any two rounds later begin at least a period later, be the machine slow or fast; a burst would not."""
    poll_s, periods = 0.02, 4
    server = Server(everyone=server_of.slowly(0.05))
    async with (
        stage.serving(server),
        reading(campus(stage, poll_s=poll_s, timeout_s=1.0)) as (sink, source),
    ):
        await sink.until(lambda: source.health()["links"]["bus"]["overruns"] > 2 * periods)
        server.everyone = server_of.rightly
        before = len(sink.of("m1.a"))
        await sink.until_count("m1.a", before + 2 * periods + 2)
    times_us = sink.times_us("m1.a")[before:]
    assert times_us[2 * periods + 1] - times_us[0] >= periods * poll_s * 1e6


@only("modbus-tcp", "modbus-rtu-tcp")
async def test_a_unit_that_is_always_late_is_asked_as_seldom_as_a_dead_one(stage: Stage) -> None:
    """Counted against the other unit; the waits double, so that even a slow machine has no time for many."""
    server = Server(manners={2: server_of.slowly(0.36)})
    settings = ModbusSettings(probe_first_s=0.5, probe_most_s=60.0, give_up_after=100)
    async with (
        stage.serving(server),
        reading(campus(stage, units=2, poll_s=0.1, timeout_s=0.3), settings) as (sink, source),
    ):
        await sink.until(lambda: source.health()["links"]["bus"]["units"].get("2", {}).get("late", 0) >= 2)
        first, late = asked_of(server, 1), asked_of(server, 2)
        await sink.until(lambda: asked_of(server, 1) >= first + 16, 30.0)
        health = source.health()["links"]["bus"]
        assert asked_of(server, 2) <= late + 3, "once a round otherwise, which is eight times"
    assert 2 in health["silent"]
    assert health["noisy"] == health["reconnects"] == 0
    assert {quality for _, quality in sink.of("m2.a")[-5:]} == {Quality.NO_ANSWER}
