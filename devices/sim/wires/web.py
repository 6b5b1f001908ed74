"""As much HTTP/1.1 as cameras and the control need, and RTSP, whose requests look alike: bodies are small."""

from __future__ import annotations

import asyncio
import http
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

LONGEST_BODY: Final = 64 * 1024
#: StreamReader's own limit holds the head to 64 KiB; a longer one ends the connection.
END_OF_HEAD: Final = b"\r\n\r\n"
VERSIONS: Final = ("HTTP/1.", "RTSP/1.")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    keep: bool
    is_rtsp: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered."""

    status: http.HTTPStatus
    content_type: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


async def read_request(reader: asyncio.StreamReader, begun: bytes = b"") -> Request | None:
    """The next request, whose first bytes may have been read; None at the end, or when it is none we understand."""
    try:
        head = (begun + await reader.readuntil(END_OF_HEAD)).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.rpartition(" ")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    length = headers.get("content-length", "0")
    if not version.startswith(VERSIONS) or not length.isdecimal() or int(length) > LONGEST_BODY:
        return None
    parts = urlsplit(target)
    wish = headers.get("connection", "keep-alive" if version == "HTTP/1.1" else "close").lower()
    return Request(
        method=method,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query)),
        headers=headers,
        body=await reader.readexactly(int(length)),
        keep=wish != "close",
        is_rtsp=version.startswith("RTSP"),
    )


async def write_response(writer: asyncio.StreamWriter, response: Response, *, keep: bool) -> None:
    """Send an answer; without `keep`, wait until it has left and close."""
    lines = [
        f"HTTP/1.1 {response.status.value} {response.status.phrase}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'keep-alive' if keep else 'close'}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + response.body)
    await writer.drain()
    if not keep:
        writer.close()
        await writer.wait_closed()
