"""Ways to DL/T 645-2007 meters: a serial server, or a serial port of the gateway itself."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from devices.campus.calendars import Id
from devices.campus.modbus_links import Frame, Host, Port
from devices.profiles.point import Words
from devices.profiles.strict import Strict

#: Stands in place of an address: the meter is alone on its link, and is asked for its address.
ONLY_METER: Final = "AAAAAAAAAAAA"
ADDRESS_DIGITS: Final = 12
#: A spreadsheet may have dropped leading zeros.
ADDRESS_PATTERN: Final = rf"^([0-9]{{1,{ADDRESS_DIGITS}}}|{ONLY_METER})?$"
#: The speeds of the standard.
MeterBaud = Annotated[
    Literal[600, 1200, 2400, 4800, 9600, 19200],
    Field(description="Bits a second on the bus. Behind a serial server only for the plan."),
]


class Dlt645Link(Strict):
    """What both have: one bus, one question at a time."""

    id: Id
    agent: Id
    kind: str
    name: Words
    poll_s: float = Field(30.0, gt=0, le=3600, description="Seconds between two reads of the same point.")
    timeout_s: float = Field(2.0, gt=0, le=60, description="How long an answer may take to begin.")
    baud: MeterBaud = 2400
    frame: Frame = "8E1"


class Dlt645TcpLink(Dlt645Link):
    """A bus of DL/T 645-2007 meters behind a serial server that passes bytes on as they are."""

    kind: Literal["dlt645-tcp"]
    host: Host
    port: Port


class Dlt645SerialLink(Dlt645Link):
    """A bus of DL/T 645-2007 meters on a serial port."""

    kind: Literal["dlt645-serial"]
    path: str = Field(min_length=1, description="The port, such as /dev/ttyUSB0; best by /dev/serial/by-id.")


#: Both of them, as the site file tells them apart.
AnyDlt645Link = Dlt645TcpLink | Dlt645SerialLink


def full_address(address: str) -> str:
    """The address with all its digits."""
    return address.zfill(ADDRESS_DIGITS)
