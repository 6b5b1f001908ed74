"""Recordings: wire messages one after the other in a file, each behind its length (4 bytes, little-endian)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from devices.model.errors import Garbled, Refused
from devices.model.samples import SampleBatch
from devices.wire.messages import MAX_MESSAGE_BYTES, Kind, decode, encode
from devices.wire.records import samples_from, samples_message

LENGTH: Final = struct.Struct("<I")

Block = tuple[SampleBatch, Sequence[str]]


def write(path: Path, blocks: Iterable[Block]) -> None:
    """Write batches, each with the names its rows refer to."""
    with path.open("wb") as file:
        for batch, names in blocks:
            message = encode(samples_message(batch, names))
            file.write(LENGTH.pack(len(message)) + message)


def read(path: Path) -> Iterator[Block]:
    """Read batches as they were written; messages of other kinds are passed over.

    Raises:
        Refused: the file cannot be opened.
        Garbled: it is cut short, or no recording.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    with file:
        while head := file.read(LENGTH.size):
            message = decode(_message(file, head, path))
            if message.kind is Kind.SAMPLES:
                yield samples_from(message)


def _message(file: BinaryIO, head: bytes, path: Path) -> bytes:
    if len(head) < LENGTH.size:
        raise Garbled(f"{path} ends within a length")
    (length,) = LENGTH.unpack(head)
    if length > MAX_MESSAGE_BYTES:
        raise Garbled(f"{path}: a message of {length} bytes")
    data = file.read(length)
    if len(data) < length:
        raise Garbled(f"{path} ends within a message")
    return data
