"""Orders that only read: whoever is registered for a kind answers; nothing has to be allowed, nothing is kept."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.errors import Garbled, Refused, Unreachable
from devices.wire.messages import Kind, decode
from devices.wire.orders import MAX_DATA, Freeze, Order, OrderKind, OrderState, outcomes_from
from edge_agent.orders.settings import OrderSettings
from tests.edge_agent.orders.bench import AGENT, Bench


class Reader:
    """Answers what a test says, once it is let go."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | Exception = {"rows": [1, 2]}
        self.go = asyncio.Event()
        self.asked: list[Order] = []

    async def __call__(self, order: Order) -> dict[str, Any]:
        self.asked.append(order)
        await self.go.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def bench(campus: Campus, reader: Reader) -> Bench:
    return Bench(campus, OrderSettings(), {OrderKind.PROBE: reader})


def probe(bench: Bench, number: int, link: str = "gw", life_s: float = 60) -> Order:
    args = {"unit": 1}
    return Order(f"{number:032x}", OrderKind.PROBE, link, args, bench.hub_us() + round(life_s * 1e6))


async def test_what_was_read_comes_back_also_while_writing_is_frozen(bench: Bench, reader: Reader) -> None:
    bench.freeze = Freeze(1, frozen=True)
    async with bench.running():
        await bench.send(probe(bench, 1))
        assert bench.states(1) == [OrderState.TAKEN]
        reader.go.set()
        await bench.wait(1)
        assert bench.last(1).state is OrderState.DONE
        assert json.loads(bench.last(1).data) == {"rows": [1, 2]}
        await bench.send(probe(bench, 1), wait_s=1)
        assert len(reader.asked) == 1  # the same again is answered from memory
    assert b"rows" not in bench.disk.states.get("orders", b"")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Refused("no such unit"), "refused"),
        (Unreachable("silent"), "no-answer"),
        (Garbled("nonsense"), "garbled"),
        ({"text": "x" * MAX_DATA}, "refused"),
    ],
    ids=["refused", "unreachable", "garbled", "too much"],
)
async def test_what_goes_wrong_is_told(bench: Bench, reader: Reader, answer: Any, code: str) -> None:
    reader.answer = answer
    reader.go.set()
    async with bench.running():
        await bench.send(probe(bench, 1), wait_s=1)
        assert (bench.last(1).state, bench.last(1).code) == (OrderState.FAILED, code)


async def test_one_reading_at_a_time_for_a_target(bench: Bench, reader: Reader) -> None:
    async with bench.running():
        await bench.send(probe(bench, 1), probe(bench, 2), probe(bench, 3, "far"), wait_s=1)
        assert (bench.last(2).state, bench.last(2).code) == (OrderState.FAILED, "reserved")
        assert bench.last(3).state is OrderState.TAKEN
        assert len(reader.asked) == 2


async def test_a_cancelled_reading_ends(bench: Bench, reader: Reader) -> None:
    async with bench.running():
        await bench.send(probe(bench, 1), wait_s=1)
        await bench.send(cancel=(f"{1:032x}",), wait_s=1)
        assert bench.last(1).state is OrderState.CANCELLED
        await bench.send(probe(bench, 2), wait_s=1)
        assert bench.last(2).state is OrderState.TAKEN
        assert len(reader.asked) == 2


async def test_a_kind_that_nobody_is_registered_for_is_refused(campus: Campus) -> None:
    bench = Bench(campus)
    async with bench.running():
        await bench.send(probe(bench, 1), wait_s=1)
        assert (bench.last(1).state, bench.last(1).code) == (OrderState.FAILED, "unknown-kind")


class Said:
    """A connection that keeps what is sent on it."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.sent = asyncio.Event()

    async def send(self, topic: str, payload: bytes, *, qos: int) -> None:
        assert qos == 1
        self.messages.append((topic, payload))
        self.sent.set()


async def test_large_answers_are_told_in_messages_that_fit(bench: Bench, reader: Reader) -> None:
    reader.answer = {"text": "x" * (MAX_DATA - 20)}
    reader.go.set()
    link = Said()
    async with bench.running() as dispatcher:
        for number in range(1, 41):
            dispatcher.book.outbound.clear()
            await bench.send(probe(bench, number), wait_s=0.1)
        outcomes = [one for one in bench.told if one.state is OrderState.DONE]
        assert len(outcomes) == 40
        dispatcher.book.outbound.extend(outcomes)
        dispatcher.book.said.set()
        task = asyncio.create_task(dispatcher.speak(link, 1))  # type: ignore[arg-type]
        async with asyncio.timeout(20):
            while sum(len(outcomes_from(decode(p), AGENT)) for _, p in link.messages) < 40:
                link.sent.clear()
                await link.sent.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert {decode(payload).kind for _, payload in link.messages} == {Kind.OUTCOMES}
    assert len(link.messages) > 1
