"""Site, rule and settings of the agent on the bench: a few doors, and nothing to wait for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

AGENT: Final = "bench"
PREFIX: Final = "field/bench"
DOORS: Final = ("door-1", "door-2", "door-3", "door-4")
RULE: Final = "forced"
#: Impatience, so that a kill costs milliseconds and not seconds.
UPLINK: Final = {"ack_timeout_s": 0.3, "probe_s": 0.2, "first_wait_s": 0.05, "most_wait_s": 0.3}
#: A device's own time counts however wrong the gateway's clock is.
MQTT: Final = {"ahead_s": 1e11, "behind_s": 1e11, "reconnect_first_s": 0.05, "reconnect_most_s": 0.3}


def write_bench(folder: Path, port: int) -> Path:
    """Write everything that the agent needs; return its settings file."""
    _write(folder / "rules.yaml", {"rules": [_rule()]})
    _write(folder / "site.yaml", _site())
    credentials = _write(folder / "hub.json", {"agent": AGENT, "host": "127.0.0.1", "port": port})
    credentials.chmod(0o600)
    settings = {
        "agent": AGENT,
        "site": "site.yaml",
        "data_dir": "data",
        "hub": "hub.json",
        "health": {"port": 0},
        "detect": {"gather_s": 0.005, "tick_s": 0.2, "held_s": 1.0},
        "outbox": {"reserve_bytes": 1 << 16},
        "uplink": UPLINK,
        "sources": {"mqtt": MQTT},
    }
    return _write(folder / "edge.yaml", settings)


def _rule() -> dict[str, Any]:
    return {
        "id": RULE,
        "kind": "when",
        "title": _words("强行开门", "Forced"),
        "message": _words("{device}", "{device}"),
        "advice": _words("看录像", "Look"),
        "family": "access",
        "severity": "high",
        "select": {"kinds": ["door"]},
        "when": [{"point": "forced", "equals": "on"}],
    }


def _site() -> dict[str, Any]:
    return {
        "campus": {"id": "bench", "name": _words("台架", "Bench")},
        "agents": [{"id": AGENT, "name": _words("网关", "Gateway")}],
        "sites": [{"id": "hq", "name": _words("院区", "Compound"), "agent": AGENT}],
        "buildings": [{"id": "main", "site": "hq", "name": _words("主楼", "Main")}],
        "zones": [{"id": "all", "name": _words("全区", "All"), "owner": _words("值班", "Duty")}],
        "areas": [
            {"id": "gate", "building": "main", "zone": "all", "kind": "gate", "name": _words("门", "Gate")}
        ],
        "links": [
            {"id": "field", "agent": AGENT, "kind": "mqtt", "name": _words("现场", "Field"), "prefix": PREFIX}
        ],
        "devices": [
            {
                "id": door,
                "profile": "campus-door",
                "link": "field",
                "area": "gate",
                "topic": door,
                "name": _words(door, door),
            }
            for door in DOORS
        ],
        "rules": ["rules.yaml"],
    }


def _words(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")  # JSON is YAML
    return path
