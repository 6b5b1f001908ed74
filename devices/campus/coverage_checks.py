"""Whether the coverage section of a site file fits, and which areas and cameras each entry is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from devices.campus.checks import near
from devices.campus.coverage import Coverage
from devices.campus.site import Area, AreaKind, Campus, Device
from devices.model.errors import Problem
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


def cameras_in(campus: Campus, coverage: Coverage, area: str) -> Iterator[Device]:
    """Cameras of an area that count for an entry, in file order."""
    for device in campus.devices.values():
        of_kind = campus.profile_of(device).kind is DeviceKind.CAMERA
        if device.area == area and of_kind and (not coverage.tags or {*coverage.tags} & {*device.tags}):
            yield device


def check(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield every problem of the section."""
    for coverage in campus.coverage.values():
        where, problems = f"coverage.{coverage.id}", list(_names(campus, coverage, file))
        yield from problems
        if coverage.id in campus.rules:
            yield Problem(file, where, "the id of a rule", "an id of its own")
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
