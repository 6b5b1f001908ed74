"""What the agent asks of a capture worker, and how it travels: msgpack with a length before it. Pure.

To the worker:   ["decode", number, max_pixels, jpeg]   ["shrink", number, max_pixels, jpeg]
                 ["open", key, {...}]   ["every", key, sample_s]   ["close", key]
From the worker: ["alive", [hung keys], dropped]   ["decoded", number, grey, colour, why]   ["shrunk", number, jpeg]
                 ["codec", key, ...]   ["packet", key, ...]   ["sight", key, ...]   ["counts", key, ...]
                 ["ended", key, link, why]
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

import msgpack

#: Bytes that say how long the message behind them is.
LENGTH: Final = 4
#: A worker that claims more is not listened to any longer.
LONGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Order:
    """Which stream to read, and how.

    scheme: rtsp, http (pictures one after the other) or file.
    bare: the path at the host, or of the file.
    signs: "digest", "basic", or "" without an account.
    sample_s: seconds between two decoded pictures.
    packets: hand over every packet.
    pace: a file is read at its own pace and again from its start; without it, as fast as it goes and once.
    """

    scheme: str
    bare: str
    host: str = ""
    port: int = 0
    signs: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    transport: str = "tcp"
    timeout_s: float = 5.0
    sample_s: float = 10.0
    max_pixels: float = 40e6
    packets: bool = False
    pace: bool = True

    def plain(self) -> dict[str, Any]:
        """As it travels."""
        return asdict(self)


def framed(message: list[Any]) -> bytes:
    """A message as it goes into the pipe."""
    body: bytes = msgpack.packb(message)
    return len(body).to_bytes(LENGTH, "big") + body


def unpacked(body: bytes) -> list[Any]:
    """A message out of the pipe."""
    message: list[Any] = msgpack.unpackb(body)
    return message
