"""A damaged file is set aside, and what can still be read of it is carried into the new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from devices.wire.messages import Lane
from edge_agent.outbox import layout
from edge_agent.outbox.faults import TROUBLE
from edge_agent.outbox.ledger import Stored

KEPT: Final = 3
LOG_SUFFIXES: Final = ("-wal", "-journal", "-shm")
DAMAGED: Final = "damaged"  # set aside, not read yet
CORRUPT: Final = "corrupt"  # what could be read was carried over
FARTHEST_JUMP: Final = 1 << 50


def set_aside(path: Path, now_us: int) -> Path:
    """Rename a file and its log to `<name>.damaged-<time>`.

    Raises:
        OSError: the folder cannot be written.
    """
    moment = datetime.fromtimestamp(now_us / 1e6, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.{DAMAGED}-{moment}")
    _rename(path, aside)
    return aside


def waiting(path: Path) -> list[Path]:
    """Files that were set aside and not carried over yet, oldest first; more than one after crashes only."""
    return _named(path, DAMAGED)


def carried_over(path: Path, damaged: Path) -> Path:
    """Rename a damaged file to `<name>.corrupt-<time>`; only the newest few of these are kept."""
    corrupt = damaged.with_name(damaged.name.replace(f".{DAMAGED}-", f".{CORRUPT}-"))
    _rename(damaged, corrupt)
    for old in _named(path, CORRUPT)[:-KEPT]:
        for suffix in ("", *LOG_SUFFIXES):
            old.with_name(old.name + suffix).unlink(missing_ok=True)
    return corrupt


def _rename(old: Path, new: Path) -> None:
    for suffix in LOG_SUFFIXES:  # first: SQLite deletes a log that lies beside no file
        log = old.with_name(old.name + suffix)
        if log.exists():
            log.replace(new.with_name(new.name + suffix))
    old.replace(new)


def _named(path: Path, what: str) -> list[Path]:
    found = path.parent.glob(f"{path.name}.{what}-*")
    return sorted(each for each in found if not each.name.endswith(LOG_SUFFIXES))


def readable(path: Path) -> Iterator[tuple[Lane, Stored] | tuple[str, bytes]]:
    """Whatever records (with their lane) and states (with their name) of a damaged file are still whole."""
    with path.open("r+b") as file:
        file.write(layout.HEAD)  # the same in every outbox, so this one can be mended
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            for lane in Lane:
                for record in _records(connection, lane):
                    yield lane, record
            yield from _states(connection)
    except TROUBLE:
        return  # not a database any more


def _records(connection: sqlite3.Connection, lane: Lane) -> Iterator[Stored]:
    """Whole records in order; where pages are damaged, search on behind them in growing jumps.

    Only a whole record moves the search on: damaged pages can hold any key, and lead in circles.
    """
    low, high = layout.keys_of(lane)
    after, jump = low, 1
    while jump <= FARTHEST_JUMP:
        try:
            for key, time_us, stored_us, crc, data in connection.execute(
                # Not by the name `id`, which a damaged schema may give to another column.
                "SELECT rowid, time_us, stored_us, crc, data FROM records"
                " WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
                (after, high),
            ):
                if key > after and crc == layout.record_crc(key, time_us, stored_us, data):
                    after, jump = key, 1
                    yield Stored(key - low, data, time_us)
        except TROUBLE:
            after, jump = after + jump, jump * 4
        else:
            return


def _states(connection: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    try:
        for name, crc, data in connection.execute(layout.STATES_QUERY):
            if crc == layout.state_crc(name, data):
                yield name.decode(), data
    except TROUBLE:
        return
