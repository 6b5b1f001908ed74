"""Whether the DL/T 645 meters of a site file can be told apart on their buses."""

from __future__ import annotations

from collections.abc import Iterator

from devices.campus.dlt645_links import ADDRESS_DIGITS, ONLY_METER, Dlt645Link, full_address
from devices.campus.site import Campus, Device
from devices.model.errors import Problem


def check(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield every meter whose address is missing or not its own, and every other device that has one."""
    meters: dict[str, list[Device]] = {}
    for device in campus.devices.values():
        if isinstance(campus.links.get(device.link), Dlt645Link):
            meters.setdefault(device.link, []).append(device)
        elif device.address:
            expected = "nothing: only a meter on a DL/T 645 link has one"
            yield Problem(file, f"devices.{device.id}.address", repr(device.address), expected)
    for bus in meters.values():
        yield from _bus(bus, file)


def _bus(meters: list[Device], file: str) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for meter in meters:
        where, digits = f"devices.{meter.id}.address", f"the {ADDRESS_DIGITS} digits on the meter"
        first = taken.setdefault(full_address(meter.address), meter.id)
        if not meter.address:
            yield Problem(file, where, "nothing", f"{digits}, or {ONLY_METER} if it is alone on its link")
        elif first != meter.id:
            yield Problem(file, where, f"the address of {first}", "an address of its own")
        elif meter.address == ONLY_METER and len(meters) > 1:
            yield Problem(file, where, f"{ONLY_METER}, but others are on {meter.link}", digits)
