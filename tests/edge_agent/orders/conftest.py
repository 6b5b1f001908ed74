"""The campus of the bench."""

from __future__ import annotations

import pytest

from devices.campus.site import Campus
from tests.edge_agent.orders.bench import Bench, bench_campus


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    return bench_campus(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def bench(campus: Campus) -> Bench:
    return Bench(campus)
