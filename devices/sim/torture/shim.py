"""The disk and the clock that are put under a program: `disk.c`, built once, and the page that steers it."""

from __future__ import annotations

import mmap
import random
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devices.model.errors import Refused

SOURCE: Final = Path(__file__).with_name("disk.c")
#: The fields of `struct page` in disk.c, in its order.
FIELDS: Final = ("clock_us", "room", "fuse", "sync_us", "bad_syncs", "operations", "syncs")
QUIET: Final = dict.fromkeys(FIELDS, 0) | {"room": -1}
SYNCED: Final = ".synced"
SECTOR: Final = 512


def compiler() -> str | None:
    """The C compiler of this machine."""
    return shutil.which("cc") or shutil.which("gcc")


def built(folder: Path) -> Path:
    """Build the shim in `folder`, and return the library.

    Raises:
        Refused: there is no C compiler, or it does not like what it sees.
    """
    program = compiler()
    if program is None:
        raise Refused("no C compiler (cc): a disk that loses what was not synced needs one, or --no-shim")
    library = folder / "disk.so"
    command = [program, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"{SOURCE} cannot be compiled: {done.stderr.strip()}")
    return library


class Page:
    """The shared page; fields are read and set by name while the program runs."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(mmap.PAGESIZE))
        self.path = path
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.quieten()

    def __getitem__(self, name: str) -> int:
        return int(struct.unpack_from("<q", self._map, 8 * FIELDS.index(name))[0])

    def __setitem__(self, name: str, value: int) -> None:
        struct.pack_into("<q", self._map, 8 * FIELDS.index(name), value)

    def quieten(self) -> None:
        """Nothing is wrong with disk and clock."""
        for name, value in QUIET.items():
            self[name] = value

    def close(self) -> None:
        """Let go of the page; the file stays."""
        self._map.close()


class Machine:
    """The machine that a program seems to run on: its watched files, its disk and its clock.

    Args:
        library: what `built` returned; None leaves disk and clock alone.
        folder: for the page.
        files: beginnings of the paths that are watched.
    """

    def __init__(self, library: Path | None, folder: Path, files: tuple[Path, ...]) -> None:
        self._library = library
        self._files = files
        self.page = Page(folder / "page")

    @property
    def is_real(self) -> bool:
        """Whether disk and clock can go wrong here."""
        return self._library is not None

    def environment(self) -> Mapping[str, str]:
        """What puts the shim under a program."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "CAMPUS_TORTURE_PAGE": str(self.page.path),
            "CAMPUS_TORTURE_FILES": ":".join(map(str, self._files)),
        }

    def cut_power(self, source: random.Random) -> None:
        """Leave of each watched file what was synced, and whatever the disk happened to write of the rest.

        The program must be dead.
        """
        for prefix in self._files:
            for path in prefix.parent.glob(f"{prefix.name}*"):
                if path.name.endswith("-shm"):
                    path.unlink()
                elif not path.name.endswith(SYNCED) and path.is_file():
                    _cut(path, path.with_name(path.name + SYNCED), source)


def _cut(path: Path, synced: Path, source: random.Random) -> None:
    """Replace one file by its image after a power cut; from then on that is what was synced."""
    if not synced.exists() and source.random() < 0.5:  # noqa: PLR2004 - never synced: its name may be there or not
        path.unlink()
        return
    written = path.read_bytes()
    safe = synced.read_bytes() if synced.exists() else b""
    left = image(written, safe, source)
    path.write_bytes(left)
    synced.write_bytes(left)


def image(written: bytes, safe: bytes, source: random.Random) -> bytes:
    """The safe bytes, with none, some or all of the sectors that were written over since."""
    share = source.choice((0.0, 0.5, 1.0))
    size = len(written) if source.random() < share else len(safe)
    left = bytearray(safe[:size].ljust(size, b"\0"))
    for start in range(0, min(size, len(written)), SECTOR):
        new = written[start : min(start + SECTOR, size)]
        if new != left[start : start + len(new)] and source.random() < share:
            left[start : start + len(new)] = new
    return bytes(left)
