"""Random register maps for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from devices.model.units import CONVERSIONS
from devices.profiles.profile import REGISTERS, Order, RegisterPoint, Table, Type
from edge_agent.sources.modbus.plan import Reading

NAME = {"zh": "名", "en": "name"}
WORD_TYPES = [kind for kind in Type if kind is not Type.BIT]
SCALES = st.sampled_from([1.0, 0.1, 0.01, 0.001, -1.0, 10.0, 2.5])
MEMBERS = {"ac_mode": ["cool", "heat", "auto", "dry", "fan"], "on_off": ["off", "on"]}


@st.composite
def point(draw: st.DrawFn, table: Table, addr: int, name: str) -> RegisterPoint:
    bits = table in {Table.COIL, Table.DISCRETE}
    kind = Type.BIT if bits else draw(st.sampled_from(WORD_TYPES))
    values: dict[str, Any] = {
        "name": name,
        "title": NAME,
        "table": table,
        "addr": addr,
        "type": kind,
        "order": draw(st.sampled_from(list(Order))),
        "scale": draw(SCALES),
        "offset": draw(st.sampled_from([0.0, 5.0, -40.0])),
        "unit": draw(st.sampled_from(sorted(CONVERSIONS))),
        "valid": draw(st.sampled_from([None, (0.0, 100.0), (-1e6, 1e6)])),
        "sentinel": draw(st.sampled_from([(), (0xFFFF,), (-1,), (0, 0x8000), (-32768,)])),
        "optional": draw(st.booleans()),
    }
    if kind is Type.U16:
        values["mask"] = draw(st.sampled_from([None, None, 0x0001, 0x00F0, 0x8000]))
        values["shift"] = draw(st.sampled_from([0, 4, 15]))
    if draw(st.booleans()) and kind not in {Type.F32, Type.F64}:
        values |= {"codes": draw(st.sampled_from(["ac_mode", "on_off"]))}
        members = st.sampled_from(MEMBERS[values["codes"]])
        values["enum"] = draw(st.none() | st.dictionaries(st.integers(0, 9), members, min_size=1))
        values["otherwise"] = draw(members) if values["enum"] and draw(st.booleans()) else None
    return RegisterPoint.model_validate(values)


@st.composite
def readings(draw: st.DrawFn, table: Table | None = None, most: int = 30) -> list[Reading]:
    """Points of one table at rising addresses, some at the same word, with gaps between."""
    table = table or draw(st.sampled_from(list(Table)))
    found: list[Reading] = []
    addr = draw(st.integers(0, 1000))
    for row in range(draw(st.integers(1, most))):
        made = draw(point(table, addr, f"p{row}"))
        found.append(Reading(row, made, addr, draw(st.sampled_from([1.0, 40.0, 0.5]))))
        addr += REGISTERS[made.type] + draw(st.sampled_from([0, 0, 0, 1, 5, 30, -REGISTERS[made.type]]))
    return draw(st.permutations(found))
