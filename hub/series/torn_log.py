"""A write-ahead log of DuckDB whose end a power cut left torn: cut where the damage begins, and kept aside.

DuckDB passes over a log that is too short, but refuses one that is long enough and has wrong bytes at its end, as a
file system leaves it that made room before it wrote. What was confirmed was synced, so it lies before the damage.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

#: How DuckDB names the place.
DAMAGE: Final = re.compile(r"Corrupt WAL file: entry at byte position (\d+)")


def cut(path: Path, error: str) -> bool:
    """Cut the log of a database file where an error of DuckDB says that it is damaged.

    Args:
        path: of the database file.
        error: what DuckDB said when it did not open it.

    Returns:
        Whether there was something to cut; the whole log is kept beside it under another name.
    """
    found = DAMAGE.search(error)
    wal = path.with_name(f"{path.name}.wal")
    if found is None or not wal.is_file():
        return False
    good, size = int(found[1]), wal.stat().st_size
    if good >= size:
        return False
    aside = wal.with_name(f"{wal.name}.torn-{size}-{good}")
    shutil.copy2(wal, aside)
    os.truncate(wal, good)
    log.error(
        "%s was damaged from byte %d of %d on, as after a power cut, and is cut there; the whole is kept as %s",
        wal,
        good,
        size,
        aside.name,
    )
    return True
