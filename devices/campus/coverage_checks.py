"""Whether the coverage section of a site file fits, and which areas and cameras each entry is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from devices.campus.checks import near
from devices.campus.coverage import Coverage
from devices.campus.site import Area, AreaKind, Campus, Device
from devices.model.errors import Problem
from devices.model.texts import Said
from devices.profiles.profile import DeviceKind


def watched(campus: Campus, coverage: Coverage) -> Iterator[Area]:
    """Areas that an entry is for, in file order."""
    for area in campus.areas.values():
        fits = (
            (not coverage.areas or area.id in coverage.areas)
            and (not coverage.area_kinds or area.kind in coverage.area_kinds)
            and (not coverage.sites or campus.buildings[area.building].site in coverage.sites)
        )
        if fits and area.id not in coverage.but_not:
            yield area


@dataclass(frozen=True, slots=True)
class Need:
    """One area that one entry is for, with the cameras that count, in file order."""

    coverage: Coverage
    area: Area
    cameras: tuple[str, ...]


def needs(campus: Campus) -> list[Need]:
    """Every area that must be watched, entry by entry; an area without any camera is one of them."""
    by_area: dict[str, list[Device]] = {}
    for device in campus.devices.values():
        if campus.profile_of(device).kind is DeviceKind.CAMERA:
            by_area.setdefault(device.area, []).append(device)
    return [
        Need(coverage, area, tuple(d.id for d in by_area.get(area.id, ()) if _counts(coverage, d)))
        for coverage in campus.coverage.values()
        for area in watched(campus, coverage)
    ]


def _counts(coverage: Coverage, camera: Device) -> bool:
    return not coverage.tags or not {*coverage.tags}.isdisjoint(camera.tags)


def check(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield every problem of the section."""
    for coverage in campus.coverage.values():
        where, problems = f"coverage.{coverage.id}", list(_names(campus, coverage, file))
        yield from problems
        if coverage.id in campus.rules:
            found = Said("某条规则的编号", "the id of a rule")
            yield Problem(file, where, found, Said("自己的编号", "an id of its own"))
        if not problems and not any(True for _ in watched(campus, coverage)):
            yield Problem(file, where, "no area", "at least one area that fits all its lists")


def _names(campus: Campus, coverage: Coverage, file: str) -> Iterator[Problem]:
    known_by_key: dict[str, Collection[str]] = {
        "areas": campus.areas,
        "but_not": campus.areas,
        "sites": campus.sites,
        "area_kinds": [kind.value for kind in AreaKind],
        "tags": {tag for device in campus.devices.values() for tag in device.tags},
    }
    for key, known in known_by_key.items():
        for name in getattr(coverage, key):
            if name not in known:
                yield Problem(file, f"coverage.{coverage.id}.{key}", repr(name), near(name, known))
