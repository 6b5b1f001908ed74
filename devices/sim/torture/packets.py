"""MQTT 3.1.1 on the wire, as far as a field broker and a proxy need it: whole packets in, whole packets out."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import Final

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
DUP: Final = 8
QOS1: Final = 2
LONGEST: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: its first byte, and what follows the length."""

    first: int
    body: bytes

    @property
    def kind(self) -> int:
        """CONNECT, PUBLISH ..."""
        return self.first >> 4

    def packed(self) -> bytes:
        """As it travels."""
        size, length = len(self.body), bytearray()
        while True:
            size, low = divmod(size, 128)
            length.append(low | (0x80 if size else 0))
            if not size:
                return bytes([self.first]) + bytes(length) + self.body

    @property
    def number(self) -> int | None:
        """The packet identifier of a PUBLISH of QoS 1, a PUBACK or a SUBSCRIBE."""
        if self.kind == PUBLISH:
            if not self.first & QOS1:
                return None
            (size,) = struct.unpack_from("!H", self.body)
            return int(struct.unpack_from("!H", self.body, 2 + size)[0])
        return int(struct.unpack_from("!H", self.body)[0])

    @property
    def topic(self) -> str:
        """The topic of a PUBLISH."""
        (size,) = struct.unpack_from("!H", self.body)
        return self.body[2 : 2 + size].decode()

    @property
    def payload(self) -> bytes:
        """The payload of a PUBLISH."""
        (size,) = struct.unpack_from("!H", self.body)
        return self.body[2 + size + (2 if self.first & QOS1 else 0) :]

    @property
    def client(self) -> tuple[str, bool]:
        """Of a CONNECT: the client's id, and whether it wants its session kept."""
        flags = self.body[7]
        (size,) = struct.unpack_from("!H", self.body, 10)
        return self.body[12 : 12 + size].decode(), not flags & 2

    @property
    def filters(self) -> int:
        """Of a SUBSCRIBE: how many topic filters it names."""
        count, at = 0, 2
        while at < len(self.body):
            (size,) = struct.unpack_from("!H", self.body, at)
            at += 2 + size + 1
            count += 1
        return count

    def again(self) -> Packet:
        """The same PUBLISH, marked as a repeat."""
        return Packet(self.first | DUP, self.body)


def publish(topic: str, payload: bytes, number: int | None, *, again: bool = False) -> Packet:
    """A PUBLISH; with a number it has QoS 1."""
    name = topic.encode()
    place = b"" if number is None else struct.pack("!H", number)
    first = PUBLISH << 4 | (0 if number is None else QOS1) | (DUP if again else 0)
    return Packet(first, struct.pack("!H", len(name)) + name + place + payload)


def puback(number: int) -> Packet:
    """The answer to a PUBLISH."""
    return Packet(PUBACK << 4, struct.pack("!H", number))


def connack(*, session: bool) -> Packet:
    """Welcome."""
    return Packet(CONNACK << 4, bytes([session, 0]))


def suback(number: int, filters: int) -> Packet:
    """Everything is granted at QoS 1."""
    return Packet(SUBACK << 4, struct.pack("!H", number) + b"\x01" * filters)


async def read(reader: asyncio.StreamReader) -> Packet:
    """The next packet.

    Raises:
        asyncio.IncompleteReadError, ConnectionError: the connection has ended.
        ValueError: this is no MQTT.
    """
    first = (await reader.readexactly(1))[0]
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
        if shift > 21:  # noqa: PLR2004 - four bytes of seven bits
            raise ValueError("a length of more than four bytes")
    if size > LONGEST:
        raise ValueError(f"a packet of {size} bytes")
    return Packet(first, await reader.readexactly(size) if size else b"")
