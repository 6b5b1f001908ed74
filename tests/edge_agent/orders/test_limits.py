"""Limits of the set point: each against the other one in the device, only in its mode, and given back."""

from __future__ import annotations

import pytest

from devices.wire.orders import OrderState
from tests.edge_agent.orders.bench import Bench

HELD = {"point": "setpoint_low_c", "hold_s": 3600}
LOW, HIGH, MODE = 24, 23, 20


@pytest.mark.promise("P-orders-13")
@pytest.mark.parametrize(("value", "code"), [(28.1, "crossed"), (29.0, "crossed"), (28.0, "")])
async def test_a_lower_limit_goes_no_further_than_the_upper_one_in_the_device(
    bench: Bench, value: float, code: str
) -> None:
    async with bench.running():
        await bench.send(bench.order(1, "lg", value=value, **HELD), wait_s=2)
        assert bench.last(1).code == code
        words = [write[1:3] for write in bench.units.writes]
        assert words == ([] if code else [(LOW, (280,))])


async def test_an_upper_limit_goes_no_further_than_the_lower_one(bench: Bench) -> None:
    bench.units.words["lg"] |= {MODE: 4, LOW: 190}
    async with bench.running():
        upper = {**HELD, "point": "setpoint_high_c"}
        await bench.send(bench.order(1, "lg", value=18.9, **upper), wait_s=2)
        assert (bench.last(1).code, bench.units.writes) == ("crossed", [])
        await bench.send(bench.order(2, "lg", value=19.0, **upper), wait_s=2)
        assert (bench.last(2).state, bench.units.words["lg"][HIGH]) == (OrderState.VERIFIED, 190)


@pytest.mark.parametrize(
    ("words", "code"),
    [({HIGH: 0}, "stale"), ({MODE: 4}, "mode")],
    ids=["the other limit is not known", "it heats"],
)
async def test_nothing_is_written_where_it_cannot_be_right(
    bench: Bench, words: dict[int, int], code: str
) -> None:
    bench.units.words["lg"] |= words
    async with bench.running():
        await bench.send(bench.order(1, "lg", value=26.0, **HELD), wait_s=2)
        assert (bench.last(1).code, bench.units.writes) == (code, [])


async def test_a_limit_has_to_be_given_back_and_is(bench: Bench) -> None:
    async with bench.running():
        await bench.send(bench.order(1, "lg", value=26.0, **HELD | {"hold_s": None}), wait_s=2)
        assert bench.last(1).code == "range"
        await bench.send(bench.order(2, "lg", value=26.0, **HELD), wait_s=2)
        assert bench.units.words["lg"][LOW] == 260
        await bench.wait(3610)
        assert (bench.last(2).state, bench.units.words["lg"][LOW]) == (OrderState.RELEASED, 160)
