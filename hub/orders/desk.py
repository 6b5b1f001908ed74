"""The acts of people and rules on orders: make, cancel, freeze, thaw. Each with its row in the audit trail."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from devices.campus.site import Campus
from devices.model.texts import Said, Text, both, same
from devices.profiles.profile import DeviceKind
from devices.wire.orders import LONGEST_LIFE_S, OrderKind, OrderState
from hub.db import Database, audit
from hub.db.audit import Act, Actor
from hub.errors import Conflict, Invalid, NotFound
from hub.live.bus import ORDER, ORDERS, Bus
from hub.orders import shelf
from hub.orders.allowed import up_to, why_not, wrong
from hub.orders.record import US_PER_S, Record, cancelled
from hub.orders.shelf import EVERYBODY, Standing

USUAL_LIFE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody, or a rule, wants done.

    target: device to write, camera of a reference, link to probe.
    id:     of the order; a random one if not given.
    """

    kind: OrderKind
    target: str
    args: dict[str, Any]
    why: str
    life_s: float = USUAL_LIFE_S
    rule: str | None = None
    alert: str | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))


class Desk:
    """Where orders are given.

    Args:
        campus: as it is live now.
        enabled: whether this hub lets anything be written.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        campus: Callable[[], Campus],
        now_us: Callable[[], int],
        *,
        enabled: bool,
    ) -> None:
        self.enabled = enabled
        self._db = db
        self._bus = bus
        self._campus = campus
        self._now_us = now_us

    async def make(self, wanted: Wanted, actor: Actor) -> Record:
        """Give an order.

        Raises:
            NotFound: there is no such device, or link.
            Invalid: it cannot be ordered; `details` say what is wrong.
            Conflict: writing is frozen, or another order holds the device.
        """
        self.check(wanted)
        made = await self._db.write(lambda c: self.made(c, wanted, actor))
        self.publish([made])
        return made

    def check(self, wanted: Wanted) -> None:
        """Look at what can be said without the database; as `make`."""
        if not 0 < wanted.life_s <= LONGEST_LIFE_S:
            raise _invalid("expires_in_s", same(f"{wanted.life_s:g}"), up_to(LONGEST_LIFE_S))
        campus = self._campus()
        if wanted.kind is OrderKind.PROBE:
            if wanted.target not in campus.links:
                raise NotFound(Text("没有此链路", "No such link"))
            return
        device = campus.devices.get(wanted.target)
        if device is None:
            raise NotFound(Text("没有此设备", "No such device"))
        if wanted.kind is OrderKind.REFERENCE:
            if campus.profile_of(device).kind is not DeviceKind.CAMERA:
                raise _invalid("device", same(device.id), Said("摄像机", "a camera"))
            return
        if (no := why_not(campus, device, enabled=self.enabled)) is not None:
            raise Invalid(no.text, [{"field": "device", "code": no.code}])
        args, day = wanted.args, today(self._now_us(), campus.timezone)
        if (
            found := wrong(campus, device, args["point"], args["value"], args.get("hold_s"), day)
        ) is not None:
            raise _invalid(found.field, found.found, found.expected)

    def made(self, connection: Connection, wanted: Wanted, actor: Actor) -> Record:
        """Give an order that was checked, in the caller's transaction.

        Raises:
            Conflict: as `make`.
        """
        campus, now_us = self._campus(), self._now_us()
        link = wanted.target if wanted.kind is OrderKind.PROBE else campus.devices[wanted.target].link
        agent = campus.links[link].agent
        if wanted.kind is OrderKind.WRITE:
            standings = shelf.standings(connection)
            frozen = next(
                (standings[s] for s in (EVERYBODY, agent) if s in standings and standings[s].frozen), None
            )
            if frozen is not None:
                raise Conflict(Text("写入已冻结", "Writing is frozen"), frozen)
        if (holder := shelf.holder(connection, wanted.kind, wanted.target)) is not None:
            said = Text(f"已有指令占用(O-{holder.seq})", f"Order O-{holder.seq} holds it")
            raise Conflict(said, holder)
        record = Record(
            id=wanted.id,
            kind=wanted.kind,
            agent=agent,
            target=wanted.target,
            args=wanted.args,
            actor=actor.name,
            why=wanted.why,
            created_us=now_us,
            expires_us=now_us + round(wanted.life_s * US_PER_S),
            rule=wanted.rule,
            alert=wanted.alert,
        )
        made = shelf.add(connection, record)
        content = {"kind": str(made.kind), "target": made.target, **made.args}
        audit.record(connection, actor, Act("order.make", made.id, made.why, after=content), now_us)
        return made

    async def cancel(self, name: str, why: str, actor: Actor) -> Record:
        """Take an order back; what it holds is given back.

        Raises:
            NotFound: there is none.
            Conflict: it is over; carries it.
        """
        now_us = self._now_us()

        def work(connection: Connection) -> Record:
            before = shelf.get(connection, name)
            if not before.open:
                raise Conflict(Text("指令已结束", "The order is over"), before)
            after = shelf.store(connection, cancelled(before, actor.name, now_us), actor.name, now_us, why)
            act = Act("order.cancel", name, why, {"state": str(before.state)}, {"state": str(after.state)})
            audit.record(connection, actor, act, now_us)
            return after

        after = await self._db.write(work)
        self.publish([after])
        return after

    async def freeze(self, scope: str, why: str, actor: Actor, *, frozen: bool) -> None:
        """Forbid all writing, of an agent or everywhere, or allow it again.

        Raises:
            NotFound: there is no such agent.
        """
        if scope != EVERYBODY and scope not in self._campus().agents:
            raise NotFound(Text("没有此网关", "No such agent"))
        now_us = self._now_us()

        def work(connection: Connection) -> list[Record]:
            known = shelf.standings(connection)
            number = known[scope].number + 1 if scope in known else 1
            shelf.put(connection, Standing(scope, frozen, number, actor.name, why, now_us))
            verb = "orders.freeze" if frozen else "orders.thaw"
            audit.record(connection, actor, Act(verb, scope, why), now_us)
            return self._stopped(connection, scope, actor, now_us) if frozen else []

        changed = await self._db.write(work)
        self._bus.publish(ORDERS, scope)
        self.publish(changed)

    def publish(self, changed: list[Record]) -> None:
        """Tell which orders have changed."""
        if changed:
            self._bus.publish(ORDER, changed)

    def _stopped(self, connection: Connection, scope: str, actor: Actor, now_us: int) -> list[Record]:
        """Cancel what no agent is known to have: also what was sent, that must not go on after the thaw."""
        stopped = []
        for one in shelf.found(connection, only_open=True, kind=str(OrderKind.WRITE), limit=10_000):
            if one.state in {OrderState.QUEUED, OrderState.SENT} and scope in {EVERYBODY, one.agent}:
                after = cancelled(one, actor.name, now_us)
                if not after.open:
                    after = replace(after, code="frozen")
                stopped.append(shelf.store(connection, after, actor.name, now_us))
        return stopped


def today(now_us: int, zone: ZoneInfo) -> dt.date:
    """The day there."""
    return dt.datetime.fromtimestamp(now_us / US_PER_S, zone).date()


def midnight_us(now_us: int, zone: ZoneInfo) -> int:
    """When the day began."""
    now = dt.datetime.fromtimestamp(now_us / US_PER_S, zone)
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * US_PER_S


def _invalid(field_name: str, found: Said, expected: Said) -> Invalid:
    said = Text(f"指令有误:{field_name}", f"The order is wrong: {field_name}")
    detail = {"field": field_name, "found": asdict(both(found)), "expected": asdict(both(expected))}
    return Invalid(said, [detail])
