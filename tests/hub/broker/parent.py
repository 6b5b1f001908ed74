"""A process that runs an embedded broker until it is killed: parent.py FOLDER PORT."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub.broker import EmbeddedBroker


async def main(folder: Path, port: int) -> None:
    async with EmbeddedBroker(folder, [], port=port) as broker:
        sys.stdout.write(f"{broker.pid}\n")
        sys.stdout.flush()
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
