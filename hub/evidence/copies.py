"""Copies of evidence on the hub's own disk: whole, bounded, and never in the way of alerts. Blocks."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from devices.model.alerts import Severity
from devices.model.errors import Unreachable
from devices.wire.evidence import File, is_alert
from hub.evidence.retention import CopySettings, is_over

#: Beside the copies of an alert: until when its gateway keeps what they are copies of, in its own words.
UNTIL: Final = ".until_us"


class Copies:
    """A folder for each alert of which something was fetched. Alerts and names are checked by who calls.

    Args:
        folder: where.
        settings: bounds.
        free: bytes that are free on the disk of a folder.
    """

    def __init__(
        self,
        folder: Path,
        settings: CopySettings,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._free = free

    def find(self, alert: str, name: str) -> Path | None:
        """A whole copy; asking for it counts as a look."""
        path = self._folder / alert / name
        try:
            os.utime(path)
        except FileNotFoundError:
            return None
        return path

    def begin(self, alert: str, file: File) -> int:
        """Make room for a file; return how much of it there is from an earlier try.

        Raises:
            Unreachable: even without any other copy it does not fit; nothing is removed then.
        """
        part = self._part(alert, file)
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        begun = min(part.stat().st_size, file.bytes) if part.exists() else 0
        self._make_room(file.bytes - begun, part)
        return begun

    def add(self, alert: str, file: File, at: int, data: bytes) -> None:
        """Write a piece."""
        part = self._part(alert, file)
        with part.open("r+b" if at else "wb") as opened:
            opened.seek(at)
            opened.write(data)

    def finish(self, alert: str, file: File) -> Path | None:
        """The file, if it is what its gateway kept; otherwise nothing is left of it."""
        part = self._part(alert, file)
        with part.open("rb") as opened:
            is_same = hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
        if not is_same:
            part.unlink()
            return None
        return part.rename(part.with_name(file.name))

    def _part(self, alert: str, file: File) -> Path:
        """What is not whole yet; of another file by that name nothing is taken over."""
        return self._folder / alert / f".{file.sha256}-{file.name}"

    def _make_room(self, wanted: int, part: Path) -> None:
        """Remove copies, first those that nobody looked at for longest."""
        found = sorted(self._files())
        taken, bounds = sum(size for _, size, _ in found), self._settings
        lacks = wanted + max(taken - bounds.bytes, bounds.reserve_bytes - self._free(self._folder))
        going = []
        for _, size, path in found:
            if lacks > 0 and path != part:
                going.append(path)
                lacks -= size
        if lacks > 0:
            raise Unreachable("the hub has no room for a copy")
        for path in going:
            path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each file was last looked at, its size and its place; another thread may remove some meanwhile."""
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if not path.name.startswith(UNTIL):
                    told = path.stat()
                    yield told.st_mtime, told.st_size, path

    def note(self, alert: str, until_us: int) -> None:
        """Write down until when the gateway keeps what there are copies of."""
        if until_us > 0 and is_alert(alert) and (self._folder / alert).exists():
            path = self._folder / alert / UNTIL
            unfinished = path.with_name(f"{UNTIL}-{secrets.token_hex(4)}")  # several may ask at once
            unfinished.write_bytes(str(until_us).encode())
            unfinished.rename(path)

    def is_over(self, alert: str, severity: Severity, since_us: int, now_us: int) -> bool:
        """Whether copies of an alert that began at `since_us` have been kept long enough."""
        told = b""
        if is_alert(alert):
            with contextlib.suppress(FileNotFoundError):
                told = (self._folder / alert / UNTIL).read_bytes()
        return is_over(self._settings.keep_days, severity, since_us, int(told or 0), now_us)

    def alerts(self) -> list[str]:
        """Of which something was fetched."""
        return [found.name for found in self._folder.glob("*") if is_alert(found.name)]

    def forget(self, alert: str) -> None:
        """Drop what was fetched of an alert."""
        if is_alert(alert):
            shutil.rmtree(self._folder / alert, ignore_errors=True)
