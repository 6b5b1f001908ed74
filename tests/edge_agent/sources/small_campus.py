"""Campuses of a few devices, written as a site file and loaded the usual way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from devices.campus.loading import load_campus
from devices.campus.site import Campus

AGENT = "gw-1"
NAME = {"zh": "名", "en": "name"}


def modbus_link(port: int, name: str = "bus", **settings: Any) -> dict[str, Any]:
    return {
        "id": name,
        "agent": AGENT,
        "kind": "modbus-tcp",
        "name": NAME,
        "host": "127.0.0.1",
        "port": port,
        **settings,
    }


def device(name: str, profile: str, link: str = "bus", **settings: Any) -> dict[str, Any]:
    return {"id": name, "profile": profile, "link": link, "area": "room", "name": NAME, **settings}


def campus_of(
    folder: Path,
    links: Iterable[Mapping[str, Any]],
    devices: Iterable[Mapping[str, Any]],
    sheets: Mapping[str, Mapping[str, Any]] | None = None,
) -> Campus:
    """Load a campus of one room; `sheets` are data sheets of the test's own, by profile name."""
    for name, sheet in (sheets or {}).items():
        _write(folder / f"{name}.yaml", _profile(name, sheet))
    site = {
        "campus": {"id": "small", "name": NAME},
        "agents": [{"id": AGENT, "name": NAME}],
        "sites": [{"id": "here", "name": NAME, "agent": AGENT}],
        "buildings": [{"id": "house", "site": "here", "name": NAME}],
        "zones": [{"id": "zone", "name": NAME, "owner": NAME}],
        "areas": [{"id": "room", "building": "house", "zone": "zone", "kind": "office", "name": NAME}],
        "links": [dict(link) for link in links],
        "devices": [dict(entry) for entry in devices],
        "profiles": [f"{name}.yaml" for name in sheets or {}],
    }
    return load_campus(_write(folder / "site.yaml", site))


def _profile(name: str, sheet: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "profile": name,
        "kind": "camera" if sheet["kind"] in {"snapshot", "stream"} else "meter",
        "title": NAME,
        "make": "test",
        "model": "test",
        "grade": "own",
        "sources": ["this test"],
        "sheet": {**sheet, "points": [{"title": NAME, **point} for point in sheet["points"]]},
    }


def _write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), "utf-8")  # JSON is YAML
    return path
