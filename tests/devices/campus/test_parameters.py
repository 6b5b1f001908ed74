"""Parameters of devices: every way in which they can miss what their sheet asks for is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.parameters import problems
from devices.model.errors import ConfigRefused
from devices.profiles.library import load_sheets, shipped

MIXED = """
profile: mixed
kind: camera
title: {zh: 试, en: test}
make: own
model: test
grade: own
sources: [this test]
sheet:
  kind: snapshot
  path: /{stream}/{channel}.jpg
  parameters: {channel: 1, stream: main}
  points:
  - {name: link, title: {zh: 取图, en: link}, codes: camera_link}
"""


def said(given: dict[str, float | str], profile: str) -> list[tuple[str, str, str]]:
    return list(problems(given, shipped()[profile]))


@pytest.mark.parametrize(
    ("profile", "given"),
    [
        ("pressure-7reg", {"scale": 0.001}),
        ("pressure-7reg", {"scale": "0.0001"}),  # a cell of a table is text
        ("pressure-7reg", {"scale": -1.0}),
        ("ops243-radar", {"unit": "km/h", "angle_factor": "1.06"}),
        ("ops243-radar", {"unit": "mph"}),
        ("hikvision-radar", {"angle_factor": 1.1}),
        ("hikvision-radar", {"angle_deg": "18"}),
        ("campus-camera", {"channel": "12"}),
        ("hikvision-camera", {"channel": 301.0}),
        ("eastron-sdm630", {}),
    ],
)
def test_what_the_sheet_asks_for_is_taken(profile: str, given: dict[str, float | str]) -> None:
    assert said(given, profile) == []


@pytest.mark.parametrize(
    ("profile", "given", "found", "expected"),
    [
        ("ops243-radar", {"unit": "kmh"}, "'kmh'", "a unit of speed_kmh: km/h, m/s, mph, ft/s, cm/s"),
        ("ops243-radar", {"unit": "kWh"}, "'kWh'", "a unit of speed_kmh: km/h, m/s, mph, ft/s, cm/s"),
        ("ops243-radar", {"unit": 3.6}, "3.6", "a unit of speed_kmh: km/h, m/s, mph, ft/s, cm/s"),
        ("ops243-radar", {"units": "m/s"}, "an unknown parameter", "did you mean 'unit'?"),
        ("ops243-radar", {"x": 1.0}, "an unknown parameter", "ops243-radar (angle_deg, angle_factor, unit)"),
        ("hikvision-radar", {"anglefactor": 1.1}, "an unknown parameter", "did you mean 'angle_factor'?"),
        ("hikvision-radar", {"angle_factor": "wide"}, "'wide'", "a number other than 0"),
        ("pressure-7reg", {"scale": 0.0}, "0.0", "a number other than 0"),
        ("pressure-7reg", {"scale": "nan"}, "'nan'", "a number other than 0"),
        ("campus-camera", {"chanel": "2"}, "an unknown parameter", "did you mean 'channel'?"),
        ("campus-camera", {"channel": "../2"}, "'../2'", "a number, such as 1"),
        ("eastron-sdm630", {"ct": 40.0}, "an unknown parameter", "(it has none)"),
    ],
)
def test_what_misses_it_is_refused_with_what_was_expected(
    profile: str, given: dict[str, float | str], found: str, expected: str
) -> None:
    [(name, was, wanted)] = said(given, profile)
    assert (name, was) == (next(iter(given)), found)
    assert expected in wanted


@pytest.mark.parametrize(("word", "fits"), [("sub-1", True), ("a/b", False), ("", False), ("a b", False)])
def test_a_word_of_a_path_stays_one_level_of_it(tmp_path: Path, word: str, *, fits: bool) -> None:
    (tmp_path / "mixed.yaml").write_text(MIXED, "utf-8")
    profile = load_sheets([tmp_path / "mixed.yaml"])["mixed"]
    assert (list(problems({"stream": word}, profile)) == []) == fits


def test_each_shipped_sheet_takes_its_own_defaults() -> None:
    assert [
        found for profile in shipped().values() for found in problems(profile.sheet.parameters, profile)
    ] == []


def test_a_site_file_names_the_device_and_all_its_wrong_parameters_at_once(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(
        """
campus: {id: c, name: {zh: 园, en: C}}
agents: [{id: edge, name: {zh: 网, en: E}}]
sites: [{id: s, name: {zh: 院, en: S}, agent: edge}]
buildings: [{id: b, site: s, name: {zh: 楼, en: B}}]
zones: [{id: z, name: {zh: 区, en: Z}, owner: {zh: 班, en: Team}}]
areas: [{id: gate, building: b, zone: z, kind: gate, name: {zh: 门, en: Gate}}]
links: [{id: field, agent: edge, kind: mqtt, name: {zh: 现场, en: Field}, prefix: field/s}]
devices: devices.csv
""",
        "utf-8",
    )
    (tmp_path / "devices.csv").write_text(
        "id,profile,link,area,zh,en,topic,parameters\n"
        "radar,ops243-radar,field,gate,雷达,Radar,radar,unit=kmh;angel_factor=1.1\n",
        "utf-8",
    )
    with pytest.raises(ConfigRefused) as refused:
        load_campus(tmp_path / "site.yaml")
    assert [problem.path for problem in refused.value.problems] == [
        "devices.radar.parameters.unit",
        "devices.radar.parameters.angel_factor",
    ]
