"""Registers to candidates: known devices come out as they are, and nothing that comes in breaks it."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devices.profiles.library import load_sheets, shipped
from devices.profiles.profile import ModbusSheet, Order, RegisterPoint, Type
from devices.sim.wires.registers import encode
from edge_agent.probe.answer import told
from edge_agent.probe.asked import ProbeAsked
from edge_agent.probe.candidates import Candidate, Found, find, usual_of
from edge_agent.probe.reading import Heard
from edge_agent.probe.texts import texts_in
from tests.edge_agent.sources.modbus.slow_decoder import FORMATS

WORD = st.integers(0, 0xFFFF)
WORDS = st.lists(WORD | st.sampled_from([0, 0, 0xFFFF, 0x7FC0, 0x8000]), min_size=1, max_size=60)
#: What a meter on 400 V shows.
TYPICAL = {
    "u_l1_v": 230.4, "u_l2_v": 229.7, "u_l3_v": 231.2, "i_l1_a": 12.31, "i_l2_a": 11.07, "i_l3_a": 9.62,
    "power_w": 7512.4, "p_l1_w": 2803.2, "p_l2_w": 2509.1, "p_l3_w": 2200.1, "reactive_var": 1204.7,
    "pf": 0.97, "freq_hz": 50.02, "energy_kwh": 12345.6, "energy_out_kwh": 12.5,
}  # fmt: skip


def column(words: list[int]) -> np.ndarray:
    return np.array(words, np.uint16)


def best(found: list[Found]) -> dict[int, Candidate]:
    return {one.at: one.candidates[one.chosen] for one in found if one.chosen is not None}


def blocks(sheet: ModbusSheet) -> list[list[RegisterPoint]]:
    """Points of a sheet that follow each other without a gap, four at least."""
    runs: list[list[RegisterPoint]] = []
    for point in sorted(sheet.points, key=lambda point: point.addr):
        if runs and runs[-1][-1].addr + runs[-1][-1].registers == point.addr:
            runs[-1].append(point)
        else:
            runs.append([point])
    return [run for run in runs if len(run) >= 4]


@pytest.mark.parametrize("name", ["eastron-sdm630", "chint-dtsu666"])
def test_a_known_meter_comes_out_with_its_types_orders_and_scales(name: str) -> None:
    sheet = shipped()[name].sheet
    assert isinstance(sheet, ModbusSheet)
    for run in blocks(sheet):
        words = [word for point in run for word in encode(point, TYPICAL[point.name])]
        chosen = best(find(column(words), None))
        for point in run:
            candidate = chosen[point.addr - run[0].addr]
            assert (candidate.type, candidate.order) == (point.type, point.order), point.name
            if point.unit == "V":
                assert candidate.meaning == "voltage"
                assert candidate.scale == point.scale
                assert candidate.value == pytest.approx(TYPICAL[point.name], abs=0.05)


def test_whole_numbers_low_word_first_come_out() -> None:
    volts, watts = [2304, 2297, 2312], [28032, 123456, 22001]
    words = [word for value in volts + watts for word in (value & 0xFFFF, value >> 16)]
    chosen = best(find(column(words), None))
    for number, value in enumerate(volts):
        assert (chosen[2 * number].order, chosen[2 * number].meaning) == (Order.LSW, "voltage")
        assert chosen[2 * number].value == pytest.approx(value / 10)


def test_single_registers_come_out() -> None:
    chosen = best(find(column([2304, 2297, 2312, 152, 149, 5001]), None))
    assert [chosen[at].value for at in (0, 1, 2, 5)] == pytest.approx([230.4, 229.7, 231.2, 50.01])
    assert chosen[5].meaning == "frequency"


@pytest.mark.parametrize("order", list(Order))
def test_a_counter_is_known_by_its_growth_between_two_looks(order: Order) -> None:
    point = RegisterPoint(
        name="e", title={"zh": "能", "en": "e"}, table="holding", addr=0, type="u32", order=order
    )
    before, after = encode(point, 1_234_567.0), encode(point, 1_234_571.0)
    candidate = best(find(column(list(after)), column(list(before))))[0]
    assert (candidate.type, candidate.order, candidate.meaning) == (Type.U32, order, "counter")
    assert (candidate.first, candidate.value) == (1_234_567.0, 1_234_571.0)


def test_text_is_found_and_shown_in_both_orders_of_its_bytes() -> None:
    words = np.frombuffer(b"\0\0SDM630-MCT  \0\0", ">u2").astype(np.uint16)
    (text,) = texts_in(words, find(words, None))
    assert (text.at, text.text, text.swapped) == (1, "SDM630-MCT", "DS6M03M-TC")


def test_floats_that_look_like_letters_are_no_text() -> None:
    words = np.frombuffer(struct.pack(">6f", *[230.4] * 3, *[230.40001] * 3), ">u2").astype(np.uint16)
    assert texts_in(words, find(words, None)) == []


@given(
    st.lists(st.floats(0.0625, 9000.0, width=32), min_size=3, max_size=15),
    st.sampled_from(list(Order)),
    st.floats(228, 232, width=32),
)
@example([1.0, 128.8485107421875, 128.8485107421875], Order.MSW_SWAPPED, 228.8485107421875)
@settings(max_examples=80, deadline=None)
def test_the_word_order_of_floats_behind_a_voltage_is_told(
    values: list[float], order: Order, volts: float
) -> None:
    point = RegisterPoint(
        name="f", title={"zh": "值", "en": "f"}, table="input", addr=0, type="f32", order=order
    )
    mains = [volts, volts + 0.37, volts - 0.41]
    words = [word for value in (*mains, *values) for word in encode(point, value)]
    looked = find(column(words), None)
    chosen = best(find(column(words), None, usual_of(looked)))
    assert [(chosen[at].type, chosen[at].order) for at in (0, 2, 4)] == [(Type.F32, order)] * 3


@given(WORDS, st.none() | WORDS)
@settings(max_examples=200, deadline=None)
def test_any_registers_give_candidates_that_decode_as_they_say_and_do_not_overlap(
    words: list[int], first: list[int] | None
) -> None:
    before = None if first is None else column((first * 60)[: len(words)])
    end = 0
    for one in find(column(words), before):
        assert one.candidates
        assert len(one.candidates) <= 4
        for candidate in one.candidates:
            assert 0 <= candidate.score <= 1
            piece = [word.to_bytes(2, "big") for word in words[one.at : one.at + candidate.registers]]
            if candidate.order in {Order.MSW_SWAPPED, Order.LSW_SWAPPED}:
                piece = [data[::-1] for data in piece]
            if candidate.order in {Order.LSW, Order.LSW_SWAPPED}:
                piece.reverse()
            (raw,) = struct.unpack(">" + FORMATS[candidate.type], b"".join(piece))
            assert candidate.value == pytest.approx(raw * candidate.scale, rel=1e-9)
        assert one.at >= end
        if one.chosen is not None:
            assert one.candidates[one.chosen].is_plausible
            end = one.at + one.candidates[one.chosen].registers
        texts_in(column(words), [one])


@given(st.dictionaries(st.integers(0, 80), WORD, min_size=1), st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_any_answer_is_json_and_its_draft_is_a_profile_that_loads(
    tmp_path_factory: pytest.TempPathFactory, words: dict[int, int], looks: int
) -> None:
    asked = ProbeAsked(unit=7, table="input", ranges=[(0, 80)])
    heard = Heard({at: words[at] for at in sorted(words)}, [(81, 90, "illegal_address")], 3, 20)
    answer = told(asked, heard, heard if looks == 2 else None, 1_763_800_000_000_000)
    json.dumps(answer, allow_nan=False)
    assert all(math.isfinite(one["value"]) for row in answer["rows"] for one in row["candidates"])
    if answer["draft"]:
        path = tmp_path_factory.mktemp("draft") / "found-unit-7-input.yaml"
        path.write_text(answer["draft"], "utf-8")
        (profile,) = load_sheets([path]).values()
        assert all(vector.value for vector in profile.sheet.vectors)
