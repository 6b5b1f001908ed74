"""Disk space kept for alerts: a file that holds nothing and is deleted when the disk is full."""

from __future__ import annotations

import os
from pathlib import Path


class Reserve:
    """`size` bytes on the disk of `path`, ours until released."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self.is_held = False

    def fill(self) -> bool:
        """Set the space aside; false if the disk has not got it."""
        if self.is_held or not self._size:
            return True
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(descriptor, 0, self._size)
            os.fsync(descriptor)
            self.is_held = True
        except OSError:
            self._path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
        return self.is_held

    def release(self) -> None:
        """Give the space back to the disk."""
        self.is_held = False
        self._path.unlink(missing_ok=True)
