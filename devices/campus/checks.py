"""Whether a site file fits together: every reference meets its target, every device its profile and its place."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from devices.campus import parameters
from devices.campus.dlt645_links import Dlt645SerialLink, Dlt645TcpLink
from devices.campus.link_checks import link_problems
from devices.campus.modbus_links import (
    ModbusDialInLink,
    ModbusLink,
    ModbusRtuTcpLink,
    ModbusSerialLink,
    ModbusTcpLink,
)
from devices.campus.never_written import shared_units
from devices.campus.replacements import problems_of
from devices.campus.rule_head import RuleHead
from devices.campus.site import Campus, Device, HttpLink, MqttLink
from devices.model.codes import CODES
from devices.model.errors import Problem
from devices.model.texts import Said
from devices.profiles.dlt645_sheet import Dlt645Sheet
from devices.profiles.profile import JsonSheet, ModbusSheet, Point, RadarBytesSheet, SnapshotSheet
from devices.profiles.streams import StreamSheet

SHEET_OF_LINK = {
    ModbusTcpLink: (ModbusSheet,),
    ModbusRtuTcpLink: (ModbusSheet,),
    ModbusSerialLink: (ModbusSheet,),
    ModbusDialInLink: (ModbusSheet,),
    Dlt645TcpLink: (Dlt645Sheet,),
    Dlt645SerialLink: (Dlt645Sheet,),
    MqttLink: (JsonSheet, RadarBytesSheet),
    HttpLink: (SnapshotSheet, StreamSheet),
}


def check(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield every problem of places and devices of a campus that was read from `file`."""
    yield from references(campus, file)
    for device in campus.devices.values():
        yield from _device(campus, device, file)
    yield from link_problems(campus, file)
    yield from _shared_places(campus, file)
    for device, other in shared_units(campus):
        found = f"unit {device.unit} of {device.link}, as {other.id} with another sheet"
        yield Problem(file, f"devices.{device.id}.unit", found, "a unit of its own: it may be written")
    for name in campus.devices.keys() & campus.links.keys():
        yield Problem(file, f"devices.{name}", "the id of a link", "an id of its own")


def selected(campus: Campus, rule: RuleHead) -> Iterator[Device]:
    """Devices a rule is for, in file order; exemptions are a matter of the day and not looked at."""
    select = rule.select
    for device in campus.devices.values():
        profile = campus.profiles[device.profile]
        fits = (
            (not select.kinds or profile.kind in select.kinds)
            and (not select.profiles or device.profile in select.profiles)
            and (not select.devices or device.id in select.devices)
            and (not select.area_kinds or campus.areas[device.area].kind in select.area_kinds)
            and (not select.sites or campus.site_of(device).id in select.sites)
        )
        if fits and device.id not in select.but_not:
            yield device


def resolved(wanted: str | float, point: Point) -> float:
    """The number of what a condition names: a word is looked up in the point's code set.

    Raises:
        ValueError: the word, or the number, is not a member of the set.
    """
    members = {member.name.lower(): float(member) for member in CODES[point.codes]} if point.codes else {}
    if isinstance(wanted, str):
        if not members:
            raise ValueError(Said(f"数：{point.name} 没有代码表", f"a number: {point.name} has no code set"))
        if wanted not in members:
            close = difflib.get_close_matches(wanted.lower(), members, 1)
            guess = _guess(close[0]) if close else Said("", "")
            known = ", ".join(members)
            raise ValueError(Said(f"以下之一：{known}{guess.zh}", f"one of {known}{guess}"))
        return members[wanted]
    if members and wanted not in members.values():
        known = ", ".join(members)
        raise ValueError(Said(f"以下之一：{known}", f"one of {known}"))
    return float(wanted)


def references(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield each id that nothing has; where there are none, everything can be found by id."""
    wanted: list[tuple[str, str, Collection[str]]] = []
    for site in campus.sites.values():
        wanted.append((f"sites.{site.id}.agent", site.agent, campus.agents))
        wanted += [(f"sites.{site.id}.calendar", site.calendar, campus.calendars)] if site.calendar else []
    wanted += [(f"buildings.{b.id}.site", b.site, campus.sites) for b in campus.buildings.values()]
    wanted += [
        (f"zones.{z.id}.neighbours", n, campus.zones) for z in campus.zones.values() for n in z.neighbours
    ]
    wanted += [(f"areas.{a.id}.building", a.building, campus.buildings) for a in campus.areas.values()]
    wanted += [(f"areas.{a.id}.zone", a.zone, campus.zones) for a in campus.areas.values()]
    wanted += [(f"links.{link.id}.agent", link.agent, campus.agents) for link in campus.links.values()]
    for device in campus.devices.values():
        wanted.append((f"devices.{device.id}.link", device.link, campus.links))
        wanted.append((f"devices.{device.id}.area", device.area, campus.areas))
        wanted.append((f"devices.{device.id}.profile", device.profile, campus.profiles))
    for number, exemption in enumerate(campus.exemptions):
        wanted.append((f"exemptions.{number}.rule", exemption.rule, campus.rules))
        wanted += (
            [(f"exemptions.{number}.device", exemption.device, campus.devices)] if exemption.device else []
        )
        wanted += [(f"exemptions.{number}.area", exemption.area, campus.areas)] if exemption.area else []
    for path, name, known in wanted:
        if name not in known:
            yield Problem(file, path, repr(name), near(name, known))


def near(name: str, known: Collection[str]) -> Said:
    """Say what was expected, with the closest known name."""
    close = difflib.get_close_matches(name, known, 1)
    guess = _guess(close[0]) if close else Said("", "")
    return Said(f"已有的编号{guess.zh}", f"a known id{guess}")


def _guess(name: str) -> Said:
    return Said(f"（是否指 {name!r}？）", f" (did you mean {name!r}?)")


def _device(campus: Campus, device: Device, file: str) -> Iterator[Problem]:
    link, profile = campus.links.get(device.link), campus.profiles.get(device.profile)
    if link is None or profile is None:
        return
    where = f"devices.{device.id}"
    if not isinstance(profile.sheet, SHEET_OF_LINK[type(link)]):
        yield Problem(
            file, f"{where}.link", f"a {link.kind} link", f"a link for a {profile.sheet.kind} profile"
        )
    if isinstance(link, HttpLink) and (link.kind == "rtsp") != (
        getattr(profile.sheet, "scheme", "") == "rtsp"
    ):
        yield Problem(
            file, f"{where}.link", f"kind {link.kind}", "kind rtsp for streams over RTSP, and only for them"
        )
    if isinstance(profile.sheet, ModbusSheet) and device.index > profile.sheet.max_index:
        expected = f"at most {profile.sheet.max_index} for {profile.profile}"
        yield Problem(file, f"{where}.index", str(device.index), expected)
    if isinstance(link, MqttLink) and not device.topic:
        yield Problem(file, f"{where}.topic", "nothing", "the device's topic below the link's prefix")
    for name, found, expected in parameters.problems(device.parameters, profile):
        yield Problem(file, f"{where}.parameters.{name}", found, expected)
    for path, found, expected in problems_of(device.replaced, profile):
        yield Problem(file, f"{where}.{path}", found, expected)


def _shared_places(campus: Campus, file: str) -> Iterator[Problem]:
    taken: dict[tuple[object, ...], str] = {}
    for device in campus.devices.values():
        place = _place(campus, device)
        if place is None:
            continue
        first = taken.setdefault(place, device.id)
        if first != device.id:
            found = f"the same place on {device.link} as {first}"
            yield Problem(file, f"devices.{device.id}", found, "a place of its own")


def _place(campus: Campus, device: Device) -> tuple[object, ...] | None:
    """What no two devices may share; two sheets may read one Modbus unit, but not the same sheet twice."""
    link = campus.links.get(device.link)
    if isinstance(link, MqttLink):
        return link.id, device.topic
    if isinstance(link, ModbusLink):
        return link.id, device.unit, device.index, device.profile
    profile = campus.profiles.get(device.profile)
    if link is None or profile is None or not isinstance(profile.sheet, SnapshotSheet | StreamSheet):
        return None
    # A channel is 1 in YAML and "1" in a table.
    own = {**profile.sheet.parameters, **device.parameters}
    return (
        link.id,
        device.profile,
        *(f"{name}={_number_or_text(value)}" for name, value in sorted(own.items())),
    )


def _number_or_text(value: float | str) -> float | str:
    """A number that may stand as text, or the text."""
    try:
        return float(value)
    except ValueError:
        return value
