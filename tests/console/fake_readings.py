"""Readings of the fake hub: newest values, history, passes, cooling rows, cameras and gateways, all from one seed."""

from __future__ import annotations

import math
import random
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.console.fake_campus import BUILDINGS, PROFILES, SITES, FakeCampus, Json, text

Row = list[float | int | None]
NOW: dict[str, float] = {
    "setpoint_c": 26,
    "room_c": 25.4,
    "mode": 1,
    "on": 1,
    "power_w": 8400,
    "energy_kwh": 48211.4,
    "pf": 0.94,
    "freq_hz": 50.01,
    "link": 0,
    "mean_level": 118,
    "std_level": 46,
    "same_pictures": 0,
    "open": 0,
    "locked": 1,
    "forced": 0,
    "granted": 0,
    "speed_kmh": 24.3,
    "direction": 1,
    "power_ok": 1,
    "standby_power_ok": 1,
    "phase_ok": 1,
    "position": 1,
    "stabiliser_auto": 1,
    "pressure_mpa": 0.42,
    "tank_level_m": 3.1,
    "pool_level_m": 4.2,
}


DEFINITION = (
    (
        "在线率 = 最近一次取图成功的点位数 ÷ 全部登记点位数;"
        "完好率 = 在线且画面不黑、不冻结的点位数 ÷ 全部登记点位数。状态未知的点位始终计入分母。"
    ),
    (
        "Online rate = points whose latest picture arrived ÷ all registered points; good rate = online and neither "
        "dark nor frozen ÷ all registered points. Points of unknown state always stay in the denominator."
    ),
)


def wave(point: str, time_us: int) -> float | None:
    """The value of a point at a moment: the same whenever it is asked."""
    _, name = point.split(".")
    seed = zlib.crc32(point.encode())
    usual = NOW.get(name)
    if usual is None:
        if name.startswith("u_"):
            usual = 229.0
        elif name.startswith("i_"):
            usual = 12.0
        elif name.endswith(("_w", "_var")):
            usual = 2600.0
        else:
            return 0.0
    if name in {"on", "mode", "link", "position", "direction"} or name.endswith(("_ok", "_auto")):
        return usual
    if name == "setpoint_c":
        return (26.0, 26.0, 27.0, 26.0, 22.0, 24.0)[seed % 6]
    hours = time_us / 3.6e9
    day = math.sin((hours + 8) / 24 * 2 * math.pi - 2.2)
    fast = math.sin(hours * 7 + seed % 100)
    return round(usual * (1 + 0.06 * day + 0.015 * fast + 0.0004 * ((time_us // 60_000_000 + seed) % 17)), 3)


#: One direction with a camera, the other without.
VISION: dict[str, Json] = {
    "approaching": {
        "checked": 200,
        "counts": {"single_source": 20, "confirmed": 170, "conflict": 10},
        "shares": {"single_source": 0.1, "confirmed": 0.85, "conflict": 0.05},
        "ratio": {"n": 180, "low": 1.051, "median": 1.062, "high": 1.073, "angle": True},
    },
    "receding": {
        "checked": 0,
        "counts": {"single_source": 0, "confirmed": 0, "conflict": 0},
        "shares": {"single_source": None, "confirmed": None, "conflict": None},
        "ratio": None,
    },
}


@dataclass
class FakeReadings:
    """What the stores of the fake hub know."""

    campus: FakeCampus
    values: dict[str, Row] = field(default_factory=dict)
    bad_cameras: dict[str, str] = field(default_factory=dict)

    def fill(self, now_us: int) -> None:
        for device in self.campus.devices:
            seed = zlib.crc32(device["id"].encode())
            age_us = (seed % 9) * 1_000_000
            for point in PROFILES[device["profile"]]["points"]:
                name = f"{device['id']}.{point['name']}"
                self.values[name] = [now_us - age_us, wave(name, now_us), 0]
        for name in list(self.values):
            if name.startswith("beitou-meter"):
                self.values[name] = [now_us - 28 * 60_000_000, None, 2]
        self.values["hq1-pump-1.position"][1] = 2
        chance = random.Random(11)
        cameras = [device["id"] for device in self.campus.devices if device["kind"] == "camera"]
        states = (
            ["offline"] * 17
            + ["dark"] * 6
            + ["frozen"] * 4
            + ["unauthorised"] * 3
            + ["picture"] * 2
            + ["not-a-picture"] * 1
            + ["unknown"] * 5
        )
        self.bad_cameras = dict(zip(chance.sample(cameras, len(states)), states, strict=True))

    def latest(self, wanted: Iterable[str] | None) -> dict[str, Row]:
        devices = None if wanted is None else set(wanted)
        return {n: row for n, row in self.values.items() if devices is None or n.split(".")[0] in devices}

    def series(self, points: list[str], from_us: int, to_us: int, step_s: int) -> Json:
        step_us = max(step_s, 1) * 1_000_000
        times = list(range(from_us - from_us % step_us, to_us, step_us))[:5000]
        if step_s == 0:
            times = list(range(from_us, to_us, 10_000_000))[:5000]
            rows = {
                p: {"time_us": times, "value": [wave(p, t) for t in times], "quality": [0] * len(times)}
                for p in points
            }
            return {"step_s": 0, "series": rows, "truncated": False}
        gap = range(len(times) // 3, len(times) // 3 + max(1, len(times) // 40))
        columns = {p: [None if i in gap else wave(p, t) for i, t in enumerate(times)] for p in points}
        return {"step_s": step_s, "time_us": times, "series": columns}

    def speed(self, device: str | None, from_us: int, to_us: int, passes: int) -> Json:
        chance = random.Random(3)
        limit = 30
        speeds = sorted(max(6.0, chance.gauss(25.5, 5.6)) for _ in range(passes))
        edges = list(range(0, 80, 5))
        counts = [sum(low <= v < low + 5 for v in speeds) for low in edges[:-1]]
        over = [v for v in speeds if v > limit]
        shape = [2, 1, 1, 1, 2, 6, 18, 62, 88, 54, 38, 42, 50, 40, 36, 40, 58, 92, 60, 30, 18, 12, 7, 4]
        by_hour = [
            {
                "hour": h,
                "passes": n * passes // 762,
                "p85": round(29 + 4 * math.sin(h / 3.1), 1),
                "over": n * passes // 5000,
            }
            for h, n in enumerate(shape)
        ]
        days = max(1, min(30, (to_us - from_us) // 86_400_000_000))
        by_day = [
            {
                "day_us": to_us - (days - d) * 86_400_000_000,
                "passes": passes // days,
                "p85": round(30 + chance.uniform(-1, 2), 1),
                "over": len(over) // days,
            }
            for d in range(days)
        ]

        def at(share: float) -> float | None:
            return speeds[int(share * (len(speeds) - 1))] if speeds else None

        worst = [
            {
                "id": "",
                "seq": 1100 + i,
                "time_us": to_us - i * 7_000_000_000,
                "device": device or "hq1-radar-1",
                "value": v,
                "limit": limit,
                "severity": 3 if v > 45 else 2,
                "state": "closed",
            }
            for i, v in enumerate(reversed(speeds[-12:]))
        ]
        radars = [d["id"] for d in self.campus.devices if d["kind"] == "radar"]
        figures = {
            "limit_kmh": limit,
            "passes": passes,
            "mean": sum(speeds) / passes if passes else None,
            "std": 5.6 if passes else None,
            "p15": at(0.15),
            "p50": at(0.5),
            "p85": at(0.85),
            "max": at(1.0),
            "over": len(over),
            "over_share": len(over) / passes if passes else None,
            "pace": [21.0, 31.0, 0.61],
            "coverage": 0.987,
        }
        lanes = [
            {"device": radar, "direction": way, **figures, "by_hour": by_hour, "vision": VISION[way]}
            for radar in ([device] if device else radars[:2])
            for way in ("approaching", "receding")
        ]
        return {
            "devices": radars,
            **figures,
            "lanes": lanes if passes else [],
            "histogram": {"edges": edges, "counts": counts},
            "by_hour": by_hour,
            "by_day": by_day,
            "minimum_sample": 100,
            "minimum_ratios": 30,
            "worst": worst,
        }

    def cooling(self, alerts: dict[str, Json]) -> Json:
        alert_of = {
            a["device"]: a
            for a in alerts.values()
            if a["rule"] == "ac-setpoint" and a["state"] in {"raised", "acked"}
        }
        rows = []
        for device in self.campus.devices:
            if device["kind"] != "ac":
                continue
            area = self.campus.area_by_id[device["area"]]
            alert = alert_of.get(device["id"])
            seed = zlib.crc32(device["id"].encode())
            running, exempt = seed % 5 != 0 or alert is not None, seed % 41 == 3 and alert is None
            time_us, setpoint, quality = self.values[f"{device['id']}.setpoint_c"]
            setpoint = alert["value"] if alert else (22.0 if exempt else 26.0 + seed % 2)
            rows.append(
                {
                    "device": device["id"],
                    "name": device["name"],
                    "area": area["id"],
                    "building": area["building"],
                    "site": device["site"],
                    "on": running,
                    "mode": 1,
                    "setpoint_c": setpoint,
                    "room_c": self.values[f"{device['id']}.room_c"][1],
                    "time_us": time_us,
                    "quality": quality,
                    "outside": alert is not None,
                    "known": True,
                    "since_us": alert["start_us"] if alert else None,
                    "exempt": text("医务室恒温", "clinic, constant temperature") if exempt else None,
                    "excess_c": 26 - setpoint if alert else 0,
                    "alert": alert["id"] if alert else None,
                }
            )
        summary = []
        for building, *_ in BUILDINGS:
            own = [row for row in rows if row["building"] == building]
            if own:
                summary.append(
                    {
                        "building": building,
                        "units": len(own),
                        "running": sum(r["on"] for r in own),
                        "outside": sum(r["outside"] for r in own),
                        "unknown": 0,
                    }
                )
        period = dict.fromkeys(SITES, "cooling")
        return {
            "period": period,
            "standard": {"cooling_min_c": 26, "heating_max_c": 20},
            "rows": rows,
            "summary": summary,
        }

    def cameras(self, now_us: int) -> Json:
        rows = []
        for device in self.campus.devices:
            if device["kind"] != "camera":
                continue
            area = self.campus.area_by_id[device["area"]]
            state = self.bad_cameras.get(device["id"], "online")
            time_us = self.values[f"{device['id']}.link"][0]
            rows.append(
                {
                    "device": device["id"],
                    "area": area["id"],
                    "building": area["building"],
                    "site": device["site"],
                    "kind_of_area": area["kind"],
                    "state": state,
                    "trouble": "camera-dark" if state == "picture" else None,
                    "since_us": now_us - 7_200_000_000,
                    "time_us": time_us,
                    "mean_level": 4.2 if state == "dark" else 118.0,
                    "std_level": 1.1 if state == "dark" else 46.0,
                    "same_pictures": 9 if state == "frozen" else 0,
                }
            )
        return {
            "rows": rows,
            "rates": {
                "overall": rates(rows),
                "by_site": rates_by(rows, "site"),
                "by_area_kind": rates_by(rows, "kind_of_area"),
            },
            "definition": text(*DEFINITION),
        }


def rates_by(rows: list[Json], key: str) -> Json:
    return {
        value: rates([row for row in rows if row[key] == value])
        for value in dict.fromkeys(row[key] for row in rows)
    }


def rates(rows: list[Json]) -> Json:
    """Rates over all registered points, the unknown among them."""
    states = Counter(row["state"] for row in rows)
    online = sum(states[name] for name in ("online", "picture", "dark", "frozen"))
    good = states["online"]
    return {
        "points": len(rows),
        "online": online,
        "good": good,
        "online_rate": online / len(rows),
        "good_rate": good / len(rows),
    }


def gateways(campus: FakeCampus, now_us: int, offline: set[str], since_us: int) -> list[Json]:
    rows = []
    for site, (zh, en) in SITES.items():
        agent = f"{site}-edge"
        away = agent in offline
        links = [link for link in campus.links if link["agent"] == agent]
        rows.append(
            {
                "agent": agent,
                "name": text(f"{zh}网关", f"{en} gateway"),
                "state": "offline" if away else "online",
                "since_us": since_us if away else now_us - 86_400_000_000,
                "seen_us": since_us if away else now_us - 900_000,
                "version": "0.1.0",
                "site_digest": "9f2c41d0aa37",
                "digest_ok": site != "shenyue",
                "epoch": 3,
                "outbox": {
                    "alerts": 0,
                    "live": 12,
                    "backlog": 48_210 if site == "shenyue" else 0,
                    "bytes": 1_204_224,
                    "oldest_us": now_us - 2_400_000_000 if site == "shenyue" else now_us - 800_000,
                    "dropped": {"live overflow": 7} if site == "beitou" else {},
                    "hours_left": 31.2,
                },
                "rival_us": now_us - 60_000_000 if site == "beitou" else None,
                "uplink": {"thin": site == "shenyue", "thinned": 812, "bandwidth_bytes_per_s": 15_200.0},
                "clock_offset_s": 3.42 if site == "hall" else 0.012,
                "rates": {"samples_s": 212.4},
                "links": [
                    {
                        "id": link["id"],
                        "name": link["name"],
                        "kind": link["kind"],
                        "state": "down" if link["id"] == "beitou-meters" else "up",
                        "ok": 8123,
                        "errors": {"timeouts": 190} if link["id"] == "beitou-meters" else {},
                        "period_s": link["poll_s"] + 0.02,
                        "devices": sum(d["link"] == link["id"] for d in campus.devices),
                        "silent": 12 if link["id"] == "beitou-meters" else 0,
                    }
                    for link in links
                ],
                "rules": {"pump-not-auto": 1, "speeding": 1},
                "received": {
                    "messages": 40_112,
                    "samples": 1_902_113,
                    "alerts": 31,
                    "duplicates": 4,
                    "refused": 0,
                },
            }
        )
    return [
        *rows,
        dict.fromkeys(rows[0])
        | {"agent": "field", "name": text("field", "field"), "state": "never", "links": []},
    ]
