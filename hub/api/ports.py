"""What the routes work with: handed in once, by whoever puts the hub together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from devices.campus.plans_loading import Drawn
from devices.campus.site import Campus
from hub.accounts.throttle import Throttle
from hub.api.live import Feed
from hub.api.points import DeviceRows
from hub.api.settings import WebSettings
from hub.backtest import Backtests
from hub.db import Database
from hub.evidence import Fetching
from hub.live.bus import Bus
from hub.live.newest import Newest
from hub.orders.desk import Desk
from hub.rulebook.rulebook import Rulebook
from hub.series.port import SeriesStore


def nothing() -> Mapping[str, Any]:
    """What a room says of itself that has nothing to say."""
    return {}


class Turns:
    """Work that costs so much memory or time that only two at a time may do it; the others wait."""

    def __init__(self) -> None:
        self.hashing = asyncio.Semaphore(2)  # 64 MiB each, and strangers can ask for it
        self.exporting = asyncio.Semaphore(2)


@dataclass(frozen=True)
class Ports:
    """The rooms below, and the few facts that routes need.

    Attributes:
        book: the rules that are live.
        ingest: its status as plain values: `lag_s`, `queue`, ..., and under `agents` for each agent
            `received` (counters), `samples_s`, `clock_offset_s`, `digest_ok`.
        broker: what the broker says of itself.
        turns: what cannot be done by many at once.
        orders_enabled: whether anything may be written at all.
        evidence: how clips and pictures come from gateways.
        plans: drawings, with the devices in them.
    """

    book: Rulebook
    db: Database
    series: SeriesStore
    newest: Newest
    bus: Bus
    feed: Feed
    rows: DeviceRows
    throttle: Throttle
    web: WebSettings
    data_dir: Path
    version: str
    now_us: Callable[[], int]
    backtests: Backtests
    ingest: Callable[[], Mapping[str, Any]] = field(default=nothing)
    broker: Callable[[], Mapping[str, Any]] = field(default=nothing)
    turns: Turns = field(default_factory=Turns)
    orders_enabled: bool = False
    evidence: Fetching | None = None
    plans: Mapping[str, Drawn] = field(default_factory=dict)

    @cached_property
    def orders(self) -> Desk:
        """Where orders are given."""
        return Desk(self.db, self.bus, lambda: self.campus, self.now_us, enabled=self.orders_enabled)

    @property
    def campus(self) -> Campus:
        """The campus with the rules that are live now."""
        return self.book.campus


def ports_of(connection: HTTPConnection) -> Ports:
    """The ports of the application that this request came to."""
    ports: Ports = connection.app.state.ports
    return ports


Hub = Annotated[Ports, Depends(ports_of)]
