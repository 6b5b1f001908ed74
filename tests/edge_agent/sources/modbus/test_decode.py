"""The array decoder against its slow twin and against the vectors of every data sheet."""

from __future__ import annotations

import math
import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.errors import Garbled
from devices.model.samples import Quality
from devices.profiles.library import shipped
from devices.profiles.profile import ModbusSheet, RegisterPoint, Table, Vector
from edge_agent.sources.modbus.decode import Decoder
from edge_agent.sources.modbus.plan import BIT_TABLES, Limits, Reading, Span, spans
from tests.edge_agent.sources.modbus.register_points import NAME, readings
from tests.edge_agent.sources.modbus.slow_decoder import slow_values

VECTORS = [
    pytest.param(profile.sheet, vector, id=f"{name}-{vector.point}-{number}")
    for name, profile in sorted(shipped().items())
    if isinstance(profile.sheet, ModbusSheet)
    for number, vector in enumerate(profile.sheet.vectors)
]
#: Words that are more telling than random ones: not a number, infinities, smallest, largest, sentinels.
TELLING = ("7fc0", "7f80", "ff80", "7fa0", "8000", "7ff0", "7ff8", "ffff", "0000", "0003")


def words(seed: int, size: int) -> bytes:
    """Random bytes, half of them telling words."""
    dice = random.Random(seed)
    drawn = (
        bytes.fromhex(dice.choice(TELLING)) if dice.random() < 0.5 else dice.randbytes(2) for _ in range(size)
    )
    return b"".join(drawn)[:size]


def point(**values: object) -> RegisterPoint:
    return RegisterPoint.model_validate({"name": "p", "title": NAME, "table": "holding", "addr": 0, **values})


def alone(of: RegisterPoint, multiplier: float = 1.0) -> Span:
    return Span(of.table, of.addr, of.registers, (Reading(0, of, of.addr, multiplier),), optional=False)


def value_of(of: RegisterPoint, words: tuple[int, ...], multiplier: float = 1.0) -> tuple[float, Quality]:
    value, quality = Decoder(alone(of, multiplier)).values(struct.pack(f">{len(words)}H", *words))
    return float(value[0]), Quality(quality[0])


@pytest.mark.parametrize(("sheet", "vector"), VECTORS)
def test_a_vector_of_a_data_sheet_gives_its_value(sheet: ModbusSheet, vector: Vector) -> None:
    of = next(point for point in sheet.points if point.name == vector.point)
    multiplier = float(sheet.parameters[of.scale_by]) if of.scale_by else 1.0
    value, quality = value_of(of, vector.words, multiplier)
    if vector.value is None:
        assert math.isnan(value)
        assert quality is not Quality.GOOD
    else:
        assert value == pytest.approx(vector.value, rel=1e-12)
        assert quality is Quality.GOOD


@given(readings(most=15), st.integers(0, 1 << 32))
@settings(max_examples=200, deadline=None)
def test_arrays_and_slow_twin_agree(of: list[Reading], seed: int) -> None:
    limits = Limits(2000 if of[0].point.table in BIT_TABLES else 125, 30, ())
    for span in spans(of, limits):
        decoder = Decoder(span)
        answer = words(seed, decoder.answer_bytes)
        batch = decoder.batch(answer, 1_700_000_000_000_000)
        expected = slow_values(span, answer)
        assert sorted(batch.point.tolist()) == sorted(expected)
        assert set(batch.time_us.tolist()) == {1_700_000_000_000_000}
        for row, value, quality in zip(batch.point.tolist(), batch.value, batch.quality, strict=True):
            assert (row, quality) == (row, expected[row][1])
            assert value == pytest.approx(expected[row][0], rel=1e-9, abs=1e-9, nan_ok=True)
            assert math.isnan(value) == (quality != Quality.GOOD)


@pytest.mark.parametrize("table", list(Table))
def test_an_answer_of_another_length_is_garbled(table: Table) -> None:
    of = point(table=table, type="bit" if table in BIT_TABLES else "u16")
    decoder = Decoder(alone(of))
    for length in (0, decoder.answer_bytes + 1):
        with pytest.raises(Garbled, match=f"{length} bytes instead of {decoder.answer_bytes}"):
            decoder.values(bytes(length))


def test_word_order_is_respected_for_integers_and_floats_alike() -> None:
    assert value_of(point(type="u32", order="msw"), (1, 2))[0] == 0x0001_0002
    assert value_of(point(type="u32", order="lsw"), (1, 2))[0] == 0x0002_0001
    assert value_of(point(type="f32", order="lsw"), (0x0000, 0x41C8))[0] == 25.0
    assert value_of(point(type="f32", order="msw-swapped"), (0xC841, 0x0000))[0] == 25.0
    assert value_of(point(type="f32", order="lsw-swapped"), (0x0000, 0xC841))[0] == 25.0
    assert value_of(point(type="u16", order="lsw-swapped"), (0x0102,))[0] == 0x0201
    assert value_of(point(type="i64", order="lsw"), (0xFFFE, 0xFFFF, 0xFFFF, 0xFFFF))[0] == -2


def test_a_parameter_and_the_unit_multiply_the_value() -> None:
    assert value_of(point(scale=0.1, unit="kW"), (50,), multiplier=40.0)[0] == pytest.approx(200_000)


def test_fahrenheit_becomes_celsius() -> None:
    assert value_of(point(unit="F"), (212,))[0] == pytest.approx(100.0)


def test_a_sentinel_may_be_written_as_bits_or_as_a_signed_number() -> None:
    assert value_of(point(type="i16", sentinel=[0xFFFF]), (0xFFFF,))[1] is Quality.SENTINEL
    assert value_of(point(type="i16", sentinel=[-1]), (0xFFFF,))[1] is Quality.SENTINEL
    assert value_of(point(type="u16", sentinel=[-1]), (0xFFFF,))[1] is Quality.SENTINEL


def test_signalling_not_a_number_is_no_reading_and_warns_nobody() -> None:
    assert value_of(point(type="f32"), (0x7FA0, 0x0001))[1] is Quality.SENTINEL
    assert value_of(point(type="f64"), (0x7FF0, 0, 0, 1))[1] is Quality.SENTINEL
    assert value_of(point(type="f64", scale=10.0), (0x7FEF, 0xFFFF, 0xFFFF, 0xFFFF))[1] is Quality.IMPLAUSIBLE


def test_a_number_that_is_no_member_of_its_code_set_is_garbled() -> None:
    assert value_of(point(codes="pump_position"), (2,)) == (2.0, Quality.GOOD)
    assert value_of(point(codes="pump_position"), (3,))[1] is Quality.GARBLED


def test_rows_and_columns_have_the_types_of_a_batch() -> None:
    decoder = Decoder(alone(point()))
    value, quality = decoder.values(b"\0\1")
    assert (decoder.rows.dtype, value.dtype, quality.dtype) == (np.int32, np.float64, np.uint8)
    assert decoder.missing(Quality.NO_ANSWER, 7).time_us.tolist() == [7]
