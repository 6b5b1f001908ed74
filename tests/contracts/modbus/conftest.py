"""Each test runs on every way to a unit, unless it names its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.modbus.reading import KINDS
from tests.contracts.modbus.stages import Stage


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path, free_port: Callable[[], int]) -> Stage:
    return Stage(request.param, tmp_path, free_port())
