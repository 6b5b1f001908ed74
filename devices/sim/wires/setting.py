"""What simulated devices do when they are written to, from the data sheet alone.

The agent's encoder is not used here: what the two sides agree on is the sheet. A device takes every bit of a
request as its own: whoever does not send back what it had switches it off.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devices.campus.site import Device
from devices.model.codes import CODES
from devices.profiles.profile import ModbusSheet, Profile, RegisterPoint, Type
from devices.profiles.writes import Writable
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.registers import PER_CANONICAL

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
COIL, REGISTER, REGISTERS = 5, 6, 16
COIL_ON: Final = 0xFF00

#: Sets a point of a device; takes device, point and canonical value.
Obey = Callable[[str, str, float], None]
Truth = Callable[[str], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Write:
    """A request to write: where, and the words (of a coil 0 or 1)."""

    table: str
    addr: int
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Setting:
    """One point of one device that may be set."""

    device: Device
    writable: Writable
    point: RegisterPoint
    multiplier: float

    @property
    def addr(self) -> int:
        """The word that carries the value."""
        return self.writable.addr + self.writable.stride * self.device.index + self.writable.word


class Settings:
    """Everything behind one Modbus unit id that can be set."""

    def __init__(
        self, devices: Sequence[tuple[Device, Profile]], truth: Truth, obey: Obey, board: FaultBoard
    ) -> None:
        self._settings = [one for device, profile in devices for one in _settings(device, profile)]
        self._truth = truth
        self._obey = obey
        self._board = board
        self._reverts: list[tuple[int, str, str, float]] = []

    def devices(self, write: Write) -> list[str]:
        """Whose points a request sets."""
        return list(dict.fromkeys(one.device.id for one, _ in self._hit(write)))

    def take(self, write: Write, now_us: int) -> int:
        """Do what is asked; the number of an exception, or 0."""
        hit = list(self._hit(write))
        if not hit:
            return ILLEGAL_ADDRESS
        values = [(one, _value(one, word)) for one, word in hit]
        if any(value is None or not _fits(one, value) for one, value in values):
            return ILLEGAL_VALUE
        for one, value in values:
            assert value is not None
            self._set(one, value, now_us)
        return 0

    def revert(self, now_us: int) -> None:
        """Let devices that do as they like go back to what they had."""
        due = [each for each in self._reverts if each[0] <= now_us]
        self._reverts = [each for each in self._reverts if each[0] > now_us]
        for _, device, point, value in due:
            self._obey(device, point, value)

    def _set(self, one: _Setting, value: float, now_us: int) -> None:
        name, point = one.device.id, one.point.name
        truth = self._truth(name)
        modes = {int(CODES["ac_mode"][mode.upper()]) for mode in one.writable.modes}
        if self._board.find("ignores-writes", name) is not None or (modes and truth["mode"] not in modes):
            return
        if (fault := self._board.find("reverts", name)) is not None and truth[point] != value:
            self._reverts.append((now_us + round(fault.value * 1e6), name, point, truth[point]))
        self._obey(name, point, value)

    def _hit(self, write: Write) -> Iterator[tuple[_Setting, int]]:
        for one in self._settings:
            offset = one.addr - write.addr
            if one.writable.table == write.table and 0 <= offset < len(write.words):
                yield one, write.words[offset]


def write_of(pdu: bytes) -> Write | int:
    """What a request writes, or the number of the exception it deserves."""
    match pdu[0]:
        case 5 if len(pdu) == 5:  # noqa: PLR2004 - function, address and value
            _, addr, value = struct.unpack(">BHH", pdu)
            return Write("coil", addr, (int(value == COIL_ON),)) if value in {0, COIL_ON} else ILLEGAL_VALUE
        case 6 if len(pdu) == 5:  # noqa: PLR2004
            _, addr, value = struct.unpack(">BHH", pdu)
            return Write("holding", addr, (value,))
        case 16 if len(pdu) >= 6:  # noqa: PLR2004 - and how many follow
            _, addr, count, size = struct.unpack_from(">BHHB", pdu)
            if size != 2 * count or len(pdu) != 6 + size:
                return ILLEGAL_VALUE
            return Write("holding", addr, struct.unpack_from(f">{count}H", pdu, 6))
    return ILLEGAL_FUNCTION


def echo_of(pdu: bytes) -> bytes:
    """The answer to a write that was taken."""
    return pdu[:5]


def _settings(device: Device, profile: Profile) -> Iterator[_Setting]:
    if not isinstance(profile.sheet, ModbusSheet):
        return
    points = {point.name: point for point in profile.sheet.points}
    parameters = {**profile.sheet.parameters, **device.parameters}
    for writable in profile.write:
        point = points[writable.point]
        multiplier = float(parameters[point.scale_by]) if point.scale_by is not None else 1.0
        yield _Setting(device, writable, point, multiplier)


def _value(one: _Setting, word: int) -> float | None:
    """A word as a canonical value; None where it means nothing."""
    point, writable = one.point, one.writable
    raw = (word & (writable.mask or 0xFFFF)) >> writable.shift
    if point.codes is not None:
        if point.enum is None:
            return float(raw)
        name = point.enum.get(raw)
        return None if name is None else float(int(CODES[point.codes][name.upper()]))
    if point.type is Type.I16 and raw > 0x7FFF:  # noqa: PLR2004 - the sign
        raw -= 0x10000
    return (raw * point.scale + point.offset) * one.multiplier / PER_CANONICAL.get(point.unit, 1.0)


def _fits(one: _Setting, value: float) -> bool:
    low, high = one.writable.range or (float("-inf"), float("inf"))
    return low <= value <= high
