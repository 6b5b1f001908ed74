"""Tables to take along: alerts and history, as CSV or XLSX, with the filters of the pages."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from fastapi import Request
from sqlalchemy import Connection
from starlette.responses import Response

from devices.campus.site import Campus
from devices.model.samples import Quality
from hub.accounts.roles import Role
from hub.accounts.sessions import Session
from hub.alerts import board
from hub.alerts.board import MAX_PAGE, Filter
from hub.alerts.record import Record
from hub.api.access import SignedIn, actor_of
from hub.api.alert_card import card
from hub.api.alerts import Wanted
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.api.series import MAX_RAW, Asked, by_point, in_steps
from hub.api.sheets import MEDIA_TYPE, Cell, Form, table
from hub.db import audit
from hub.db.audit import Act
from hub.series.port import Rows

ROUTES: Final = Routes("export")

Language = Literal["zh", "en"]
MOST_ALERTS: Final = 50_000

#: Columns of an alert: key in the card, name in both languages. Texts in two languages follow the request.
ALERT_COLUMNS: Final = (
    ("seq", "编号", "number"),
    ("severity", "级别", "severity"),
    ("state", "状态", "state"),
    ("family", "类别", "family"),
    ("title", "告警", "alert"),
    ("message", "内容", "message"),
    ("site", "院区", "site"),
    ("building", "楼宇", "building"),
    ("area_name", "位置", "place"),
    ("device", "设备编号", "device id"),
    ("device_name", "设备", "device"),
    ("start_us", "开始", "began"),
    ("raised_us", "产生", "raised"),
    ("acked_us", "确认时间", "acknowledged"),
    ("acked_by", "确认人", "acknowledged by"),
    ("cleared_us", "恢复", "cleared"),
    ("assignee", "处理人", "assignee"),
    ("count", "次数", "count"),
    ("value", "数值", "value"),
    ("limit", "限值", "limit"),
    ("unit", "单位", "unit"),
    ("rule", "规则", "rule"),
    ("rule_version", "规则版本", "rule version"),
    ("historical", "补传", "late news"),
)


@ROUTES.get("/export/alerts.{form}", role=Role.VIEWER)
async def alerts(
    request: Request, hub: Hub, who: SignedIn, form: Form, wanted: Wanted, lang: Language = "zh"
) -> Response:
    """The alerts of a filter, up to 50,000 of them, newest or gravest first as on the page."""
    records, is_all = await hub.db.read(lambda c: _every(c, wanted))
    head = [zh if lang == "zh" else en for _, zh, en in ALERT_COLUMNS]
    rows = [_alert_row(card(record, hub.campus), hub.campus, lang) for record in records]
    if not is_all:
        rows.append(_cut(len(rows), len(head), lang))
    return await _file(request, hub, who, "alerts", form, head, rows)


@ROUTES.get("/export/series.{form}", role=Role.VIEWER)
async def series(
    request: Request, hub: Hub, who: SignedIn, form: Form, asked: Asked, lang: Language = "zh"
) -> Response:
    """History: one column a point by steps, or with step_s=0 the samples themselves."""
    time = "时间" if lang == "zh" else "time"
    if asked.step_s:
        found = await in_steps(hub, asked)
        rows = [
            [_local(time_us, hub.campus), *values]
            for time_us, *values in zip(found["time_us"], *found["series"].values(), strict=True)
        ]
        return await _file(request, hub, who, "series", form, [time, *found["series"]], rows)
    words = ("测点", "数值", "质量") if lang == "zh" else ("point", "value", "quality")
    samples = await hub.series.raw(asked.points, asked.from_us, asked.to_us, MAX_RAW)
    rows = _raw_rows(samples, hub.campus)
    if samples.truncated:
        rows.append(_cut(len(rows), len(words) + 1, lang))
    return await _file(request, hub, who, "series", form, [time, *words], rows)


def _every(connection: Connection, wanted: Filter) -> tuple[list[Record], bool]:
    """Alerts, and whether these are all."""
    found: list[Record] = []
    after = None
    for _ in range(MOST_ALERTS // MAX_PAGE):
        page = board.page(connection, wanted, after, MAX_PAGE)
        found += page.alerts
        after = page.next
        if after is None:
            break
    return found, after is None


def _cut(rows: int, columns: int, lang: Language) -> list[Cell]:
    """The last row of a table that holds no more."""
    zh, en = f"只含前 {rows} 行,其余请缩小范围", f"the first {rows} rows only: ask for less"
    return [zh if lang == "zh" else en, *([None] * (columns - 1))]


def _alert_row(alert: dict[str, Any], campus: Campus, lang: Language) -> list[Cell]:
    return [_cell(key, alert[key], campus, lang) for key, _, _ in ALERT_COLUMNS]


def _cell(key: str, value: Any, campus: Campus, lang: Language) -> Cell:
    if isinstance(value, dict):
        return str(value[lang])
    if key.endswith("_us") and value is not None:
        return _local(value, campus)
    if isinstance(value, bool):
        return ("是" if lang == "zh" else "yes") if value else ""
    found: Cell = value
    return found


def _raw_rows(found: Rows, campus: Campus) -> list[list[Cell]]:
    return [
        [_exactly(time_us, campus), point, value, Quality(quality).name.lower()]
        for point, columns in by_point(found).items()
        for time_us, value, quality in zip(*columns.values(), strict=True)
    ]


async def _file(
    request: Request,
    hub: Ports,
    who: Session,
    name: str,
    form: Form,
    head: Sequence[str],
    rows: Iterable[Sequence[Cell]],
) -> Response:
    """The table as a download, and a row in the trail that it was taken."""
    async with hub.turns.exporting:
        body = await asyncio.to_thread(table, form, name, head, rows)
    taken = Act(f"export.{name}", name, after={"query": request.url.query, "bytes": len(body)})
    await hub.db.write(lambda c: audit.record(c, actor_of(request, who), taken, hub.now_us()))
    day = _local(hub.now_us(), hub.campus)[:10]
    headers = {"Content-Disposition": f'attachment; filename="campuswatch-{name}-{day}.{form}"'}
    return Response(body, media_type=MEDIA_TYPE[form], headers=headers)


def _exactly(time_us: int, campus: Campus) -> str:
    """The same to the microsecond, where it is not a whole second: alerts are named by such moments."""
    fraction = time_us % 1_000_000
    return _local(time_us - fraction, campus) + (f".{fraction:06}" if fraction else "")


def _local(time_us: int, campus: Campus) -> str:
    """A moment as people of the campus write it."""
    return f"{dt.datetime.fromtimestamp(time_us / 1e6, campus.timezone):%Y-%m-%d %H:%M:%S}"
