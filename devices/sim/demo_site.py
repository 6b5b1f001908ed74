"""Writes the site file of the demo campus and its tables: `campus-sim site --out config/demo`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from devices.model.texts import Text
from devices.sim.blueprint import site_text
from devices.sim.blueprint.cameras import POLL_S, cameras, recorders
from devices.sim.blueprint.drawings import Sheet, positions, sheets
from devices.sim.blueprint.equipment import HOST, DevicePlan, devices, polled_links
from devices.sim.blueprint.places import BUILDINGS, SITES, AreaPlan, areas, label
from devices.sim.blueprint.streams import calibrations, servers
from devices.sim.blueprint.zones import ZONES

#: One line each, keys in the order given, Chinese as it is.
YAML_STYLE: Final[dict[str, Any]] = {
    "default_flow_style": True,
    "allow_unicode": True,
    "sort_keys": False,
    "width": 10_000,
}


def demo_files() -> dict[str, str]:
    """Name and content of every file that the generator writes."""
    places = areas()
    equipment = [*devices(places), *cameras(places)]
    plans = sheets(places)
    return {
        "site.yaml": _site_file(plans),
        "areas.csv": _table(_area_row(area) for area in places),
        "devices.csv": _table(_device_row(device) for device in equipment),
        "positions.csv": _table(positions(plans, equipment)),
        **{plan.entry["drawing"]: plan.svg() for plan in plans},
    }


def write_demo_site(folder: Path) -> list[Path]:
    """Write the files into `folder` and return their paths."""
    paths: list[Path] = []
    for name, text in demo_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        paths.append(path)
    return paths


def _site_file(plans: Iterable[Sheet]) -> str:
    parts = [
        site_text.HEAD,
        _section("agents", ({"id": f"edge-{s.id}", "name": _gateway(s.name)} for s in SITES)),
        _section(
            "sites",
            (
                {"id": s.id, "name": _words(s.name), "agent": f"edge-{s.id}", "calendar": "office"}
                for s in SITES
            ),
        ),
        _section(
            "buildings",
            (
                {"id": b.id, "site": b.site, "name": _words(b.name), "floors": b.floors, "m2": b.m2}
                for b in BUILDINGS
            ),
        ),
        _section("zones", _zones()),
        "areas: areas.csv\n",
        _section("links", _links()),
        "devices: devices.csv\n",
        _section("calibrations", calibrations()),
        site_text.RULES,
        site_text.SEASONS,
        site_text.CALENDAR,
        site_text.EXEMPTIONS,
        site_text.COVERAGE,
        _section("plans", (plan.entry for plan in plans)),
        "positions: positions.csv\n",
    ]
    return "\n".join(parts)


def _zones() -> Iterator[dict[str, Any]]:
    for zone in ZONES:
        yield {
            "id": zone.id,
            "name": _words(zone.name),
            "owner": _words(zone.owner),
            "phone": zone.phone,
            "neighbours": list(zone.neighbours),
        }


def _links() -> Iterator[dict[str, Any]]:
    for plan, port in polled_links():
        yield {
            "id": plan.id,
            "agent": f"edge-{plan.site}",
            "kind": plan.kind,
            "name": _words(plan.name),
            "host": HOST,
            "port": port,
            "poll_s": plan.poll_s,
        }
    for site in SITES:
        name = Text(f"{site.name.zh}现场消息", f"Field messages, {site.name.en}")
        yield {
            "id": f"{site.id}-field",
            "agent": f"edge-{site.id}",
            "kind": "mqtt",
            "name": _words(name),
            "prefix": f"field/{site.id}",
        }
    hosts = [("http", host) for host in recorders()] + [("rtsp", host) for host in servers()]
    for kind, (host, site_id, name, port) in hosts:
        yield {
            "id": host,
            "agent": f"edge-{site_id}",
            "kind": kind,
            "name": _words(name),
            "host": HOST,
            "port": port,
            "poll_s": POLL_S,
        }


def _area_row(area: AreaPlan) -> dict[str, str]:
    name = label(area)
    return {
        "id": area.id,
        "building": area.building.id,
        "zone": area.building.zone,
        "kind": area.room.kind.value,
        "zh": name.zh,
        "en": name.en,
        "floor": str(area.floor),
        "m2": f"{area.room.m2:g}",
        "department": area.room.department,
        "people": str(area.room.people),
    }


def _device_row(device: DevicePlan) -> dict[str, str]:
    return {
        "id": device.id,
        "profile": device.profile,
        "link": device.link,
        "area": device.area,
        "zh": device.name.zh,
        "en": device.name.en,
        "unit": str(device.unit),
        "index": str(device.index),
        "topic": device.topic,
        "address": device.address,
        "parameters": ";".join(f"{k}={v}" for k, v in device.parameters.items()),
        "tags": ";".join(device.tags),
    }


def _gateway(site: Text) -> dict[str, str]:
    return {"zh": f"{site.zh}边缘网关", "en": f"Edge gateway, {site.en}"}


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _section(name: str, rows: Iterable[Mapping[str, Any]]) -> str:
    lines = ["- " + yaml.safe_dump(dict(row), **YAML_STYLE) for row in rows]
    return f"{name}:\n{''.join(lines)}"


def _table(rows: Iterable[dict[str, str]]) -> str:
    listed = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(listed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return out.getvalue()
