"""What arrives late shows wherever it belongs: no answer is kept from before, and nothing newer is overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from devices.model.samples import SampleBatch
from hub.api.ports import Ports
from hub.series.port import Entry
from tests.fake_clock import START_US
from tests.hub.api.conftest import Client

S = 1_000_000
H = 3600 * S
RADAR = "hq1-radar-1.pass_kmh"
SPAN = f"from_us={START_US}&to_us={START_US + H}"


async def arrives(ports: Ports, *passes: tuple[int, float]) -> None:
    """As the ingest does it: into the store, and then into the newest values."""
    batch = SampleBatch.of([0] * len(passes), *zip(*passes, strict=True))
    await ports.series.write([Entry(batch, [RADAR])])
    ports.newest.update(batch, [RADAR])


async def answers(viewer: Client) -> dict[str, Any]:
    speed = (await viewer.get(f"/api/speed?{SPAN}")).json()
    steps = (await viewer.get(f"/api/series?points={RADAR}&{SPAN}&step_s=60")).json()
    sheet = (await viewer.get(f"/api/export/series.csv?points={RADAR}&{SPAN}&step_s=60")).text
    latest = (await viewer.get("/api/latest?devices=hq1-radar-1")).json()["values"]
    return {"speed": (speed["passes"], speed["max"]), "steps": steps, "sheet": sheet, "latest": latest[RADAR]}


@pytest.mark.promise("P-late-1")
async def test_late_readings_change_every_answer_they_touch_and_not_the_newest_value(
    viewer: Client, ports: Ports
) -> None:
    await arrives(ports, (START_US + 1800 * S, 40.0))
    before = await answers(viewer)
    assert before == await answers(viewer)
    await arrives(ports, (START_US + 600 * S, 61.0), (START_US + 610 * S, 20.0))
    after = await answers(viewer)
    assert (before["speed"], after["speed"]) == ((1, 40.0), (3, 61.0))
    assert before["steps"] != after["steps"]
    assert before["sheet"] != after["sheet"]
    assert before["latest"] == after["latest"] == [START_US + 1800 * S, 40.0, 0]
    assert (await ports.series.latest([RADAR]))[RADAR][:2] == (START_US + 1800 * S, 40.0)
    await arrives(ports, (START_US + 1900 * S, 33.0))
    assert (await answers(viewer))["latest"] == [START_US + 1900 * S, 33.0, 0]
