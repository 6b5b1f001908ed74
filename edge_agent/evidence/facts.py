"""What is told of a vehicle on its pictures and in the manifest. Pure."""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple
from zoneinfo import ZoneInfo

from devices.campus.site import Campus
from devices.model import plates
from devices.model.alerts import AlertEvent
from devices.model.codes import CODE_TEXTS


class Facts(NamedTuple):
    """One vehicle. `plate` is burnt in and stands in no manifest."""

    alert: str
    severity: int
    start_us: int
    end_us: int
    device: str
    camera: str
    place: str
    kmh: float
    limit_kmh: float
    direction: str
    check: str
    plate: str
    timezone: str


def facts_of(event: AlertEvent, campus: Campus, camera: str) -> Facts:
    """What an alert about a vehicle says."""
    area = campus.areas[campus.devices[event.device].area].name
    told = event.evidence
    plate = plates.decode(told[plates.EVIDENCE]) if plates.EVIDENCE in told else None
    check = _words("speed_check", told.get("check", math.nan))
    if check and "vision_kmh" in told:
        check = f"{check} {told['vision_kmh']:.0f} km/h"
    return Facts(
        alert=event.id,
        severity=int(event.severity),
        start_us=event.start_us,
        end_us=event.time_us,
        device=event.device,
        camera=camera,
        place=f"{area.zh} {area.en}",
        kmh=event.value,
        limit_kmh=event.limit,
        direction=_words("direction", told.get("direction", math.nan)),
        check=check,
        plate=plate or "",
        timezone=campus.head.timezone,
    )


def lines_of(facts: Facts, time_us: int) -> list[str]:
    """The lines below a picture, Chinese first; the time is that of the picture."""
    moment = dt.datetime.fromtimestamp(time_us / 1e6, ZoneInfo(facts.timezone))
    more = [f"号牌 Plate {facts.plate}"] if facts.plate else []
    more += [f"视频核对 Camera {facts.check}"] if facts.check else []
    lines = [
        f"时间 Time {moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}   地点 Place {facts.place}",
        f"车速 Speed {facts.kmh:.0f} km/h   限速 Limit {facts.limit_kmh:.0f} km/h   方向 Direction {facts.direction}",
        f"设备 Device {facts.device}   {facts.camera}",
    ]
    return [*lines, "   ".join(more)] if more else lines


def _words(codes: str, number: float) -> str:
    text = CODE_TEXTS[codes].get(int(number)) if math.isfinite(number) else None
    return f"{text.zh} {text.en}" if text else ""
