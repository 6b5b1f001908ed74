"""How records lie in the file.

A record's key is its lane's number times 2^56 plus its number in the lane, so that a lane is a range of keys
in the order of sending. Each record, state and mark carries a checksum of its own: SQLite checks the pages of
its log, not those of its file.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from devices.wire.messages import Lane

FORMAT: Final = 1
LANE_BITS: Final = 56
LANE_NUMBER: Final = {Lane.ALERTS: 0, Lane.LIVE: 1, Lane.BACKLOG: 2}
LOG_BYTES: Final = 16 * 1024 * 1024
RECORD: Final = struct.Struct("<qqq")

#: Keeps other processes out and needs no shared memory file, which could be stale after a crash.
LOCKING: Final = "locking_mode = EXCLUSIVE"
PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    f"journal_size_limit = {LOG_BYTES}",
    "secure_delete = OFF",
    "cell_size_check = ON",
    "trusted_schema = OFF",
    "mmap_size = 0",
)
#: Only before the first table; later it would write to the file, which opening a good one should not.
NEW_FILE: Final = ("page_size = 4096", "auto_vacuum = INCREMENTAL")
#: The head of every outbox file, as long as it says nothing else than these pragmas do.
HEAD: Final = b"SQLite format 3\0\x10\x00\x02\x02\x00\x40\x20\x20"
#: stored_us is running time, see `OutboxFile.running_us`; time_us is the wall clock's.
SCHEMA: Final = (
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE states (name TEXT PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE records (id INTEGER PRIMARY KEY, time_us INT, stored_us INT, crc INT, data BLOB)",
)
SCHEMA_QUERY: Final = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
#: A flipped bit can make a name that is no text; then it should fail its checksum, not the query.
STATES_QUERY: Final = "SELECT CAST(name AS BLOB), crc, data FROM states"


def keys_of(lane: Lane) -> tuple[int, int]:
    """The key before the first of a lane, and the last possible one."""
    low = LANE_NUMBER[lane] << LANE_BITS
    return low, low + (1 << LANE_BITS) - 1


def key_of(lane: Lane, seq: int) -> int:
    """Key of a record."""
    return keys_of(lane)[0] + seq


def record_crc(key: int, time_us: object, stored_us: object, data: object) -> int:
    """Checksum over a whole record; -1 where a flipped bit has changed the type of a number or the blob."""
    match time_us, stored_us, data:
        case int(), int(), bytes():
            return zlib.crc32(data, zlib.crc32(RECORD.pack(key, time_us, stored_us)))
        case _:
            return -1


def state_crc(name: object, data: object) -> int:
    """Checksum over a state and its name; -1 as above."""
    match name, data:
        case bytes(), bytes():
            return zlib.crc32(data, zlib.crc32(name))
        case _:
            return -1


def mark_crc(name: object, value: object) -> int:
    """Checksum over a mark and its name."""
    return zlib.crc32(f"{name}={value!r}".encode())
