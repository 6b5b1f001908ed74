"""Evidence over the interface: only who acts on alerts sees it, and each look and each export is in the trail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.campus.keep_days import DAY_US
from devices.model.alerts import AlertEvent, Family
from devices.model.errors import Unreachable
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api import shapes
from hub.api.evidence import _found
from hub.api.ports import Ports
from hub.db import audit
from hub.gateways import roster
from hub.gateways.roster import Presence
from tests.hub.alerts.events import moment
from tests.hub.api.conftest import SignIn
from tests.hub.evidence.test_fetching import CLIP, FILES, Wire, connected


@pytest.fixture
async def wire(ports: Ports, tmp_path: Path) -> AsyncIterator[Wire]:
    async with connected(Wire(tmp_path / "evidence")) as wire:
        object.__setattr__(ports, "evidence", wire.hub)
        yield wire


async def speeding(ports: Ports, evidence: dict[str, float]) -> AlertEvent:
    event = moment(1, device="hq1-radar-1", rule="speeding", family=Family.TRAFFIC, evidence=evidence)
    await ports.db.write(lambda c: store.apply_events(c, [event], "edge", None, ports.now_us()))
    return event


async def test_an_operator_sees_what_there_is_and_each_look_is_in_the_trail(
    ports: Ports, wire: Wire, sign_in: SignIn
) -> None:
    event = await speeding(ports, {"check": 1.0})
    await asyncio.to_thread(wire.store.keep, event.id, FILES, {"severity": 3}, ports.now_us())
    operator = await sign_in(Role.OPERATOR)
    answer = (await operator.get(f"/api/alerts/{event.id}/evidence")).json()
    shapes.Evidence.model_validate(answer, strict=True)
    assert {one["name"] for one in answer["files"]} == set(FILES)
    seen = await operator.get(f"/api/alerts/{event.id}/evidence/clip.mp4")
    assert (seen.content, seen.headers["content-type"]) == (CLIP, "video/mp4")
    assert "no-store" in seen.headers["cache-control"]
    for part in ("bytes=1000-1999", "bytes=5000-"):
        more = await operator.get(f"/api/alerts/{event.id}/evidence/clip.mp4", headers={"Range": part})
        assert more.status_code == 206
    taken = await operator.get(f"/api/alerts/{event.id}/evidence/1-clean.jpg", params={"download": True})
    assert f'filename="{event.id}-1-clean.jpg"' in taken.headers["content-disposition"]
    rows = await ports.db.read(lambda c: audit.rows(c, None, 2))
    told = [(row["verb"], row["object"], row["after"]) for row in rows]
    assert told == [
        ("evidence.export", event.id, {"file": "1-clean.jpg"}),
        ("evidence.view", event.id, {"file": "clip.mp4"}),
    ]


async def test_a_viewer_sees_none_of_it(ports: Ports, wire: Wire, sign_in: SignIn) -> None:
    event = await speeding(ports, {"check": 1.0})
    await asyncio.to_thread(wire.store.keep, event.id, FILES, {"severity": 3}, ports.now_us())
    viewer = await sign_in(Role.VIEWER)
    for path in ("evidence", "evidence/clip.mp4"):
        assert (await viewer.get(f"/api/alerts/{event.id}/{path}")).status_code == 403


async def test_a_gateway_is_not_asked_about_vehicles_that_no_camera_saw(
    ports: Ports, wire: Wire, sign_in: SignIn
) -> None:
    event = await speeding(ports, {"speed_kmh": 30.0})
    operator = await sign_in(Role.OPERATOR)
    assert (await operator.get(f"/api/alerts/{event.id}/evidence")).json()["files"] == []
    assert wire.messages == 0
    missing = await operator.get(f"/api/alerts/{event.id}/evidence/..%2Fhub.db")
    assert missing.status_code == 404


async def test_a_gateway_that_is_away_is_said_to_be(ports: Ports, wire: Wire, sign_in: SignIn) -> None:
    async def away(_topic: str, _payload: bytes) -> None:
        raise Unreachable("no connection to the broker")

    event = await speeding(ports, {"check": 1.0})
    wire.hub._send = away
    answer = await (await sign_in(Role.OPERATOR)).get(f"/api/alerts/{event.id}/evidence")
    assert answer.status_code == 503


async def test_of_a_gateway_that_left_only_what_was_fetched_is_shown_and_nobody_waits(
    ports: Ports, wire: Wire, sign_in: SignIn
) -> None:
    event = await speeding(ports, {"check": 1.0})
    await asyncio.to_thread(wire.store.keep, event.id, FILES, {"severity": 3}, ports.now_us())
    operator, url = await sign_in(Role.OPERATOR), f"/api/alerts/{event.id}/evidence"
    assert (await operator.get(f"{url}/1-clean.jpg")).status_code == 200
    await ports.db.write(lambda c: roster.came(c, "edge", Presence.OFFLINE, ports.now_us()))
    before = wire.messages
    answers = [await operator.get(url + name) for name in ("/1-clean.jpg", "/clip.mp4", "")]
    assert [answer.status_code for answer in answers] == [200, 503, 503]
    assert wire.messages == before


@pytest.mark.parametrize("part", ["bytes=00-", "bytes= 0-", "Bytes=0-", f"bytes=-{len(CLIP)}", "bytes=1-"])
async def test_whichever_part_is_asked_for_first_the_look_is_in_the_trail(
    ports: Ports, wire: Wire, sign_in: SignIn, part: str
) -> None:
    event = await speeding(ports, {"check": 1.0})
    await asyncio.to_thread(wire.store.keep, event.id, FILES, {"severity": 3}, ports.now_us())
    operator = await sign_in(Role.OPERATOR)
    url = f"/api/alerts/{event.id}/evidence/clip.mp4"
    for _ in range(2):
        assert (await operator.get(url, headers={"Range": part})).status_code in {200, 206}
    for _ in range(2):
        await operator.get(url, headers={"Range": part}, params={"download": True})
    rows = await ports.db.read(lambda c: audit.rows(c, None, 10))
    told = [row["verb"] for row in rows if row["verb"].startswith("evidence.")]
    assert told == ["evidence.export"] * 2 + ["evidence.view"], "parts are one look, downloads are each one"


async def test_a_copy_whose_time_is_over_is_not_shown(
    ports: Ports, wire: Wire, sign_in: SignIn, tmp_path: Path
) -> None:
    event = await speeding(ports, {"check": 1.0})
    await asyncio.to_thread(wire.store.keep, event.id, FILES, {"severity": 1}, ports.now_us())
    operator = await sign_in(Role.OPERATOR)
    url = f"/api/alerts/{event.id}/evidence/clip.mp4"
    assert (await operator.get(url)).status_code == 200
    await asyncio.to_thread(wire.store.prune, 10**18)
    assert (await operator.get(url)).status_code == 200, "the copy"
    record = await ports.db.read(lambda c: store.get(c, event.id))
    later_us = event.time_us + 366 * DAY_US
    assert wire.hub.copies.is_over(record.id, record.severity, record.start_us, later_us)
    assert await _found(ports, wire.hub, record, "clip.mp4", later_us) is None
    assert wire.hub.copies.alerts() == []
