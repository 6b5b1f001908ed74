"""What an agent's list of open alerts does to the hub's."""

from __future__ import annotations

from sqlalchemy import Connection

from devices.wire.messages import Lane
from devices.wire.sessions import OpenAlerts
from hub.alerts.record import Record
from hub.alerts.store import apply_events, reconcile
from hub.series.ledger import last_seq


def reconciled(connection: Connection, told: OpenAlerts, now_us: int) -> list[Record] | None:
    """Raise what is not known here, clear what is not open there; None where the list is out of date.

    An agent tells its list when the hub has acknowledged all that is reckoned in. So only what came after the
    list can differ from it, and where anything did, a newer list follows.

    Raises:
        Garbled: an event cannot be stored, or belongs to another agent's alert.
    """
    agent, stamp = told.stamp.agent, told.stamp
    if last_seq(connection, agent, stamp.epoch, Lane.ALERTS) > stamp.seq:
        return None
    raised = apply_events(connection, told.events, agent, None, now_us).changed
    return [*raised, *reconcile(connection, agent, told.ids, now_us, now_us)]
