"""Whether a rule about speed fits the campus: what it names is there, and roads and angles mean something."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from devices.campus.checks import near, selected
from devices.campus.site import Campus, Device
from devices.campus.speed_rules import MOST_ANGLE_DEG, Road, SpeedingRule
from devices.model.texts import Said, same
from devices.profiles.profile import DeviceKind

Found = tuple[str, Said, Said]


def names(campus: Campus, rule: SpeedingRule) -> Iterator[Found]:
    """Yield path, what was found and what was expected of each place that there is not."""
    for number, limit in enumerate(rule.limits):
        yield from _unknown(f"limits.{number}.areas", limit.areas, campus.areas)
        yield from _unknown(f"limits.{number}.zones", limit.zones, campus.zones)


def problems(campus: Campus, rule: SpeedingRule) -> Iterator[Found]:
    """The same of radars, roads and angles; every reference of the campus must meet its target."""
    chosen = {device.id: device for device in selected(campus, rule)}
    for number, instrument in enumerate(rule.instruments):
        yield from _unknown(f"instruments.{number}.radars", instrument.radars, chosen)
    for number, road in enumerate(rule.roads):
        yield from _road(campus, road, f"roads.{number}", chosen)
    for radar in chosen.values():
        yield from _angle(rule, radar)


def _road(campus: Campus, road: Road, path: str, chosen: Collection[str]) -> Iterator[Found]:
    yield from _unknown(f"{path}.radars", road.radars, chosen)
    cameras = [name for name, device in campus.devices.items() if _kind(campus, device) is DeviceKind.PLATE]
    yield from _unknown(f"{path}.cameras", road.cameras, cameras)
    links = [campus.devices[name].link for name in (*road.radars, *road.cameras) if name in campus.devices]
    agents = sorted({campus.links[link].agent for link in links if link in campus.links})
    if len(agents) > 1:
        known = ", ".join(agents)
        yield (
            path,
            Said(f"属于 {known} 的设备", f"devices of {known}"),
            Said("同一网关的设备，由它合并所见", "devices of one agent, which joins what they see"),
        )


def _angle(rule: SpeedingRule, radar: Device) -> Iterator[Found]:
    """The angle is corrected once: by degrees, by a factor, or in the radar."""
    told = radar.parameters.get("angle_deg", 0)
    own = _number(told)
    if own is None or not 0 <= own <= MOST_ANGLE_DEG:
        yield (
            "",
            Said(f"{radar.id} 的 angle_deg {told!r}", f"angle_deg {told!r} of {radar.id}"),
            Said(f"0 至 {MOST_ANGLE_DEG:g} 度", f"0 to {MOST_ANGLE_DEG:g} degrees"),
        )
        return
    factor = _number(radar.parameters.get("angle_factor", 1))
    if factor != 1 and (own or rule.instrument_of(radar.id).angle_deg):
        found = Said(
            f"{radar.id} 兼有 angle_factor 与 angle_deg", f"angle_factor and angle_deg for {radar.id}"
        )
        yield "", found, Said("只用其一：角度只修正一次", "one of them: an angle is corrected once")


def _number(value: float | str) -> float | None:
    """A number, also as text from a table; None if it is none."""
    try:
        return float(value)
    except ValueError:
        return None


def _kind(campus: Campus, device: Device) -> DeviceKind | None:
    profile = campus.profiles.get(device.profile)
    return None if profile is None else profile.kind


def _unknown(path: str, names: Iterable[str], known: Collection[str]) -> Iterator[Found]:
    for name in names:
        if name not in known:
            yield path, same(repr(name)), near(name, known)
