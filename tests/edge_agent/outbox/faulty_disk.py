"""A disk between SQLite and the files that remembers what was synced, and fails on command.

SQLite reaches its files through a table of functions (a VFS). Here the default one is copied, with our own
functions for opening, writing, truncating, syncing and deleting in front of the real ones. So the code under
test runs unchanged, on real files, while we know at each moment what would be left after a power cut.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p, cast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR = 512

OPEN = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p, c_int, c_void_p)
DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class Vfs(Structure):
    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        ("xOpen", OPEN),
        ("xDelete", DELETE),
        ("rest", c_void_p * 14),
    )


class Methods(Structure):
    _fields_ = (
        ("iVersion", c_int),
        ("xClose", c_void_p),
        ("xRead", c_void_p),
        ("xWrite", WRITE),
        ("xTruncate", TRUNCATE),
        ("xSync", SYNC),
        ("rest", c_void_p * 13),
    )


@dataclass
class Content:
    """One file: what is safely on the disk, and the writes since, in order (None is a truncation)."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.pending:
            apply(self.synced, offset, data)
        self.pending.clear()

    def after_power_cut(self, source: random.Random) -> bytes:
        """The synced bytes, and whatever the disk happened to write of the rest, in sectors, in any order."""
        left = bytearray(self.synced)
        share = source.choice((0.0, 0.5, 1.0))
        for offset, data in self.pending:
            if data is None:
                if source.random() < share:
                    apply(left, offset, None)
                continue
            for start in range(0, len(data), SECTOR):
                if source.random() < share:
                    apply(left, offset + start, data[start : start + SECTOR])
        return bytes(left)


def apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class FaultyDisk:
    """What goes through it, and what happens to it.

    fail:      asked before each write and sync, as ("write" or "sync", file name); an SQLite error code or 0.
    on_write:  called after each write and sync.
    is_lying:  syncs are acknowledged and do nothing, as some cheap flash does.
    """

    def __init__(self) -> None:
        self.files: dict[str, Content] = {}
        self.fail: Callable[[str, str], int] = lambda _act, _name: 0
        self.on_write: Callable[[], None] = lambda: None
        self.is_lying = False
        self.syncs = 0
        self._names: dict[int, str] = {}
        self._keep: list[Any] = []  # what C points to must not be collected
        self._methods: dict[int, Methods] = {}

    def after_power_cut(self, source: random.Random) -> dict[str, bytes]:
        """An image of all files, by name."""
        return {name: content.after_power_cut(source) for name, content in self.files.items()}

    @contextmanager
    def in_place(self) -> Iterator[FaultyDisk]:
        """Every SQLite file of this process that is opened meanwhile goes through this disk."""
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = POINTER(Vfs)
        real = library.sqlite3_vfs_find(None)
        vfs = Vfs.from_buffer_copy(real.contents)
        vfs.zName = b"faulty"
        vfs.xOpen = self._kept(OPEN(lambda *args: self._open(real.contents.xOpen, *args)))
        vfs.xDelete = self._kept(DELETE(lambda *args: self._delete(real.contents.xDelete, *args)))
        assert library.sqlite3_vfs_register(ctypes.byref(vfs), 1) == 0
        try:
            yield self
        finally:
            library.sqlite3_vfs_unregister(ctypes.byref(vfs))
            library.sqlite3_vfs_register(real, 1)

    def _kept(self, thing: Any) -> Any:
        self._keep.append(thing)
        return thing

    def _open(self, real: Any, vfs: int, path: bytes | None, file: int, flags: int, out: int) -> int:
        code = int(real(vfs, path, file, flags, out))
        table = cast(file, POINTER(c_void_p))
        if code or path is None or not table[0]:
            return code
        name = Path(path.decode()).name
        self._names[file] = name
        self.files.setdefault(name, Content(bytearray(Path(path.decode()).read_bytes())))
        table[0] = ctypes.addressof(self._replaced(int(table[0])))
        return code

    def _delete(self, real: Any, vfs: int, path: bytes, sync: int) -> int:
        self.files.pop(Path(path.decode()).name, None)
        return int(real(vfs, path, sync))

    def _replaced(self, address: int) -> Methods:
        """Our functions before the real ones; one table for each table of SQLite's."""
        if address not in self._methods:
            real = Methods.from_address(address)
            ours = Methods.from_buffer_copy(real)
            ours.xWrite = self._kept(WRITE(lambda *args: self._write(real.xWrite, *args)))
            ours.xTruncate = self._kept(TRUNCATE(lambda *args: self._truncate(real.xTruncate, *args)))
            ours.xSync = self._kept(SYNC(lambda *args: self._sync(real.xSync, *args)))
            self._methods[address] = ours
        return self._methods[address]

    def _write(self, real: Any, file: int, data: int, size: int, offset: int) -> int:
        name = self._names[file]
        if code := self.fail("write", name):
            return code
        code = int(real(file, data, size, offset))
        if not code:
            self.files[name].pending.append((offset, ctypes.string_at(data, size)))
        self.on_write()
        return code

    def _truncate(self, real: Any, file: int, size: int) -> int:
        self.files[self._names[file]].pending.append((size, None))
        return int(real(file, size))

    def _sync(self, real: Any, file: int, flags: int) -> int:
        name = self._names[file]
        if code := self.fail("sync", name):
            return code
        self.syncs += 1
        code = int(real(file, flags))
        if not self.is_lying:
            self.files[name].sync()
        self.on_write()
        return code
