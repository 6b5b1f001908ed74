"""How far it is known what each camera should see, as its gateway told it."""

from __future__ import annotations

import numpy as np
import pytest

from devices.model.samples import SampleBatch
from hub.api.ports import Ports
from tests.hub.api.conftest import Client

CAMERA = "hall-cam-1"


def tell(ports: Ports, **values: float) -> None:
    now_us = ports.now_us()
    names = [f"{CAMERA}.{point}" for point in values]
    ports.newest.update(SampleBatch.of(range(len(names)), now_us, list(values.values())), names)


async def row(viewer: Client) -> dict[str, object]:
    rows = (await viewer.get("/api/cameras/commissioning")).json()["rows"]
    assert len(rows) == 4
    return next(row for row in rows if row["device"] == CAMERA)


async def test_a_camera_says_how_far_its_references_are(ports: Ports, viewer: Client) -> None:
    tell(ports, link=0.0, mean_level=100.0, std_level=40.0, reference_day=1.0, reference_night=3.0)
    found = await row(viewer)
    assert (found["day"], found["night"], found["told_us"]) == ("unconfirmed", "too-plain", ports.now_us())
    assert (found["left"], found["group"]) == (["plain-night", "confirm-day"], "confirm")
    assert (found["area"], found["building"], found["state"]) == ("hall-kitchen", "hall-a", "online")


@pytest.mark.parametrize("value", [np.nan, 9.0, -1.0, 0.5])
async def test_an_older_gateway_or_an_odd_word_is_not_taken_for_anything(
    ports: Ports, viewer: Client, value: float
) -> None:
    assert ((await row(viewer))["day"], (await row(viewer))["left"]) == (None, ["no-picture", "untold"])
    tell(ports, reference_day=value)
    assert (await row(viewer))["day"] is None
