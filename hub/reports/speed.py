"""How fast vehicles pass: distribution, 85th percentile, share above the limit, by hour and by day. Pure numpy.

Terms as in traffic engineering: P85 is the speed at or below which 85 % of the vehicles travel; the pace is the
10 km/h band with the most vehicles. Figures of fewer than 100 passes say little.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule

Times = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MINIMUM_SAMPLE: Final = 100
PACE_KMH: Final = 10.0
BAND_KMH: Final = 5.0
DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Passes:
    """Vehicle passes; columns of one length.

    device:  int64   (n,)  row of the radar
    time_us: int64   (n,)  when the vehicle was fastest
    kmh:     float64 (n,)  its speed, always positive
    limit:   float64 (n,)  the limit of that place and moment; NaN where there is none
    """

    device: npt.NDArray[np.int64]
    time_us: Times
    kmh: Floats
    limit: Floats

    def __len__(self) -> int:
        return len(self.kmh)

    @property
    def over(self) -> Flags:
        """Faster than the limit, bool (n,)."""
        return self.kmh > self.limit


def report(passes: Passes, zone: ZoneInfo) -> dict[str, Any]:
    """All figures of some passes, as plain values; None where there is nothing to say."""
    speeds = np.sort(passes.kmh)
    return {
        "limit_kmh": usual_limit(passes.limit),
        "passes": len(passes),
        "mean": _rounded(speeds.mean()) if len(speeds) else None,
        "p50": percentile(speeds, 50),
        "p85": percentile(speeds, 85),
        "max": percentile(speeds, 100),
        "over_share": float(passes.over.mean()) if len(passes) else None,
        "pace": pace(speeds),
        "histogram": histogram(speeds),
        "by_hour": by_hour(passes, zone),
        "by_day": by_day(passes, zone),
        "minimum_sample": MINIMUM_SAMPLE,
    }


def usual_limit(limit: Floats) -> float | None:
    """The limit that counted for most passes; by night or on days off there may be another."""
    values, counts = np.unique(limit[~np.isnan(limit)], return_counts=True)
    return float(values[counts.argmax()]) if len(values) else None


def percentile(speeds: Floats, percent: int) -> float | None:
    """The speed at or below which so many per cent travel; `speeds` sorted."""
    if not len(speeds):
        return None
    return _rounded(speeds[max(0, -(-len(speeds) * percent // 100) - 1)])


def pace(speeds: Floats) -> list[float] | None:
    """[low, high, share] of the 10 km/h band with the most vehicles; `speeds` sorted."""
    if not len(speeds):
        return None
    inside = np.searchsorted(speeds, speeds + PACE_KMH, "right") - np.arange(len(speeds))
    first = int(inside.argmax())
    low = _rounded(speeds[first])
    return [low, low + PACE_KMH, float(inside[first] / len(speeds))]


def histogram(speeds: Floats) -> dict[str, list[float]]:
    """How many passes fell into each band of 5 km/h; a band holds its lower edge."""
    bands = int(speeds[-1] // BAND_KMH) + 1 if len(speeds) else 1
    counts = np.bincount((speeds // BAND_KMH).astype(np.int64), minlength=bands)
    return {"edges": [BAND_KMH * edge for edge in range(bands + 1)], "counts": counts.tolist()}


def by_hour(passes: Passes, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Passes, P85 and passes above the limit for each hour of the day."""
    hour = local_us(passes.time_us, zone) // HOUR_US % 24
    return [{"hour": number, **_group(passes, hour == number)} for number in range(24)]


def by_day(passes: Passes, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The same for each day on which anything passed; `day_us` is its midnight."""
    day = local_us(passes.time_us, zone) // DAY_US
    rows = []
    for number in np.unique(day).tolist():
        date = dt.date(1970, 1, 1) + dt.timedelta(days=number)
        midnight = dt.datetime(date.year, date.month, date.day, tzinfo=zone)
        named = {"day": date.isoformat(), "day_us": int(midnight.timestamp()) * 1_000_000}
        rows.append({**named, **_group(passes, day == number)})
    return rows


def local_us(time_us: Times, zone: ZoneInfo) -> Times:
    """Wall-clock time of the zone as microseconds since 1970; the offset is looked up once for each hour."""
    hours, place = np.unique(time_us // HOUR_US, return_inverse=True)
    offsets = [dt.datetime.fromtimestamp(hour * 3600, zone).utcoffset() for hour in hours.tolist()]
    offset_us = np.array(
        [(offset or dt.timedelta()) // dt.timedelta(microseconds=1) for offset in offsets], np.int64
    )
    return time_us + offset_us[place] if len(hours) else time_us


def limits(rule: SpeedingRule | None, area: str, campus: Campus, time_us: Times) -> Floats:
    """The limit at each moment in an area, float64 (n,); the first special limit that fits, else the rule's own.

    A special limit begins and ends at minutes of the day, so it is judged once for each day and part of a day.
    """
    if rule is None:
        return np.full(len(time_us), np.nan)
    found = np.full(len(time_us), rule.limit_kmh)
    local = local_us(time_us, campus.timezone)
    edges = np.array(sorted(set(_edges(rule))), np.int64)
    part = np.searchsorted(edges, local % DAY_US // 60_000_000, "right")
    keys, first, place = np.unique(
        local // DAY_US * (len(edges) + 1) + part, return_index=True, return_inverse=True
    )
    values = [_limit(rule, area, campus, int(time_us[row])) for row in first.tolist()]
    if len(keys):
        found = np.array(values)[place]
    return found


def _limit(rule: SpeedingRule, area: str, campus: Campus, time_us: int) -> float:
    moment = dt.datetime.fromtimestamp(time_us / 1e6, campus.timezone)
    for special in rule.limits:
        calendar = campus.calendars.get(special.hours.calendar or "")
        if (not special.areas or area in special.areas) and special.hours.hold(moment, calendar):
            return special.limit_kmh
    return rule.limit_kmh


def _edges(rule: SpeedingRule) -> Iterator[int]:
    for special in rule.limits:
        for clock in (special.hours.start, special.hours.end):
            hours, _, minutes = clock.partition(":")
            yield int(hours) * 60 + int(minutes)


def _group(passes: Passes, chosen: Flags) -> dict[str, Any]:
    speeds = np.sort(passes.kmh[chosen])
    return {
        "passes": len(speeds),
        "p85": percentile(speeds, 85),
        "over": int(passes.over[chosen].sum()),
    }


def _rounded(value: float) -> float:
    return round(float(value), 2)
