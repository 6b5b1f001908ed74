"""A campus of cameras in three buildings, under the shipped rules for cameras."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.profiles.strict import read_yaml

RULES = Path(__file__).parents[3] / "config" / "rules" / "camera.yaml"
PLACES = {
    "grounds": ("gate", "road", "outdoors"),
    "house": ("lobby", "corridor", "meeting", "kitchen"),
    "garage": ("parking",),
}


@pytest.fixture(scope="session")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    """Three cameras before each place of `PLACES`; ids are `<place>-<number>`."""
    return campus_of(tmp_path_factory.mktemp("cameras"), read_yaml(RULES))


def campus_of(
    folder: Path, rules: Any, only: Collection[str] = (), streams: Collection[str] = (), **link: Any
) -> Campus:
    """The same with rules and a link of one's own, and only some of its cameras; `streams` are read all the time."""

    def words(text: str) -> dict[str, str]:
        return {"zh": text, "en": text}

    places = [(building, place) for building, found in PLACES.items() for place in found]
    names = [(place, f"{place}-{number}") for _, place in places for number in range(1, 4)]
    recorder = {"id": "nvr", "agent": "edge", "kind": "http", "name": words("录像机"), "host": "127.0.0.1"}
    site: dict[str, Any] = {
        "campus": {"id": "pictures", "name": words("园区")},
        "agents": [{"id": "edge", "name": words("网关")}],
        "sites": [{"id": "hq", "name": words("院区"), "agent": "edge"}],
        "buildings": [{"id": name, "site": "hq", "name": words(name)} for name in PLACES],
        "zones": [{"id": "all", "name": words("全区"), "owner": words("班")}],
        "areas": [
            {"id": place, "building": building, "zone": "all", "kind": place, "name": words(place)}
            for building, place in places
        ],
        "links": [{**recorder, **link}],
        "devices": [
            {
                "id": name,
                "profile": "campus-stream" if name in streams else "campus-camera",
                "tags": ["critical"] if name in streams else [],
                "link": "nvr",
                "area": place,
                "name": words(name),
                "parameters": {"channel": number},
            }
            for number, (place, name) in enumerate(names, 1)
            if not only or name in only
        ],
        "rules": ["camera.json"],
    }
    folder.joinpath("camera.json").write_text(json.dumps(rules, ensure_ascii=False), "utf-8")
    file = folder / "site.yaml"
    file.write_text(json.dumps(site, ensure_ascii=False), "utf-8")
    return load_campus(file)
