"""One fixture that is every store in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.series import stores
from tests.contracts.series.stores import Contestant, Open

STORES = [
    pytest.param(stores.duckdb, id="duckdb"),
    pytest.param(stores.influxdb, id="influxdb"),
    pytest.param(stores.victoriametrics, id="victoriametrics", marks=pytest.mark.needs("victoria-metrics")),
]


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest) -> Open:
    """Opens the store of this turn in a folder."""
    found: Open = request.param
    return found


@pytest.fixture
async def contestant(open_store: Open, tmp_path: Path) -> AsyncIterator[Contestant]:
    """The store of this turn, running and empty."""
    async with open_store(tmp_path) as running:
        yield running
