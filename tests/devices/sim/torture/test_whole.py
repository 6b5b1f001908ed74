"""The whole campus under torture: a fault that was planted in the hub is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devices.sim.torture.torturing import run_campus

PLANTS = Path(__file__).with_name("plants")
ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.timeout(200)
@pytest.mark.needs("nats-server")
@pytest.mark.needs("cc")
@pytest.mark.promise("P-torture-3")
async def test_a_hub_that_acknowledges_before_it_commits_is_found(tmp_path: Path) -> None:
    (part,) = await run_campus(
        tmp_path,
        3,
        kills=10,
        seconds=90,
        kills_between=5,
        settle_s=12,
        victims=["hub"],
        environment={"PYTHONPATH": os.pathsep.join([str(PLANTS / "hub_acknowledges_early"), str(ROOT)])},
    )
    # What was polled does not wait for the broker, so a reading that is missing now is lost.
    assert any("that were read" in found.what for found in part.violations), part
