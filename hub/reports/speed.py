"""How fast vehicles pass: distribution, percentiles, share above the limit, by lane, hour and day. Pure numpy.

Terms as in traffic engineering: P85 is the speed at or below which 85 % of the vehicles travel; the pace is the
10 km/h band with the most vehicles. A lane is a radar and a direction. Figures of fewer than 100 passes say little.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from devices.campus.calendars import Hours
from devices.campus.site import Campus, Device
from devices.campus.speed_limits import limit_at
from devices.campus.speed_rules import SpeedingRule
from devices.model.codes import VehicleClass

Times = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MINIMUM_SAMPLE: Final = 100
PACE_KMH: Final = 10.0
BAND_KMH: Final = 5.0
DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
DIRECTIONS: Final = ("approaching", "receding")


@dataclass(frozen=True, slots=True)
class Passes:
    """Vehicle passes; columns of one length.

    device:  int64   (n,)  row of the radar
    time_us: int64   (n,)  when the vehicle was fastest
    kmh:     float64 (n,)  its speed, always positive
    away:    bool    (n,)  it receded; what is not known counts as approaching
    limit:   float64 (n,)  the limit of that place and moment; NaN where there is none
    """

    device: npt.NDArray[np.int64]
    time_us: Times
    kmh: Floats
    away: Flags
    limit: Floats

    def __len__(self) -> int:
        return len(self.kmh)

    def __getitem__(self, rows: Flags) -> Passes:
        return Passes(
            self.device[rows], self.time_us[rows], self.kmh[rows], self.away[rows], self.limit[rows]
        )

    @property
    def over(self) -> Flags:
        """Faster than the limit, bool (n,)."""
        return self.kmh > self.limit


def report(passes: Passes, zone: ZoneInfo) -> dict[str, Any]:
    """All figures of some passes, as plain values; None where there is nothing to say."""
    return {
        **summary(passes),
        "histogram": histogram(np.sort(passes.kmh)),
        "by_hour": by_hour(passes, zone),
        "by_day": by_day(passes, zone),
        "lanes": lanes(passes, zone),
        "minimum_sample": MINIMUM_SAMPLE,
    }


def summary(passes: Passes) -> dict[str, Any]:
    """The figures of one group of passes."""
    speeds = np.sort(passes.kmh)
    return {
        "limit_kmh": usual_limit(passes.limit),
        "passes": len(passes),
        "mean": _rounded(speeds.mean()) if len(speeds) else None,
        "std": _rounded(speeds.std(ddof=1)) if len(speeds) > 1 else None,
        **{f"p{percent}": percentile(speeds, percent) for percent in (15, 50, 85)},
        "max": percentile(speeds, 100),
        "over": int(passes.over.sum()),
        "over_share": float(passes.over.mean()) if len(passes) else None,
        "pace": pace(speeds),
    }


def lanes(passes: Passes, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The same for each radar and direction in which anything passed, with its hours of the day."""
    lane = passes.device * 2 + passes.away
    rows = []
    for number in np.unique(lane).tolist():
        own = passes[lane == number]
        named = {"device": number // 2, "direction": DIRECTIONS[number % 2]}
        rows.append({**named, **summary(own), "by_hour": by_hour(own, zone)})
    return rows


def coverage(heard: npt.NDArray[np.bool_], hour_us: npt.NDArray[np.int64]) -> Floats:
    """Share of the time in which each gateway was heard, float64 (gateways,); NaN where there was no time.

    Args:
        heard: bool (gateways, hours), whether anything came from it in that hour.
        hour_us: int64 (hours,), how much of each hour counts: the first and the last may be cut short.
    """
    whole_us = int(hour_us.sum())
    if not whole_us:
        return np.full(len(heard), np.nan)
    share: Floats = (heard * hour_us).sum(axis=1) / whole_us
    return share


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


def limits(
    rule: SpeedingRule | None,
    radar: Device,
    campus: Campus,
    time_us: Times,
    vehicle: npt.NDArray[np.uint8],
) -> Floats:
    """The limit at each moment for each class of vehicle at a radar, float64 (n,); NaN where there is none.

    Limits change at minutes of the day only, so each is looked up once for a day, a part of it and a class.
    """
    if rule is None or not len(time_us):
        return np.full(len(time_us), np.nan)
    local = local_us(time_us, campus.timezone)
    edges = np.array(sorted(set(_edges(rule))), np.int64)
    part = np.searchsorted(edges, local % DAY_US // 60_000_000, "right")
    keys = (local // DAY_US * (len(edges) + 1) + part) * len(VehicleClass) + vehicle
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    moments = [dt.datetime.fromtimestamp(int(time_us[row]) / 1e6, campus.timezone) for row in first]
    classes = [VehicleClass(code) for code in vehicle[first]]
    pairs = zip(moments, classes, strict=True)
    return np.array([limit_at(campus, rule, radar, *pair) for pair in pairs])[place]


def _edges(rule: SpeedingRule) -> Iterator[int]:
    """Minutes of the day at which another limit may begin to count."""
    parts: list[Hours] = [*rule.only.hours, *(special.hours for special in rule.limits)]
    for part in parts:
        for clock in (part.start, part.end):
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
