"""Whatever comes twice, late, in another order, or after a restart: at most one write, never after its time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.campus.site import Campus
from devices.model.errors import Garbled
from devices.wire.messages import Kind, Message, encode
from devices.wire.orders import Bundle, Freeze, Order, OrderState, bundle_message, outcomes_message
from tests.edge_agent.orders.bench import USUAL, Bench

VERIFIED, FAILED, TAKEN = OrderState.VERIFIED, OrderState.FAILED, OrderState.TAKEN
OVER = frozenset(OrderState) - {OrderState.QUEUED, OrderState.SENT, TAKEN}


@pytest.mark.promise("P-orders-8")
async def test_an_order_that_comes_again_is_answered_from_memory(bench: Bench) -> None:
    order = bench.order(1)
    async with bench.running():
        await bench.send(order, order, wait_s=2)
        bench.units.words["ac-1"][4] = USUAL  # a person
        await bench.send(order, wait_s=2)
    async with bench.running():
        await bench.send(replace(order, taken=True), wait_s=2)
        assert bench.last(1).state is VERIFIED
        await bench.wait(3600)
        await bench.send(order, wait_s=2)
        assert bench.last(1).state is VERIFIED
    assert len(bench.units.writes) == 1


@pytest.mark.promise("P-orders-8")
async def test_a_restart_in_the_middle_of_a_write_reads_back_and_writes_nothing(bench: Bench) -> None:
    order = bench.order(1)
    bench.units.trouble["ac-1"] = "ignores"
    async with bench.running():
        await bench.send(order, wait_s=1)  # it settles
    bench.units.words["ac-1"][4] = 25
    async with bench.running():
        await bench.send(order, wait_s=3)
        assert bench.last(1).state is VERIFIED
    assert len(bench.units.writes) == 1


@pytest.mark.promise("P-orders-8")
async def test_a_restart_in_the_middle_of_a_write_that_nobody_heard_of_ends_as_a_failure(
    bench: Bench,
) -> None:
    order = bench.order(1)
    bench.units.trouble["ac-1"] = "ignores"
    async with bench.running():
        await bench.send(order, wait_s=1)
    async with bench.running():
        await bench.send(order, wait_s=20)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "not-verified")
    assert len(bench.units.writes) == 1


@pytest.mark.promise("P-orders-9")
@pytest.mark.parametrize("steps", ["frozen", "over", "cancelled"])
async def test_what_happens_while_the_device_is_looked_at_still_stops_the_write(
    bench: Bench, steps: str
) -> None:
    order = bench.order(1, life_s=40)
    bench.units.trouble["ac-1"] = "slow"  # mode and value take 25 s each
    async with bench.running():
        await bench.send(order, wait_s=30)
        if steps == "frozen":
            bench.freeze = Freeze(1, frozen=True)
        await bench.send(cancel=(order.id,) if steps == "cancelled" else (), wait_s=60)
        assert bench.last(1).code == ("expired" if steps == "over" else steps)
    assert not bench.units.writes


async def test_a_restart_before_the_write_leaves_it(bench: Bench) -> None:
    order = bench.order(1)
    bench.units.trouble["ac-1"] = "dead"
    async with bench.running():
        await bench.send(order)
        taken = bench.disk.history[0]
    bench.disk.states["orders"] = taken
    bench.units.trouble.clear()
    async with bench.running():
        await bench.send(replace(order, taken=True), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "interrupted")
    assert not bench.units.writes


async def test_an_agent_that_has_lost_its_disk_does_not_do_again_what_it_may_have_done(bench: Bench) -> None:
    order = bench.order(1)
    async with bench.running():
        await bench.send(order, wait_s=2)
    bench.disk.states.clear()
    async with bench.running():
        await bench.send(replace(order, taken=True), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "interrupted")
    assert len(bench.units.writes) == 1


async def test_what_is_on_disk_and_makes_no_sense_is_left_aside(bench: Bench) -> None:
    bench.disk.states["orders"] = b"nonsense"
    async with bench.running():
        await bench.send(bench.order(1), wait_s=2)
        assert bench.last(1).state is VERIFIED


@pytest.mark.promise("P-orders-9")
@pytest.mark.parametrize("offset_s", [-7200.0, 0.0, 7200.0])
async def test_an_order_whose_time_is_over_is_never_carried_out(bench: Bench, offset_s: float) -> None:
    bench.hub.clock_offset_s = offset_s
    late = bench.order(1, life_s=-1)
    async with bench.running():
        await bench.send(late, bench.order(2, "ac-2", life_s=5), wait_s=2)
        assert bench.last(1).state is OrderState.EXPIRED
        assert bench.last(2).state is VERIFIED
    assert [write[0] for write in bench.units.writes] == ["ac-2"]


@pytest.mark.promise("P-orders-9")
async def test_without_knowing_the_hubs_clock_nothing_is_taken(bench: Bench) -> None:
    order = bench.order(1)
    bench.hub.clock_offset_s = None
    async with bench.running():
        await bench.send(order, wait_s=5)
        assert not bench.told
        bench.hub.clock_offset_s = 0.0
        await bench.send(order, wait_s=2)
        assert bench.last(1).state is VERIFIED


@pytest.mark.promise("P-orders-9")
async def test_an_order_is_older_than_its_own_message_whatever_the_clocks_say(bench: Bench) -> None:
    order = bench.order(1, life_s=5)
    message = bundle_message(Bundle("edge", bench.hub_us() + 6_000_000, Freeze(), (order,)))
    async with bench.running() as dispatcher:
        bench.clock.step_wall(-3600)  # and nothing was heard since that tells how far it is off
        dispatcher.hear(message)
        await bench.wait(2)
        assert bench.last(1).state is OrderState.EXPIRED
    assert not bench.units.writes


async def test_an_order_that_would_live_for_years_is_not_taken(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, life_s=3700), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "clock")
    assert not bench.units.writes


async def test_a_cancelled_order_is_not_carried_out_though_it_comes_after_that(bench: Bench) -> None:
    order = bench.order(1)
    async with bench.running():
        await bench.send(cancel=(order.id,), wait_s=1)
        await bench.send(order, wait_s=2)
        assert bench.last(1).state is OrderState.CANCELLED
        other = bench.order(2)
        await bench.send(other, cancel=(other.id,), wait_s=2)
        assert bench.last(2).state is OrderState.CANCELLED
    assert not bench.units.writes


async def test_an_order_for_another_agent_is_no_order(bench: Bench) -> None:
    async with bench.running() as dispatcher:
        with pytest.raises(Garbled):
            dispatcher.hear(Message(Kind.ORDERS, {"agent": "other"}))


STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 6), st.booleans()),
    st.tuples(st.just("cancel"), st.integers(1, 6)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.3, 2.0, 11.0, 70.0])),
    st.tuples(st.just("restart")),
    st.tuples(st.just("disk"), st.booleans()),
    st.tuples(st.just("freeze"), st.booleans()),
    st.tuples(
        st.just("trouble"),
        st.integers(1, 6),
        st.sampled_from(["", "dead", "slow", "ignores", "lost", "dies", "refuses"]),
    ),
    st.tuples(st.just("offset"), st.sampled_from([None, 0.0])),
    st.tuples(st.just("silent"), st.booleans()),
)


@pytest.mark.promise("P-orders-8")
@pytest.mark.promise("P-orders-9")
@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=25))
def test_any_story_writes_each_order_once_in_its_time_and_ends_each(
    campus: Campus, steps: list[tuple[Any, ...]]
) -> None:
    asyncio.run(_story(Bench(campus), steps))


async def _story(bench: Bench, steps: list[tuple[Any, ...]]) -> None:
    """Six orders for six devices, half of them for a time; each may come any number of times."""
    orders = {
        number: bench.order(number, f"ac-{number}", life_s=60, hold_s=40.0 if number % 2 else None)
        for number in range(1, 7)
    }
    sent: set[int] = set()
    left = list(steps)
    while left:
        async with bench.running():
            while left:
                step = left.pop(0)
                if step[0] == "restart":
                    break
                await _done(bench, orders, sent, step)
    await _settled(bench, orders, sent)
    for number, order in orders.items():
        written = [
            at for device, _, words, at in bench.units.writes if words == (25,) and device == order.target
        ]
        assert len(written) <= 1
        assert all(at <= 60 for at in written)
        if number in sent:
            assert bench.last(number).state in OVER
        if number % 2:
            assert bench.units.words[order.target][4] == USUAL, bench.told


async def _done(bench: Bench, orders: dict[int, Order], sent: set[int], step: tuple[Any, ...]) -> None:
    match step:
        case "send", number, taken:
            sent.add(number)
            await bench.send(replace(orders[number], taken=taken and number in sent))
        case "cancel", number:
            sent.add(number)
            await bench.send(cancel=(orders[number].id,))
        case "wait", seconds:
            await bench.wait(seconds)
        case "disk", full:
            bench.disk.full = full
        case "freeze", frozen:
            bench.freeze = Freeze(bench.freeze.number + 1, frozen)
            await bench.send()
        case "trouble", number, trouble:
            bench.units.trouble[f"ac-{number}"] = trouble
        case "offset", offset_s:
            bench.hub.clock_offset_s = offset_s
        case "silent", silent:
            bench.hub.silent_s = 1e6 if silent else 0.0


async def _settled(bench: Bench, orders: dict[int, Order], sent: set[int]) -> None:
    """All troubles end, and the hub asks until it knows."""
    bench.units.trouble.clear()
    bench.disk.full = False
    bench.hub.clock_offset_s, bench.hub.silent_s = 0.0, 0.0
    bench.freeze = Freeze(bench.freeze.number + 1, frozen=False)
    async with bench.running():
        for _ in range(8):
            await bench.send(*(orders[number] for number in sent), wait_s=40)


@pytest.mark.promise("P-orders-9")
@pytest.mark.parametrize("stop", ["frozen", "cancelled", "expired"])
async def test_what_happens_while_a_write_waits_for_its_turn_still_stops_it(bench: Bench, stop: str) -> None:
    order = bench.order(1, life_s=20 if stop == "expired" else 120)
    bench.units.busy = True
    async with bench.running():
        await bench.send(order, wait_s=5)
        bench.freeze = Freeze(1, frozen=stop == "frozen")
        await bench.send(cancel=(order.id,) if stop == "cancelled" else (), wait_s=40)
        assert bench.last(1).code == stop
    assert not bench.units.writes


async def test_an_order_that_a_lost_disk_has_forgotten_is_told_as_a_failure_also_after_its_life(
    bench: Bench,
) -> None:
    order = bench.order(1, hold_s=3600)
    async with bench.running():
        await bench.send(order, wait_s=2)
    bench.disk.states.clear()
    await bench.clock.advance(200)
    async with bench.running():
        await bench.send(replace(order, taken=True), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "interrupted")


@pytest.mark.parametrize("args", [{"value": 10**400}, {"hold_s": 10**400}], ids=["value", "hold"])
async def test_an_odd_order_fails_alone(bench: Bench, args: dict[str, Any]) -> None:
    async with bench.running():
        await bench.send(bench.order(1, **args), wait_s=2)
        assert bench.last(1).state is FAILED
        encode(outcomes_message("edge", 1, 0, bench.told))  # it can be told
        await bench.send(bench.order(2), wait_s=2)
        assert bench.last(2).state is VERIFIED


async def test_a_fault_of_ours_ends_its_order_and_nothing_else(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    del bench.units.words["ac-1"][4]  # so that reading it raises what nobody expects
    async with bench.running() as dispatcher:
        await bench.send(bench.order(1), bench.order(2, "ac-2"), wait_s=2)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "fault")
        assert bench.last(2).state is VERIFIED
        assert dispatcher.book.about()["faults"] == 1
    assert "a fault of ours" in caplog.text
