"""Modbus frames as a device sees them: requests out of a stream of bytes, and answers into it.

The agent's framing is not used here: what the two sides agree on is the standard.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

MBAP: Final = struct.Struct(">HHHB")
LONGEST_PDU: Final = 253
#: Whole length of RTU requests, checksum included; of writes of several values without these.
RTU_LENGTHS: Final = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 22: 10}
SEVERAL: Final = {15: 9, 16: 9}


@dataclass(frozen=True, slots=True)
class Request:
    """One frame: unit, and function code with its data. `transaction` is 0 where frames have no number."""

    transaction: int
    unit: int
    pdu: bytes


class NotModbus(Exception):  # noqa: N818 - says what the bytes are
    """Bytes that no frame begins with."""


class Frames(Protocol):
    """One connection's framing."""

    def requests(self, data: bytes) -> Iterator[Request]:
        """The requests that are whole now that these bytes came.

        Raises:
            NotModbus: somebody else is talking.
        """

    def framed(self, request: Request, pdu: bytes) -> bytes:
        """An answer."""

    def nonsense(self, number: int, request: Request, answer: bytes) -> bytes:
        """Something wrong instead of an answer; each of three kinds has a number."""


class TcpFrames:
    """Number and length in front."""

    def __init__(self) -> None:
        self._held = b""

    def requests(self, data: bytes) -> Iterator[Request]:
        """As `Frames`."""
        self._held += data
        while len(self._held) >= MBAP.size:
            transaction, protocol, length, unit = MBAP.unpack_from(self._held)
            if protocol != 0 or not 2 <= length <= LONGEST_PDU + 1:  # noqa: PLR2004 - unit id and function code
                raise NotModbus
            if len(self._held) < 6 + length:
                return
            frame, self._held = self._held[: 6 + length], self._held[6 + length :]
            yield Request(transaction, unit, frame[MBAP.size :])

    def framed(self, request: Request, pdu: bytes) -> bytes:
        """As `Frames`."""
        return MBAP.pack(request.transaction, 0, len(pdu) + 1, request.unit) + pdu

    def nonsense(self, number: int, request: Request, answer: bytes) -> bytes:
        """A wrong byte count, the answer to another transaction, noise of the right length."""
        if number == 0:
            return self.framed(request, answer[:1] + bytes([(answer[1] + 1) % 256]) + answer[2:])
        if number == 1:
            other = Request((request.transaction + 7) % 65536, request.unit, request.pdu)
            return self.framed(other, answer)
        return self.framed(request, bytes(0x80 ^ byte for byte in answer))


class RtuFrames:
    """A checksum behind."""

    def __init__(self) -> None:
        self._held = b""

    def requests(self, data: bytes) -> Iterator[Request]:
        """As `Frames`; what is no request is dropped, as a device that waits for silence does."""
        self._held += data
        while len(self._held) > 1:
            length = self._length()
            if length > len(self._held):
                return
            frame, self._held = self._held[:length], self._held[length:]
            if length == 0 or checksum(frame[:-2]) != frame[-2:]:
                self._held = b""
                return
            yield Request(0, frame[0], frame[1:-2])

    def framed(self, request: Request, pdu: bytes) -> bytes:
        """As `Frames`."""
        data = bytes([request.unit]) + pdu
        return data + checksum(data)

    def nonsense(self, number: int, request: Request, answer: bytes) -> bytes:
        """A wrong checksum, the answer of another unit, the first half."""
        frame = self.framed(request, answer)
        if number == 0:
            return frame[:-1] + bytes([frame[-1] ^ 0x10])
        if number == 1:
            return self.framed(Request(0, request.unit % 247 + 1, request.pdu), answer)
        return frame[: len(frame) // 2]

    def _length(self) -> int:
        """Of the request that is coming; 0 for none."""
        function = self._held[1]
        if function in SEVERAL:
            return SEVERAL[function] + (self._held[6] if len(self._held) > 6 else 0)  # noqa: PLR2004 - byte count
        return RTU_LENGTHS.get(function, 0)


def checksum(data: bytes) -> bytes:
    """CRC-16 of Modbus, bit by bit, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            lowest, crc = crc & 1, crc >> 1
            crc ^= 0xA001 if lowest else 0
    return struct.pack("<H", crc)
