"""What is ordered for a time is given back: when it is over, cancelled, when the hub is silent, after a restart."""

from __future__ import annotations

import pytest

from devices.wire.orders import Freeze, OrderState
from tests.edge_agent.orders.bench import USUAL, Bench

VERIFIED, FAILED, RELEASED = OrderState.VERIFIED, OrderState.FAILED, OrderState.RELEASED


def now(bench: Bench, device: str = "ac-1", addr: int = 4) -> int:
    return bench.units.words[device][addr]


@pytest.mark.promise("P-orders-10")
async def test_a_held_value_is_given_back_when_its_time_is_over(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=50)
        assert (bench.last(1).state, now(bench)) == (VERIFIED, 25)
        await bench.wait(15)
        assert (bench.last(1).state, bench.last(1).code) == (RELEASED, "over")
        assert (bench.last(1).after, now(bench)) == (26.0, USUAL)
        await bench.wait(600)
    assert len(bench.units.writes) == 2


@pytest.mark.promise("P-orders-10")
async def test_a_lock_is_opened_again_and_nothing_else_of_its_word_changes(bench: Bench) -> None:
    async with bench.running():
        await bench.send(
            bench.order(1, "hitachi", point="temperature_locked", value=1.0, hold_s=60), wait_s=5
        )
        bench.units.words["hitachi"][2040] |= 0b0010  # somebody locks another key meanwhile
        await bench.wait(60)
        assert bench.last(1).state is RELEASED
        assert now(bench, "hitachi", 2040) == 0b1011


@pytest.mark.promise("P-orders-10")
async def test_a_cancelled_hold_is_given_back_at_once(bench: Bench) -> None:
    order = bench.order(1, hold_s=3600)
    async with bench.running():
        await bench.send(order, wait_s=2)
        await bench.send(order, cancel=(order.id,), wait_s=5)
        assert (bench.last(1).state, bench.last(1).code) == (RELEASED, "cancelled")
        assert now(bench) == USUAL


@pytest.mark.promise("P-orders-10")
async def test_a_silent_hub_means_giving_back(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=3600), wait_s=2)
        bench.hub.silent_s = bench.settings.hub_silent_s - 1
        await bench.wait(5)
        assert now(bench) == 25
        bench.hub.silent_s = bench.settings.hub_silent_s + 1
        await bench.wait(5)
        assert (bench.last(1).state, bench.last(1).code) == (RELEASED, "hub-silent")
        assert now(bench) == USUAL


@pytest.mark.promise("P-orders-10")
async def test_the_process_after_a_restart_gives_back_what_the_one_before_it_held(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=2)
    await bench.clock.advance(3600)  # the agent is off for long
    assert now(bench) == 25
    async with bench.running():
        await bench.wait(5)
        assert (bench.last(1).state, now(bench)) == (RELEASED, USUAL)


async def test_a_clock_that_is_set_back_holds_nothing_for_longer(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=2)
        bench.clock.step_wall(-86400)
        await bench.wait(65)
        assert now(bench) == USUAL
        await bench.send(bench.order(2, hold_s=60), wait_s=2)
    bench.clock.step_wall(-86400)
    async with bench.running():
        await bench.wait(65)
        assert now(bench) == USUAL


async def test_what_somebody_has_changed_meanwhile_is_left_alone(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=5)
        bench.units.words["ac-1"][4] = 22
        await bench.wait(70)
        assert (bench.last(1).state, bench.last(1).code) == (RELEASED, "left-alone")
        assert (bench.last(1).after, now(bench)) == (22.0, 22)
    assert len(bench.units.writes) == 1


async def test_while_it_is_frozen_nothing_is_given_back_and_then_it_is(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=5)
        bench.freeze = Freeze(1, frozen=True)
        await bench.send(wait_s=120)
        assert now(bench) == 25
        bench.freeze = Freeze(2, frozen=False)
        await bench.send(wait_s=5)
        assert (bench.last(1).state, now(bench)) == (RELEASED, USUAL)


async def test_a_device_that_is_away_gets_its_value_back_when_it_answers_again(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=5)
        bench.units.trouble["ac-1"] = "dead"
        await bench.wait(7200)
        assert bench.last(1).state is VERIFIED
        bench.units.trouble.clear()
        await bench.wait(60)
        assert (bench.last(1).state, now(bench)) == (RELEASED, USUAL)


async def test_a_device_that_takes_nothing_back_is_not_written_for_ever(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=5)
        bench.units.trouble["ac-1"] = "ignores"
        await bench.wait(7200)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "not-released")
    assert len(bench.units.writes) == 6


@pytest.mark.promise("P-orders-10")
async def test_a_hold_that_was_never_seen_to_work_is_looked_after_all_the_same(bench: Bench) -> None:
    bench.units.trouble["ac-1"] = "dies"
    async with bench.running():
        await bench.send(bench.order(1, hold_s=3600), wait_s=20)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "no-answer")
        assert now(bench) == 25
        bench.units.trouble.clear()
        await bench.wait(60)
        assert (bench.last(1).state, now(bench)) == (FAILED, USUAL)


async def test_a_lock_that_a_slow_device_takes_late_is_opened_again(bench: Bench) -> None:
    bench.units.trouble["hitachi"] = "ignores"
    order = bench.order(1, "hitachi", point="temperature_locked", value=1.0, hold_s=60)
    async with bench.running():
        await bench.send(order, wait_s=40)
        assert (bench.last(1).state, bench.last(1).code) == (FAILED, "not-verified")
        bench.units.trouble.clear()
        bench.units.words["hitachi"][2040] |= 4  # it takes it at last
        await bench.wait(70)
        assert now(bench, "hitachi", 2040) == 0b1001
        await bench.send(bench.order(2, "hitachi", value=22.0), wait_s=5)
        assert bench.last(2).state is VERIFIED  # nothing holds it any more


async def test_a_device_that_never_takes_it_is_let_go_when_its_time_is_over(bench: Bench) -> None:
    bench.units.trouble["ac-1"] = "ignores"
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=400)
        bench.units.trouble.clear()
        await bench.send(bench.order(2), wait_s=5)
        assert bench.last(2).state is VERIFIED
    assert len(bench.units.writes) == 2


@pytest.mark.parametrize("changed", [{"enabled": False}, {"kinds": ()}], ids=["disabled", "not listed"])
async def test_what_was_written_is_given_back_also_where_it_may_not_be_written_any_more(
    bench: Bench, changed: dict[str, object]
) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=2)
    bench.settings = bench.settings.model_copy(update=changed)
    async with bench.running():
        await bench.wait(65)
        assert (bench.last(1).state, now(bench)) == (RELEASED, USUAL)


async def test_a_freeze_stops_a_giving_back_that_waits_for_its_turn(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, hold_s=60), wait_s=5)
        bench.units.busy = True
        await bench.wait(60)
        bench.freeze = Freeze(1, frozen=True)
        await bench.send(wait_s=120)
        assert (bench.last(1).state, now(bench)) == (VERIFIED, 25)
        bench.units.busy, bench.freeze = False, Freeze(2, frozen=False)
        await bench.send(wait_s=40)
        assert (bench.last(1).state, now(bench)) == (RELEASED, USUAL)
