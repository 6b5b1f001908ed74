"""Rates of cameras over a month: by time and by daily spot checks. Pure numpy.

Time is cut into steps. In each a camera is what the latest attempt in it, or shortly before, came to; a step of which
nothing is known is neither online nor good, and stays in the denominator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from devices.model.codes import CameraLink
from devices.model.texts import Text

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

STEP_S: Final = 600
US_PER_S: Final = 1_000_000
#: The hour of the day, on the campus, at which the spot check looks.
SNAPSHOT_HOUR: Final = 10

DEFINITIONS: Final = {
    "online": Text(
        "在线:该步内(或之前不超过读数有效期)最近一次取图成功",
        "Online: the latest attempt to get a picture succeeded",
    ),
    "good": Text("完好:在线,且没有未恢复的画面告警", "Good: online, and no alert about the picture was open"),
    "unknown": Text(
        "未知:没有读数。未知计入分母,既不算在线也不算完好",
        "Unknown: no reading. It stays in the denominator and is neither online nor good",
    ),
    "time": Text(
        "按时间:各点位的在线(完好)时间 ÷ 全部时间,再对全部登记点位取平均;每 10 分钟一步",
        "By time: online (good) time / all time of each point, averaged over all registered points; steps of 10 min",
    ),
    "snapshot": Text(
        "抽查:每天 10 时在线(完好)点位数 ÷ 全部登记点位数,再对各天取平均",
        "Spot check: online (good) points at 10:00 each day / all registered points, averaged over the days",
    ),
    "recording": Text(
        "录像完整率:每点位有录像的小时数 ÷ 全部小时数,再对全部登记点位取平均;录像机说不清的小时为未知,"
        "计入分母,按无录像计",
        "Recorded: recorded hours / all hours of each point, averaged over all registered points. An hour of which the "
        "recorder could not say is unknown: it stays in the denominator and counts as not recorded",
    ),
    "recording_days": Text(
        "录像完整天:当天录像不少于 99% 的点位数 ÷ 全部登记点位数,再对当月各整天取平均;另列最近一个整天",
        "Recorded days: points of which at least 99 % of the day was recorded / all registered points, averaged over "
        "the complete days of the month; the newest such day stands by itself",
    ),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """An alert about the picture of a camera. row: of the camera; end_us: None while it is open."""

    row: int
    start_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps over [from_us, to_us)."""

    from_us: int
    to_us: int

    def __len__(self) -> int:
        return max(0, -(-(self.to_us - self.from_us) // (STEP_S * US_PER_S)))

    @classmethod
    def of_month(cls, month: dt.date, zone: ZoneInfo, now_us: int) -> Stretch:
        """The month that `month` is a day of, as far as it has passed."""
        first = month.replace(day=1)
        last = (first + dt.timedelta(days=31)).replace(day=1)
        begin, end = (
            int(dt.datetime.combine(day, dt.time(), zone).timestamp()) * US_PER_S for day in (first, last)
        )
        return cls(begin, max(begin, min(end, now_us)))

    def snapshots(self, zone: ZoneInfo) -> npt.NDArray[np.int64]:
        """The step of each day's spot check, int64 (days,)."""
        day = dt.datetime.fromtimestamp(self.from_us / US_PER_S, zone).date()
        found = []
        while (
            at := dt.datetime.combine(day, dt.time(SNAPSHOT_HOUR), zone).timestamp() * US_PER_S
        ) < self.to_us:
            found.append(int(at - self.from_us) // (STEP_S * US_PER_S))
            day += dt.timedelta(days=1)
        return np.array(found, np.int64)


def held(link: Floats, steps: npt.NDArray[np.int64]) -> Floats:
    """The latest outcome at each step, carried on for at most so many steps; float64 (cameras, steps).

    Args:
        link: float64 (cameras, steps), see CameraLink; NaN where no attempt fell into the step.
        steps: int64 (cameras,), for how many further steps an outcome of a camera counts.
    """
    if not link.size:
        return link
    number = np.arange(link.shape[1])
    latest = np.maximum.accumulate(np.where(np.isnan(link), -1, number), axis=1)
    carried = np.take_along_axis(link, np.maximum(latest, 0), axis=1)
    return np.where((latest >= 0) & (number - latest <= steps[:, None]), carried, np.nan)


def troubled(shape: tuple[int, int], stretch: Stretch, troubles: Iterable[Trouble]) -> Flags:
    """Steps in whose beginning an alert about the picture was open, bool (cameras, steps)."""
    bad = np.zeros(shape, np.bool_)
    step_us = STEP_S * US_PER_S
    for trouble in troubles:
        end_us = stretch.to_us if trouble.end_us is None else trouble.end_us
        first = max(0, -(-(trouble.start_us - stretch.from_us) // step_us))
        bad[trouble.row, first : max(0, -(-(end_us - stretch.from_us) // step_us))] = True
    return bad


def shares(link: Floats, bad: Flags, chosen: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Share of the chosen steps in which each camera was online, good and of unknown state, float64 (cameras,)."""
    there, some = link[:, chosen], bad[:, chosen]
    online = there == CameraLink.ONLINE
    with np.errstate(invalid="ignore"):
        return {
            name: flags.sum(axis=1) / np.float64(len(chosen))
            for name, flags in (("online", online), ("good", online & ~some), ("unknown", np.isnan(there)))
        }


def rates(
    time: dict[str, Floats],
    snapshot: dict[str, Floats],
    recording: dict[str, Floats],
    groups: Sequence[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Averages over the cameras of each group; None where there is no camera or no step."""
    names = np.array(groups if groups is not None else [""] * len(time["online"]))
    return {
        group: {
            "points": int((names == group).sum()),
            "time": _mean(time, names == group),
            "snapshot": _mean(snapshot, names == group),
            "recording": _mean(recording, names == group),
        }
        for group in dict.fromkeys(names.tolist())
    }


def _mean(columns: dict[str, Floats], chosen: Flags) -> dict[str, float | None]:
    means = {name: float(column[chosen].mean()) for name, column in columns.items()}
    return {name: None if np.isnan(mean) else mean for name, mean in means.items()}
