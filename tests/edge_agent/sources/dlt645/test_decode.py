"""Digits to values: as a slow decoder reads them, and never a number out of a damaged answer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.errors import Garbled
from devices.model.samples import Quality
from devices.profiles.dlt645_sheet import Dlt645Point
from devices.profiles.library import shipped
from edge_agent.sources.dlt645 import frames
from edge_agent.sources.dlt645.decode import Decoder
from edge_agent.sources.dlt645.frames import Finder
from edge_agent.sources.dlt645.plan import Item, Reading, items_of, singles
from tests.devices.profiles.slow_dlt645 import from_digits
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

GOOD, SENTINEL, GARBLED = Quality.GOOD, Quality.SENTINEL, Quality.GARBLED


def point(**more: Any) -> Dlt645Point:
    plain = {"name": "a", "title": NAME, "di": "02030000", "digits": (2, 4), "unit": "kW", "signed": True}
    return Dlt645Point.model_validate({**plain, **more})


def item(points: list[Dlt645Point | None], *, longer: bool = False, multiplier: float = 1.0) -> Item:
    wanted = [(place, Reading(place, it, multiplier)) for place, it in enumerate(points) if it is not None]
    return Item("0203FF00", tuple(wanted), wanted[0][1].point.size, len(points), longer)


def decoded(points: list[Dlt645Point | None], digits: list[str], **more: Any) -> list[tuple[float, int]]:
    data = b"".join(bytes.fromhex(text)[::-1] for text in digits)
    value, quality = Decoder(item(points, **more)).values(data)
    return [(v, q) for v, q in zip(value.tolist(), quality.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("123456", 12345.6),
        ("000000", 0.0),
        ("800145", -14.5),
        ("800000", 0.0),
        ("799999", 79999.9),
        ("999999", -19999.9),
        ("A00000", -20000.0),
    ],
)
def test_digits_have_their_decimals_and_their_sign(digits: str, expected: float) -> None:
    ((value, quality),) = decoded([point()], [digits])
    assert (value, quality) == (expected, GOOD)
    assert math.copysign(1, value) == math.copysign(1, expected)


def test_a_value_without_sign_uses_its_top_digit() -> None:
    energy = point(digits=(6, 2), unit="kWh", signed=False)
    assert decoded([energy], ["99999999"]) == [(999999.99, GOOD)]


@pytest.mark.parametrize(
    ("digits", "quality"), [("FFFFFF", SENTINEL), ("00000A", GARBLED), ("FFFF12", GARBLED)]
)
def test_what_is_no_number_gives_none(digits: str, quality: int) -> None:
    ((value, found),) = decoded([point()], [digits])
    assert math.isnan(value)
    assert found == quality


def test_implausible_values_are_none() -> None:
    assert decoded([point(valid=[0, 100]), point()], ["002000", "002000"])[0][1] == Quality.IMPLAUSIBLE


def test_transformer_ratio_multiplies_exactly() -> None:
    assert decoded([point()], ["000006"], multiplier=40.0) == [(24.0, GOOD)]
    assert decoded([point()], ["000234"]) == [(23.4, GOOD)]


def test_a_block_gives_each_its_own_and_leaves_out_what_nobody_wants() -> None:
    values = decoded([point(), None, point(scale=2.0), point()], ["000010", "0A0A0A", "000010", "FFFFFF"])
    assert values[:2] == [(1.0, GOOD), (2.0, GOOD)]
    assert values[2][1] == SENTINEL


def test_a_longer_answer_is_only_taken_where_the_sheet_says_so() -> None:
    digits = ["000010", "000020", "000030"]
    assert [value for value, _ in decoded([point(), point()], digits, longer=True)] == [1.0, 2.0]
    for wrong in (digits, digits[:1], []):
        with pytest.raises(Garbled):
            decoded([point(), point()], wrong)
    with pytest.raises(Garbled):
        decoded([point(), point()], [*digits, "00"], longer=True)


DIGITS = [(3, 1), (3, 3), (2, 4), (1, 3), (6, 2), (12, 0)]


@given(
    st.sampled_from(DIGITS).flatmap(
        lambda digits: st.tuples(
            st.lists(st.tuples(st.booleans(), st.sampled_from([1.0, 0.1, 40.0])), min_size=1, max_size=6),
            st.just(digits),
        )
    ),
    st.data(),
)
def test_blocks_decode_as_a_slow_decoder_reads_them(
    shape: tuple[list[tuple[bool, float]], tuple[int, int]], data: st.DataObject
) -> None:
    points = [point(digits=shape[1], unit="", signed=signed, scale=scale) for signed, scale in shape[0]]
    byte = st.one_of(st.integers(0, 255), st.sampled_from([0x00, 0x80, 0x99, 0xFF]))
    content = data.draw(
        st.lists(byte, min_size=points[0].size * len(points), max_size=points[0].size * len(points))
    )
    value, quality = Decoder(item(list(points))).values(bytes(content))
    size = points[0].size
    slow = [from_digits(it, content[size * n : size * (n + 1)], {}) for n, it in enumerate(points)]
    assert [None if math.isnan(v) else v for v in value] == [
        None if v is None else pytest.approx(v, rel=1e-12) for v in slow
    ]
    assert all((q == GOOD) == (v is not None) for q, v in zip(quality, slow, strict=True))


ANSWERS = [
    (name, vector.frame, values)
    for name, profile in shipped().items()
    if profile.sheet.kind == "dlt645"
    for vector in profile.sheet.vectors
    for values in [vector.values]
]


@pytest.mark.promise("P-dlt645-2")
@pytest.mark.parametrize(("profile", "text", "values"), ANSWERS, ids=[text[-14:] for _, text, _ in ANSWERS])
def test_any_byte_of_a_recorded_answer_changed_gives_no_wrong_number(
    tmp_path: Path, profile: str, text: str, values: dict[str, float | None]
) -> None:
    """Every position, every other byte: the answer is lost, or (in what only wakes the bus) still right."""
    answer = bytes.fromhex(text)
    (good,) = Finder().feed(answer)
    identifier = frames.address_digits(good.data[:4])
    link = {"id": "bus", "agent": AGENT, "kind": "dlt645-tcp", "name": NAME, "host": "h", "port": 1}
    meter = device("m", profile, address=frames.address_digits(good.address))
    site = campus_of(tmp_path, [link], [meter])
    table = site.points_of(AGENT)
    items = list(items_of(site.devices["m"], site, table))
    asked = next(
        it for it in [*items, *(one for it in items for one in singles(it))] if it.identifier == identifier
    )
    decoder = Decoder(asked)

    def told(data: bytes) -> dict[str, float | None] | None:
        """What would be believed, as `line` judges it: the asked meter's answer about what was asked."""
        finder = Finder()
        for frame in [*finder.feed(data), *finder.end()]:
            if (frame.address, frame.control, frame.data[:4]) == (good.address, 0x91, good.data[:4]):
                try:
                    batch = decoder.batch(frame.data[4:], 0)
                except Garbled:
                    return None
                names = [table.names[row].partition(".")[2] for row in batch.point]
                numbers = [None if np.isnan(value) else float(value) for value in batch.value]
                return dict(zip(names, numbers, strict=True))
        return None

    assert told(answer) == pytest.approx(values)
    begin = answer.index(0x68)
    believed = 0
    for place in range(len(answer)):
        for other in range(256):
            if other != answer[place]:
                found = told(answer[:place] + bytes([other]) + answer[place + 1 :])
                assert found is None or found == pytest.approx(values), (place, other)
                believed += found is not None and place >= begin
    assert believed == 0
    for cut in range(len(answer)):
        assert told(answer[:cut]) is None
