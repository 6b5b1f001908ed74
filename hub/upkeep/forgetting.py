"""Forgets what has been kept long enough."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from sqlalchemy import Connection

from devices.model.errors import CampusError
from hub.accounts import sessions
from hub.accounts.sessions import Lifetime
from hub.alerts import rows, store
from hub.db import Database
from hub.evidence import Fetching
from hub.evidence.copies import Copies
from hub.series.port import SeriesStore

_log = logging.getLogger(__name__)

EVERY_S: Final = 3600.0
US_PER_DAY: Final = 86_400_000_000


class Forgetting:
    """Removes old samples, old places in the ledger, old copies of evidence and sessions that are over.

    Args:
        series_days, ledger_days: what is older goes.
    """

    def __init__(
        self,
        db: Database,
        series: SeriesStore,
        *,
        series_days: float,
        ledger_days: float,
        lifetime: Lifetime,
        now_us: Callable[[], int],
        evidence: Fetching | None = None,
    ) -> None:
        self._db = db
        self._series = series
        self._series_us = round(series_days * US_PER_DAY)
        self._ledger_us = round(ledger_days * US_PER_DAY)
        self._lifetime = lifetime
        self._now_us = now_us
        self._evidence = evidence

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Forget now and then, for ever."""
        while True:
            await sleep(EVERY_S)
            try:
                await self.forget()
            except CampusError as error:
                _log.warning("what is old could not be removed: %s", error)

    async def forget(self) -> None:
        """Remove what is old now.

        Raises:
            Unreachable: a store does not work now.
        """
        now_us = self._now_us()

        def sweep(connection: Connection) -> None:
            store.forget_ledger(connection, now_us - self._ledger_us)
            sessions.sweep(connection, self._lifetime, now_us)

        await self._db.write(sweep)
        if self._evidence is not None:
            await self._forget_evidence(self._evidence.copies, now_us)
        await self._series.drop_before(now_us - self._series_us)

    async def _forget_evidence(self, evidence: Copies, now_us: int) -> None:
        for alert in await asyncio.to_thread(evidence.alerts):
            record = (await self._db.read(partial(rows.load, ids=[alert]))).get(alert)
            if record is None or await asyncio.to_thread(
                evidence.is_over, alert, record.severity, record.start_us, now_us
            ):
                await asyncio.to_thread(evidence.forget, alert)
