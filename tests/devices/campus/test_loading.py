"""Reading a site file: what fits is given out by id, every mistake is told with file, path, found and expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devices.campus.checks import selected
from devices.campus.loading import load_campus
from devices.model.errors import Problem

Site = Callable[..., Path]
Problems = Callable[[Path], list[Problem]]

#: Old text, new text; then path, part of what was found, part of what was expected.
KEYS_AND_VALUES = [
    ("host: 10.0.0.1}", "host: 10.0.0.1, pol_s: 5}", "links.0.pol_s", "an unknown key", "only known"),
    ("campus: {id: town", "campus: {id: Town", "campus.id", "'Town'", "match pattern"),
    ("kind: mqtt", "kind: mqqt", "links.1", "'mqqt'", "'modbus-tcp', 'modbus-rtu-tcp'"),
    ("limit_kmh: 15", "limit_kmh: fast", "rules.1.limit_kmh", "'fast'", "valid number"),
    ("limit_kmh: 15", "limit_kmh: 0", "rules.1.limit_kmh", "0", "greater than 0"),
    ("severity: low", "severity: grim", "rules.0.severity", "'grim'", "one of low, medium, high, critical"),
    ("first: 06-01", "first: 06-31", "seasons.0.cooling.first", "'06-31'", "a day of the year"),
    ("until: 2026-12-31", "until: 2026-13-01", "exemptions.0.until", "'2026-13-01'", "a day of the calendar"),
    ("[2026-09-20", "[2026-09-31", "calendars.0.make_up_workdays.0", "'2026-09-31'", "day"),
    ("{device} {value}", "{devise} {value}", "rules.0", "", "unknown fields ['devise']"),
    ("above: 35", "above: 35, below: 3", "rules.0.when.0", "", "exactly one of equals"),
    ("point: room_c", "pont: room_c", "rules.0.when.0.pont", "an unknown key", "only known keys"),
    ("device: ac-1, reason", "device: ac-1, area: room, reason", "exemptions.0", "", "exactly one of device"),
]
REFERENCES = [
    ("agent: edge-1, calendar", "agent: edge-2, calendar", "sites.one.agent", "'edge-2'", "'edge-1'"),
    ("edge-1, calendar: office", "edge-1, calendar: ofice", "sites.one.calendar", "'ofice'", "'office'"),
    ("site: two, name", "site: tow, name", "buildings.barn.site", "'tow'", "'two'"),
    ("neighbours: [outside]", "neighbours: [outsid]", "zones.inside.neighbours", "'outsid'", "'outside'"),
    ("zone: inside, kind", "zone: insight, kind", "areas.room.zone", "'insight'", "'inside'"),
    ("building: barn", "building: bran", "areas.road.building", "'bran'", "'barn'"),
    ("link: field", "link: feild", "devices.radar.link", "'feild'", "'field'"),
    (
        "profile: eastron-sdm630",
        "profile: eastron-sdm360",
        "devices.meter.profile",
        "360",
        "'eastron-sdm630'",
    ),
    ("area: room, name: {zh: 表", "area: rom, name: {zh: 表", "devices.meter.area", "'rom'", "'room'"),
    ("rule: setpoint", "rule: setpiont", "exemptions.0.rule", "'setpiont'", "'setpoint'"),
    ("device: ac-1, reason", "device: ac-9, reason", "exemptions.0.device", "'ac-9'", "did you mean 'ac-"),
    ("areas: [road], hours", "areas: [rode], hours", "rules.speed.limits.0.areas", "'rode'", "'road'"),
    ("office}, limit", "shop}, limit", "rules.speed.limits.0.hours.calendar", "'shop'", "a known id"),
    ("[radar]}", "[radar], sites: [tow]}", "rules.speed.select.sites", "'tow'", "'two'"),
    ("{kinds: [radar]}", "{area_kinds: [raod]}", "rules.speed.select.area_kinds", "'raod'", "'road'"),
    ("{kinds: [radar]}", "{but_not: [rader]}", "rules.speed.select.but_not", "'rader'", "'radar'"),
]
TOGETHER = [
    ("link: bus, area: room, name: {zh: 表", "link: nvr, area: room, name: {zh: 表",
     "devices.meter.link", "a http link", "a link for a modbus profile"),
    (", topic: radar}", "}", "devices.radar.topic", "nothing", "the device's topic"),
    ("index: 1}", "index: 64}", "devices.ac-1.index", "64", "at most 63"),
    ("index: 1}", "index: 0}", "devices.ac-1", "the same place on bus as ac-0", "a place of its own"),
    ("point: room_c", "point: rom_c", "rules.hot.when.0.point", "'rom_c' on daikin-dta116a", "'room_c'"),
    ("above: 35", "equals: warm", "rules.hot.when.0.equals", "'warm'", "a number: room_c has no code set"),
    ("[ac]}\n  when", "[ac], devices: [meter]}\n  when", "rules.hot.select", "no device", "at least one"),
    ("[ac]}\nseasons", "[meter]}\nseasons", "rules.setpoint", "eastron-sdm630 without", "devices that have it"),
    ("Asia/Shanghai", "Asia/Ningbo", "campus.timezone", "'Asia/Ningbo'", "IANA"),
    ("id: ac-1, profile", "id: ac-0, profile", "devices.ac-0", "the id twice", "each id once"),
    ("id: meter, profile", "id: bus, profile", "devices.bus", "the id of a link", "an id of its own"),
]  # fmt: skip


def said(found: list[Problem]) -> dict[str, tuple[str, str]]:
    return {problem.path: (problem.found, problem.expected) for problem in found}


def test_site_file_that_fits_is_given_out_by_id(site: Site) -> None:
    campus = load_campus(site())
    assert campus.site_of(campus.devices["radar"]).id == "two"
    assert campus.profile_of(campus.devices["meter"]).profile == "eastron-sdm630"
    assert [link.id for link in campus.links_of("edge-1")] == ["bus", "field", "nvr"]
    assert "meter.power_w" in campus.points_of("edge-1").row
    assert campus.timezone.key == "Asia/Shanghai"
    assert [device.id for device in selected(campus, campus.rules["hot"])] == ["ac-0", "ac-1"]


def test_digest_is_the_same_for_the_same_files_and_another_for_a_changed_one(site: Site) -> None:
    first = load_campus(site()).digest
    assert load_campus(site()).digest == first
    assert load_campus(site(("limit_kmh: 15", "limit_kmh: 16"))).digest != first


@pytest.mark.parametrize(
    ("old", "new", "path", "found", "expected"), [*KEYS_AND_VALUES, *REFERENCES, *TOGETHER]
)
def test_mistake_is_told_with_file_path_found_and_expected(
    site: Site, problems: Problems, old: str, new: str, path: str, found: str, expected: str
) -> None:
    file = site((old, new))
    told = problems(file)
    assert path in said(told), told
    assert found in said(told)[path][0]
    assert expected in said(told)[path][1]
    assert {problem.file for problem in told} == {str(file)}


@pytest.mark.parametrize(
    ("old", "new"), [(old, new) for old, new, *_ in KEYS_AND_VALUES if "pont" not in new]
)
def test_one_mistake_of_a_value_gives_one_complaint(
    site: Site, problems: Problems, old: str, new: str
) -> None:
    assert len(problems(site((old, new)))) == 1


def test_two_links_to_one_gateway_and_two_cameras_on_one_channel_are_refused(
    site: Site, problems: Problems
) -> None:
    twin = "- {id: bus-2, agent: edge-1, kind: modbus-tcp, name: {zh: 二, en: B}, host: 10.0.0.1}\n"
    camera = "- {id: cam-2, profile: campus-camera, link: nvr, area: road, name: {zh: 机, en: C}}\n"
    told = said(problems(site(("links:\n", f"links:\n{twin}"), ("rules:\n", f"{camera}rules:\n"))))
    assert told["links.bus"] == (
        "the address of bus-2",
        "one link for each gateway: many take one connection",
    )
    assert told["devices.cam-2"] == ("the same place on nvr as cam", "a place of its own")


def test_all_mistakes_are_told_at_once(site: Site, problems: Problems) -> None:
    file = site(
        ("agent: edge-1, calendar", "agent: edge-2, calendar"),
        ("link: field", "link: feild"),
        ("index: 1}", "index: 64}"),
        ("Asia/Shanghai", "Asia/Ningbo"),
        ("areas: [road], hours", "areas: [rode], hours"),
    )
    assert set(said(problems(file))) == {
        "sites.one.agent",
        "devices.radar.link",
        "devices.ac-1.index",
        "campus.timezone",
        "rules.speed.limits.0.areas",
    }


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        ("campus: {id: a", "line 1, column 15", "expected ',' or '}'"),
        ("campus: {}\ncampus: {}\n", "line 2, column 1", "stands twice"),
        ("a: &x 1\nb: *x\n", "line 2, column 4", "aliases"),
        ("- 1\n", "-", "[1]"),
        ("", "-", "None"),
    ],
)
def test_file_that_is_no_site_file_is_refused(
    tmp_path: Path, problems: Problems, text: str, path: str, found: str
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text, "utf-8")
    (told, *_) = problems(file)
    assert told.path == path
    assert found in told.found


def test_file_that_is_not_there_is_refused(tmp_path: Path, problems: Problems) -> None:
    (told,) = problems(tmp_path / "nothing.yaml")
    assert told.expected == "a readable UTF-8 file"
