"""Whether links leave each other alone: one connection for each gateway, one master on each serial port."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from devices.campus.dlt645_links import Dlt645SerialLink, Dlt645TcpLink
from devices.campus.modbus_links import (
    ModbusDialInLink,
    ModbusRtuTcpLink,
    ModbusSerialLink,
    ModbusTcpLink,
)
from devices.campus.site import AnyLink, Campus
from devices.model.errors import Problem

#: Unit ids that RTU frames can carry to one unit; 0 speaks to all, and nobody answers.
RTU_UNITS = range(1, 248)


def link_problems(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield every link that another one stands in the way of, and units that cannot be asked."""
    taken: dict[object, str] = {}
    for link in campus.links.values():
        place = _place(link)
        first = link.id if place is None else taken.setdefault(place, link.id)
        if first != link.id:
            found, expected = f"the address of {first}", "one link for each gateway: many take one connection"
            yield Problem(file, f"links.{link.id}", found, expected)
    yield from _callers(campus, file)
    for device in campus.devices.values():
        on = campus.links.get(device.link)
        if on is not None and _is_rtu(on) and device.unit not in RTU_UNITS:
            expected = f"{RTU_UNITS[0]} to {RTU_UNITS[-1]} on a {on.kind} link"
            yield Problem(file, f"devices.{device.id}.unit", str(device.unit), expected)


def _place(link: AnyLink) -> object:
    """What only one link may have; None where others may share it."""
    if isinstance(link, ModbusTcpLink | ModbusRtuTcpLink | Dlt645TcpLink):
        return link.host, link.port
    return link.path if isinstance(link, ModbusSerialLink | Dlt645SerialLink) else None


def _is_rtu(link: AnyLink) -> bool:
    if isinstance(link, ModbusDialInLink):
        return link.framing == "rtu"
    return isinstance(link, ModbusRtuTcpLink | ModbusSerialLink)


def _callers(campus: Campus, file: str) -> Iterator[Problem]:
    """Units that dial in at one port of one agent must be told apart by what they say first."""
    dialled = [link for link in campus.links.values() if isinstance(link, ModbusDialInLink)]
    for link in dialled:
        if link.registration and link.registration_hex:
            yield Problem(
                file, f"links.{link.id}.registration_hex", "a registration as text too", "one of the two"
            )
    for one, other in combinations(dialled, 2):
        if (one.agent, one.port) != (other.agent, other.port):
            continue
        if one.host != other.host:
            yield Problem(file, f"links.{other.id}.host", other.host, f"{one.host}, as {one.id} at this port")
        elif one.first_bytes.startswith(other.first_bytes) or other.first_bytes.startswith(one.first_bytes):
            found = f"{other.first_bytes!r}, beside {one.first_bytes!r} of {one.id}"
            expected = "a registration that tells it from the others at this port"
            yield Problem(file, f"links.{other.id}.registration", found, expected)
