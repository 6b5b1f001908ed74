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

    def make(self, device: str, value: float, why: str, now_us: int, **more: Any) -> Json:
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
            "name": self.campus.device_by_id.get(device, {}).get("name"),
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
        return {
            "device": device,
            "may": self.obstacle is None,
            "why_not": self.obstacle,
            "holder": None,
            "today": 1,
            "left": 3,
            "points": [point],
        }
