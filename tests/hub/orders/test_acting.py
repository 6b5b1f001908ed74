"""Rules that order something by themselves: once for an alert, only while it stands and nobody has seen to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from devices.campus.actions import Action
from devices.campus.loading import with_rules
from devices.campus.rules import SetpointRule
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind, Family, Severity
from devices.model.errors import ConfigRefused
from devices.model.texts import Text
from devices.wire.orders import OrderState
from hub.alerts import rows, store
from hub.api.alert_card import card
from hub.db import Database
from hub.db.audit import Actor
from hub.db.tables import order_timers
from hub.live.bus import Bus
from hub.orders import shelf
from hub.orders.acting import LEASE_US, Acting
from hub.orders.desk import Desk
from hub.orders.record import Record
from tests.fake_clock import FakeClock
from tests.hub.rulebook.documents import campus as site

ANN = Actor("ann", "engineer")
DEVICE = "hq1-ac-301"


def acting_campus(**action: Any) -> Campus:
    rule = site().rules["ac-setpoint"]
    assert isinstance(rule, SetpointRule)
    return with_rules(site(), [rule.model_copy(update={"action": Action(after_s=600, **action)})])


def raised(clock: FakeClock, number: str = "a1", **changes: Any) -> AlertEvent:
    fields = {
        "id": number,
        "kind": EventKind.RAISE,
        "rule": "ac-setpoint",
        "rule_version": 1,
        "family": Family.COOLING,
        "severity": Severity.LOW,
        "site": "hq1",
        "device": DEVICE,
        "time_us": clock.now_us(),
        "start_us": clock.now_us(),
        "value": 20.0,
        "limit": 26.0,
        "unit": "C",
        "message": Text("太冷", "too cold"),
        "evidence": {},
        "parent": "",
    }
    return AlertEvent(**{**fields, **changes})


@dataclass
class Room:
    """A hub's desk and the rules that act at it."""

    db: Database
    clock: FakeClock
    campus: Campus
    enabled: bool = True
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(self.db, Bus(), lambda: self.campus, self.clock.now_us, enabled=self.enabled)
        self.acting = self.another()

    def another(self) -> Acting:
        """A hub after this one, or beside it."""
        return Acting(self.desk, self.db, lambda: self.campus, self.clock.now_us)

    async def take(self, *events: AlertEvent) -> None:
        now_us = self.clock.now_us()
        await self.db.write(lambda c: store.apply_events(c, events, "edge-hq1", None, now_us))

    async def later(self, seconds: float) -> list[Record]:
        """Time passes; the orders that there are."""
        await self.clock.advance(seconds)
        await self.acting.look()
        return await self.db.read(shelf.found)

    async def promised(self) -> dict[str, Any] | None:
        """What the board says that the rule will do about alert a1."""
        (alert,) = (await self.db.read(lambda c: rows.load(c, ["a1"]))).values()
        said: dict[str, Any] | None = card(alert, self.campus)["acts"]
        return said

    async def outcomes(self) -> dict[str, str]:
        query = select(order_timers.c.alert, order_timers.c.outcome)
        return await self.db.read(lambda c: {row.alert: row.outcome for row in c.execute(query)})


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as made:
        yield made


@pytest.fixture
def room(db: Database, clock: FakeClock) -> Room:
    return Room(db, clock, acting_campus())


@pytest.mark.promise("P-orders-12")
async def test_an_alert_that_nobody_sees_to_orders_the_standard_after_a_while_and_once(room: Room) -> None:
    await room.take(raised(room.clock))
    acts = {"due_us": room.clock.now_us() + 600_000_000, "point": "setpoint_c", "value": 26.0}
    assert await room.promised() == acts | {"even_acked": False}
    assert not await room.later(0)
    assert not await room.later(599)
    (order,) = await room.later(2)
    assert (order.target, order.args) == (DEVICE, {"point": "setpoint_c", "value": 26.0, "hold_s": None})
    assert (order.actor, order.rule, order.alert, order.why) == (
        "rule",
        "ac-setpoint",
        "a1",
        "太冷 / too cold",
    )
    assert await room.later(86400) == [order]


@pytest.mark.promise("P-orders-12")
@pytest.mark.parametrize("even_acked", [False, True])
async def test_what_somebody_has_acknowledged_is_theirs(
    db: Database,
    clock: FakeClock,
    even_acked: bool,  # noqa: FBT001
) -> None:
    room = Room(db, clock, acting_campus(even_acked=even_acked))
    await room.take(raised(clock))
    await db.write(lambda c: store.acknowledge(c, "a1", 1, "", ANN, clock.now_us()))
    assert (await room.promised() is not None) == even_acked
    assert len(await room.later(700)) == 0  # the timer is set only now
    assert len(await room.later(1)) == even_acked


@pytest.mark.promise("P-orders-12")
async def test_an_alert_that_is_over_orders_nothing(room: Room) -> None:
    await room.take(raised(room.clock))
    await room.later(10)
    await room.take(raised(room.clock, kind=EventKind.CLEAR, start_us=0))
    assert not await room.later(700)
    assert await room.outcomes() == {"a1": "over"}


@pytest.mark.promise("P-orders-12")
async def test_a_hub_that_dies_with_a_timer_in_its_hand_leaves_it_to_the_next_and_two_do_it_once(
    db: Database, clock: FakeClock
) -> None:
    room = Room(db, clock, acting_campus(per_day=9))
    await room.take(raised(room.clock))
    await room.later(10)
    await room.clock.advance(600)
    claimed = {"lease_us": room.clock.now_us() + LEASE_US, "holder": "one that died"}
    await room.db.write(lambda c: c.execute(order_timers.update().values(**claimed)))
    assert not await room.later(10)
    assert len(await room.later(30)) == 1
    await room.another().look()
    room.acting = room.another()
    await room.db.write(
        lambda c: c.execute(order_timers.update().values(lease_us=0, holder="", done_us=None))
    )  # as if the first had died between making it and noting it, which one commit does not allow
    (order,) = await room.later(60)
    await room.db.write(lambda c: shelf.store(c, replace(order, open=False, state=OrderState.FAILED), "x", 0))
    assert len(await room.later(60)) == 1


@pytest.mark.promise("P-orders-12")
async def test_no_more_orders_on_a_day_than_the_rule_says(db: Database, clock: FakeClock) -> None:
    room = Room(db, clock, acting_campus(per_day=1))
    await room.take(raised(clock))
    await room.later(1)
    (order,) = await room.later(600)
    await db.write(lambda c: shelf.store(c, replace(order, open=False), "x", 0))
    await room.take(raised(clock, "a2"))
    await room.later(1)
    assert len(await room.later(700)) == 1
    assert (await room.outcomes())["a2"] == "per-day"
    await clock.advance(86400)
    await room.take(raised(clock, "a3"))
    await room.later(1)
    assert len(await room.later(700)) == 2


async def test_while_it_is_frozen_or_held_it_waits_as_long_as_the_alert_stands(room: Room) -> None:
    await room.desk.freeze("*", "a test", ANN, frozen=True)
    await room.take(raised(room.clock))
    await room.later(1)
    assert not await room.later(700)
    await room.desk.freeze("*", "over", ANN, frozen=False)
    assert not await room.later(1)  # its lease runs
    assert len(await room.later(40)) == 1


async def test_where_writing_is_off_no_rule_orders(db: Database, clock: FakeClock) -> None:
    room = Room(db, clock, acting_campus(), enabled=False)
    await room.take(raised(clock))
    await room.later(1)
    assert not await room.later(700)
    assert await room.outcomes() == {"a1": "invalid"}


async def test_old_news_and_rules_without_an_action_order_nothing(
    db: Database, clock: FakeClock, room: Room
) -> None:
    await room.take(raised(clock, "old", time_us=clock.now_us() - 7200 * 10**6, start_us=0))
    assert not await room.later(700)
    room.campus = site()
    await room.take(raised(clock))
    assert not await room.later(700)
    assert not await room.later(1)
    assert await room.outcomes() == {}


async def test_an_action_taken_out_of_its_rule_meanwhile_orders_nothing(room: Room) -> None:
    await room.take(raised(room.clock))
    await room.later(1)
    room.campus = site()
    assert not await room.later(700)
    assert await room.outcomes() == {"a1": "no-action"}


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ({"point": "room_c"}, "action.point"),
        ({"value": 99}, "action.value"),
        ({"point": "on", "value": 5}, "action.value"),
        ({"hold_s": 90000}, "action.hold_s"),
    ],
)
def test_an_action_that_can_never_be_carried_out_is_refused_with_its_path(
    action: dict[str, Any], path: str
) -> None:
    with pytest.raises(ConfigRefused, match=path):
        acting_campus(**action)


def test_only_rules_over_air_conditioners_order_and_a_when_rule_says_what() -> None:
    pump = site().rules["pump-not-auto"]
    with pytest.raises(ConfigRefused, match="devices of kind ac"):
        with_rules(site(), [pump.model_copy(update={"action": Action(point="position", value=1)})])
    over_ac = {"select": site().rules["ac-setpoint"].select, "id": "warm", "action": Action()}
    with pytest.raises(ConfigRefused, match=r"action\.value"):
        with_rules(site(), [pump.model_copy(update=over_ac)])
