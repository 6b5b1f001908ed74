"""What a person may see of a camera, ready for the hub to fetch: the newest picture, and the references."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from devices.model.errors import Garbled, Unreachable
from devices.wire.evidence import File
from edge_agent.pictures.asked import png
from edge_agent.pictures.looking import Looking
from edge_agent.pictures.references import Light

#: Pictures that were told wait to be fetched, as many as fit here; then the oldest go.
MOST_BYTES: Final = 8_000_000

#: A picture of no more is told as it came; a larger one is made smaller, so that a thin line bears it.
SMALL_BYTES: Final = 100_000
#: For so long that may take; the hub does not wait much longer for an answer.
SHRINK_S: Final = 5.0

#: The newest picture of a camera as it came: when it was taken, and the JPEG.
Newest = Callable[[str], tuple[int, bytes] | None]
Shrink = Callable[[bytes], Awaitable[bytes]]


class Album:
    """Pictures of an agent's cameras for people.

    Args:
        looking: has the references.
        newest: gives the newest picture of a camera, if there is one.
        shrink: makes a JPEG smaller; raises Garbled or Unreachable where it cannot.
    """

    def __init__(self, looking: Looking, newest: Newest, shrink: Shrink) -> None:
        self._looking = looking
        self._newest = newest
        self._shrink = shrink
        self._told: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    async def files(self, camera: str) -> Sequence[File]:
        """What there is to be seen of a camera, each with its time in its name; nothing of an unknown one."""
        if camera not in self._looking.row:
            return []
        found = await self._latest(camera)
        for light in Light:
            if (picture := self._looking.reference(camera, light)) is not None:
                since_us = self._looking.since_us(camera, light)
                found[f"{light.name.lower()}-{since_us}.png"] = png(picture)
        for name, data in found.items():
            self._told[camera, name] = data
            self._told.move_to_end((camera, name))
        while len(self._told) > len(found) and sum(map(len, self._told.values())) > MOST_BYTES:
            self._told.popitem(last=False)
        return [File(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in found.items()]

    async def _latest(self, camera: str) -> dict[str, bytes]:
        if (newest := self._newest(camera)) is None:
            return {}
        time_us, jpeg = newest
        name = f"newest-{time_us}.jpg"
        if len(jpeg) > SMALL_BYTES:
            try:
                async with asyncio.timeout(SHRINK_S):
                    jpeg = self.read(camera, name) or await self._shrink(jpeg)
            except (Garbled, Unreachable, TimeoutError):
                return {}
        return {name: jpeg}

    def read(self, camera: str, name: str) -> bytes:
        """One of the pictures that were told; nothing where it is gone."""
        return self._told.get((camera, name), b"")
