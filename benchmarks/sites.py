"""Campuses of one room for measurements, written as a site file and loaded the usual way."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from devices.campus.loading import load_campus
from devices.campus.site import Campus

AGENT: Final = "edge"
NAME: Final = {"zh": "测量", "en": "measured"}


def campus_of(
    links: Iterable[Mapping[str, Any]],
    devices: Iterable[Mapping[str, Any]],
    sheets: Mapping[str, Mapping[str, Any]] | None = None,
) -> Campus:
    """A campus of these links and devices; `sheets` are Modbus data sheets of the row's own, by profile name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, sheet in (sheets or {}).items():
            _write(Path(folder, f"{name}.yaml"), _profile(name, sheet))
        site = {
            "campus": {"id": "measured", "name": NAME},
            "agents": [{"id": AGENT, "name": NAME}],
            "sites": [{"id": "site", "name": NAME, "agent": AGENT}],
            "buildings": [{"id": "building", "site": "site", "name": NAME}],
            "zones": [{"id": "zone", "name": NAME, "owner": NAME}],
            "areas": [{"id": "area", "building": "building", "zone": "zone", "kind": "office", "name": NAME}],
            "links": [{"agent": AGENT, "name": NAME, **link} for link in links],
            "devices": [{"area": "area", "name": NAME, **device} for device in devices],
            "profiles": [f"{name}.yaml" for name in sheets or {}],
        }
        return load_campus(_write(Path(folder, "site.yaml"), site))


def _profile(name: str, sheet: Mapping[str, Any]) -> dict[str, Any]:
    own = {"make": "measured", "model": "measured", "grade": "own", "sources": ["this measurement"]}
    return {"profile": name, "kind": "meter", "title": NAME, **own, "sheet": sheet}


def _write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return path
