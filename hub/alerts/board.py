"""What people ask of the alerts: the board, its pages and counts, one alert's history."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from devices.model.alerts import Family, State
from devices.model.texts import Text
from hub.alerts import rows
from hub.alerts.record import RANK, Record
from hub.db.tables import alert_history, alerts
from hub.errors import Invalid

MAX_PAGE: Final = 500
#: A value that was written down twice may differ by so much.
SAME: Final = 1e-3
_BOARD: Final = (alerts.c.severity, alerts.c.rank, alerts.c.start_us, alerts.c.seq)
_NEWEST: Final = (alerts.c.start_us, alerts.c.seq)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which alerts; what is not given asks nothing. Times are of the beginning, half-open."""

    open_only: bool = True
    families: Collection[Family] = ()
    severity_min: int = 1
    sites: Collection[str] = ()
    devices: Collection[str] = ()
    from_us: int | None = None
    to_us: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some alerts in order, and where the next page begins (None: this was the last)."""

    alerts: list[Record]
    next: str | None


def page(connection: Connection, wanted: Filter, after: str | None, limit: int) -> Page:
    """Read a page: open alerts gravest first, as they stand on the board; all alerts newest first.

    Raises:
        Invalid: `after` is no place that an earlier page named.
    """
    order = _BOARD if wanted.open_only else _NEWEST
    query = select(alerts).where(*_conditions(wanted))
    if after is not None:
        query = query.where(tuple_(*order) < _place(after, len(order)))
    query = query.order_by(*(column.desc() for column in order)).limit(limit + 1)
    found = connection.execute(query).mappings().all()
    last = found[limit - 1] if len(found) > limit else None
    following = None if last is None else ".".join(str(last[column.name]) for column in order)
    return Page([rows.record(row) for row in found[:limit]], following)


def counts(connection: Connection) -> dict[str, Any]:
    """How many open alerts there are, by state and, of those, by severity and by family."""
    columns = (alerts.c.rank, alerts.c.severity, alerts.c.family)
    by_rank = dict.fromkeys(RANK.values(), 0)
    by_severity = dict.fromkeys(("4", "3", "2", "1"), 0)
    by_family = dict.fromkeys((str(family) for family in Family), 0)
    grouped = select(*columns, func.count()).where(alerts.c.open).group_by(*columns)
    for rank, severity, family, number in connection.execute(grouped):
        by_rank[rank] += number
        by_severity[str(severity)] += number
        by_family[family] += number
    by_state = {str(state): by_rank[rank] for state, rank in RANK.items() if state is not State.CLOSED}
    return {**by_state, "by_severity": by_severity, "by_family": by_family}


def at(connection: Connection, device: str, time_us: int, value: float) -> Record | None:
    """The alert of a device that covers a moment and is about this value, if any.

    Two vehicles that pass together are two alerts of one radar at the same time, or one and none.
    """
    query = select(alerts).where(
        alerts.c.device == device,
        alerts.c.start_us <= time_us,
        alerts.c.last_us >= time_us,
        alerts.c.value.between(value - SAME, value + SAME),
    )
    row = connection.execute(query.order_by(alerts.c.start_us.desc()).limit(1)).mappings().first()
    return None if row is None else rows.record(row)


def active_of(connection: Connection, rule: str | None = None, family: Family | None = None) -> list[Record]:
    """Alerts whose condition holds, of a rule or a family."""
    query = select(alerts).where(alerts.c.open, alerts.c.state.in_([str(State.RAISED), str(State.ACKED)]))
    if rule is not None:
        query = query.where(alerts.c.rule == rule)
    if family is not None:
        query = query.where(alerts.c.family == str(family))
    return [rows.record(row) for row in connection.execute(query).mappings()]


def spans(
    connection: Connection, family: Family, from_us: int, to_us: int, rules: Collection[str]
) -> list[tuple[str, int, int | None]]:
    """Device, beginning and end (None: it holds) of each alert of these rules that overlaps a time."""
    columns = (alerts.c.device, alerts.c.start_us, alerts.c.cleared_us)
    query = select(*columns).where(
        alerts.c.family == str(family),
        alerts.c.rule.in_(rules),
        alerts.c.start_us < to_us,
        alerts.c.cleared_us.is_(None) | (alerts.c.cleared_us > from_us),
    )
    return [(row.device, row.start_us, row.cleared_us) for row in connection.execute(query)]


def history(connection: Connection, number: str) -> list[dict[str, Any]]:
    """Every line of an alert's history, the oldest first."""
    columns = ("id", "time_us", "received_us", "act", "actor", "text", "before", "after", "severity", "value")
    query = select(*(alert_history.c[name] for name in columns)).where(alert_history.c.alert == number)
    return [dict(row) for row in connection.execute(query.order_by(alert_history.c.id)).mappings()]


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.open_only:
        found.append(alerts.c.open)
    if wanted.families:
        found.append(alerts.c.family.in_([str(family) for family in wanted.families]))
    if wanted.severity_min > 1:
        found.append(alerts.c.severity >= wanted.severity_min)
    if wanted.sites:
        found.append(alerts.c.site.in_(wanted.sites))
    if wanted.devices:
        found.append(alerts.c.device.in_(wanted.devices))
    if wanted.from_us is not None:
        found.append(alerts.c.start_us >= wanted.from_us)
    if wanted.to_us is not None:
        found.append(alerts.c.start_us < wanted.to_us)
    return found


def _place(text: str, length: int) -> ColumnElement[Any]:
    if re.fullmatch(rf"\d{{1,19}}(\.\d{{1,19}}){{{length - 1}}}", text, re.ASCII) is None:
        raise Invalid(Text("翻页位置无效", "after: not a place that a page named"))
    return tuple_(*(int(part) for part in text.split(".")))
