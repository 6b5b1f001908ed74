"""Progressive delay after failed sign-ins, for each account from each address. Pure but for its memory.

Counted by account and address together, so that a stranger cannot lock the duty officer out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

FREE: Final = 5
LONGEST_S: Final = 300.0
#: Failures are forgotten after this long without another.
FORGET_S: Final = 3600.0
MOST: Final = 10_000
#: From one address, whatever the account: somebody tries names.
FREE_ADDRESS: Final = 30


class Throttle:
    """Who has to wait, and how long.

    Args:
        monotonic: seconds that never step.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._now = monotonic
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait_s(self, account: str, address: str) -> float:
        """Seconds until this account may be tried again from this address."""
        waits = (self._wait_s((account, address), FREE), self._wait_s(("", address), FREE_ADDRESS))
        return max(waits)

    def failed(self, account: str, address: str) -> None:
        """Count a failure."""
        for key in ((account, address), ("", address)):
            count, _ = self._recent(key)
            self._failures[key] = (count + 1, self._now())
            self._failures.move_to_end(key)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of this account from this address."""
        self._failures.pop((account, address), None)

    def _recent(self, key: tuple[str, str]) -> tuple[int, float]:
        count, last = self._failures.get(key, (0, 0.0))
        return (count, last) if self._now() - last < FORGET_S else (0, 0.0)

    def _wait_s(self, key: tuple[str, str], free: int) -> float:
        count, last = self._recent(key)
        if count < free:
            return 0.0
        delay = min(LONGEST_S, 2.0 ** min(count - free, 20))
        return max(0.0, last + delay - self._now())
