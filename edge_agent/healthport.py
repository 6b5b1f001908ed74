"""A small read-only HTTP port for people and monitors: /healthz, /metrics and /status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from edge_agent.health import Health

MAX_REQUEST_BYTES: Final = 4096
REQUEST_S: Final = 5.0
Answer = tuple[int, str, bytes]
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


@asynccontextmanager
async def serve(host: str, port: int, health: Health, alive: Callable[[], bool]) -> AsyncIterator[int]:
    """Answer requests while the context is open; yields the port, which is useful where it was 0."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S):
                status, kind, body = respond(await _request_line(reader), health, alive)
                writer.write(_head(status, kind, len(body)) + body)
                await writer.drain()
        except (TimeoutError, ConnectionError):
            pass  # the asker has gone; there is nobody to tell
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, port, limit=MAX_REQUEST_BYTES)
    async with server:
        yield server.sockets[0].getsockname()[1]


def respond(request_line: str, health: Health, alive: Callable[[], bool]) -> Answer:
    """Answer one request line."""
    method, _, rest = request_line.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if method not in {"GET", "HEAD"}:
        return 405, "text/plain", b"only GET\n"
    match path:
        case "/healthz":
            return (200, "text/plain", b"ok\n") if alive() else (503, "text/plain", b"not alive\n")
        case "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", health.prometheus()
        case "/status":
            return 200, "application/json", json.dumps(_plain(health.snapshot()), ensure_ascii=False).encode()
        case _:
            return 404, "text/plain", b"/healthz, /metrics or /status\n"


async def _request_line(reader: asyncio.StreamReader) -> str:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return ""
    return head.split(b"\r\n", 1)[0].decode("latin-1")


def _head(status: int, kind: str, length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        f"Content-Type: {kind}",
        f"Content-Length: {length}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _plain(value: Any) -> Any:
    """JSON has no NaN: a missing number is null."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN differs from itself
        return None
    return value
