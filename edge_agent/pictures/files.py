"""References on disk: one small file for each camera, written whole or not at all."""

from __future__ import annotations

import asyncio
import logging
import os
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgpack
import numpy as np

from devices.model.errors import Garbled
from edge_agent.pictures.grid import COLUMNS, HALF_HEIGHT, HALF_WIDTH, ROWS
from edge_agent.pictures.looking import Looking
from edge_agent.pictures.references import Light, References

log = logging.getLogger(__name__)

VERSION: Final = 1
#: First bytes of a file, then its CRC-32 and the rest.
MAGIC: Final = b"CWREF"
HEAD: Final = len(MAGIC) + 4
#: A whole file of two references is smaller; what is larger is none of ours.
MOST_BYTES: Final = 200_000
WRITE_S: Final = 5.0
SUFFIX: Final = ".ref"
_PICTURE: Final = (HALF_HEIGHT, HALF_WIDTH)
_TILES: Final = (ROWS, COLUMNS)


class Files:
    """The folder of an agent's references.

    Args:
        folder: is made when something is written.
        looking: whose references they are.
        sleep: waits.
    """

    def __init__(self, folder: Path, looking: Looking, sleep: Callable[[float], Any] = asyncio.sleep) -> None:
        self._folder = folder
        self._looking = looking
        self._sleep = sleep
        self.unreadable = 0
        self.unwritten = 0

    def load(self) -> None:
        """Read what is there; what cannot be read is learnt anew, and counted."""
        for row, camera in enumerate(self._looking.cameras):
            path = self._folder / f"{camera}{SUFFIX}"
            try:
                if path.is_file():
                    unpack(path.read_bytes()[: MOST_BYTES + 1], self._looking.references, row)
            except (OSError, Garbled) as error:
                self.unreadable += 1
                log.error("the reference pictures of %s are learnt anew: %s", camera, error)  # noqa: TRY400 - expected

    async def run(self) -> None:
        """Write what changed, for ever."""
        while True:
            await self._sleep(WRITE_S)
            await asyncio.to_thread(self.write)

    def health(self) -> dict[str, int]:
        """Counters."""
        return {"unreadable": self.unreadable, "unwritten": self.unwritten}

    def write(self) -> None:
        """Write the files of cameras whose references changed."""
        changed = self._looking.references.changed
        while changed:
            row = changed.pop()
            try:
                self._write(self._folder / f"{self._looking.cameras[row]}{SUFFIX}", row)
            except OSError as error:
                changed.add(row)
                self.unwritten += 1
                log.warning("reference pictures cannot be written: %s", error)
                return

    def _write(self, path: Path, row: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(packed(self._looking.references, row))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


@asynccontextmanager
async def kept(folder: Path, looking: Looking) -> AsyncIterator[Files]:
    """Load the references of a folder, and keep it up to date for the time of an `async with`."""
    files = Files(folder, looking)
    await asyncio.to_thread(files.load)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(files.run(), name="references")
        try:
            yield files
        finally:
            task.cancel()
            files.write()


def packed(references: References, row: int) -> bytes:
    """A camera's references as the bytes of a file."""
    body: bytes = msgpack.packb(
        {
            "version": VERSION,
            "lights": {
                light.name: {
                    "state": int(references.state[row, light]),
                    "learned_us": int(references.learned_us[row, light]),
                    "adapted_us": int(references.adapted_us[row, light]),
                    "half": zlib.compress(references.half[row, light].tobytes()),
                    "first": zlib.compress(references.first[row, light].tobytes()),
                    "bend": references.bend[row, light].tobytes(),
                    "slope": references.slope[row, light].tobytes(),
                }
                for light in Light
                if references.state[row, light]
            },
        }
    )
    return MAGIC + zlib.crc32(body).to_bytes(4, "big") + body


def unpack(data: bytes, references: References, row: int) -> None:
    """Take the bytes of a file over.

    Raises:
        Garbled: they are none that this version reads; nothing was changed.
    """
    body = data[HEAD:]
    if not data.startswith(MAGIC) or data[len(MAGIC) : HEAD] != zlib.crc32(body).to_bytes(4, "big"):
        raise Garbled("not a whole file of references")
    content = msgpack.unpackb(body)
    if content["version"] != VERSION:
        raise Garbled(f"references of version {content['version']}")
    for name, one in content["lights"].items():
        place = row, Light[name]
        for pictures, packed_ in ((references.half, one["half"]), (references.first, one["first"])):
            pictures[place] = np.frombuffer(zlib.decompress(packed_), np.uint8).reshape(_PICTURE)
        for energies, raw in ((references.bend, one["bend"]), (references.slope, one["slope"])):
            energies[place] = np.frombuffer(raw, np.float32).reshape(_TILES)
        references.state[place] = one["state"]
        references.learned_us[place] = one["learned_us"]
        references.adapted_us[place] = one["adapted_us"]
