"""Registers written from the sheets: every vector backwards, the unit table, legal ranges."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from devices.campus.modbus_links import ModbusLink
from devices.campus.site import Campus, Device
from devices.model.units import CONVERSIONS
from devices.profiles.library import shipped
from devices.profiles.profile import ModbusSheet, RegisterPoint, Table, Type, Vector
from devices.sim.plant.plant import Plant
from devices.sim.wires.registers import UNUSED, UnitImage, device_number, encode
from edge_agent.sources.modbus.decode import Decoder
from edge_agent.sources.modbus.plan import plan_link

SHEETS = {
    name: profile.sheet for name, profile in shipped().items() if isinstance(profile.sheet, ModbusSheet)
}
VECTORS = [
    pytest.param(
        next(p for p in sheet.points if p.name == vector.point), vector, sheet, id=f"{name}-{number}"
    )
    for name, sheet in SHEETS.items()
    for number, vector in enumerate(sheet.vectors)
]


@pytest.mark.parametrize(("point", "vector", "sheet"), VECTORS)
def test_value_of_a_sheets_vector_becomes_the_vectors_words(
    point: RegisterPoint, vector: Vector, sheet: ModbusSheet
) -> None:
    multiplier = sheet.parameters.get(point.scale_by or "", 1.0)
    mask = point.mask or 0xFFFF
    wanted = tuple(word & mask for word in vector.words)
    if vector.value is None:
        if point.sentinel and len(wanted) == 1 and wanted[0] == point.sentinel[0] % 65536:
            assert encode(point, math.nan, multiplier) == wanted
        return
    if point.enum is not None:
        # Several numbers may mean the same; any of them will do, and any unlisted one for "otherwise".
        told, listed = (words[0] >> point.shift for words in (encode(point, vector.value), wanted))
        assert point.enum.get(told) == point.enum.get(listed)
        return
    assert encode(point, vector.value, multiplier) == wanted


def test_own_unit_table_is_the_inverse_of_the_shared_one() -> None:
    for unit, conversion in CONVERSIONS.items():
        for value in (0.0, 1.0, -17.5, 1234.5):
            assert device_number(value, unit) * conversion.factor + conversion.offset == pytest.approx(
                value, abs=1e-9
            ), unit


@pytest.mark.parametrize("kind", [t for t in Type if t not in {Type.F32, Type.F64, Type.BIT}])
@pytest.mark.parametrize("value", [1e30, -1e30])
def test_number_too_large_for_its_registers_stops_at_their_end(kind: Type, value: float) -> None:
    point = RegisterPoint.model_validate(
        {"name": "x", "title": {"zh": "x", "en": "x"}, "table": "holding", "addr": 0, "type": kind}
    )
    words = encode(point, value)
    raw = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in words), "big")
    bits = 16 * len(words)
    ends = {(1 << bits) - 1, 0} if kind.startswith("u") else {(1 << bits - 1) - 1, 1 << bits - 1}
    assert raw in ends


def image(campus: Campus, link: str, unit: int) -> UnitImage:
    devices: list[tuple[Device, ModbusSheet]] = []
    for device in campus.devices.values():
        sheet = campus.profile_of(device).sheet
        if device.link == link and device.unit == unit and isinstance(sheet, ModbusSheet):
            devices.append((device, sheet))
    return UnitImage(devices)


def test_range_is_legal_from_point_to_point_over_small_gaps_only(small: Campus) -> None:
    meter = image(small, "meters", 1)
    assert meter.is_legal(Table.INPUT, 0x0000, 18)
    assert meter.is_legal(Table.INPUT, 0x0034, 24)  # power to energy, over unused registers
    assert not meter.is_legal(Table.INPUT, 0x0001, 2)  # starts inside a value
    assert not meter.is_legal(Table.HOLDING, 0x0000, 2)  # nothing in this table
    assert not meter.is_legal(Table.INPUT, 0x0048, 80)  # runs out of the map
    assert not meter.is_legal(Table.INPUT, 0x0012, 2)  # between two points


def test_unused_registers_are_not_zero_and_masked_points_share_their_word(small: Campus) -> None:
    truth = {"ac-1": dict.fromkeys(("on", "thermo_on"), 1.0), "ac-2": {}}
    for name in ("forced_off", "fan_running", "defrost", "fault", "warning", "fault_code"):
        truth["ac-1"][name] = 0.0
    truth["ac-1"] |= {"mode": 2.0, "running_mode": 5.0, "setpoint_c": 20.0, "room_c": 18.4}
    words = image(small, "acs", 1).words(Table.INPUT, 2000, 6, lambda device: truth[device])
    assert words == [0x0081, 0x0001, 200, UNUSED, 184, UNUSED]


def test_second_unit_behind_a_gateway_lies_one_stride_further(small: Campus) -> None:
    covered = image(small, "acs", 1).covered(Table.INPUT, 2006, 6)
    assert {entry.device for entry in covered} == {"ac-2"}


def test_agent_decodes_what_was_encoded_for_every_register_of_the_demo(
    demo: Campus, local_us: Callable[..., int]
) -> None:
    """Two programs that share only the data sheets mean the same."""
    plant = Plant(demo, seed=4)
    plant.begin(local_us(2026, 11, 23, 10))
    plant.step_rooms(60)
    read = 0
    for link in demo.links.values():
        if not isinstance(link, ModbusLink):
            continue
        table = demo.points_of(link.agent)
        for unit in plan_link(demo, link, table):
            registers = image(demo, link.id, unit.unit)
            for span in unit.spans:
                assert registers.is_legal(span.table, span.addr, span.count), (link.id, unit.unit, span.addr)
                words = registers.words(span.table, span.addr, span.count, plant.truth)
                decoder = Decoder(span)
                values, quality = decoder.values(_packed(span.table, words))
                for row, value, mark in zip(decoder.rows, values, quality, strict=True):
                    device, _, point = table.names[row].partition(".")
                    wanted = plant.truth(device)[point]
                    if math.isnan(wanted):
                        assert mark > 1, table.names[row]
                        continue
                    assert mark == 0, (table.names[row], value, wanted, mark)
                    assert value == pytest.approx(wanted, rel=1e-6, abs=0.51 * _step(demo, device, point))
                    read += 1
    assert read > 3000


def _packed(table: Table, words: list[int]) -> bytes:
    if table in {Table.COIL, Table.DISCRETE}:
        return np.packbits(np.array(words, np.uint8), bitorder="little").tobytes()
    return np.array(words, ">u2").tobytes()


def _step(campus: Campus, device: str, name: str) -> float:
    """The smallest difference that the registers of a point can show."""
    point = next(p for p in campus.profile_of(campus.devices[device]).points if p.name == name)
    sheet = campus.profile_of(campus.devices[device]).sheet
    assert isinstance(point, RegisterPoint)
    assert isinstance(sheet, ModbusSheet)
    if point.type in {Type.F32, Type.F64}:
        return 0.0
    return point.scale * sheet.parameters.get(point.scale_by or "", 1.0) * CONVERSIONS[point.unit].factor
