"""Points of a link to read requests, once, ahead of time. Pure.

Points are grouped by unit, data sheet and table, never by type. Neighbours are joined over small gaps as far
as the sheet allows; a request starts and ends on a point, never on a register that is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Final

from devices.campus.modbus_links import ModbusLink
from devices.campus.site import Campus, Device
from devices.model.points import PointTable
from devices.profiles.profile import ModbusSheet, RegisterPoint, Table

#: Most bits in one read of coils or discrete inputs, by the protocol.
MAX_BITS: Final = 2000
BIT_TABLES: Final = frozenset({Table.COIL, Table.DISCRETE})


@dataclass(frozen=True, slots=True)
class Reading:
    """One point of one device at its place on the wire.

    row:        row of the agent's point table
    addr:       first register (or bit) on the wire, index and stride included
    multiplier: the device parameter that the sheet names in `scale_by`, else 1
    """

    row: int
    point: RegisterPoint
    addr: int
    multiplier: float = 1.0

    @property
    def end(self) -> int:
        """First address behind the value."""
        return self.addr + self.point.registers


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may be, from a data sheet; for coils and discrete inputs in bits."""

    most: int
    gap: int
    forbidden: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, sheet: ModbusSheet, table: Table) -> Limits:
        """Limits of a sheet for a table; sixteen bits travel in the room of a register."""
        if table in BIT_TABLES:
            return cls(min(MAX_BITS, sheet.max_registers * 16), sheet.max_gap * 16, sheet.forbidden)
        return cls(sheet.max_registers, sheet.max_gap, sheet.forbidden)

    def forbids(self, first: int, last: int) -> bool:
        """Whether a forbidden address lies in first..last."""
        return any(low <= last and first <= high for low, high in self.forbidden)


class Why(StrEnum):
    """Why a request begins where it does."""

    FIRST = "first"  # of its table, data sheet and kind (optional or not)
    GAP = "gap"  # too many addresses that nobody asked for lie in front of it
    LONGEST = "longest"  # the one before is as long as a request may be
    FORBIDDEN = "forbidden"  # an address that must not be read lies in front of it
    REFUSED = "refused"  # the unit refused a longer one


@dataclass(frozen=True, slots=True)
class Span:
    """One read request: `count` registers (or bits) from `addr`, and the readings that lie in it."""

    table: Table
    addr: int
    count: int
    readings: tuple[Reading, ...]
    optional: bool
    why: Why = Why.FIRST

    @property
    def wasted(self) -> int:
        """Registers (or bits) that are read although nobody asked for them."""
        wanted = {address for reading in self.readings for address in range(reading.addr, reading.end)}
        return self.count - len(wanted)


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """All requests of one Modbus unit, in the order in which they are sent."""

    unit: int
    devices: tuple[str, ...]
    spans: tuple[Span, ...]


def plan_link(campus: Campus, link: ModbusLink, table: PointTable) -> tuple[UnitPlan, ...]:
    """Plan every unit of a link, in order of the unit id."""
    devices = sorted(
        (device for device in campus.devices.values() if device.link == link.id),
        key=lambda device: device.unit,
    )
    return tuple(
        _plan_unit(unit, list(group), campus, table)
        for unit, group in groupby(devices, key=lambda device: device.unit)
    )


def spans(readings: Iterable[Reading], limits: Limits) -> tuple[Span, ...]:
    """Join the readings of one table into requests; every reading lies in exactly one of them."""
    found: list[Span] = []
    held: list[Reading] = []
    end, why = 0, Why.FIRST
    for reading in sorted(readings, key=lambda reading: (reading.addr, reading.end)):
        border = _border(held[0].addr, end, reading, limits) if held else None
        if border is not None:
            found.append(_span(held, why))
            held, why = [], border
        end = max(end, reading.end) if held else reading.end
        held.append(reading)
    if held:
        found.append(_span(held, why))
    return tuple(found)


def split(span: Span) -> tuple[Span, ...]:
    """Cut a request that the device refused: at its gaps, else in halves; a single value cannot be cut."""
    bare = Limits(span.count, 0, ())
    pieces = spans(span.readings, bare)
    if len(pieces) > 1:
        return tuple(replace(piece, why=Why.REFUSED) for piece in pieces)
    starts = sorted({reading.addr for reading in span.readings})
    if len(starts) == 1:
        return (span,)
    border = starts[len(starts) // 2]
    lower = [reading for reading in span.readings if reading.addr < border]
    upper = [reading for reading in span.readings if reading.addr >= border]
    return _span(lower, Why.REFUSED), _span(upper, Why.REFUSED)


def _plan_unit(unit: int, devices: Sequence[Device], campus: Campus, table: PointTable) -> UnitPlan:
    groups: dict[tuple[str, Table, bool], list[Reading]] = {}
    for device in devices:
        for reading in readings_of(device, campus, table):
            key = (device.profile, reading.point.table, reading.point.optional)
            groups.setdefault(key, []).append(reading)
    planned: list[Span] = []
    for (profile, register_table, _), readings in groups.items():
        sheet = campus.profiles[profile].sheet
        assert isinstance(sheet, ModbusSheet)
        planned.extend(spans(readings, Limits.of(sheet, register_table)))
    planned.sort(key=lambda span: span.optional)  # what every unit has goes first
    return UnitPlan(unit, tuple(device.id for device in devices), tuple(planned))


def readings_of(device: Device, campus: Campus, table: PointTable) -> Iterator[Reading]:
    """Place every point of a device on the wire."""
    sheet = campus.profile_of(device).sheet
    assert isinstance(sheet, ModbusSheet)
    parameters: Mapping[str, float | str] = {**sheet.parameters, **device.parameters}
    for point in sheet.points:
        yield Reading(
            row=table.row[f"{device.id}.{point.name}"],
            point=point,
            addr=point.addr + point.stride * device.index,
            multiplier=float(parameters[point.scale_by]) if point.scale_by else 1.0,
        )


def _border(start: int, end: int, reading: Reading, limits: Limits) -> Why | None:
    """Why a request start..end-1 must not grow to hold one more reading; None where it may."""
    if limits.forbids(end, reading.addr - 1):
        return Why.FORBIDDEN
    if reading.addr - end > limits.gap:
        return Why.GAP
    return Why.LONGEST if max(end, reading.end) - start > limits.most else None


def _span(readings: Sequence[Reading], why: Why) -> Span:
    first = readings[0]
    end = max(reading.end for reading in readings)
    return Span(first.point.table, first.addr, end - first.addr, tuple(readings), first.point.optional, why)
