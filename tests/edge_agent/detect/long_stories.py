"""What devices of the demo campus say over hours and weeks, for rules that look that far back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent
from devices.model.codes import AcMode, CameraLink, DoorState, OnOff, PictureReference
from devices.model.samples import SampleBatch
from edge_agent.detect.detection import Detection

SITE = Path(__file__).parents[3] / "config" / "demo" / "site.yaml"
ON, OFF = float(OnOff.ON), float(OnOff.OFF)
MINUTE, HOUR, DAY = 60, 3600, 86400
#: What a device says at a time in seconds, NaN: nothing.
Says = Callable[[float], float]


@dataclass(frozen=True)
class LongStory:
    """One device over a long time.

    says, sound: what it says of each point with the fault of the rule, and without; not named in sound: as with it.
    start: campus time of second 0. raise_s: when the rule raises. clear_s: when it clears; None: not in the story.
    """

    device: str
    start: str
    until_s: float
    every_s: float
    says: dict[str, Says]
    sound: dict[str, Says]
    raise_s: float
    clear_s: float | None
    zh: str
    en: str


@cache
def demo() -> Campus:
    return load_campus(SITE)


def with_only(rules: Iterable[str]) -> Campus:
    """The demo campus with these of its rules."""
    return replace(demo(), rules={name: demo().rules[name] for name in rules})


def start_us(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=demo().timezone).timestamp() * 1e6)


def told(story: LongStory, says: dict[str, Says], rules: Iterable[str]) -> list[AlertEvent]:
    """Every event of these rules while the device says this."""
    device = demo().devices[story.device]
    agent = demo().links[device.link].agent
    table, begin_us = demo().points_of(agent), start_us(story.start)
    seconds = np.arange(0, story.until_s + 1, story.every_s)
    detection = Detection(with_only(rules), agent, table, begin_us)
    events: list[AlertEvent] = []
    for part in np.array_split(seconds, max(len(seconds) // 20_000, 1)):
        times = np.repeat(begin_us + (part * 1e6).astype(np.int64), len(says))
        rows = np.tile([table.row[f"{story.device}.{point}"] for point in says], len(part))
        values = np.array([say(float(second)) for second in part for say in says.values()])
        read = ~np.isnan(values)
        batch = SampleBatch.of(rows[read], times[read], values[read])
        events += detection.step(batch, int(times[-1])).events
    return events


def still(value: float) -> Says:
    return lambda _: value


def pulses(each: Callable[[float], float], for_s: float) -> Says:
    """On for `for_s` each so many seconds; not at the very beginning."""
    return lambda s: ON if s % each(s) < for_s and s >= each(s) else OFF


def after(begin_s: float, then: Says, first: Says, until_s: float = float("inf")) -> Says:
    return lambda s: then(s) if begin_s <= s < until_s else first(s)


def saw(high: float, fall: float, each_s: float) -> Says:
    """A pressure that the stabiliser brings back up each so many seconds."""
    return lambda s: high - fall * (s % each_s) / each_s


def office_w(s: float) -> float:
    """Power from midnight on: less outside of 7 to 19 o'clock, a little different each day."""
    return (9000.0 if 7 <= s % DAY / HOUR < 19 else 2000.0) * (1 + 0.01 * (s // DAY % 3))


COOLING = {"on": still(ON), "mode": still(float(AcMode.COOL)), "setpoint_c": still(26.0)}
OFFICE = {"device": "hq1-ac-0304", "start": "2026-07-15 08:00", "every_s": MINUTE}
METER, METER_ZH, METER_EN = "hq1-main-meter-floor-2", "主楼2层电表", "Meter Main floor 2"
PIPE, PIPE_ZH, PIPE_EN = (
    "hq1-pressure-network",
    "一号院消防泵房管网压力",
    "Pressure network, Fire pump room, No. 1",
)
PUMP_ZH, PUMP_EN = "一号院消防泵房控制柜", "Cabinet, Fire pump room, No. 1"

LONG_STORIES = {
    "camera-partly-covered": LongStory(
        device="hq1-cam-104",
        start="2026-07-15 10:00",
        until_s=2 * HOUR,
        every_s=30,
        says={
            "covered_share": after(600, still(62.0), still(3.0), until_s=HOUR),
            "reference": still(float(PictureReference.CONFIRMED)),
            "alike": still(0.0),
        },
        # A lorry that unloads for a quarter of an hour.
        sound={"covered_share": after(600, still(62.0), still(3.0), until_s=1500)},
        raise_s=2400,
        clear_s=HOUR + 60,
        zh="围墙周界摄像机7:62% 的画面区域被挡",
        en="Camera 7, Perimeter wall: 62 % of the view is blocked",
    ),
    "stabiliser-starts-hour": LongStory(
        device="hq1-pump-1",
        start="2026-07-15 10:00",
        until_s=4 * HOUR,
        every_s=10,
        # Twenty starts an hour for two hours: the sixteenth comes at 16 x 180 s.
        says={"stabiliser_running": after(2 * HOUR, still(OFF), pulses(still(180), 10))},
        sound={"stabiliser_running": pulses(still(400), 10)},
        raise_s=2880,
        # The last start but twelve was at 29 x 180 s; it is out of the window an hour later.
        clear_s=27 * 180 + HOUR + 600,
        zh=f"{PUMP_ZH}:稳压泵一小时启动 16 次,限 15 次",
        en=f"{PUMP_EN}: 16 stabiliser starts in an hour, 15 are allowed",
    ),
    "stabiliser-starts-day": LongStory(
        device="hq1-pump-1",
        start="2026-07-15 00:00",
        until_s=12 * DAY,
        every_s=30,
        # 36 starts a day, from the eleventh day on 144: the limit of 72 is passed within that day.
        says={"stabiliser_running": pulses(lambda s: 600 if s >= 10 * DAY else 2400, 30)},
        sound={"stabiliser_running": pulses(still(2400), 30)},
        raise_s=10 * DAY + 49 * 600,
        clear_s=None,
        zh=f"{PUMP_ZH}:稳压泵一日启动 73 次,往常约限 72 次以内",
        en=f"{PUMP_EN}: 73 stabiliser starts in a day, usual here is below 72",
    ),
    "pump-panel-frozen": LongStory(
        device="hq1-pump-1",
        start="2026-07-15 10:00",
        until_s=900,
        every_s=2,
        says={"heartbeat": after(300, still(300.0), lambda s: s, until_s=600)},
        sound={"heartbeat": lambda s: s},
        raise_s=420,
        clear_s=600,
        zh=f"{PUMP_ZH}:控制柜心跳停止,读数不可信",
        en=f"{PUMP_EN}: the cabinet's heartbeat stands still, its readings cannot be trusted",
    ),
    "pump-room-cold": LongStory(
        device="hq1-pump-1",
        start="2026-01-15 10:00",
        until_s=2 * HOUR,
        every_s=10,
        says={"room_c": after(60, still(3.5), still(12.0), until_s=3600)},
        sound={"room_c": still(5.5)},
        raise_s=660,
        clear_s=4200,
        zh=f"{PUMP_ZH}:泵房 3.5 C,低于 5 C",
        en=f"{PUMP_EN}: pump room at 3.5 C, below 5 C",
    ),
    "pipe-pressure-falling": LongStory(
        device=PIPE,
        start="2026-07-15 10:00",
        until_s=2 * HOUR,
        every_s=2,
        # From an hour on 0.3 MPa are lost within ten minutes; a quarter is gone after 500 s.
        says={"pressure_mpa": after(3600, lambda s: 0.7 - 0.0005 * min(s - 3600, 600), still(0.7))},
        sound={"pressure_mpa": saw(0.65, 0.1, 360)},
        raise_s=3600 + 502 + 30,
        clear_s=3600 + 868 + 60,
        zh=f"{PIPE_ZH}:压力变化 -1.6 MPa/小时,限 -1.5",
        en=f"{PIPE_EN}: -1.6 MPa an hour, -1.5 is the limit",
    ),
    "pipe-pressure-flat": LongStory(
        device=PIPE,
        start="2026-07-15 10:00",
        until_s=26 * HOUR,
        every_s=10,
        says={"pressure_mpa": after(3600, still(0.61), saw(0.65, 0.1, 2400), until_s=25.5 * HOUR)},
        sound={"pressure_mpa": saw(0.65, 0.1, 2400)},
        raise_s=25 * HOUR,
        clear_s=25.5 * HOUR,
        zh=f"{PIPE_ZH}:压力读数一整天未变,传感器或取压阀可能失效",
        en=f"{PIPE_EN}: the same pressure for a day; the transmitter or its valve may be dead",
    ),
    "room-overcooled": LongStory(
        **OFFICE,
        until_s=6 * HOUR,
        says={**COOLING, "room_c": after(HOUR, still(20.0), still(26.0), until_s=5 * HOUR)},
        sound={"room_c": after(HOUR, still(20.0), still(26.0), until_s=3 * HOUR)},
        raise_s=4 * HOUR,
        clear_s=5 * HOUR + 600,
        zh="主楼304 节能管理科:室温 20 C,低于 22 C",
        en="Main 304 Energy saving: 20 C, below 22 C while it cools",
    ),
    "room-not-cooled": LongStory(
        **OFFICE,
        until_s=6 * HOUR,
        says={**COOLING, "room_c": after(HOUR, still(32.0), still(26.0), until_s=5 * HOUR)},
        sound={"on": still(OFF)},
        raise_s=3 * HOUR,
        clear_s=5 * HOUR + 600,
        zh="主楼304 节能管理科:室温 32 C,开机两小时仍高于 31 C",
        en="Main 304 Energy saving: 32 C, still above 31 C after two hours of cooling",
    ),
    "ac-at-night": LongStory(
        device="hq1-ac-0304",
        start="2026-07-15 22:00",
        until_s=9 * HOUR,
        every_s=MINUTE,
        says={"on": still(ON)},
        sound={"on": after(1800, still(OFF), still(ON))},
        raise_s=1.5 * HOUR,
        clear_s=7 * HOUR + 60,
        zh="主楼304 节能管理科:夜间空调仍在运行",
        en="Main 304 Energy saving: the air conditioner still runs at night",
    ),
    "energy-night": LongStory(
        device=METER,
        start="2026-07-06 00:00",
        until_s=11 * DAY + 8 * HOUR,
        every_s=MINUTE,
        # In the eleventh night 8 kW; stand-by is 1.25 x 2.02 kW, so 20 kWh above it take 13151 s.
        says={"power_w": after(10 * DAY + 23 * HOUR, still(8000.0), office_w, 11 * DAY + 6 * HOUR)},
        sound={"power_w": office_w},
        raise_s=10 * DAY + 23 * HOUR + 20 / 5.475 * HOUR,
        clear_s=11 * DAY + 5 * HOUR,
        zh=f"{METER_ZH}:今夜超出往常待机 20 kWh,限 20 kWh",
        en=f"{METER_EN}: 20 kWh above the usual stand-by tonight, 20 kWh are allowed",
    ),
    "power-unusual": LongStory(
        device=METER,
        start="2026-07-06 00:00",
        until_s=16 * DAY,
        every_s=MINUTE,
        says={"power_w": after(15 * DAY + 10 * HOUR, still(20_000.0), office_w, 15 * DAY + 14 * HOUR)},
        sound={"power_w": office_w},
        raise_s=15 * DAY + 11 * HOUR,
        clear_s=15 * DAY + 14 * HOUR + 1800,
        zh=f"{METER_ZH}:功率 20000 W,往常此时在 14435.6 W 以内",
        en=f"{METER_EN}: 20000 W, usual at this hour is below 14435.6 W",
    ),
    "meter-stuck": LongStory(
        device=METER,
        start="2026-07-15 00:00",
        until_s=6 * HOUR,
        every_s=10,
        says={
            "power_w": still(900.0),
            "energy_kwh": after(HOUR, still(100.0), lambda s: s / HOUR, until_s=5 * HOUR),
        },
        sound={"energy_kwh": lambda s: 100 + round(0.9 * s / HOUR, 2)},
        raise_s=3 * HOUR + 60,
        clear_s=5 * HOUR,
        zh=f"{METER_ZH}:功率 900 W,电能读数两小时未变",
        en=f"{METER_EN}: 900 W and the energy register has stood still for two hours",
    ),
    "supply-voltage": LongStory(
        device=METER,
        start="2026-07-15 10:00",
        until_s=900,
        every_s=10,
        says={"u_l1_v": after(60, still(196.0), still(228.0), until_s=600)},
        sound={"u_l1_v": after(60, still(199.0), still(235.0))},
        raise_s=120,
        clear_s=660,
        zh=f"{METER_ZH}:L1 相电压 196 V",
        en=f"{METER_EN}: L1 at 196 V",
    ),
    "door-unlocked-at-night": LongStory(
        device="hq1-door-03",
        start="2026-07-15 21:00",
        until_s=4 * HOUR,
        every_s=MINUTE,
        says={
            "locked": after(600, still(OFF), still(ON), until_s=3 * HOUR),
            "open": still(float(DoorState.CLOSED)),
        },
        sound={"locked": after(600, still(OFF), still(ON), until_s=HOUR)},
        raise_s=HOUR + 300,
        clear_s=3 * HOUR + 5,
        zh="主楼102 总值班室门禁:门已关但未上锁",
        en="Door Main 102 Duty room: shut, but not locked",
    ),
    "camera-unsteady": LongStory(
        device="hq1-cam-104",
        start="2026-07-15 10:00",
        until_s=3 * HOUR,
        every_s=30,
        # Away each five minutes for half a minute: the sixth return is at 6 x 300 + 30 s.
        says={
            "link": after(HOUR, still(0.0), lambda s: float(CameraLink.TIMED_OUT) if s % 300 == 0 else 0.0)
        },
        sound={
            "link": after(HOUR, still(0.0), lambda s: float(CameraLink.TIMED_OUT) if s % 900 == 0 else 0.0)
        },
        raise_s=5 * 300 + 30,
        clear_s=8 * 300 + 30 + HOUR + 600,
        zh="围墙周界摄像机7:一小时内恢复 6 次",
        en="Camera 7, Perimeter wall: came back 6 times in an hour",
    ),
}
