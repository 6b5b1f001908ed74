"""Orders of the fake hub: made, cancelled, frozen and thawed as the contract says; a test moves them on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.console.fake_campus import SITES, FakeCampus, Json, text

S = 1_000_000
OFF = {"code": "disabled", **text("网关未启用写值", "Writing is not enabled on its gateway")}
#: device, point, before, value, state, code, by rule, minutes ago
OPENING: list[tuple[str, float, float, str, str, bool, float]] = [
    ("hq1/ac/3", 22, 26, "verified", "", False, 34),
    ("hq1/ac/5", 21, 26, "failed", "not-verified", False, 90),
    ("hall/ac/2", 20, 26, "expired", "no-word", False, 130),
    ("hall/ac/7", 23, 26, "released", "", True, 300),
    ("shenyue/ac/1", 22, 26, "cancelled", "cancelled", False, 400),
    ("beitou/ac/4", 22, 26, "queued", "", True, 0.3),
]


@dataclass
class FakeOrders:
    """Every order by id, the freezes, and whether writing is enabled."""

    campus: FakeCampus
    enabled: bool = True
    rows: dict[str, Json] = field(default_factory=dict)
    freezes: list[Json] = field(default_factory=list)
    obstacle: Json | None = None
    made: list[Json] = field(default_factory=list)
    probes: dict[str, Json] = field(default_factory=dict)

    def fill(self, now_us: int) -> None:
        for device, before, value, state, code, by_rule, minutes in OPENING:
            order = self.make(self.campus.find(device), value, "WO 2026-118", now_us - int(minutes * 60 * S))
            order |= {"before": before, "rule": "ac-setpoint" if by_rule else None}
            order |= {"by": "rule" if by_rule else "li", "code": code}
            self.move(order["id"], state, order["created_us"] + 6 * S)

    def make(self, device: str | None, value: float | None, why: str, now_us: int, **more: Any) -> Json:
        number = len(self.rows) + 1
        order: Json = dict.fromkeys(
            [f"{name}_us" for name in ("sent", "taken", "verified", "ended", "until")]
            + ["link", "word", "hold_s", "before", "after", "rule", "alert", "cancelled_by", "data"]
        )
        order |= {
            "id": f"{number:032x}",
            "seq": number,
            "kind": "write",
            "agent": "hq1-edge",
            "device": device,
            "name": self.campus.device_by_id.get(device or "", {}).get("name"),
            "point": "setpoint_c",
            "title": text("设定温度", "Set point"),
            "unit": "C",
            "value": value,
            "state": "queued",
            "assumed": False,
            "code": "",
            "text": "",
            "by": "li",
            "why": why,
            "created_us": now_us,
            "expires_us": now_us + 120 * S,
            "holding": False,
            "over": False,
            **more,
        }
        self.rows[order["id"]] = order
        return order

    def move(self, order_id: str, state: str, now_us: int, **more: Any) -> Json:
        """Bring an order into a state."""
        over = state in {"verified", "done", "failed", "expired", "cancelled", "released"}
        order = self.rows[order_id]
        order |= {"state": state, "over": over, **more}
        if f"{state}_us" in order:
            order[f"{state}_us"] = now_us
        if over:
            order["ended_us"] = now_us
        if state == "verified":
            order["after"] = order["value"]
        return order

    def head(self, now_us: int) -> Json:
        frozen = {freeze["scope"] for freeze in self.freezes}
        agents = [
            {
                "agent": f"{site}-edge",
                "name": text(f"{zh}网关", f"{en} gateway"),
                "online": True,
                "known": True,
                "enabled": self.enabled and site in {"hq1", "hall"},
                "frozen_here": site == "hall",
                "frozen": bool(frozen & {"*", f"{site}-edge"}),
                "pending": site == "hall" and bool(frozen),
            }
            for site, (zh, en) in SITES.items()
        ]
        return {"now_us": now_us, "enabled": self.enabled, "freezes": self.freezes, "agents": agents}

    def writable(self, device: str, now_us: int) -> Json:
        point = {
            "point": "setpoint_c",
            "title": text("设定温度", "Set point"),
            "unit": "C",
            "range": [18.0, 30.0],
            "members": None,
            "modes": ["cool", "auto"],
            "hold": "may",
            "longest_hold_s": 14400,
            "settle_s": 20,
            "value": 22.0,
            "time_us": now_us - 4 * S,
        }
        limit = {
            **point,
            "point": "setpoint_low_c",
            "title": text("设定温度下限", "Lower limit"),
            "range": [26.0, 30.0],
            "not_above": 28.0,
            "hold": "must",
            "longest_hold_s": 604_800,
            "value": 16.0,
        }
        return {
            "device": device,
            "may": self.obstacle is None,
            "why_not": self.obstacle,
            "holder": None,
            "today": 1,
            "left": 3,
            "points": [point, limit],
        }


#: What a meter says of itself when it is probed, and when a data sheet is held against it.
PROBED: Json = {
    "kind": "probe",
    "unit": 7,
    "table": "holding",
    "took_s": 3.2,
    "requests": 6,
    "looks": 2,
    "read": [[0, 79]],
    "refused": [{"first": 80, "last": 99, "why": "illegal_address"}],
    "rows": [
        {
            "addr": 0,
            "words": ["4366", "6666"],
            "chosen": 0,
            "candidates": [
                {
                    "type": "f32",
                    "order": "msw",
                    "scale": 1.0,
                    "registers": 2,
                    "value": 230.4,
                    "first": 230.3,
                    "meaning": "voltage",
                    "unit": "V",
                    "score": 0.97,
                    "plausible": True,
                },
                {
                    "type": "u16",
                    "order": "msw",
                    "scale": 1.0,
                    "registers": 1,
                    "value": 17254.0,
                    "first": 17254.0,
                    "meaning": None,
                    "unit": "",
                    "score": 0.1,
                    "plausible": False,
                },
            ],
        },
        {"addr": 0x20, "words": ["0001"], "chosen": None, "candidates": []},
    ],
    "texts": [{"addr": 60, "registers": 4, "order": "msw", "text": "SDM630-M", "swapped": "DS6M03M-"}],
    "zeros": [[2, 31]],
    "ones": [[64, 79]],
    "truncated": False,
    "draft": "profile: found-hq1-meters-7\nkind: meter\n",
}
CHECKED: Json = {
    "kind": "check",
    "unit": 7,
    "profile": "eastron-sdm630",
    "took_s": 1.1,
    "requests": 3,
    "good": 1,
    "wrong": 1,
    "open": 0,
    "points": [
        {
            "point": "u_l1_v",
            "title": text("L1 相电压", "L1 voltage"),
            "table": "input",
            "addr": 0,
            "words": ["4366", "6666"],
            "value": 230.4,
            "unit": "V",
            "quality": "GOOD",
            "verdict": "good",
            "instead": [],
        },
        {
            "point": "freq_hz",
            "title": text("频率", "Frequency"),
            "table": "input",
            "addr": 70,
            "words": ["0000", "4248"],
            "value": 2.3e-41,
            "unit": "Hz",
            "quality": "GOOD",
            "verdict": "implausible",
            "instead": [{"type": "f32", "order": "lsw", "scale": 1.0, "value": 50.0, "meaning": "frequency"}],
        },
    ],
}
