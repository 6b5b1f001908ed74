"""Hub and whole agents over a real broker: orders arrive, are answered, cancelled, frozen, and outlive restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devices.wire.messages import encode, outcomes_topic
from devices.wire.mqtt import connect
from devices.wire.orders import OrderKind, OrderState, Outcome, outcomes_message
from hub.db import audit
from hub.db.tables import order_freezes
from hub.errors import Conflict
from hub.gateways import roster
from hub.orders import shelf
from hub.orders.desk import Wanted
from hub.orders.record import Record
from hub.orders.report import heard_freeze
from tests.hub.rulebook.house import ANN, HALL, HQ1, House, house

pytestmark = [pytest.mark.needs("nats-server"), pytest.mark.timeout(120)]
ALLOWED = {"orders": {"enabled": True, "kinds": ["ac"]}}


@pytest.fixture
async def home(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[House]:
    async with house(tmp_path, free_port) as made:
        yield made


def wanted(device: str = "hq1-ac-301", value: float = 26.0, **more: float) -> Wanted:
    return Wanted(OrderKind.WRITE, device, {"point": "setpoint_c", "value": value}, "a test", **more)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - another task brings it about
            await asyncio.sleep(0.05)


async def ended(home: House, made: Record) -> Record:
    async def is_over() -> bool:
        return not (await home.db.read(lambda c: shelf.get(c, made.id))).open

    await until(is_over)
    return await home.db.read(lambda c: shelf.get(c, made.id))


async def test_an_agent_that_allows_nothing_says_so(home: House) -> None:
    async with home.agent(HQ1):
        made = await home.desk.make(wanted(), ANN)
        over = await ended(home, made)
    assert (over.state, over.code, over.assumed) == (OrderState.FAILED, "disabled", False)
    lines = await home.db.read(lambda c: shelf.history(c, made.id))
    assert [line.state for line in lines][:2] == [OrderState.QUEUED, OrderState.SENT]
    assert [line.actor for line in lines] == ["ann", "hub", HQ1]


async def test_an_order_for_an_agent_that_is_away_waits_and_one_that_waits_too_long_expires(
    home: House,
) -> None:
    first = await home.desk.make(wanted("hall-ac-1", life_s=0.5), ANN)
    assert (await ended(home, first)).state is OrderState.EXPIRED
    second = await home.desk.make(wanted(), ANN)
    async with home.agent(HQ1, **ALLOWED):
        over = await ended(home, second)
    assert (over.state, over.code) == (OrderState.FAILED, "stale")  # nothing answers on that link


async def test_a_probe_of_an_agent_that_is_away_expires_and_is_not_carried_out_afterwards(
    home: House,
) -> None:
    args = {"unit": 1, "table": "holding", "ranges": [[0, 9]]}
    late = await home.desk.make(Wanted(OrderKind.PROBE, "hq1-ac", args, "a test", life_s=0.5), ANN)
    gone = await ended(home, late)
    assert (gone.state, gone.sent_us, gone.data) == (OrderState.EXPIRED, None, "")
    async with home.agent(HQ1):
        asked = await home.desk.make(Wanted(OrderKind.PROBE, "hq1-ac", args, "again"), ANN)
        over = await ended(home, asked)  # the agent has heard of all that is open by now
    assert (over.state, over.code) == (OrderState.FAILED, "no-answer")  # nothing listens on that link
    assert (await home.db.read(lambda c: shelf.get(c, late.id))).state is OrderState.EXPIRED


async def test_a_cancelled_order_is_over_at_once_where_it_has_not_gone_out(home: House) -> None:
    made = await home.desk.make(wanted(), ANN)
    assert (await home.desk.cancel(made.id, "not needed", ANN)).state is OrderState.CANCELLED
    last = (await home.db.read(lambda c: shelf.history(c, made.id)))[-1]
    assert (last.actor, last.code, last.text) == ("ann", "cancelled", "not needed")
    with pytest.raises(Conflict):
        await home.desk.cancel(made.id, "again", ANN)


@pytest.mark.promise("P-orders-7")
async def test_a_freeze_reaches_every_agent_and_a_thaw_too(home: House) -> None:
    async def heard(agent: str, *, frozen: bool) -> bool:
        freeze = heard_freeze((await home.db.read(roster.gateways)).get(agent))
        return freeze is not None and freeze.frozen is frozen and freeze.number > 0

    async with home.agent(HQ1, **ALLOWED):
        await home.desk.freeze("*", "a test", ANN, frozen=True)
        await until(lambda: heard(HQ1, frozen=True))
        with pytest.raises(Conflict):
            await home.desk.make(wanted(), ANN)
    async with home.agent(HQ1, **ALLOWED), home.agent(HALL):
        await until(lambda: heard(HALL, frozen=True))  # it was away when it was said
        await home.desk.freeze("*", "over", ANN, frozen=False)
        await until(lambda: heard(HQ1, frozen=False))
        await until(lambda: heard(HALL, frozen=False))
        await home.desk.freeze(HALL, "only here", ANN, frozen=True)
        await until(lambda: heard(HALL, frozen=True))
        assert await heard(HQ1, frozen=False)


async def test_a_hub_of_an_older_copy_is_heard_again(home: House) -> None:
    async def heard(number: int, *, frozen: bool) -> bool:
        freeze = heard_freeze((await home.db.read(roster.gateways)).get(HQ1))
        return freeze is not None and (freeze.number, freeze.frozen) == (number, frozen)

    async with home.agent(HQ1, **ALLOWED):
        await home.desk.freeze("*", "a test", ANN, frozen=True)
        await until(lambda: heard(1, frozen=True))
        await home.db.write(lambda c: c.execute(order_freezes.delete()))
        await until(lambda: heard(2, frozen=True))  # only a person thaws
        standing = (await home.db.read(shelf.standings))[HQ1]
        assert (standing.frozen, standing.actor) == (True, "hub")
        rows = await home.db.read(lambda c: audit.rows(c, None, 10))
        assert [(row["verb"], row["object"]) for row in rows if row["actor"] == "hub"] == [
            ("orders.freeze", HQ1)
        ]
        await home.desk.freeze(HQ1, "over", ANN, frozen=False)
        await until(lambda: heard(3, frozen=False))


async def test_an_agent_that_was_killed_between_answers_from_its_disk(home: House) -> None:
    made = await home.desk.make(wanted(), ANN)
    async with home.agent(HQ1):
        first = await ended(home, made)
    doubtful = replace(first, state=OrderState.TAKEN, open=True, assumed=False, ended_us=None, code="")
    await home.db.write(lambda c: shelf.store(c, doubtful, "a test", 0))  # the hub never heard the end
    async with home.agent(HQ1):
        again = await ended(home, made)
    assert (again.state, again.code) == (first.state, first.code)


async def test_an_agent_has_no_word_in_the_orders_of_another(home: House) -> None:
    made = await home.desk.make(wanted(), ANN)
    forged = outcomes_message(HALL, 1, 0, [Outcome(made.id, OrderState.VERIFIED, 0)])
    async with connect(home.signed_in(HALL), "hall-forger") as link:
        await link.publish(outcomes_topic(HALL), encode(forged))
        await link.publish(outcomes_topic(HALL), b"nonsense")
        other = await home.desk.make(wanted("hall-ac-1"), ANN)
        own = outcomes_message(HALL, 1, 0, [Outcome(other.id, OrderState.FAILED, 0, "disabled")])
        await link.publish(outcomes_topic(HALL), encode(own))
        assert (await ended(home, other)).code == "disabled"  # said after the forgery, and heard
    now = await home.db.read(lambda c: shelf.get(c, made.id))
    assert (now.state, now.open) == (OrderState.QUEUED, True)
