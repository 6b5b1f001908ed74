"""Rules that order something: when their alert has stood for long enough and nobody has seen to it.

A timer is a row with a due time, claimed by a lease; it is done in the transaction that makes its order, whose
id follows from the alert. So a hub that dies in between, or a second one, neither forgets nor doubles it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from sqlalchemy import Connection, insert, select, update

from devices.campus.actions import Action
from devices.campus.rules import ActingRule
from devices.campus.site import Campus
from devices.model.alerts import State
from devices.wire.orders import OrderKind
from hub.alerts import board, rows
from hub.alerts.record import Record as Alert
from hub.db import Database
from hub.db.audit import Actor
from hub.db.rounds import rounds
from hub.db.tables import order_timers
from hub.errors import Conflict, HubRefused
from hub.orders import shelf
from hub.orders.desk import Desk, Wanted, midnight_us
from hub.orders.record import US_PER_S, Record

log = logging.getLogger(__name__)
LOOK_S: Final = 2.0
#: Whoever has claimed a timer has so long; then it is anybody's again.
LEASE_US: Final = 30 * US_PER_S
#: An order of a rule waits a little longer for its agent than one of a person.
LIFE_S: Final = 600.0
RULE: Final = Actor("rule")
#: Outcomes of a timer for which there is no order.
OVER, SEEN, OFF, ENOUGH = "over", "acknowledged", "no-action", "per-day"


class Acting:
    """Sets timers for alerts and lets them order.

    Args:
        campus: with the rules that are live now.
    """

    def __init__(
        self, desk: Desk, db: Database, campus: Callable[[], Campus], now_us: Callable[[], int]
    ) -> None:
        self._desk = desk
        self._db = db
        self._campus = campus
        self._now_us = now_us
        self._holder = secrets.token_hex(16)

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look now and then, for ever."""
        await rounds(self.look, LOOK_S, "rules cannot order anything just now", log, sleep)

    async def look(self) -> None:
        """Set timers for new alerts, and act on those that are due.

        Raises:
            Unreachable: the database does not work now.
        """
        actions = {
            rule.id: rule.action
            for rule in self._campus().rules.values()
            if isinstance(rule, ActingRule) and rule.action is not None and rule.enabled
        }
        now_us = self._now_us()
        new, due = await self._db.read(lambda c: (_untimed(c, actions), _due(c, now_us)))
        if new:
            await self._db.write(partial(_set, new=new))
        if not due:
            return
        for alert in await self._db.write(partial(_claim, holder=self._holder, now_us=now_us)):
            made = await self._db.write(partial(self._act, name=alert, actions=actions))
            if made is not None:
                log.info("rule %s orders %s: %s", made.rule, made.target, made.args)
                self._desk.publish([made])

    def _act(self, connection: Connection, name: str, actions: Mapping[str, Action]) -> Record | None:
        """Act on a timer that is ours; None where nothing is ordered."""
        now_us = self._now_us()
        timer = connection.execute(select(order_timers).where(order_timers.c.alert == name)).mappings().one()
        if timer["done_us"] is not None or timer["holder"] != self._holder:
            return None
        alert, action = rows.load(connection, [name]).get(name), actions.get(timer["rule"])
        if alert is None or not alert.active:
            _finish(connection, name, OVER, now_us)
        elif action is None:
            _finish(connection, name, OFF, now_us)
        elif alert.state is not State.RAISED and not action.even_acked:
            _finish(connection, name, SEEN, now_us)
        elif not alert.stale:  # else nobody knows whether it still stands: looked at again
            return self._ordered(connection, alert, action, now_us)
        return None

    def _ordered(self, connection: Connection, alert: Alert, action: Action, now_us: int) -> Record | None:
        name = hashlib.sha256(f"order {alert.id}".encode()).hexdigest()[:32]
        if shelf.known(connection, [name]):
            _finish(connection, alert.id, name, now_us)
            return None
        since_us = midnight_us(now_us, self._campus().timezone)
        if shelf.count_since(connection, alert.device, since_us, alert.rule) >= action.per_day:
            _finish(connection, alert.id, ENOUGH, now_us)
            return None
        value = alert.limit if action.value is None else action.value
        wanted = Wanted(
            OrderKind.WRITE,
            alert.device,
            {"point": action.point, "value": value, "hold_s": action.hold_s},
            f"{alert.message.zh} / {alert.message.en}",
            LIFE_S,
            rule=alert.rule,
            alert=alert.id,
            id=name,
        )
        try:
            self._desk.check(wanted)
            made = self._desk.made(connection, wanted, RULE)
        except Conflict:
            return None  # frozen, or somebody has the device: looked at again while the alert stands
        except HubRefused as refused:
            _finish(connection, alert.id, refused.code, now_us)
            return None
        _finish(connection, alert.id, made.id, now_us)
        return made


def _untimed(connection: Connection, actions: Mapping[str, Action]) -> list[dict[str, object]]:
    """Timers for alerts that stand and have none."""
    known = set(connection.execute(select(order_timers.c.alert)).scalars())
    return [
        {
            "alert": alert.id,
            "rule": alert.rule,
            "device": alert.device,
            "due_us": alert.raised_us + round(action.after_s * US_PER_S),
            "lease_us": 0,
            "holder": "",
            "outcome": "",
        }
        for rule, action in actions.items()
        for alert in board.active_of(connection, rule=rule)
        if alert.id not in known and not alert.historical
    ]


def _set(connection: Connection, new: list[dict[str, object]]) -> None:
    known = set(connection.execute(select(order_timers.c.alert)).scalars())
    if missing := [timer for timer in new if timer["alert"] not in known]:
        connection.execute(insert(order_timers), missing)


def _due(connection: Connection, now_us: int) -> bool:
    query = select(order_timers.c.alert).where(
        order_timers.c.done_us.is_(None), order_timers.c.due_us <= now_us, order_timers.c.lease_us <= now_us
    )
    return connection.execute(query.limit(1)).first() is not None


def _claim(connection: Connection, holder: str, now_us: int) -> list[str]:
    """Take the timers that are due and nobody else's."""
    free = (
        order_timers.c.done_us.is_(None)
        & (order_timers.c.due_us <= now_us)
        & (order_timers.c.lease_us <= now_us)
    )
    names = list(connection.execute(select(order_timers.c.alert).where(free)).scalars())
    claimed = free & order_timers.c.alert.in_(names)
    connection.execute(update(order_timers).where(claimed).values(lease_us=now_us + LEASE_US, holder=holder))
    return names


def _finish(connection: Connection, name: str, outcome: str, now_us: int) -> None:
    done = update(order_timers).where(order_timers.c.alert == name)
    connection.execute(done.values(done_us=now_us, outcome=outcome))
