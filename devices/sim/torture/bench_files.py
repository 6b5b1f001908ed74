"""Site, rule and settings of the agent on the bench: a few doors, and nothing to wait for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

AGENT: Final = "bench"
PREFIX: Final = "field/bench"
DOORS: Final = ("door-1", "door-2", "door-3", "door-4")
SETTINGS: Final = "edge.yaml"
RULE: Final = "forced"
#: Impatience, so that a kill costs milliseconds and not seconds.
UPLINK: Final = {
    "ack_timeout_s": 0.3,
    "probe_s": 0.2,
    "health_s": 1.0,
    "first_wait_s": 0.05,
    "most_wait_s": 0.3,
    "refused_wait_s": 1.0,
}
#: A device's own time counts however wrong the gateway's clock is.
MQTT: Final = {"ahead_s": 1e11, "behind_s": 1e11, "reconnect_first_s": 0.05, "reconnect_most_s": 0.3}


def write_bench(folder: Path, port: int) -> None:
    """Write everything that the agent needs."""
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
    _write(folder / SETTINGS, settings)


def write_whole(folder: Path, ports: Sequence[int]) -> Path:
    """Write what an agent of a whole campus needs beside its credentials; return the site file.

    It has the doors of the bench, and behind each port a gateway with devices for the simulator to play.
    """
    write_bench(folder, 0)
    site = _site()
    for number, port in enumerate(ports):
        link = {"id": f"gw-{number}", "agent": AGENT, "kind": "modbus-tcp", "name": _words("网关", "Gateway")}
        site["links"].append(link | {"host": "127.0.0.1", "port": port, "poll_s": 0.5, "timeout_s": 0.3})
        for unit in (1, 2):
            site["devices"].append(
                _device(f"ac-{number}-{unit}", "intesis-inmbs", f"gw-{number}") | {"unit": unit}
            )
    return _write(folder / "site.yaml", site)


def _device(name: str, profile: str, link: str) -> dict[str, Any]:
    return {"id": name, "profile": profile, "link": link, "area": "gate", "name": _words(name, name)}


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
        "devices": [_device(door, "campus-door", "field") | {"topic": door} for door in DOORS],
        "rules": ["rules.yaml"],
    }


def _words(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")  # JSON is YAML
    return path
