"""A camera source that runs for the time of an `async with`, and what it delivered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from devices.campus.site import Campus
from devices.model.codes import CameraLink
from edge_agent.sources.camera import CameraSettings, CameraSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, NAME


def http_link(port: int, name: str = "rec", **settings: Any) -> dict[str, Any]:
    link = {"id": name, "agent": AGENT, "kind": "http", "name": NAME, "host": "127.0.0.1", "port": port}
    return {**link, "poll_s": 0.1, "timeout_s": 3.0, **settings}


@contextlib.asynccontextmanager
async def watching(
    site: Campus,
    settings: CameraSettings | None = None,
    before: Callable[[CameraSource], object] | None = None,
) -> AsyncIterator[tuple[GatheringSink, CameraSource]]:
    table = site.points_of(AGENT)
    sink = GatheringSink(table)
    source = CameraSource(
        site, AGENT, settings or CameraSettings(host_rest_s=0), table, SystemClock(), lambda: 0.0
    )
    if before is not None:
        before(source)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def links(sink: GatheringSink, camera: str) -> list[CameraLink]:
    return [CameraLink(int(value)) for value, _ in sink.of(f"{camera}.link")]


def pictures(sink: GatheringSink, row: int) -> int:
    return sum(int((batch.camera == row).sum()) for batch in sink.pictures)
