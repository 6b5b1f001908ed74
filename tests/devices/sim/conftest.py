"""The demo campus, read once, and moments in its own time zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def demo() -> Campus:
    return load_campus(ROOT / "config/demo/site.yaml")


@pytest.fixture(scope="session")
def local_us() -> Callable[..., int]:
    """Microseconds of a date and hour in Ningbo."""

    def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
        moment = dt.datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))
        return int(moment.timestamp() * 1_000_000)

    return at
