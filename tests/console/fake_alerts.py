"""Alerts of the fake hub: raised, acknowledged and cleared as the real one would, and always the same ones at start."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from tests.console.fake_campus import RULES, SAYS, SITES, WORDS, FakeCampus, Json, text

MINUTE_US = 60_000_000
RULE_BY_ID = {rule["id"]: rule for rule in RULES}

#: rule, device (or the n-th of a kind at a site), severity, started so many minutes ago, state
OPENING: list[tuple[str, str, int | None, float, str]] = [
    ("pump-not-auto", "hq1-pump-1", None, 3.2, "raised"),
    ("pump-phase", "hall-pump-1", None, 41, "acked"),
    ("door-forced", "hall/door/2", None, 1.4, "raised"),
    ("speeding", "hq1-radar-1", 3, 6.5, "raised"),
    ("speeding", "hq1-radar-2", None, 12, "raised"),
    ("door-held", "beitou/door/1", None, 9, "raised"),
    ("camera-dark", "shenyue/camera/12", None, 22, "raised"),
    ("camera-dark", "beitou/camera/40", None, 65, "acked"),
    ("device-silent", "beitou-meters", None, 28, "raised"),
]
COOLING_OPEN = 19


@dataclass
class FakeAlerts:
    """Every alert by id, with its history."""

    campus: FakeCampus
    by_id: dict[str, Json] = field(default_factory=dict)
    history: dict[str, list[Json]] = field(default_factory=dict)
    seq: int = 1200

    def open(self) -> list[Json]:
        return [alert for alert in self.by_id.values() if alert["state"] != "closed"]

    def fill(self, now_us: int) -> None:
        """The alerts that the console finds when it is opened for the first time."""
        chance = random.Random(7)
        for rule, device, severity, minutes, state in OPENING:
            alert = self.make(
                rule, self.campus.find(device), now_us - int(minutes * MINUTE_US), severity=severity
            )
            if state == "acked":
                self.act(alert["id"], "ack", "wang", now_us - int(minutes * MINUTE_US / 2))
        units = [device for device in self.campus.devices if device["kind"] == "ac"]
        for device in chance.sample(units, COOLING_OPEN):
            self.make("ac-setpoint", device["id"], now_us - int(chance.uniform(4, 300) * MINUTE_US))
        for device in [d for d in self.campus.devices if d["link"] == "beitou-meters"][:12]:
            self.make("device-silent", device["id"], now_us - 27 * MINUTE_US, parent="beitou-meters")

    def make(
        self,
        rule_id: str,
        device_id: str,
        start_us: int,
        *,
        severity: int | None = None,
        parent: str = "",
        historical: bool = False,
    ) -> Json:
        """Raise one alert and return it."""
        rule = RULE_BY_ID[rule_id]
        says, message = SAYS[rule_id], WORDS[rule_id]["message"]
        place = self._place(device_id)
        self.seq += 1
        alert: Json = {
            "id": hashlib.sha256(f"{rule_id}{device_id}{start_us}".encode()).hexdigest()[:24],
            "seq": self.seq,
            "state": "raised",
            "family": rule["family"],
            "severity": severity or rule["severity"],
            "rule": rule_id,
            "rule_version": 1,
            "title": rule["title"],
            "advice": rule["advice"],
            **place,
            "message": message,
            "start_us": start_us,
            "raised_us": start_us + MINUTE_US,
            "received_us": start_us + MINUTE_US + 40_000,
            "last_us": start_us + MINUTE_US,
            "cleared_us": None,
            "acked_us": None,
            "acked_by": None,
            "assignee": None,
            "count": 1,
            "value": says["value"],
            "limit": says["limit"],
            "unit": says["unit"],
            "evidence": {f"{device_id}.{name}": reading for name, reading in says["evidence"].items()},
            "has_plate": "plate_sure" in says["evidence"],
            "parent": parent,
            "agent": "",
            "historical": historical,
            "stale": False,
            "epoch": 1,
            "notes": 0,
            "latch": False,
            "acts": self._acts(start_us, says["limit"]) if rule_id == "ac-setpoint" else None,
        }
        self.by_id[alert["id"]] = alert
        self._write(alert["id"], "raise", None, alert["raised_us"], message["zh"])
        return alert

    @staticmethod
    def _acts(start_us: int, value: float) -> Json:
        due_us = start_us + 31 * MINUTE_US
        return {"due_us": due_us, "point": "setpoint_c", "value": value, "even_acked": False}

    def _place(self, device_id: str) -> Json:
        device = self.campus.device_by_id.get(device_id)
        if device is None:
            site = device_id.split("-", maxsplit=1)[0]
            link = next(link for link in self.campus.links if link["id"] == device_id)
            nowhere = text("", "")
            return {
                "site": site,
                "building": "",
                "area": "",
                "device": device_id,
                "device_name": link["name"],
                "area_name": nowhere,
                "zone": "",
                "owner": None,
            }
        area = self.campus.area_by_id[device["area"]]
        zh, en = SITES[device["site"]]
        return {
            "site": device["site"],
            "building": area["building"],
            "area": area["id"],
            "device": device_id,
            "device_name": device["name"],
            "area_name": area["name"],
            "zone": area["zone"],
            "owner": text(f"{zh}保卫组", f"{en} security team"),
        }

    def act(self, alert_id: str, act: str, actor: str, now_us: int, words: str = "") -> Json:
        """Apply ack, clear, assign or note, and return the alert as it is then."""
        alert = self.by_id[alert_id]
        if act == "ack":
            over = "latched" if alert["latch"] else "closed"
            after = {"raised": "acked", "cleared": over}.get(alert["state"], alert["state"])
            alert.update(state=after, acked_us=now_us, acked_by=actor)
        elif act == "clear":
            over = "latched" if alert["latch"] else "closed"
            after = {"raised": "cleared", "acked": over}.get(alert["state"], alert["state"])
            alert.update(state=after, cleared_us=now_us)
        elif act == "reset":
            alert["state"] = "closed"
        elif act == "raise":
            alert.update(
                state="raised",
                raised_us=now_us,
                cleared_us=None,
                count=alert["count"] + 1,
                epoch=alert["epoch"] + 1,
            )
        elif act == "assign":
            alert["assignee"] = words
        else:
            alert["notes"] += 1
        self._write(alert_id, act, actor, now_us, words)
        return alert

    def _write(self, alert_id: str, act: str, actor: str | None, time_us: int, words: str) -> None:
        lines = self.history.setdefault(alert_id, [])
        lines.append(
            {
                "id": len(lines) + 1,
                "time_us": time_us,
                "act": act,
                "actor": actor,
                "text": words,
                "before": None,
                "after": None,
            }
        )

    def counts(self) -> Json:
        alerts = self.open()
        by_state = {
            state: sum(a["state"] == state for a in alerts)
            for state in ("raised", "acked", "cleared", "latched")
        }
        by_severity = {str(grave): sum(a["severity"] == grave for a in alerts) for grave in (1, 2, 3, 4)}
        return {**by_state, "by_severity": by_severity}


def order(alert: Json) -> tuple[Any, ...]:
    """Grave first, then unacknowledged first, then newest first."""
    state = {"raised": 0, "acked": 1, "cleared": 2, "latched": 3, "closed": 4}[alert["state"]]
    return (-alert["severity"], state, -alert["start_us"], alert["seq"])
