"""Trying again until a store works: what has been received stays, and the state can be seen."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from devices.model.errors import Garbled, Refused, Unreachable
from devices.wire.mqtt import Backoff

T = TypeVar("T")
log = logging.getLogger(__name__)

FIRST_S: Final = 0.2
MOST_S: Final = 10.0


class Patience:
    """Repeats what cannot be done now.

    stalled: by store, why it does not work; empty when all is well.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]], random: Callable[[], float]) -> None:
        self.stalled: dict[str, str] = {}
        self._sleep = sleep
        self._backoff = Backoff(FIRST_S, MOST_S, 0.2, random)

    async def until_done(self, store: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work until it succeeds.

        Raises:
            Garbled: this work can never succeed.
        """
        failures = 0
        while True:
            try:
                result = await work()
            except Garbled:
                self.stalled.pop(store, None)
                raise
            except (Unreachable, Refused) as error:
                failures += 1
                self._note(store, error, failures)
                await self._sleep(self._backoff.wait_s(failures))
            else:
                self._well(store, failures)
                return result

    def _note(self, store: str, error: Exception, failures: int) -> None:
        """First failure loud, repeats quiet."""
        level = logging.DEBUG if failures > 1 else logging.WARNING
        if isinstance(error, Refused) and failures == 1:
            level = logging.ERROR  # a person has to act
        log.log(level, "%s: %s; nothing is acknowledged until it works", store, error)
        self.stalled[store] = str(error)

    def _well(self, store: str, failures: int) -> None:
        if self.stalled.pop(store, None) is not None:
            log.warning("%s works again after %d failures", store, failures)
