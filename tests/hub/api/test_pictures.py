"""Pictures of cameras over the interface: only who acts on alerts sees them, none is kept, looks are in the trail."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.api.ports import Ports
from hub.db import audit
from hub.evidence.looks import ONE_LOOK_US
from hub.gateways import roster
from hub.gateways.roster import Presence
from tests.fake_clock import FakeClock
from tests.hub.api.conftest import Client
from tests.hub.evidence.test_fetching import Wire, connected
from tests.hub.evidence.test_pictures import Album, wired

CAMERA, AGENT = "hall-cam-1", "edge-hall"
URL = f"/api/cameras/{CAMERA}/pictures"
SHOWN = {"newest-5.jpg": b"newest", "day-3.png": b"day"}


@pytest.fixture
def album() -> Album:
    return Album(dict(SHOWN), CAMERA)


@pytest.fixture(autouse=True)
async def wire(ports: Ports, tmp_path: Path, album: Album) -> AsyncIterator[Wire]:
    async with connected(wired(tmp_path / "evidence", album, AGENT)) as wire:
        object.__setattr__(ports, "evidence", wire.hub)
        yield wire


async def looks(ports: Ports) -> list[tuple[str, str]]:
    rows = await ports.db.read(lambda c: audit.rows(c, None, 50))
    return [(row["actor"], row["object"]) for row in rows if row["verb"] == "camera.view"]


async def test_an_operator_sees_the_newest_picture_and_what_the_camera_should_see(operator: Client) -> None:
    answer = await operator.get(URL)
    assert answer.headers["cache-control"] == "private, no-store"
    body = answer.json()
    assert (body["camera"], body["agent"]) == (CAMERA, AGENT)
    assert [(row["name"], row["of"], row["time_us"]) for row in body["pictures"]] == [
        ("newest-5.jpg", "newest", 5), ("day-3.png", "day", 3)
    ]  # fmt: skip
    newest, day = (row["url"] for row in body["pictures"])
    assert newest == f"data:image/jpeg;base64,{base64.b64encode(b'newest').decode()}"
    assert day == f"data:image/png;base64,{base64.b64encode(b'day').decode()}"


async def test_what_the_page_has_already_is_not_fetched_again(operator: Client, album: Album) -> None:
    await operator.get(URL)
    before = len(album.asked)
    album.shown = {"newest-6.jpg": b"newer", "day-3.png": b"day"}
    body = (await operator.get(URL, params={"known": ",".join(SHOWN)})).json()
    assert [row["url"] is None for row in body["pictures"]] == [False, True]
    assert album.asked[before:] == ["newest-6.jpg"]


async def test_a_page_that_stays_open_is_one_look_and_another_person_another(
    ports: Ports, operator: Client, engineer: Client, clock: FakeClock
) -> None:
    for _ in range(3):
        await operator.get(URL)
        await clock.advance(ONE_LOOK_US / 2e6)
    await engineer.get(URL)
    await clock.advance(ONE_LOOK_US / 1e6 + 1)
    await operator.get(URL)
    assert await looks(ports) == [("operator", CAMERA), ("engineer", CAMERA), ("operator", CAMERA)]


async def test_who_sees_nothing_leaves_no_look(
    ports: Ports, operator: Client, viewer: Client, album: Album
) -> None:
    assert (await viewer.get(URL)).status_code == 403
    album.shown = {}
    assert (await operator.get(URL)).json()["pictures"] == []
    assert album.asked == []
    assert await looks(ports) == []


@pytest.mark.parametrize("name", ["hq1-ac-301", "nobody", "..%2Fhub"])
async def test_there_are_pictures_of_cameras_only(operator: Client, wire: Wire, name: str) -> None:
    assert (await operator.get(f"/api/cameras/{name}/pictures")).status_code == 404
    assert wire.messages == 0


async def test_a_gateway_that_is_away_is_said_to_be_at_once(
    ports: Ports, operator: Client, wire: Wire
) -> None:
    await ports.db.write(lambda c: roster.came(c, AGENT, Presence.OFFLINE, ports.now_us()))
    answer = await operator.get(URL)
    assert (answer.status_code, wire.messages) == (503, 0)
    assert AGENT in answer.json()["error"]["en"]
