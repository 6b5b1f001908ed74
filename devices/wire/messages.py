"""Topics, envelope, encode and decode. The layout is described for other languages in `docs/wire.md`.

A message is a fixed head, then a body that is compressed as a whole:

    head  (24 bytes, little-endian)  magic "CW", version, flags, header length, body length, crc32, reserved
    body  msgpack header, zero-padded to 8 bytes, then each column's buffer, zero-padded to 8 bytes
"""

from __future__ import annotations

import reprlib
import struct
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgpack
import numpy as np
import numpy.typing as npt
import zstandard

from devices.model.errors import Garbled

MAGIC: Final = b"CW"
VERSION: Final = 1
FLAG_ZSTD: Final = 1
HEAD: Final = struct.Struct("<2sBBIIIQ")
MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
MAX_BODY_BYTES: Final = 32 * 1024 * 1024
MAX_HEADER_BYTES: Final = 2 * 1024 * 1024
MAX_COLUMNS: Final = 32
COLUMN_DTYPES: Final = frozenset({"<f8", "<f4", "<i8", "<i4", "|u1", "<u4"})
TOPIC_ROOT: Final = "campus/v1"


class Lane(StrEnum):
    """In which order an agent's records leave it; each lane numbers its own records."""

    ALERTS = "alerts"
    LIVE = "live"
    BACKLOG = "backlog"


class Kind(StrEnum):
    """What a message carries."""

    SAMPLES = "samples"
    ALERTS = "alerts"
    HELLO = "hello"  # an agent introduces itself after connecting
    HEALTH = "health"  # an agent's counters, now and then
    ACK = "ack"  # the hub has committed these records
    OPEN = "open"  # which alerts an agent holds open
    SESSION = "session"  # the hub's answer to `hello` and `open`
    RULES = "rules"  # published rules for an agent
    ORDERS = "orders"  # what the hub wants an agent to do
    OUTCOMES = "outcomes"  # what became of orders
    FETCH = "fetch"  # the hub asks for evidence
    PIECE = "piece"  # a piece of it


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded message: plain header values and named columns of numbers."""

    kind: Kind
    header: dict[str, Any]
    columns: dict[str, npt.NDArray[Any]] = field(default_factory=dict)


def up_topic(agent: str, lane: Lane) -> str:
    """Topic on which an agent sends the records of a lane."""
    return f"{TOPIC_ROOT}/{agent}/up/{lane}"


def hello_topic(agent: str) -> str:
    """Topic on which an agent introduces itself."""
    return f"{TOPIC_ROOT}/{agent}/up/hello"


def health_topic(agent: str) -> str:
    """Topic on which an agent reports its counters."""
    return f"{TOPIC_ROOT}/{agent}/up/health"


def open_topic(agent: str) -> str:
    """Topic on which an agent tells which of its alerts are open."""
    return f"{TOPIC_ROOT}/{agent}/up/open"


def session_topic(agent: str) -> str:
    """Topic on which the hub answers an agent that introduces itself."""
    return f"{TOPIC_ROOT}/{agent}/down/session"


def rules_topic(agent: str) -> str:
    """Topic on which the hub brings published rules to an agent."""
    return f"{TOPIC_ROOT}/{agent}/down/rules"


def orders_topic(agent: str) -> str:
    """Topic on which the hub orders an agent to do something."""
    return f"{TOPIC_ROOT}/{agent}/down/orders"


def outcomes_topic(agent: str) -> str:
    """Topic on which an agent tells what became of orders."""
    return f"{TOPIC_ROOT}/{agent}/up/orders"


def state_topic(agent: str) -> str:
    """Topic of an agent's presence: `online`, or `offline` as the broker's last will."""
    return f"{TOPIC_ROOT}/{agent}/state"


def ack_topic(agent: str) -> str:
    """Topic on which the hub tells an agent what it has committed."""
    return f"{TOPIC_ROOT}/{agent}/down/ack"


def encode(message: Message) -> bytes:
    """Turn a message into bytes.

    Raises:
        ValueError: a column is not 1-D, not of an allowed dtype, or the message is too large.
    """
    if len(message.columns) > MAX_COLUMNS:
        raise ValueError(f"{len(message.columns)} columns are more than {MAX_COLUMNS}")
    if taken := {"kind", "columns"} & message.header.keys():
        raise ValueError(f"header keys {sorted(taken)} belong to the wire")
    columns = {name: _little_endian(name, column) for name, column in message.columns.items()}
    layout = [[name, column.dtype.str, len(column)] for name, column in columns.items()]
    header: bytes = msgpack.packb({"kind": str(message.kind), "columns": layout, **message.header})
    body = b"".join([_padded(header), *(_padded(column.tobytes()) for column in columns.values())])
    if len(body) > MAX_BODY_BYTES or len(header) > MAX_HEADER_BYTES:
        raise ValueError(f"message of {len(body)} bytes is larger than {MAX_BODY_BYTES}")
    packed = zstandard.ZstdCompressor(level=1, write_content_size=True).compress(body)
    head = HEAD.pack(MAGIC, VERSION, FLAG_ZSTD, len(header), len(body), zlib.crc32(packed), 0)
    if len(head) + len(packed) > MAX_MESSAGE_BYTES:
        raise ValueError(f"message of {len(packed)} packed bytes is larger than {MAX_MESSAGE_BYTES}")
    return head + packed


def decode(data: bytes) -> Message:
    """Turn bytes into a message, bounded in size before anything is unpacked.

    Raises:
        Garbled: the bytes are not a message of this version; the text says what was found.
    """
    header_bytes, body_bytes, packed = _checked_head(data)
    body = _unpacked(packed, data[3], body_bytes)
    header = _header(body[:header_bytes])
    layout = header.pop("columns", None)
    kind = header.pop("kind", None)
    if not isinstance(kind, str) or kind not in set(Kind):
        raise Garbled(f"unknown kind {reprlib.repr(kind)}")
    return Message(Kind(kind), header, _columns(body, header_bytes, layout))


def _little_endian(name: str, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if column.ndim != 1:
        raise ValueError(f"column {name} must be 1-D, got shape {column.shape}")
    ordered = column.astype(column.dtype.newbyteorder("<"), copy=False)
    if ordered.dtype.str not in COLUMN_DTYPES:
        raise ValueError(f"column {name} has dtype {ordered.dtype.str}, allowed: {sorted(COLUMN_DTYPES)}")
    return ordered


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _checked_head(data: bytes) -> tuple[int, int, bytes]:
    if len(data) < HEAD.size:
        raise Garbled(f"{len(data)} bytes are shorter than the head of {HEAD.size}")
    if len(data) > MAX_MESSAGE_BYTES:
        raise Garbled(f"message of {len(data)} bytes is larger than {MAX_MESSAGE_BYTES}")
    magic, version, flags, header_bytes, body_bytes, crc, _reserved = HEAD.unpack_from(data)
    packed = data[HEAD.size :]
    if magic != MAGIC or version != VERSION or flags & ~FLAG_ZSTD:
        raise Garbled(f"not a version {VERSION} message: starts with {data[:4].hex()}")
    if header_bytes > min(MAX_HEADER_BYTES, body_bytes) or body_bytes > MAX_BODY_BYTES:
        raise Garbled(f"header of {header_bytes} and body of {body_bytes} bytes are out of bounds")
    if zlib.crc32(packed) != crc:
        raise Garbled("checksum differs")
    return header_bytes, body_bytes, packed


def _unpacked(packed: bytes, flags: int, body_bytes: int) -> bytes:
    if not flags & FLAG_ZSTD:
        body = packed
    else:
        try:
            declared = zstandard.frame_content_size(packed)
            if declared != body_bytes:
                raise Garbled(f"body declares {declared} bytes, head says {body_bytes}")
            unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_BODY_BYTES)
            body = unpacker.decompress(packed, max_output_size=MAX_BODY_BYTES, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise Garbled(f"body cannot be decompressed: {error}") from None
    if len(body) != body_bytes:
        raise Garbled(f"body has {len(body)} bytes, head says {body_bytes}")
    return body


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = msgpack.unpackb(data, max_ext_len=0, max_bin_len=65536, strict_map_key=True)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise Garbled(f"header is not msgpack: {error}") from None
    if not isinstance(header, dict) or not all(isinstance(key, str) for key in header):
        raise Garbled("header is not a map with string keys")
    return header


def _columns(body: bytes, header_bytes: int, layout: object) -> dict[str, npt.NDArray[Any]]:
    if not isinstance(layout, list) or len(layout) > MAX_COLUMNS:
        raise Garbled(f"columns must be a list of at most {MAX_COLUMNS}")
    columns: dict[str, npt.NDArray[Any]] = {}
    offset = header_bytes + -header_bytes % 8
    for entry in layout:
        name, dtype, length = _layout_entry(entry)
        if name in columns:
            raise Garbled(f"column {name} stands twice")
        nbytes = np.dtype(dtype).itemsize * length
        if offset + nbytes > len(body):
            raise Garbled(f"column {name} ends at {offset + nbytes}, body at {len(body)}")
        columns[name] = np.frombuffer(body, dtype, length, offset)
        offset += nbytes + -nbytes % 8
    if offset != len(body):
        raise Garbled(f"columns end at {offset}, body at {len(body)}")
    return columns


def _layout_entry(entry: object) -> tuple[str, str, int]:
    match entry:
        case [str(name), str(dtype), int(length)] if (
            dtype in COLUMN_DTYPES and 0 <= length <= MAX_BODY_BYTES and type(length) is int
        ):
            return name, dtype, length
        case _:
            raise Garbled(f"column layout {reprlib.repr(entry)} is not [name, dtype, length]")
