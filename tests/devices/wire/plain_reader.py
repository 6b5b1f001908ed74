"""A reader as one would write it in another language, from `docs/wire.md` alone: nothing of ours in it."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import zstandard


class Reader:
    """The MessagePack that headers use: nil, booleans, integers, floats, strings, arrays, maps."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> Any:
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def value(self) -> Any:  # noqa: PLR0911 - one line a format, as in the table of the specification
        tag = self.take(">B")
        if tag < 0x80:
            return tag
        if tag >= 0xE0:
            return tag - 256
        if tag < 0x90:
            return {self.value(): self.value() for _ in range(tag & 15)}
        if tag < 0xA0:
            return [self.value() for _ in range(tag & 15)]
        if tag < 0xC0:
            return self.text(tag & 31)
        numbers = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
        numbers |= {0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
        if tag in numbers:
            return self.take(numbers[tag])
        if tag in {0xD9, 0xDA, 0xDB}:
            return self.text(self.take({0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}[tag]))
        if tag in {0xDC, 0xDD}:
            return [self.value() for _ in range(self.take({0xDC: ">H", 0xDD: ">I"}[tag]))]
        if tag in {0xDE, 0xDF}:
            return {self.value(): self.value() for _ in range(self.take({0xDE: ">H", 0xDF: ">I"}[tag]))}
        return {0xC0: None, 0xC2: False, 0xC3: True}[tag]

    def text(self, length: int) -> str:
        self.at += length
        return self.data[self.at - length : self.at].decode()


def read(data: bytes) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Header and columns of a message."""
    magic, version, flags, header_bytes, body_bytes, crc, _ = struct.unpack_from("<2sBBIIIQ", data)
    body = data[24:]
    assert (magic, version, zlib.crc32(body)) == (b"CW", 1, crc)
    if flags & 1:
        body = zstandard.ZstdDecompressor().decompress(body)
    assert len(body) == body_bytes
    header = Reader(body[:header_bytes]).value()
    columns: dict[str, list[float]] = {}
    at = (header_bytes + 7) // 8 * 8
    for name, dtype, length in header.pop("columns"):
        form = {"<f8": "d", "<f4": "f", "<i8": "q", "<i4": "i", "<u4": "I", "|u1": "B"}[dtype]
        columns[name] = list(struct.unpack_from(f"<{length}{form}", body, at))
        at += (struct.calcsize(f"<{length}{form}") + 7) // 8 * 8
    return header, columns
