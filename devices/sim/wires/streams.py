"""Pictures sent one after the other over HTTP (multipart/x-mixed-replace), as cameras and restreamers do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

#: Pictures a second of a healthy stream; drawing is what it costs.
FPS: Final = 6.0
BOUNDARY: Final = "next-picture"
HEAD: Final = (
    f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary={BOUNDARY}\r\nConnection: close\r\n\r\n"
).encode()


async def send_pictures(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    picture: Callable[[], bytes],
    fps: Callable[[], float],
) -> None:
    """Send until the other side has had enough. An `fps` of 0 says nothing and keeps the connection."""
    writer.write(HEAD)
    gone = asyncio.ensure_future(reader.read())
    try:
        while not gone.done():
            rate = fps()
            if rate > 0:
                body = picture()
                writer.write(part(body))
                await writer.drain()
            await asyncio.wait([gone], timeout=1 / (rate or FPS))
    finally:
        gone.cancel()


def part(body: bytes) -> bytes:
    """One picture with what stands around it."""
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body + b"\r\n"
