"""A campus with one device of each kind, on ports of the test's own, with the standard rules made impatient."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devices.profiles.strict import read_yaml

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_DELAY_S = 2.0
SILENT_AFTER_S = 6.0
#: Units on one link, and on its twin, which loses none.
SHARED, TWIN, UNITS = "shared", "twin", 20
SHARED_POLL_S = 0.5


def write_site(folder: Path, free_port: Callable[[], int]) -> Path:
    """Write a site file and its rules; return the site file."""
    rules = folder / "rules.yaml"
    rules.write_text(json.dumps({"rules": _impatient_rules()}, ensure_ascii=False), "utf-8")
    (folder / "one-word.yaml").write_text(json.dumps(_one_word(), ensure_ascii=False), "utf-8")
    file = folder / "site.yaml"
    file.write_text(json.dumps(_site(free_port, rules.name), ensure_ascii=False), "utf-8")
    return file


def _impatient_rules() -> list[dict[str, Any]]:
    """The standard rules with delays that a test can wait for."""
    files = sorted((REPOSITORY / "config" / "rules").glob("*.yaml"))
    shipped = [rule for file in files for rule in read_yaml(file)["rules"]]
    # Its own speeding stands below; and the simulated people live at another hour than the clock of rules.
    standard = [rule for rule in shipped if rule["kind"] != "speeding" and "only" not in rule]
    for rule in standard:
        for delay in ("on_delay_s", "off_delay_s"):
            rule[delay] = min(rule.get(delay, 0), LONGEST_DELAY_S)
        if "after_s" in rule and "door" not in rule["select"]["kinds"]:  # doors speak once a minute
            rule["after_s"] = SILENT_AFTER_S
    return [*standard, _speeding()]


def _speeding() -> dict[str, Any]:
    return {
        "id": "speeding",
        "kind": "speeding",
        "title": _words("超速", "Speeding"),
        "message": _words("{area}:{value} km/h,限速 {limit}", "{area}: {value} km/h, limit {limit}"),
        "advice": _words("看录像", "Look at the recording"),
        "family": "traffic",
        "severity": "low",
        "select": {"kinds": ["radar"]},
        "limit_kmh": 15,
    }


def _words(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _one_word() -> dict[str, Any]:
    """A sheet of one point, so that a round of many units is one question to each."""
    point = {"name": "pressure_mpa", "title": _words("压力", "Pressure"), "table": "holding", "addr": 1}
    return {
        "profile": "one-word",
        "kind": "pressure",
        "title": _words("压力表", "Gauge"),
        "make": "test",
        "model": "test",
        "grade": "own",
        "sources": ["this test"],
        "sheet": {"kind": "modbus", "points": [{**point, "type": "f32", "unit": "MPa"}]},
    }


def _site(free_port: Callable[[], int], rules: str) -> dict[str, Any]:
    def modbus(name: str, poll_s: float) -> dict[str, Any]:
        port = {"host": "127.0.0.1", "port": free_port(), "poll_s": poll_s, "timeout_s": 0.5}
        return {"id": name, "agent": "edge", "kind": "modbus-tcp", "name": _words(name, name), **port}

    def device(name: str, profile: str, link: str, area: str, **more: Any) -> dict[str, Any]:
        return {
            "id": name,
            "profile": profile,
            "link": link,
            "area": area,
            "name": _words(name, name),
            **more,
        }

    def area(name: str, kind: str) -> dict[str, Any]:
        return {"id": name, "building": "main", "zone": "all", "kind": kind, "name": _words(name, name)}

    recorder = {"host": "127.0.0.1", "port": free_port(), "poll_s": 1.0, "timeout_s": 1.0}
    return {
        "campus": {"id": "test", "name": _words("测试园区", "Test campus")},
        "agents": [{"id": "edge", "name": _words("网关", "Gateway")}],
        "sites": [{"id": "hq", "name": _words("院区", "Compound"), "agent": "edge"}],
        "buildings": [{"id": "main", "site": "hq", "name": _words("主楼", "Main")}],
        "zones": [{"id": "all", "name": _words("全区", "All"), "owner": _words("值班", "Duty")}],
        "areas": [
            area("room", "office"),
            area("pumps", "pump_room"),
            area("gate", "gate"),
        ],
        "links": [
            modbus("gw", 1.0),
            modbus("panel", 0.5),
            *({**modbus(name, SHARED_POLL_S), "timeout_s": 0.4} for name in (SHARED, TWIN)),
            {**modbus("bus", 1.0), "kind": "dlt645-tcp", "timeout_s": 2.0},
            {
                "id": "field",
                "agent": "edge",
                "kind": "mqtt",
                "name": _words("现场", "Field"),
                "prefix": "field/hq",
            },
            {"id": "nvr", "agent": "edge", "kind": "http", "name": _words("录像机", "Recorder"), **recorder},
        ],
        "devices": [
            *(device(f"ac-{n}", "intesis-inmbs", "gw", "room", unit=n) for n in range(1, 5)),
            device("ac-limits", "lg-pmbusb00a", "gw", "room", unit=10, index=3),
            device("meter", "eastron-sdm630", "gw", "room", unit=20),
            *(
                device(f"{link}-{n}", "one-word", link, "room", unit=n)
                for link in (SHARED, TWIN)
                for n in range(1, UNITS + 1)
            ),
            device("bus-meter", "dlt645-three-phase", "bus", "room", address="202511220001"),
            device("pump", "campus-pump-panel", "panel", "pumps"),
            device("radar", "ops243-radar", "field", "gate", topic="radar"),
            device("door", "campus-door", "field", "gate", topic="door"),
            *(
                device(f"cam-{n}", "campus-camera", "nvr", "gate", parameters={"channel": n})
                for n in range(1, 4)
            ),
        ],
        "seasons": [
            {"cooling": {"first": "04-16", "last": "10-31"}, "heating": {"first": "11-01", "last": "04-15"}}
        ],
        "profiles": ["one-word.yaml"],
        "rules": [rules],
    }
