"""Radar bytes: the vectors of every sheet, a slow twin, and messages cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.samples import SampleBatch
from devices.profiles.library import shipped
from devices.profiles.profile import BytesVector, RadarBytesSheet
from edge_agent.sources.mqtt.radar_bytes import RadarBytes
from tests.devices.profiles.slow_decoder import from_bytes

SHEETS = {p.sheet.format: p.sheet for p in shipped().values() if isinstance(p.sheet, RadarBytesSheet)}
VECTORS = [
    pytest.param(sheet, vector, id=f"{form}-{vector.hex}")
    for form, sheet in sorted(SHEETS.items())
    for vector in sheet.vectors
]
NOW_US = 1_763_800_000_000_000
NOISE = [b"\xfe\xfd\xfd\xfe", b"\xfa\x34\x30\xfb", b"\x00", b"\xf5", b"\xfa\x3f\x31\x32\x33\xfb"]
WORDS = {
    "single": st.integers(5, 240).map(lambda kmh: bytes([kmh])),
    "direction": st.tuples(st.sampled_from([0xF9, 0xF8, 0xF7]), st.integers(5, 240)).map(bytes),
    "ascii": st.tuples(st.sampled_from("+-*"), st.integers(5, 240)).map(
        lambda r: f"{r[0]}{r[1]:03d}".encode()
    ),
}


def reader(sheet: RadarBytesSheet, **parameters: float) -> RadarBytes:
    return RadarBytes(sheet, parameters, {point.name: row for row, point in enumerate(sheet.points)})


def readings(sheet: RadarBytesSheet, *batches: SampleBatch) -> list[dict[str, float]]:
    found: list[dict[str, float]] = []
    batch = SampleBatch.joined(batches)
    for start in range(0, len(batch), len(sheet.points)):
        rows = range(start, start + len(sheet.points))
        found.append({sheet.points[batch.point[row]].name: float(batch.value[row]) for row in rows})
    return found


@st.composite
def streams(draw: st.DrawFn) -> tuple[RadarBytesSheet, bytes, int]:
    """A sheet, what its radar sends, and how many readings are in it."""
    form = draw(st.sampled_from(sorted(SHEETS)))
    words = draw(st.lists(WORDS[form], max_size=8))
    noisy = [draw(st.sampled_from([b"", *NOISE])) + word for word in words]
    return SHEETS[form], b"".join(noisy) + draw(st.sampled_from([b"", *NOISE])), len(words)


@pytest.mark.parametrize(("sheet", "vector"), VECTORS)
def test_a_vector_of_a_data_sheet_gives_its_readings(sheet: RadarBytesSheet, vector: BytesVector) -> None:
    batch = reader(sheet).read(bytes.fromhex(vector.hex), NOW_US)
    assert readings(sheet, batch) == list(vector.values)


@given(streams())
@settings(max_examples=300, deadline=None)
def test_reader_and_slow_twin_agree_on_every_stream(stream: tuple[RadarBytesSheet, bytes, int]) -> None:
    sheet, data, count = stream
    found = readings(sheet, reader(sheet).read(data, NOW_US))
    assert len(found) == count
    assert found == from_bytes(sheet, data)


@given(streams(), st.lists(st.integers(0, 60)))
@settings(max_examples=300, deadline=None)
def test_a_stream_cut_anywhere_into_messages_gives_the_same_readings(
    stream: tuple[RadarBytesSheet, bytes, int], cuts: list[int]
) -> None:
    sheet, data, _ = stream
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    radar = reader(sheet)
    parts = [
        radar.read(data[a:b], NOW_US + number * 20_000) for number, (a, b) in enumerate(pairwise(places))
    ]
    assert readings(sheet, *parts) == readings(sheet, reader(sheet).read(data, NOW_US))


@given(st.sampled_from(sorted(SHEETS)), st.lists(st.binary(max_size=80), max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_plausible_speeds_or_nothing(form: str, messages: list[bytes]) -> None:
    sheet = SHEETS[form]
    radar = reader(sheet)
    for number, message in enumerate(messages):
        for reading in readings(sheet, radar.read(message, NOW_US + number * 10_000)):
            assert sheet.low_kmh <= reading["speed_kmh"] <= sheet.high_kmh
    assert len(radar._left) <= 80


def test_silence_ends_what_was_under_way() -> None:
    sheet = SHEETS["direction"]
    radar = reader(sheet)
    assert len(radar.read(b"\xf9", NOW_US)) == 0
    assert len(radar.read(b"\x32", NOW_US + 60_000)) == 0
    assert len(radar.read(b"\xf9", NOW_US + 200_000)) == 0
    assert readings(sheet, radar.read(b"\x32", NOW_US + 240_000)) == [{"speed_kmh": 50.0, "direction": 1.0}]


def test_a_clock_set_back_ends_what_was_under_way() -> None:
    radar = reader(SHEETS["direction"])
    radar.read(b"\xf9", NOW_US)
    assert len(radar.read(b"\x32", NOW_US - 3_600_000_000)) == 0


def test_the_angle_is_corrected_by_the_devices_own_factor() -> None:
    sheet = SHEETS["single"]
    assert readings(sheet, reader(sheet, angle_factor=1.1).read(b"\x32", NOW_US)) == [
        {"speed_kmh": pytest.approx(55.0)}
    ]


def test_readings_of_one_message_have_moments_of_their_own() -> None:
    batch = reader(SHEETS["direction"]).read(b"\xf9\x32\xf8\x28", NOW_US)
    assert batch.time_us.tolist() == [NOW_US, NOW_US, NOW_US + 1, NOW_US + 1]
