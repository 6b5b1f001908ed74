"""What an error of SQLite means for us: five kinds, by who has to do what."""

from __future__ import annotations

import sqlite3
from enum import Enum, auto
from typing import Final


class Fault(Enum):
    """Kinds of trouble with the file."""

    FULL = auto()  # the disk has no room: spend the reserve on alerts
    FAILED = auto()  # the disk or the machine failed: open the file again before trusting it
    HELD = auto()  # another process has the file open
    DENIED = auto()  # we may not write there
    DAMAGED = auto()  # what is in the file makes no sense, or cannot be read any more: set it aside


KINDS: Final = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_BUSY: Fault.HELD,
    sqlite3.SQLITE_LOCKED: Fault.HELD,
    sqlite3.SQLITE_IOERR: Fault.FAILED,
    sqlite3.SQLITE_NOMEM: Fault.FAILED,
    sqlite3.SQLITE_INTERRUPT: Fault.FAILED,
    sqlite3.SQLITE_CANTOPEN: Fault.DENIED,
    sqlite3.SQLITE_PERM: Fault.DENIED,
    sqlite3.SQLITE_READONLY: Fault.DENIED,
}
#: What reading and writing may raise; a message about a damaged file can be no text itself.
TROUBLE: Final = (sqlite3.Error, UnicodeDecodeError)
#: A disk that cannot read back what it holds has damaged it; one that cannot write says nothing about the file.
READING: Final = frozenset(
    {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)


def fault_of(error: sqlite3.Error | ValueError) -> Fault:
    """Return the kind; whatever is not one of the known ways of a disk to fail is damage.

    Raises:
        sqlite3.Error: the same, if it is a mistake of our own.
    """
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError | sqlite3.NotSupportedError):
        raise error
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or code in READING:
        return Fault.DAMAGED
    return KINDS.get(code & 0xFF, Fault.DAMAGED)
