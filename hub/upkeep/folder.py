"""The data folder belongs to one process at a time: only one may write the database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.model.errors import Refused

LOCK = "hub.lock"


@contextmanager
def owned(data_dir: Path) -> Iterator[None]:
    """Own the folder while the context lasts; it is made when missing.

    Raises:
        Refused: it cannot be made, or a hub, or a command of it, owns it.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"data_dir {data_dir} cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused(f"a hub runs in {data_dir} already") from error
        yield
    finally:
        os.close(handle)
