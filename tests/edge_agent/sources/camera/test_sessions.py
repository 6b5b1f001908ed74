"""What a host sees of us: never more connections than it has sessions, also while one visit follows another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.edge_agent.sources.camera.pictures import jpeg
from tests.edge_agent.sources.camera.watching import http_link, pictures, watching
from tests.edge_agent.sources.small_campus import campus_of, device

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n--next\r\n"


def part(seed: int) -> bytes:
    body = jpeg(seed=seed)
    return b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"\r\n--next\r\n"


@dataclass
class Slow:
    """A recorder that gives one picture and then nothing; it counts who is there at once."""

    port: int = 0
    open: int = 0
    most: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            gone = asyncio.ensure_future(reader.read())
            await asyncio.wait({gone}, timeout=0.1)  # who left before is not counted with who came after
            self.most = max(self.most, self.open)
            writer.write(HEAD + part(1))
            await gone
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.open -= 1
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(host: Slow) -> AsyncIterator[Slow]:
    async with await asyncio.start_server(host.serve, "127.0.0.1", 0) as listener:
        host.port = listener.sockets[0].getsockname()[1]
        yield host


async def test_the_next_visit_begins_when_the_host_has_been_let_go_of(tmp_path: Path) -> None:
    async with serving(Slow()) as host:
        devices = [device(f"cam-{n}", "campus-stream", "rec", parameters={"channel": n}) for n in (1, 2)]
        link = http_link(host.port, poll_s=0.5, timeout_s=5.0, sessions=1)
        async with watching(campus_of(tmp_path, [link], devices)) as (sink, _):
            await sink.until(lambda: min(pictures(sink, 0), pictures(sink, 1)) >= 2, 50)
    assert host.most == 1
