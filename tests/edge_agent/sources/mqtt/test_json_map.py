"""JSON messages: the vectors of every sheet, a slow twin, and whatever a broken device may send."""

from __future__ import annotations

import contextlib
import json
import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.errors import Garbled
from devices.model.samples import Quality, SampleBatch
from devices.profiles.library import shipped
from devices.profiles.profile import JsonSheet, JsonVector
from edge_agent.sources.mqtt.json_map import JsonMap, Told
from tests.devices.profiles.slow_decoder import from_json

NOW_US = 1_763_800_010_000_000
SHEETS = {
    name: profile.sheet for name, profile in sorted(shipped().items()) if isinstance(profile.sheet, JsonSheet)
}
VECTORS = [
    pytest.param(sheet, vector, id=f"{name}-{number}")
    for name, sheet in SHEETS.items()
    for number, vector in enumerate(sheet.vectors)
]
OPS, DOOR = SHEETS["ops243-radar"], SHEETS["campus-door"]


def reader(sheet: JsonSheet, **parameters: float | str) -> JsonMap:
    return JsonMap(sheet, parameters, {p.name: row for row, p in enumerate(sheet.points)}, 60.0, 3600.0)


def read(sheet: JsonSheet, message: Any, **parameters: float | str) -> Told | None:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return reader(sheet, **parameters).read(payload, NOW_US)


def by_point(sheet: JsonSheet, batch: SampleBatch) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = defaultdict(list)
    for row, value in zip(batch.point, batch.value, strict=True):
        found[sheet.points[row].name].append(None if math.isnan(value) else float(value))
    return dict(found)


def as_lists(values: dict[str, Any]) -> dict[str, Any]:
    lists = {name: list(value) if isinstance(value, tuple) else [value] for name, value in values.items()}
    return {
        name: [v if v is None else pytest.approx(v) for v in value] for name, value in lists.items() if value
    }


@pytest.mark.parametrize(("sheet", "vector"), VECTORS)
def test_a_vector_of_a_data_sheet_gives_its_values(sheet: JsonSheet, vector: JsonVector) -> None:
    told = read(sheet, vector.text.encode(), **vector.parameters)
    assert by_point(sheet, told.batch if told else SampleBatch.empty()) == as_lists(vector.values)


ITEMS = (
    st.none()
    | st.booleans()
    | st.integers(-300, 300)
    | st.floats(-1e6, 1e6)
    | st.sampled_from(
        ["inbound", "outbound", "open", "closed", "locked", "granted", "12.5", "-3", "x", "1e2"]
    )
)
MESSAGES = st.dictionaries(
    st.sampled_from(
        ["speed", "direction", "DetectedObjectVelocity", "door", "lock", "forced", "event", "other"]
    ),
    ITEMS | st.lists(ITEMS, max_size=4),
)


@given(st.sampled_from([OPS, DOOR]), MESSAGES)
@settings(max_examples=300, deadline=None)
def test_map_and_slow_twin_agree(sheet: JsonSheet, message: dict[str, Any]) -> None:
    text = json.dumps(message)
    told = read(sheet, text.encode())
    batch = told.batch if told else SampleBatch.empty()
    assert by_point(sheet, batch) == as_lists(from_json(sheet, text, {}))
    assert all(math.isnan(v) == (q != Quality.GOOD) for v, q in zip(batch.value, batch.quality, strict=True))


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_garbled_and_nothing_else(payload: bytes) -> None:
    with contextlib.suppress(Garbled):
        read(OPS, payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'{"speed": NaN}',
        b'{"speed": Infinity}',
        b'{"speed": -Infinity}',
        b"[1, 2]",
        b"17",
        b'"text"',
        b"\xff\xfe{}",
        b'{"speed": ' + b"[" * 400 + b"]" * 400 + b"}x",
        b'{"speed": ' + b"[" * 30_000,
        b'{"speed": ' + b"9" * 30_000 + b"}",
        b'{"speed": 1} {"speed": 2}',
    ],
    ids=lambda payload: repr(payload[:20]),
)
def test_what_is_no_message_is_garbled(payload: bytes) -> None:
    with pytest.raises(Garbled):
        read(OPS, payload)


@pytest.mark.parametrize("number", ['"NaN"', '"inf"', '"1_000"', '"0x10"', '""', "{}", '"' + "1" * 100 + '"'])
def test_text_that_is_no_number_gives_no_reading(number: str) -> None:
    told = read(OPS, f'{{"speed": {number}}}'.encode())
    assert told is not None
    assert by_point(OPS, told.batch) == {"speed_kmh": [None]}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400])
def test_a_number_beyond_all_measure_is_implausible(number: str) -> None:
    told = read(OPS, f'{{"speed": {number}}}'.encode())
    assert told is not None
    assert told.batch.quality.tolist() == [Quality.IMPLAUSIBLE]


def test_readings_of_one_message_have_moments_of_their_own_and_points_of_one_reading_the_same() -> None:
    told = read(OPS, {"speed": [10, 20], "direction": ["inbound", "outbound"]})
    assert told is not None
    assert told.batch.time_us.tolist() == [NOW_US, NOW_US + 1, NOW_US, NOW_US + 1]
    assert not told.has_time


def test_a_long_list_is_cut() -> None:
    told = read(OPS, {"speed": [1] * 5000})
    assert told is not None
    assert len(told.batch) == 100


@pytest.mark.parametrize(
    ("ts", "time_us", "clock_off"),
    [
        (NOW_US // 1000 - 5000, NOW_US - 5_000_000, False),
        (str(NOW_US // 1000 - 5000), NOW_US - 5_000_000, False),
        (NOW_US // 1000 + 59_000, NOW_US + 59_000_000, False),
        (NOW_US // 1000 + 61_000, NOW_US, True),
        (NOW_US // 1000 - 3_601_000, NOW_US, True),
        (0, NOW_US, True),
        ("soon", NOW_US, True),
        (None, NOW_US, True),
        (True, NOW_US, True),
        (1e300, NOW_US, True),
    ],
)
def test_the_devices_time_counts_where_it_can_be_right(ts: Any, time_us: int, *, clock_off: bool) -> None:
    told = read(DOOR, {"ts": ts, "door": "open"})
    assert told is not None
    assert told.batch.time_us.tolist() == [time_us]
    assert (told.has_time, told.clock_off) == (True, clock_off)


@pytest.mark.parametrize(
    ("unit", "ts"),
    [
        ("s", NOW_US / 1e6),
        ("us", NOW_US),
        ("iso", "2025-11-22T16:26:50+08:00"),
        ("iso", "2025-11-22T08:26:50Z"),
    ],
)
def test_each_unit_of_time_is_understood(unit: str, ts: Any) -> None:
    told = read(DOOR.model_copy(update={"time_unit": unit}), {"ts": ts, "door": "open"})
    assert told is not None
    assert abs(int(told.batch.time_us[0]) - NOW_US) <= 1_000_000
    assert not told.clock_off


def test_an_iso_time_without_a_zone_is_not_guessed() -> None:
    told = read(DOOR.model_copy(update={"time_unit": "iso"}), {"ts": "2025-11-22T16:26:50", "door": "open"})
    assert told is not None
    assert told.clock_off
