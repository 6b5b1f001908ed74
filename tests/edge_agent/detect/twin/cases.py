"""What the twins are compared on: one case for each thing that a rule can say, and some of them together."""

from __future__ import annotations

from typing import Any

from tests.edge_agent.detect.twin.stories import Case, rule

SPAN = {"hours": {"start": "10:15", "end": "10:40"}}
NIGHT = {"hours": {"start": "23:30", "end": "00:45", "days": "workdays", "calendar": "office"}}
PRESSURE = {"pump.pressure_mpa": (0.1, 0.14, 0.15, 0.16, 0.18, 0.2)}
LOW = {"point": "pressure_mpa", "below": 0.15}
FAULT = {"point": "fault", "equals": "on"}
SWITCHES = {"pump.fault": (0, 1), "pump.running": (0, 1), "pump.position": (0, 1, 2)}
POWER = {"meter.power_w": (500.0, 1000.0, 2500.0, 9000.0), "meter.p_l1_w": (0.0, 500.0, 3000.0)}
HELD = {"free": ("pump",), "spare": ("pump",)}


def when(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The rule about the pump."""
    return rule("spare", when=list(conditions), **more)


def metered(condition: dict[str, Any], **more: Any) -> Case:
    """Energy of the meter in the middle of the day, or over midnight."""
    only = {"hours": [{"start": "10:20", "end": "11:10"}, {"start": "12:00", "end": "13:00"}]}
    made = rule("spare", ("meter",), when=[condition], only=only, fresh_s=900, **more)
    return Case([made], POWER, hours=3)


def usual(point: str, values: tuple[float, ...], more: dict[str, Any], **how: Any) -> Case:
    """Something compared with what is usual of it, over some days with a holiday among them."""
    given = {"days": 5, "least": 2, "coverage": 0.3, **how}
    side = more.pop("side", "above")
    condition = {"point": point, side: {"usual": given}, **more}
    made = when(condition, fresh_s=7200)
    return Case([made], {f"pump.{point}": values}, "2026-07-14 08:00", 100, 900, 150)


def caused(on: str, by: dict[str, Any], **more: Any) -> Case:
    """A rule that another one holds back."""
    held = rule("free", ("pump", "meter"), when=[{"point": "room_c", "above": 30.0}], on_delay_s=120, **more)
    held["select"] = {"kinds": ["pump"]}
    held["held_back_by"] = [{"rule": "spare", "on": on}]
    points = {"pump.room_c": (20.0, 31.0, 32.0), "meter.power_w": (0.0, 9000.0), "pump.fault": (0, 1)}
    return Case([held, by], points, "2026-07-20 10:00")


LEVELS = [
    {"severity": "critical", "when": [FAULT], "on_delay_s": 60, "off_delay_s": 120},
    {"severity": "high", "on_delay_s": 420, "off_delay_s": 60},
    {"severity": "low", "when": [{"point": "pressure_mpa", "above": 0.12}]},
]
HALF_HOUR = {"over_s": 1800, "per": "hour"}
STARTS = {"becomes": "on", "within_s": 1800}

CASES: dict[str, Case] = {
    "below": Case([when(LOW)], PRESSURE),
    "below with a dead band": Case([when({**LOW, "dead_band": 0.03})], PRESSURE),
    "above with a dead band": Case(
        [when({"point": "pressure_mpa", "above": 0.15, "dead_band": 0.01})], PRESSURE
    ),
    "delays": Case([when(LOW, on_delay_s=180, off_delay_s=120)], PRESSURE),
    "a delay on": Case([when({**LOW, "dead_band": 0.03}, on_delay_s=120)], PRESSURE),
    "a delay off, latched": Case([when(LOW, off_delay_s=240, latch=True)], PRESSURE),
    "equals": Case([when(FAULT)], SWITCHES),
    "differs": Case([when({"point": "position", "differs": "auto"}, on_delay_s=60)], SWITCHES),
    "one of": Case([when({"point": "position", "one_of": ["off", "manual"]})], SWITCHES),
    "bit": Case(
        [rule("spare", ("ac",), when=[{"point": "fault_code", "bit": 1, "equals": 1.0}])],
        {"ac.fault_code": (0, 1, 2, 3, 4, 7), "split.fault_code": (0, 2)},
    ),
    "all, any, not": Case(
        [
            when(
                {"any": [FAULT, {"not": {"all": [{"point": "running", "equals": "on"}, LOW]}}]},
                {"not": {"point": "position", "equals": "auto"}},
            )
        ],
        {**SWITCHES, **PRESSURE},
    ),
    "rate above": Case(
        [when({"point": "tank_level_m", "rate": HALF_HOUR, "above": 2.0, "dead_band": 1.0})],
        {"pump.tank_level_m": (1.0, 2.0, 2.5, 3.0, 4.0)},
        hours=2,
    ),
    "rate below": Case(
        [when({"point": "tank_level_m", "rate": {"over_s": 600, "per": "minute"}, "below": -0.05})],
        {"pump.tank_level_m": (1.0, 1.5, 2.0, 3.0)},
    ),
    "count": Case(
        [when({"point": "running", "count": STARTS, "above": 1.0}, off_delay_s=60)],
        {"pump.running": (0, 1)},
        hours=2,
        most=40,
    ),
    "count below": Case(
        [when({"point": "position", "count": {"becomes": "auto", "within_s": 1200}, "below": 1.0})],
        {"pump.position": (0, 1, 2)},
        hours=2,
    ),
    "flat": Case(
        [when({"point": "heartbeat", "flat_s": 300}, on_delay_s=60)], {"pump.heartbeat": (1.0, 2.0)}
    ),
    "flat or not": Case(
        [when({"not": {"point": "heartbeat", "flat_s": 600}})], {"pump.heartbeat": (1.0, 2.0)}
    ),
    "another point": Case(
        [
            when(
                {
                    "point": "pool_level_m",
                    "above": {"point": "tank_level_m", "times": 2.0, "plus": 0.5},
                    "dead_band": 1.0,
                }
            )
        ],
        {"pump.pool_level_m": (1.0, 2.5, 4.0, 6.5), "pump.tank_level_m": (1.0, 2.0, 3.0)},
    ),
    "schedule": Case(
        [
            when(
                {
                    "point": "pressure_mpa",
                    "below": {
                        "schedule": [
                            {"hours": {"start": "10:00", "end": "10:30"}, "limit": 0.15},
                            {"hours": {"start": "10:20", "end": "10:45"}, "limit": 0.2},
                        ]
                    },
                    "dead_band": 0.02,
                }
            )
        ],
        PRESSURE,
    ),
    "schedule over midnight": Case(
        [
            when(
                {
                    "point": "pressure_mpa",
                    "below": {"schedule": [{"hours": NIGHT["hours"], "limit": 0.18}], "otherwise": 0.12},
                },
                on_delay_s=600,
            )
        ],
        PRESSURE,
        "2026-07-15 22:00",
        30,
        900,
        40,
    ),
    "energy": metered({"point": "power_w", "energy": {"stand_by": 1000.0}, "above": 0.75}),
    "energy, delayed": metered(
        {"point": "power_w", "energy": {"stand_by": 500.0}, "above": 0.5}, on_delay_s=120, off_delay_s=60
    ),
    "energy above another point": metered(
        {"point": "power_w", "energy": {"stand_by": {"point": "p_l1_w", "plus": 100.0}}, "above": 0.25}
    ),
    "energy above a schedule": metered(
        {
            "point": "power_w",
            "energy": {
                "stand_by": {"schedule": [{"hours": {"start": "10:00", "end": "12:30"}, "limit": 700.0}]}
            },
            "above": 0.5,
        }
    ),
    "hours and an exemption": Case(
        [
            rule(
                "free",
                when=[{"point": "pump1_a", "above": 5.0}],
                only={"hours": [NIGHT["hours"]]},
            )
        ],
        {"pump.pump1_a": (1.0, 9.0)},
        "2026-07-15 23:00",
        hours=2,
    ),
    "usual of the hour": usual("room_c", (10.0, 14.0, 20.0, 25.0), {"dead_band": 1.0}, plus=1.7, mads=0.5),
    "usual of the day": usual(
        "room_c", (10.0, 14.0, 20.0, 25.0), {}, per="day", like="any", times=1.03, at_least=1.3137
    ),
    "usual of any hour, below": usual(
        "room_c",
        (10.0, 14.0, 20.0, 25.0),
        {"side": "below"},
        like="any",
        days=2,
        least=4,
        times=0.93,
        mads=1.0,
    ),
    "usual starts of the hour": usual(
        "running",
        (0, 1),
        {"count": {"becomes": "on", "within_s": 3600}},
        like="any",
        times=1.5,
        plus=0.25,
        coverage=0.5,
    ),
    "usual starts of the day": usual(
        "running",
        (0, 1),
        {"count": {"becomes": "on", "within_s": 86400}},
        per="day",
        like="same",
        least=1,
        times=0.8,
        plus=1.25,
        coverage=0.5,
    ),
    "usual rate": usual("tank_level_m", (1.0, 2.0, 4.0), {"rate": HALF_HOUR}, like="any", plus=1.3),
    "hours": Case(
        [when({**LOW, "dead_band": 0.03}, only={"hours": [SPAN["hours"]]}, off_delay_s=60)], PRESSURE
    ),
    "hours over midnight": Case(
        [when(LOW, only=SPAN | {"hours": [NIGHT["hours"]]}, on_delay_s=900)],
        PRESSURE,
        "2026-07-15 20:00",
        54,
        900,
        40,
    ),
    "seasons": Case(
        [when(LOW, only={"seasons": ["cooling"]})], PRESSURE, "2026-09-30 23:00", hours=2, grain_s=300
    ),
    "exempt": Case(
        [rule("free", when=[LOW], on_delay_s=300)], PRESSURE, "2026-07-15 23:00", hours=2, grain_s=300
    ),
    "levels": Case(
        [when(LOW, on_delay_s=60, off_delay_s=180, levels=LEVELS)],
        {**PRESSURE, "pump.fault": (0, 1)},
        most=40,
    ),
    "levels without delays": Case(
        [when(LOW, levels=[{**level, "off_delay_s": 0} for level in LEVELS])],
        {**PRESSURE, "pump.fault": (0, 1)},
        most=40,
    ),
    "levels of a run that ends when it is due": Case(
        [when(LOW, on_delay_s=120, levels=[{**level, "off_delay_s": 0} for level in LEVELS])],
        {**PRESSURE, "pump.fault": (0, 1)},
        most=50,
    ),
    "levels in some hours": Case(
        [when(LOW, only={"hours": [SPAN["hours"]]}, off_delay_s=300, levels=LEVELS)],
        {**PRESSURE, "pump.fault": (0, 1)},
        most=40,
    ),
    "good share": Case(
        [when({**LOW, "dead_band": 0.04}, on_delay_s=600, good_share=0.5, fresh_s=120)], PRESSURE
    ),
    "good share of two points": Case(
        [when({**LOW, "dead_band": 0.04}, {"not": FAULT}, on_delay_s=300, good_share=0.6, fresh_s=240)],
        {**PRESSURE, "pump.fault": (0, 0, 0, 1)},
        most=50,
    ),
    "held back by the device": caused("device", when(FAULT, off_delay_s=120)),
    "held back by the area": caused(
        "area", rule("spare", ("meter",), when=[{"point": "power_w", "above": 1000.0}])
    ),
    "held back by the link": caused(
        "link", rule("spare", ("pump", "meter"), kind="stale", of="link", after_s=300), off_delay_s=60
    ),
    "held back and few readings": caused("device", when(FAULT), good_share=0.5, fresh_s=60),
    "a silent device": Case(
        [rule("spare", ("pump", "meter"), kind="stale", after_s=300)],
        {"pump.fault": (0, 1), "meter.power_w": (1.0,)},
        most=16,
    ),
    "a silent device, delayed": Case(
        [rule("spare", ("pump", "ac"), kind="stale", after_s=240, on_delay_s=120, off_delay_s=60)],
        {"pump.fault": (0, 1), "meter.power_w": (1.0,), "ac.room_c": (1.0,), "split.room_c": (1.0,)},
        most=16,
    ),
    "a silent device in some hours": Case(
        [rule("spare", ("pump", "meter"), kind="stale", after_s=300, only={"hours": [SPAN["hours"]]})],
        {"pump.fault": (0, 1), "meter.power_w": (1.0,)},
        most=16,
    ),
    "a silent link": Case(
        [
            rule("spare", ("pump",), kind="stale", of="link", after_s=300, off_delay_s=60),
            rule("free", ("ac",), kind="stale", after_s=600),
        ],
        {"pump.fault": (0, 1), "meter.power_w": (1.0,), "ac.room_c": (1.0,), "split.room_c": (1.0,)},
        most=16,
    ),
    "a long silence gets graver": Case(
        [
            rule(
                "spare",
                ("pump",),
                kind="stale",
                after_s=240,
                levels=[{"severity": "critical", "on_delay_s": 300}],
            )
        ],
        {"pump.fault": (0, 1), "meter.power_w": (1.0,)},
        most=16,
    ),
    "set point": Case(
        [rule("spare", ("ac",), kind="setpoint", on_delay_s=300, off_delay_s=60)],
        {
            "ac.on": (1, 1, 0),
            "ac.mode": (1, 2, 3, 5),
            "ac.setpoint_c": (20.0, 20.1, 24.0, 25.9, 26.0),
            "split.on": (1,),
            "split.mode": (1, 3, 3),
            "split.running_mode": (0, 1, 2),
            "split.setpoint_c": (19.0, 23.0, 26.5),
        },
        "2026-09-30 22:30",
        hours=2,
        most=80,
    ),
}
