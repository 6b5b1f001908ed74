"""Every shipped sheet: it loads, says where it is from, and means what its vectors say."""

from __future__ import annotations

import math
import re
from typing import Final

import pytest

from devices.model.codes import CODES
from devices.model.units import CONVERSIONS
from devices.profiles.library import SHEETS, shipped
from devices.profiles.profile import (
    BytesVector,
    DeviceKind,
    Grade,
    JsonSheet,
    JsonVector,
    ModbusSheet,
    Point,
    Profile,
    RadarBytesSheet,
    RegisterPoint,
    SnapshotSheet,
    Vector,
)
from devices.profiles.streams import StreamSheet
from tests.devices.profiles.slow_decoder import from_bytes, from_json, from_words

PROFILES: Final = shipped()
each_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)

#: Points that rules, pages and the simulated campus ask for by name; every sheet of the kind has them.
STANDARD: Final[dict[DeviceKind, set[str]]] = {
    DeviceKind.METER: {"u_l1_v", "i_l1_a", "power_w", "freq_hz", "energy_kwh", "energy_out_kwh"},
    DeviceKind.AC: {"on", "mode", "setpoint_c", "room_c", "fault"},
    DeviceKind.PUMP: {
        *("position", "power_ok", "phase_ok", "demand", "running", "fault", "pressure_mpa", "tank_level_m"),
        *("pump1_running", "pump2_running", "stabiliser_running", "stabiliser_starts"),
    },
    DeviceKind.PRESSURE: {"pressure_mpa"},
    DeviceKind.RADAR: {"speed_kmh", "pass_kmh", "pass_class"},
    DeviceKind.PLATE: {"plate", "plate_sure", "vehicle_class"},
    DeviceKind.DOOR: {"open", "locked", "forced", "granted"},
    DeviceKind.CAMERA: {
        "link",
        "mean_level",
        "std_level",
        "same_pictures",
        "sharpness",
        "kept_edges",
        "shift",
    },
}
#: What a name's ending says about the unit in which the value is stored.
ENDINGS: Final = {
    "_v": "V",
    "_a": "A",
    "_w": "W",
    "_var": "var",
    "_hz": "Hz",
    "_kwh": "kWh",
    "_c": "C",
    "_mpa": "MPa",
    "_m": "m",
    "_h": "h",
    "_kmh": "km/h",
    "_level": "level",
    "_starts": "count",
}
CODES_OF: Final = {
    "on": "on_off",
    "running": "on_off",
    "fault": "on_off",
    "power_ok": "on_off",
    "phase_ok": "on_off",
    "demand": "on_off",
    "forced": "on_off",
    "locked": "on_off",
    "granted": "on_off",
    "mode": "ac_mode",
    "running_mode": "ac_mode",
    "position": "pump_position",
    "open": "door",
    "link": "camera_link",
    "direction": "direction",
    "vehicle_class": "vehicle_class",
    "pass_class": "vehicle_class",
}
REQUIRED: Final = {
    *(
        "eastron-sdm630",
        "chint-dtsu666",
        "schneider-iem3155",
        "daikin-dta116a",
        "intesis-inmbs",
        "coolmasternet",
    ),
    *(
        "pressure-7reg",
        "campus-pump-panel",
        "ops243-radar",
        "hikvision-radar",
        "campus-door",
        "campus-camera",
    ),
}


def points_of(kind: type) -> list[object]:
    return [
        pytest.param(profile, point, id=f"{name}-{point.name}")
        for name, profile in PROFILES.items()
        if isinstance(profile.sheet, kind)
        for point in profile.sheet.points
    ]


def vectors_of(kind: type) -> list[object]:
    return [
        pytest.param(profile.sheet, vector, id=f"{name}-{number}")
        for name, profile in PROFILES.items()
        if isinstance(profile.sheet, kind) and not isinstance(profile.sheet, SnapshotSheet | StreamSheet)
        for number, vector in enumerate(profile.sheet.vectors)
    ]


def test_the_makes_of_the_first_campus_are_there() -> None:
    assert set(PROFILES) >= REQUIRED
    assert len(PROFILES) == len(list(SHEETS.glob("*")))


@each_profile
def test_sheet_says_where_it_is_from(profile: Profile) -> None:
    assert all(len(source) > 20 for source in profile.sources)
    assert (profile.grade is Grade.OWN) == (profile.make == "own")
    assert profile.notes
    assert profile.read_only is not bool(profile.write)


@each_profile
def test_titles_stand_in_both_languages(profile: Profile) -> None:
    for title in (profile.title, *(point.title for point in profile.points)):
        assert title.en.isascii()
        assert re.search(r"[\u4e00-\u9fff]", title.zh)
    for language in ("zh", "en"):
        titles = [getattr(point.title, language) for point in profile.points]
        assert len(set(titles)) == len(titles)


@each_profile
def test_points_have_their_standard_names(profile: Profile) -> None:
    assert STANDARD[profile.kind] <= {point.name for point in profile.points}


@pytest.mark.parametrize(("profile", "point"), points_of(object))
def test_name_unit_and_codes_agree(profile: Profile, point: Point) -> None:
    canonical = CONVERSIONS[point.unit].canonical
    for ending, unit in ENDINGS.items():
        if point.name.endswith(ending):
            assert canonical == unit
    assert point.name not in CODES_OF or point.codes == CODES_OF[point.name]
    assert point.codes is None or not canonical


@pytest.mark.parametrize(("profile", "point"), points_of(object))
def test_measured_value_has_a_plausible_range(profile: Profile, point: Point) -> None:
    """Without one, a torn frame's number would be believed. Codes and start counters need none."""
    if point.codes is None and point.counter is None and not point.name.endswith("_code"):
        assert point.valid is not None


@pytest.mark.parametrize(("profile", "point"), points_of(ModbusSheet))
def test_every_register_value_reaches_the_range_it_claims(profile: Profile, point: RegisterPoint) -> None:
    """A range that no raw number can meet is a wrong scale."""
    if point.valid is None or point.type.startswith("f"):
        return
    assert isinstance(profile.sheet, ModbusSheet)
    raws = [0, 1, 10, 100, 250, 500, 2000]
    words = point.registers
    values = [from_words(point, [0] * (words - 1) + [raw], profile.sheet.parameters) for raw in raws]
    assert any(value is not None for value in values)


@pytest.mark.parametrize(("sheet", "vector"), vectors_of(ModbusSheet))
def test_register_vector_holds(sheet: ModbusSheet, vector: Vector) -> None:
    (point,) = (point for point in sheet.points if point.name == vector.point)
    assert same(from_words(point, vector.words, sheet.parameters), vector.value)


@pytest.mark.parametrize(("sheet", "vector"), vectors_of(JsonSheet))
def test_message_vector_holds(sheet: JsonSheet, vector: JsonVector) -> None:
    values = from_json(sheet, vector.text, vector.parameters)
    expected = vector.values
    assert values.keys() == expected.keys()
    assert all(same(values[name], expected[name]) for name in expected)


@pytest.mark.parametrize(("sheet", "vector"), vectors_of(RadarBytesSheet))
def test_bytes_vector_holds(sheet: RadarBytesSheet, vector: BytesVector) -> None:
    data = bytes.fromhex(vector.hex)
    assert from_bytes(sheet, data) == [dict(reading) for reading in vector.values]


@each_profile
def test_sheet_has_vectors_for_good_and_for_missing_values(profile: Profile) -> None:
    if isinstance(profile.sheet, SnapshotSheet | StreamSheet):
        return
    assert len(profile.sheet.vectors) >= 2
    if isinstance(profile.sheet, ModbusSheet):
        assert {type(point) for point in profile.sheet.points} == {RegisterPoint}
        assert len({vector.point for vector in profile.sheet.vectors}) >= 2


def test_fire_pump_cabinet_is_as_its_notes_say() -> None:
    profile = PROFILES["campus-pump-panel"]
    assert isinstance(profile.sheet, ModbusSheet)
    taken = {point.addr + more for point in profile.sheet.points for more in range(point.registers)}
    assert taken == set(range(21))
    assert {point.table for point in profile.sheet.points} == {"holding"}
    assert profile.read_only


def test_gateways_place_unit_after_unit() -> None:
    daikin, cool = PROFILES["daikin-dta116a"].sheet, PROFILES["coolmasternet"].sheet
    assert isinstance(daikin, ModbusSheet)
    assert isinstance(cool, ModbusSheet)
    setpoint = next(point for point in daikin.points if point.name == "setpoint_c")
    assert setpoint.addr + setpoint.stride * 15 == 2092  # unit 1-15
    on = next(point for point in cool.points if point.name == "on")
    assert (
        on.addr + on.stride * 1 == 2 * 16 + 1 + 3 - 1
    )  # VA 2: documented base 33, offset 3, from 0 on the wire
    assert (daikin.max_index, cool.max_index) == (63, 127)


def same(value: object, expected: object) -> bool:
    if isinstance(expected, tuple) and isinstance(value, tuple):
        return len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12)
    return value is None and expected is None


def test_every_code_set_is_used_by_some_sheet() -> None:
    assert {point.codes for profile in PROFILES.values() for point in profile.points} - {None} == set(CODES)
