"""One order: looked at first, written once, read back, and refused where anything is not as it has to be."""

from __future__ import annotations

import dataclasses

import pytest

from devices.campus.site import Campus
from devices.profiles.profile import DeviceKind, ModbusSheet
from devices.wire.orders import Freeze, Order, OrderKind, OrderState
from edge_agent.orders.allowed import No, task_of
from edge_agent.orders.memory import Memory
from edge_agent.orders.settings import OrderSettings
from tests.edge_agent.orders.bench import AGENT, ALLOWED, Bench

VERIFIED, FAILED, TAKEN = OrderState.VERIFIED, OrderState.FAILED, OrderState.TAKEN


@pytest.mark.promise("P-orders-2")
async def test_a_value_is_written_once_and_read_back(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1), wait_s=2)
        assert bench.states(1) == [TAKEN, VERIFIED]
        assert (bench.last(1).before, bench.last(1).after) == (26.0, 25.0)
        assert [write[:3] for write in bench.units.writes] == [("ac-1", 4, (25,))]


async def test_a_value_that_is_there_already_is_not_written(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, value=26.0, hold_s=60), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (VERIFIED, "already")
        assert not bench.units.writes


async def test_other_bits_of_a_word_stay_as_they_are(bench: Bench) -> None:
    async with bench.running():
        await bench.send(
            bench.order(1, "hitachi", point="temperature_locked", value=1.0, hold_s=3600), wait_s=2
        )
        assert bench.last(1).state is VERIFIED
        assert bench.units.writes[0][:3] == ("hitachi", 2040, (0b1101,))


async def test_a_block_is_sent_as_the_unit_has_it_with_one_field_changed(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, "daikin", value=26.0), wait_s=2)
        assert bench.last(1).state is VERIFIED
        assert bench.units.writes[0][:3] == ("daikin", 2006, (0x5301, 0x0002, 260))
        await bench.send(bench.order(2, "daikin", point="on", value=0.0), wait_s=2)
        assert bench.units.writes[1][:3] == ("daikin", 2006, (0x5300, 0x0002, 260))
        assert bench.last(2).state is VERIFIED


async def test_a_value_shown_elsewhere_is_read_there(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, "hitachi", value=22.0), wait_s=2)
        assert (bench.last(1).state, bench.last(1).before, bench.last(1).after) == (VERIFIED, 24.0, 22.0)
        assert bench.units.writes[0][:3] == ("hitachi", 2038, (22,))


@pytest.mark.promise("P-orders-1")
@pytest.mark.parametrize(
    ("device", "args", "code"),
    [
        ("pump", {"point": "position"}, "never"),
        ("meter", {"point": "power_w"}, "read-only"),
        ("far-ac", {}, "agent-unknown"),
        ("nobody", {}, "agent-unknown"),
        ("ac-1", {"point": "mode"}, "read-only"),
        ("ac-1", {"point": None}, "read-only"),
        ("ac-1", {"value": 15.9}, "range"),
        ("ac-1", {"value": 30.1}, "range"),
        ("ac-1", {"value": "26"}, "range"),
        ("ac-1", {"value": True}, "range"),
        ("ac-1", {"point": "on", "value": 2.0}, "range"),
        ("ac-1", {"point": "remote_locked", "value": 1.0}, "range"),
        ("ac-1", {"point": "remote_locked", "value": 1.0, "hold_s": 1e9}, "range"),
        ("ac-1", {"point": "remote_locked", "value": 1.0, "hold_s": -1}, "range"),
        ("ac-1", {"point": "remote_locked", "value": 0.0, "hold_s": 60}, "range"),
    ],
)
async def test_what_may_not_be_written_is_refused(
    campus: Campus, device: str, args: dict[str, object], code: str
) -> None:
    settings = OrderSettings(enabled=True, kinds=("ac", "meter", "pump"))
    bench = Bench(campus, settings)
    async with bench.running():
        await bench.send(bench.order(1, device, **args), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, code)
        assert not bench.units.writes


@pytest.mark.promise("P-orders-1")
def test_a_fire_pump_is_refused_whatever_its_sheet_says(campus: Campus) -> None:
    """A sheet that the loader would refuse, in an agent that lists pumps: still no."""
    sheet = campus.profiles["intesis-inmbs"]
    for changed in (
        sheet.model_copy(update={"kind": DeviceKind.PUMP}),
        sheet.model_copy(update={"sheet": sheet.sheet.model_copy(update={"kind": "dlt645"})}),
    ):
        forged = dataclasses.replace(campus, profiles={**campus.profiles, "intesis-inmbs": changed})
        order = Order("0" * 32, OrderKind.WRITE, "ac-1", {"point": "setpoint_c", "value": 25.0}, 1 << 60)
        allowing = OrderSettings(enabled=True, kinds=("ac", "pump"), devices=("ac-1",))
        no = task_of(order, forged, AGENT, allowing)
        assert isinstance(no, No)
        assert no.code == "never"
        assert not isinstance(task_of(order, campus, AGENT, allowing), No)


@pytest.mark.promise("P-orders-3")
@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (OrderSettings(), "disabled"),
        (OrderSettings(enabled=True), "not-listed"),
        (OrderSettings(enabled=True, devices=("ac-2",)), "not-listed"),
        (OrderSettings(enabled=True, kinds=("ac",), frozen=True), "frozen"),
        (OrderSettings(kinds=("ac",)), "disabled"),
    ],
)
async def test_nothing_is_written_unless_the_agent_allows_it(
    campus: Campus, settings: OrderSettings, code: str
) -> None:
    bench = Bench(campus, settings)
    async with bench.running():
        await bench.send(bench.order(1), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, code)
    assert not bench.units.writes


async def test_a_device_can_be_listed_by_name(campus: Campus) -> None:
    bench = Bench(campus, OrderSettings(enabled=True, devices=("ac-1",)))
    async with bench.running():
        await bench.send(bench.order(1), wait_s=2)
        assert bench.last(1).state is VERIFIED


@pytest.mark.promise("P-orders-4")
async def test_in_another_mode_nothing_is_written(bench: Bench) -> None:
    bench.units.words["ac-1"][1] = 3  # fan
    async with bench.running():
        await bench.send(bench.order(1), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "mode")
        await bench.send(bench.order(2, point="on", value=0.0), wait_s=2)
        assert bench.last(2).state is VERIFIED  # that asks for no mode
    assert len(bench.units.writes) == 1


@pytest.mark.promise("P-orders-4")
@pytest.mark.parametrize("word", [None, 0x8000, 99], ids=["silent", "no value", "impossible"])
async def test_without_a_fresh_reading_nothing_is_written(bench: Bench, word: int | None) -> None:
    if word is None:
        bench.units.trouble["ac-1"] = "dead"
    else:
        bench.units.words["ac-1"][4] = word
    async with bench.running():
        await bench.send(bench.order(1), wait_s=20)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "stale")
    assert not bench.units.writes


@pytest.mark.parametrize(
    ("trouble", "code", "writes"), [("refuses", "refused", 0), ("ignores", "not-verified", 1)]
)
async def test_a_device_that_does_not_obey_is_a_failure(
    bench: Bench, trouble: str, code: str, writes: int
) -> None:
    bench.units.trouble["ac-1"] = trouble
    async with bench.running():
        await bench.send(bench.order(1), wait_s=20)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, code)
    assert len(bench.units.writes) == writes


async def test_a_write_whose_answer_is_lost_is_found_by_reading_back(bench: Bench) -> None:
    bench.units.trouble["ac-1"] = "lost"
    async with bench.running():
        await bench.send(bench.order(1), wait_s=2)
        assert (bench.last(1).state, bench.last(1).after) == (VERIFIED, 25.0)
    assert len(bench.units.writes) == 1


async def test_a_value_that_comes_late_within_the_time_to_settle_counts(bench: Bench) -> None:
    bench.units.trouble["ac-1"] = "ignores"
    async with bench.running():
        await bench.send(bench.order(1), wait_s=5)
        assert bench.states(1) == [TAKEN]
        bench.units.words["ac-1"][4] = 25
        await bench.wait(2)
        assert bench.last(1).state is VERIFIED


@pytest.mark.promise("P-orders-5")
async def test_a_device_is_written_so_often_a_day_and_no_more_also_after_a_restart(campus: Campus) -> None:
    bench = Bench(campus, ALLOWED.model_copy(update={"per_day": 2}))
    for number in (1, 2, 3):
        async with bench.running():
            await bench.send(bench.order(number, value=20.0 + number), wait_s=2)
    assert [bench.last(number).state for number in (1, 2, 3)] == [VERIFIED, VERIFIED, FAILED]
    assert bench.last(3).code == "too-many"
    async with bench.running():
        await bench.send(bench.order(4, "ac-2"), wait_s=2)
        assert bench.last(4).state is VERIFIED  # another device
        await bench.wait(86400)
        await bench.send(bench.order(5), wait_s=2)
        assert bench.last(5).state is VERIFIED  # another day


async def test_the_day_of_the_limit_is_the_hubs(campus: Campus) -> None:
    bench = Bench(campus, ALLOWED.model_copy(update={"per_day": 1}))
    async with bench.running():
        await bench.send(bench.order(1), wait_s=2)
        bench.clock.step_wall(2 * 86400)
        bench.hub.clock_offset_s = -2 * 86400.0
        await bench.send(bench.order(2, value=24.0), wait_s=2)
    assert (bench.last(1).state, bench.last(2).code) == (VERIFIED, "too-many")


def test_writes_of_days_to_come_do_not_lift_the_limit_of_today() -> None:
    memory = Memory()
    for day in ("2030-01-01", "2030-01-02", "2030-01-03", *["2026-07-01"] * 4):
        memory.add_to_day("ac-1", day)
    assert memory.count("ac-1", "2026-07-01") == 4
    assert len(memory.days) == 3


@pytest.mark.promise("P-orders-6")
async def test_one_order_at_a_time_holds_a_device(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=600), bench.order(2, value=24.0), wait_s=2)
        assert (bench.last(2).state, bench.last(2).code) == (FAILED, "reserved")
        await bench.send(bench.order(3, value=24.0), wait_s=2)
        assert bench.last(3).code == "reserved"
        await bench.wait(610)
        await bench.send(bench.order(4, value=24.0), wait_s=2)
        assert bench.last(4).state is VERIFIED


@pytest.mark.promise("P-orders-7")
async def test_a_freeze_stops_what_has_not_gone_out_and_an_old_word_thaws_nothing(bench: Bench) -> None:
    async with bench.running():
        bench.freeze = Freeze(5, frozen=True)
        await bench.send(bench.order(1), wait_s=2)
        assert bench.last(1).code == "frozen"
        bench.freeze = Freeze(4, frozen=False)
        await bench.send(bench.order(2), wait_s=2)
        assert bench.last(2).code == "frozen"
    async with bench.running():
        bench.freeze = Freeze(5, frozen=True)
        await bench.send(bench.order(3), wait_s=2)
        assert bench.last(3).code == "frozen"  # the process after it knows
        bench.freeze = Freeze(6, frozen=False)
        await bench.send(bench.order(4), wait_s=2)
        assert bench.last(4).state is VERIFIED


async def test_a_disk_that_takes_nothing_means_no_write(bench: Bench) -> None:
    async with bench.running():
        bench.disk.full = True
        await bench.send(bench.order(1), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "not-kept")
        bench.disk.full = False
        await bench.wait(2)
        assert len(bench.disk.history) == 1  # what could not be kept was kept when it could
    assert not bench.units.writes


@pytest.mark.promise("P-orders-1")
@pytest.mark.parametrize(("unit", "text"), [(102, "also pump"), (103, "also meter"), (0, "every device")])
def test_an_address_that_is_also_that_of_something_else_is_never_written(
    campus: Campus, unit: int, text: str
) -> None:
    device = campus.devices["ac-1"].model_copy(update={"unit": unit})
    wrong = dataclasses.replace(campus, devices={**campus.devices, "ac-1": device})
    order = Order("0" * 32, OrderKind.WRITE, "ac-1", {"point": "setpoint_c", "value": 25.0}, 1 << 60)
    no = task_of(order, wrong, AGENT, ALLOWED)
    assert isinstance(no, No)
    assert no.code == "never"
    assert text in no.text


def test_a_value_that_does_not_fit_its_register_is_refused(campus: Campus) -> None:
    """A sheet that the loader would refuse."""
    sheet = campus.profiles["intesis-inmbs"]
    assert isinstance(sheet.sheet, ModbusSheet)
    points = tuple(
        one.model_copy(update={"type": "u16"}) if one.name == "setpoint_c" else one
        for one in sheet.sheet.points
    )
    write = tuple(one.model_copy(update={"range": (-5.0, 30.0)}) for one in sheet.write[:1])
    changed = sheet.model_copy(
        update={"sheet": sheet.sheet.model_copy(update={"points": points}), "write": write}
    )
    forged = dataclasses.replace(campus, profiles={**campus.profiles, "intesis-inmbs": changed})
    order = Order("0" * 32, OrderKind.WRITE, "ac-1", {"point": write[0].point, "value": -1.0}, 1 << 60)
    no = task_of(order, forged, AGENT, ALLOWED)
    assert isinstance(no, No)
    assert no.code == "range"
