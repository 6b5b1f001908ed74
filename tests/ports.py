"""Ports for programs that do not take port 0, or that come back on their port after they were killed."""

from __future__ import annotations

import itertools
import os
import socket

#: Below what the kernel gives to port 0 and to who connects: nobody takes one while its program is not there.
FIRST, LAST = 10_000, 32_000
#: Test workers beside this one begin elsewhere.
_numbers = itertools.count(os.getpid() * 499)


def free_port() -> int:
    """A loopback TCP port that nothing listens on and that was not given out lately."""
    return next(port for number in _numbers if _is_free(port := FIRST + number % (LAST - FIRST)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
