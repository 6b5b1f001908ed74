"""The ways to Modbus units: a gateway or serial server on the network, a serial port, a unit that dials in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devices.campus.calendars import Id
from devices.profiles.profile import Words
from devices.profiles.strict import Strict

#: Data bits, parity and stop bits, as on the device's plate.
Frame = Annotated[str, Field(pattern=r"^[78][NEO][12]$", description="Data bits, parity, stop bits: 8N1.")]
Baud = Annotated[int, Field(ge=300, le=1_000_000, description="Bits a second on the serial side.")]
Host = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


class ModbusLink(Strict):
    """What all have: one connection, shared by all units behind it, one question at a time."""

    id: Id
    agent: Id
    kind: str
    name: Words
    poll_s: float = Field(10.0, gt=0, le=3600, description="Seconds between two reads of the same point.")
    timeout_s: float = Field(1.0, gt=0, le=60, description="How long one answer may take.")


class ModbusTcpLink(ModbusLink):
    """One Modbus TCP connection; all units behind it share it."""

    kind: Literal["modbus-tcp"]
    host: Host
    port: Port = 502
    baud: Baud | None = Field(None, description="Speed of the bus behind the gateway; only for the plan.")
    frame: Frame = "8N1"


class ModbusRtuTcpLink(ModbusLink):
    """RTU frames, with checksum and without number, to a serial server that passes bytes on as they are."""

    kind: Literal["modbus-rtu-tcp"]
    host: Host
    port: Port
    baud: Baud = 9600
    frame: Frame = "8N1"


class ModbusSerialLink(ModbusLink):
    """RTU frames on a serial port of the gateway itself."""

    kind: Literal["modbus-serial"]
    path: str = Field(min_length=1, description="The port, such as /dev/ttyUSB0; best by /dev/serial/by-id.")
    baud: Baud = 9600
    frame: Frame = "8N1"
    echo: bool = Field(False, description="The adapter hears what it sends itself (two wires, no muting).")


class ModbusDialInLink(ModbusLink):
    """A unit that connects to us, such as a DTU on a mobile network, and says who it is.

    Links may share a port; the first bytes of a caller then tell which link it is. That is a name, not a
    secret: let only the network of the units reach the port.
    """

    kind: Literal["modbus-dial-in"]
    host: Host = Field("0.0.0.0", description="Address of the gateway that units call.")  # noqa: S104 - they call from elsewhere
    port: Port
    registration: str = Field(
        "", max_length=64, description="Text that the unit sends first; empty: whoever calls is it."
    )
    registration_hex: str = Field(
        "", pattern=r"^([0-9A-Fa-f]{2}){0,64}$", description="The same as bytes, for units that send no text."
    )
    heartbeat: str = Field("", max_length=64, description="Text that the unit sends now and then; ignored.")
    framing: Literal["rtu", "tcp"] = "rtu"
    baud: Baud = 9600
    frame: Frame = "8N1"

    @property
    def first_bytes(self) -> bytes:
        """What a caller begins with."""
        return bytes.fromhex(self.registration_hex) or self.registration.encode()


#: All of them, as the site file tells them apart.
AnyModbusLink = ModbusTcpLink | ModbusRtuTcpLink | ModbusSerialLink | ModbusDialInLink
