"""DL/T 645-2007 frames: the three requests that read, and answers found in a stream of bytes. Pure.

    FE x 0..4 | 68 | A0..A5 | 68 | C | L | DATA | CS | 16

The address stands low byte first, every data byte is sent with 0x33 added, CS is the sum from the first 68 to
the last data byte modulo 256. There is no code here that builds any other request: a meter is never written to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

START: Final = 0x68
END: Final = 0x16
WAKE_UP: Final = b"\xfe" * 4
OFFSET: Final = 0x33
#: Bytes before the data (68, six of the address, 68, control, length) and behind it (checksum, 16).
HEAD: Final = 10
TAIL: Final = 2
SECOND_START: Final = 7
#: Every meter takes this address for its own; only one that is alone on its bus may be asked so.
ANYBODY: Final = b"\xaa" * 6
FROM_METER, REFUSED, MORE, CODE = 0x80, 0x40, 0x20, 0x1F
#: Meaning of the bits of the one byte that comes with a refusal.
REFUSALS: Final = (
    "other",
    "no_such_data",
    "not_authorised",
    "baud_fixed",
    "year_zones",
    "day_slots",
    "tariffs",
    "reserved",
)
_SHIFTED: Final = bytes((byte + OFFSET) % 256 for byte in range(256))
_UNSHIFTED: Final = bytes((byte - OFFSET) % 256 for byte in range(256))


class Read(IntEnum):
    """The control codes that this program knows; all of them only read."""

    DATA = 0x11
    FOLLOWING = 0x12
    ADDRESS = 0x13


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame with a right checksum; `data` without the offset, low byte first as on the wire."""

    address: bytes
    control: int
    data: bytes

    @property
    def from_meter(self) -> bool:
        """Whether a meter sent it; otherwise it is a request, ours or another master's."""
        return bool(self.control & FROM_METER)

    @property
    def refused(self) -> bool:
        """Whether it says that the meter will not or cannot."""
        return bool(self.control & REFUSED)

    @property
    def more(self) -> bool:
        """Whether the answer goes on in a frame that must be asked for."""
        return bool(self.control & MORE)

    @property
    def code(self) -> int:
        """What was asked for, a `Read` if we asked."""
        return self.control & CODE


def read(address: bytes, identifier: bytes) -> bytes:
    """Ask a meter for the value or the block of a data identifier."""
    return _request(address, Read.DATA, identifier)


def read_following(address: bytes, identifier: bytes, number: int) -> bytes:
    """Ask for frame `number` (1 is the one after the first answer) of an answer that is longer than one."""
    return _request(address, Read.FOLLOWING, identifier + bytes([number]))


def read_address() -> bytes:
    """Ask the only meter of a bus who it is."""
    return _request(ANYBODY, Read.ADDRESS, b"")


def address_bytes(digits: str) -> bytes:
    """Twelve digits as they travel, low byte first; AAAAAAAAAAAA is anybody."""
    return bytes.fromhex(digits)[::-1]


def address_digits(address: bytes) -> str:
    """The address as it is printed on the meter."""
    return address[::-1].hex().upper()


def identifier_bytes(identifier: str) -> bytes:
    """A data identifier, printed DI3 to DI0, as it travels."""
    return bytes.fromhex(identifier)[::-1]


def refusal_names(frame: Frame) -> list[str]:
    """What a refusal says; `unknown` where it says nothing."""
    byte = frame.data[0] if frame.data else 0
    return [name for bit, name in enumerate(REFUSALS) if byte >> bit & 1] or ["unknown"]


def _request(address: bytes, code: Read, data: bytes) -> bytes:
    body = bytes([START, *address, START, code, len(data)]) + data.translate(_SHIFTED)
    return WAKE_UP + body + bytes([sum(body) % 256, END])


class Finder:
    """Finds frames in what a bus brings, in pieces of any size.

    A start that turns out not to be one costs one byte: the search goes on behind it, so a 68 within noise or
    within an address hides nothing.

    Attributes:
        noise: bytes so far that belonged to no frame; FE before a frame is not counted.
        wrong_sums: places so far that looked like a frame but for checksum or end.
    """

    def __init__(self) -> None:
        self.noise = 0
        self.wrong_sums = 0
        self._held = b""

    @property
    def holds(self) -> int:
        """Bytes of a frame that has begun."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes in; give the frames that are whole now."""
        self._held += data
        return self._found(last=False)

    def end(self) -> list[Frame]:
        """Nothing more will come: give up what is not whole, and look behind its start."""
        return self._found(last=True)

    def clear(self) -> None:
        """Forget what is held."""
        self._held = b""

    def _found(self, *, last: bool) -> list[Frame]:
        frames: list[Frame] = []
        while self._skip_to_start():
            size = self._size()
            if size > len(self._held) and not last:
                break
            if self._is_frame(size):
                held, self._held = self._held[:size], self._held[size:]
                frames.append(Frame(held[1:7], held[8], held[HEAD:-TAIL].translate(_UNSHIFTED)))
            else:
                self._held = self._held[1:]
                self.noise += 1
        return frames

    def _skip_to_start(self) -> bool:
        """Drop what comes before the next start; whether there is one."""
        begin = self._held.find(START)
        before, self._held = (self._held, b"") if begin < 0 else (self._held[:begin], self._held[begin:])
        self.noise += len(before) - before.count(WAKE_UP[0])
        return begin >= 0

    def _size(self) -> int:
        """Bytes that the frame at the start of what is held has, as far as is known; 0 if none begins there."""
        if len(self._held) > SECOND_START and self._held[SECOND_START] != START:
            return 0
        return HEAD + TAIL + (self._held[HEAD - 1] if len(self._held) >= HEAD else 0)

    def _is_frame(self, size: int) -> bool:
        if not 0 < size <= len(self._held):
            return False
        good = sum(self._held[: size - TAIL]) % 256 == self._held[size - TAIL] and self._held[size - 1] == END
        self.wrong_sums += not good
        return good
