"""A real HTTP host of cameras that behaves, and misbehaves, by path."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


#: What to send for a request: pieces of bytes, seconds to wait, None to hang up; may have no end.
Reply = Iterable[bytes | float | None]


def ok(body: bytes, *, kind: str = "image/jpeg") -> Reply:
    return [f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body]


def status(code: int, **headers: str) -> Reply:
    lines = [f"HTTP/1.1 {code} Because", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return ["\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()]


@dataclass
class Host:
    replies: dict[str, Callable[[Asked], Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    busy: int = 0
    most_busy: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._answer(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines)
        headers = {key.lower(): value.strip() for key, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, path, headers, body)
        self.asked.append(asked)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            for piece in self.replies.get(path, lambda _: status(404))(asked):
                if piece is None:
                    break
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    writer.write(piece)
                    await writer.drain()
        finally:
            self.busy -= 1


@contextlib.asynccontextmanager
async def serving(host: Host, port: int = 0) -> AsyncIterator[Host]:
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(host.serve(reader, writer), name="web host"))

    listener = await asyncio.start_server(accept, "127.0.0.1", port)
    host.port = listener.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def digest_answer(
    asked: Asked, user: str, password: str, realm: str, nonce: str, algorithm: str = "md5"
) -> bool:
    """Whether a request carries the right digest answer (RFC 7616, qop=auth)."""
    words = asked.headers.get("authorization", "")
    if not words.startswith("Digest "):
        return False
    pairs = (part.strip().split("=", 1) for part in words.removeprefix("Digest ").split(", "))
    given = {key: value.strip('"') for key, value in pairs}
    mixed = lambda text: hashlib.new(algorithm, text.encode()).hexdigest()  # noqa: E731
    one, two = mixed(f"{user}:{realm}:{password}"), mixed(f"{asked.method}:{given['uri']}")
    wanted = mixed(f"{one}:{nonce}:{given['nc']}:{given['cnonce']}:{given['qop']}:{two}")
    return given["response"] == wanted and given["uri"] == asked.path
