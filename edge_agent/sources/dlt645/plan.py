"""Points of a bus to questions, once, ahead of time. Pure.

Several values that a meter gives in one block are one question; every other point is one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from devices.campus.dlt645_links import Dlt645Link, full_address
from devices.campus.site import Campus, Device
from devices.model.points import PointTable
from devices.profiles.dlt645_sheet import Dlt645Point, Dlt645Sheet

IDENTIFIER_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """One point of one meter.

    row:        row of the agent's point table
    multiplier: the device parameter that the sheet names in `scale_by`, else 1
    """

    row: int
    point: Dlt645Point
    multiplier: float = 1.0


@dataclass(frozen=True, slots=True)
class Item:
    """One question: a data identifier, and the places of the wanted values in its answer.

    readings: with the place of each, counted in values of one size
    size:     bytes of one value
    count:    values in the answer
    longer:   more may follow
    """

    identifier: str
    readings: tuple[tuple[int, Reading], ...]
    size: int
    count: int
    longer: bool = False

    @property
    def optional(self) -> bool:
        """Whether a meter may do without all of it."""
        return all(reading.point.optional for _, reading in self.readings)

    @property
    def data_bytes(self) -> int:
        """Bytes of the values in the answer."""
        return self.size * self.count


@dataclass(frozen=True, slots=True)
class MeterPlan:
    """All questions to one meter, in the order in which they are asked."""

    address: str
    device: str
    items: tuple[Item, ...]


def plan_link(campus: Campus, link: Dlt645Link, table: PointTable) -> tuple[MeterPlan, ...]:
    """Plan every meter of a bus, in order of the address."""
    devices = (device for device in campus.devices.values() if device.link == link.id)
    plans = (
        MeterPlan(full_address(device.address), device.id, tuple(items_of(device, campus, table)))
        for device in devices
    )
    return tuple(sorted(plans, key=lambda plan: plan.address))


def items_of(device: Device, campus: Campus, table: PointTable) -> Iterator[Item]:
    """Questions for all points of a device: blocks first, then the points that are in none."""
    sheet = campus.profile_of(device).sheet
    assert isinstance(sheet, Dlt645Sheet)
    parameters: Mapping[str, float | str] = {**sheet.parameters, **device.parameters}
    readings = {
        point.name: Reading(
            row=table.row[f"{device.id}.{point.name}"],
            point=point,
            multiplier=float(parameters[point.scale_by]) if point.scale_by else 1.0,
        )
        for point in sheet.points
    }
    for block in sheet.blocks:
        wanted = [(place, readings.pop(name)) for place, name in enumerate(block.points) if name is not None]
        yield Item(block.di, tuple(wanted), wanted[0][1].point.size, len(block.points), block.longer)
    yield from map(single, readings.values())


def single(reading: Reading) -> Item:
    """The question for one point alone."""
    return Item(reading.point.di, ((0, reading),), reading.point.size, 1)


def singles(item: Item) -> tuple[Item, ...]:
    """What to ask instead of a block that the meter does not give; nothing for a point alone."""
    if item.count == 1:
        return ()
    return tuple(single(reading) for _, reading in item.readings)
