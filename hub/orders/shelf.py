"""Orders, their history and freezes in the database. Every function runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update

from devices.model.texts import Text
from devices.wire.orders import Freeze, OrderKind, OrderState
from hub.db.tables import order_freezes, order_history, orders
from hub.errors import NotFound
from hub.orders.record import Line, Record, line

EVERYBODY: Final = "*"
#: An order whose end was assumed is asked about for so long.
DOUBT_US: Final = 7 * 86_400_000_000
#: Code of the line that says who has cancelled what is out already; it is over when its agent says so.
ASKED_BACK: Final = "asked-back"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether writing is frozen for a scope: an agent, or * for all; who said so, when and why."""

    scope: str
    frozen: bool
    number: int
    actor: str
    why: str
    time_us: int


def add(connection: Connection, record: Record) -> Record:
    """Put a new order on the shelf and number it."""
    connection.execute(insert(orders).values(**_row(record)))
    _write(connection, line(record, record.actor, record.created_us))
    return get(connection, record.id)


def store(
    connection: Connection, record: Record, actor: str, now_us: int, cancel_why: str | None = None
) -> Record:
    """Store an order that has changed, with a line of its history; of somebody who cancels it, with the reason."""
    connection.execute(update(orders).where(orders.c.id == record.id).values(**_row(record)))
    entry = line(record, actor, now_us)
    if cancel_why is not None:
        entry = replace(entry, code=ASKED_BACK if record.open else entry.code, text=cancel_why)
    _write(connection, entry)
    return record


def get(connection: Connection, name: str) -> Record:
    """One order.

    Raises:
        NotFound: there is none of that id.
    """
    row = connection.execute(select(orders).where(orders.c.id == name)).mappings().first()
    if row is None:
        raise NotFound(Text("没有此指令", "No such order"))
    return _record(row)


def known(connection: Connection, names: Iterable[str]) -> dict[str, Record]:
    """Those of these ids that there are."""
    rows = connection.execute(select(orders).where(orders.c.id.in_(list(names)))).mappings()
    return {row["id"]: _record(row) for row in rows}


def found(
    connection: Connection,
    *,
    only_open: bool = False,
    before: int | None = None,
    limit: int = 50,
    **values: str | None,
) -> list[Record]:
    """Orders, newest first; `values` are columns that must be so, None asks nothing."""
    query = select(orders).order_by(orders.c.seq.desc()).limit(limit)
    if only_open:
        query = query.where(orders.c.open)
    if before is not None:
        query = query.where(orders.c.seq < before)
    for name, value in values.items():
        if value is not None:
            query = query.where(orders.c[name] == value)
    return [_record(row) for row in connection.execute(query).mappings()]


def holder(connection: Connection, kind: OrderKind, target: str) -> Record | None:
    """The order that reserves a device."""
    query = select(orders).where(orders.c.open, orders.c.kind == str(kind), orders.c.target == target)
    row = connection.execute(query).mappings().first()
    return None if row is None else _record(row)


def unsettled(connection: Connection, now_us: int) -> list[Record]:
    """Orders of which another word of the agent is expected, the oldest first."""
    doubtful = orders.c.assumed & (orders.c.created_us > now_us - DOUBT_US)
    query = select(orders).where(or_(orders.c.open, doubtful)).order_by(orders.c.seq)
    return [_record(row) for row in connection.execute(query).mappings()]


def count_since(connection: Connection, target: str, since_us: int, rule: str | None = None) -> int:
    """How many orders to write there were for a device since a time; of a rule, if one is named."""
    query = (
        select(func.count())
        .select_from(orders)
        .where(
            orders.c.target == target,
            orders.c.kind == str(OrderKind.WRITE),
            orders.c.created_us >= since_us,
        )
    )
    if rule is not None:
        query = query.where(orders.c.rule == rule)
    return connection.execute(query).scalar_one()


def history(connection: Connection, name: str) -> list[Line]:
    """What became of an order, the oldest first."""
    query = select(order_history).where(order_history.c.order == name).order_by(order_history.c.id)
    return [
        Line(
            **{
                **{key: value for key, value in row.items() if key != "id"},
                "state": OrderState(row["state"]),
            }
        )
        for row in connection.execute(query).mappings()
    ]


# --- freezing


def standings(connection: Connection) -> dict[str, Standing]:
    """What was ever frozen, by scope, as it is now."""
    rows = connection.execute(select(order_freezes).order_by(order_freezes.c.scope)).mappings()
    return {row["scope"]: Standing(**row) for row in rows}


def freeze_of(known: dict[str, Standing], agent: str) -> Freeze:
    """What an agent is to know: frozen where it or everybody is; changes of both, counted together.

    Each scope counts its own: what one agent claims to have heard moves no other agent's number.
    """
    both: Sequence[Standing] = [known[scope] for scope in (EVERYBODY, agent) if scope in known]
    return Freeze(sum(one.number for one in both), any(one.frozen for one in both))


def put(connection: Connection, standing: Standing) -> None:
    """Freeze or thaw a scope."""
    values: dict[str, Any] = {
        field.name: getattr(standing, field.name) for field in fields(Standing) if field.name != "scope"
    }
    there = order_freezes.c.scope == standing.scope
    if not connection.execute(update(order_freezes).where(there).values(**values)).rowcount:
        connection.execute(insert(order_freezes).values(scope=standing.scope, **values))


def _write(connection: Connection, entry: Line) -> None:
    values = {field.name: getattr(entry, field.name) for field in fields(Line)}
    connection.execute(insert(order_history).values(**{**values, "state": str(entry.state)}))


def _row(record: Record) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(Record) if field.name != "seq"}
    return {**values, "kind": str(record.kind), "state": str(record.state)}


def _record(row: RowMapping) -> Record:
    return Record(**{**row, "kind": OrderKind(row["kind"]), "state": OrderState(row["state"])})
