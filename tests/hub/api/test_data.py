"""Registry, newest values, history and gateways over the wire."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from devices.model.samples import Quality, SampleBatch
from hub.api import shapes
from hub.api.ports import Ports
from hub.gateways import quarantine, roster
from hub.gateways.roster import Presence
from hub.series.port import Entry
from tests.fake_clock import START_US
from tests.hub.api.conftest import Client

S = 1_000_000
NAMES = ["hq1-ac-301.room_c", "hq1-ac-301.setpoint_c", "hall-ac-1.room_c", "hq1-pump.link_up"]


async def test_the_campus_names_everything_and_is_kept_until_it_changes(viewer: Client, ports: Ports) -> None:
    answer = await viewer.get("/api/campus")
    campus = answer.json()
    assert campus["head"]["name"]["zh"] == "小园区"
    assert {
        k: len(campus[k]) for k in ("sites", "buildings", "zones", "areas", "agents", "links", "devices")
    } == {
        "sites": 2,
        "buildings": 2,
        "zones": 2,
        "areas": 6,
        "agents": 2,
        "links": 5,
        "devices": 10,
    }
    assert campus["devices"][2] == {
        "id": "hq1-ac-301",
        "profile": "daikin-dta116a",
        "kind": "ac",
        "link": "hq1-ac",
        "area": "hq1-301",
        "site": "hq1",
        "name": {"zh": "301空调", "en": "AC 301"},
        "tags": [],
    }
    assert set(campus["profiles"]) == {"ops243-radar", "daikin-dta116a", "campus-pump-panel", "campus-camera"}
    units = {point["name"]: point["unit"] for point in campus["profiles"]["ops243-radar"]["points"]}
    assert units["speed_kmh"] == "km/h", "the canonical unit, not the device's"
    assert campus["codes"]["ac_mode"]["1"] == {"name": "cool", "zh": "制冷", "en": "cooling"}
    assert campus["standards"]["period"] == {"hq1": "cooling", "hall": "cooling"}
    stale = {link["id"]: link["stale_after_s"] for link in campus["links"]}
    assert stale == {"hq1-ac": 31, "hq1-pump": 7, "hq1-field": 900, "hall-ac": 31, "hall-nvr": 95}
    again = await viewer.get("/api/campus", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_campus_travels_packed_where_that_is_understood(viewer: Client) -> None:
    async with viewer.stream("GET", "/api/campus", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    plain = await viewer.get("/api/campus", headers={"Accept-Encoding": "identity"})
    assert json.loads(gzip.decompress(raw)) == plain.json()
    assert len(raw) < len(plain.content) / 3


def heard(ports: Ports) -> None:
    batch = SampleBatch.of(
        [0, 1, 2, 3],
        [START_US + 1, START_US + 2, START_US + 3, START_US + 4],
        [25.5, 26.0, np.nan, 1.0],
        [Quality.GOOD, Quality.GOOD, Quality.NO_ANSWER, Quality.GOOD],
    )
    ports.newest.update(batch, NAMES)


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ("", NAMES),
        ("?devices=hq1-ac-301", NAMES[:2]),
        ("?devices=hq1-ac-301,hall-ac-1", NAMES[:3]),
        ("?site=hall", NAMES[2:3]),
        ("?kind=ac&site=hq1", NAMES[:2]),
        ("?kind=camera", []),
    ],
)
async def test_newest_values_are_those_that_were_asked_for(
    viewer: Client, ports: Ports, query: str, points: list[str]
) -> None:
    heard(ports)
    answer = (await viewer.get(f"/api/latest{query}")).json()
    shapes.Latest.model_validate(answer)
    assert list(answer["values"]) == points or sorted(answer["values"]) == sorted(points)
    if NAMES[2] in answer["values"]:
        assert answer["values"][NAMES[2]] == [START_US + 3, None, int(Quality.NO_ANSWER)]


@pytest.mark.parametrize(
    ("query", "status"), [("devices=ghost", 404), ("site=ghost", 404), ("kind=ghost", 422)]
)
async def test_newest_values_of_what_is_not_there_are_not_found(
    viewer: Client, query: str, status: int
) -> None:
    assert (await viewer.get(f"/api/latest?{query}")).status_code == status


async def written(ports: Ports) -> None:
    time_us = START_US + np.arange(10) * S
    value = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    batch = SampleBatch.of(np.zeros(10), time_us, value, np.where(np.isnan(value), Quality.NO_ANSWER, 0))
    await ports.series.write([Entry(batch, NAMES)])


async def test_history_in_steps(viewer: Client, ports: Ports) -> None:
    await written(ports)
    range_ = f"points={NAMES[0]},{NAMES[2]}&from_us={START_US}&to_us={START_US + 12 * S}"
    answer = (await viewer.get(f"/api/series?{range_}&step_s=4&aggregate=max")).json()
    shapes.Steps.model_validate(answer)
    assert answer == {
        "step_s": 4.0,
        "time_us": [START_US, START_US + 4 * S, START_US + 8 * S],
        "series": {NAMES[0]: [4.0, 8.0, 10.0], NAMES[2]: [None, None, None]},
    }
    count = (await viewer.get(f"/api/series?{range_}&step_s=4&aggregate=count")).json()
    assert count["series"][NAMES[0]] == [3.0, 4.0, 2.0]


async def test_history_as_it_was_read(viewer: Client, ports: Ports) -> None:
    await written(ports)
    range_ = f"points={NAMES[0]}&from_us={START_US}&to_us={START_US + 4 * S}"
    answer = (await viewer.get(f"/api/series?{range_}&step_s=0")).json()
    shapes.Raw.model_validate(answer)
    assert answer == {
        "step_s": 0,
        "series": {
            NAMES[0]: {
                "time_us": [START_US, START_US + S, START_US + 2 * S, START_US + 3 * S],
                "value": [1.0, 2.0, None, 4.0],
                "quality": [0, 0, 2, 0],
            }
        },
        "truncated": False,
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("points=ghost.x&from_us=0&to_us=1", 404),
        ("points=hq1-ac-301&from_us=0&to_us=1", 404),
        ("points=&from_us=0&to_us=1", 422),
        ("points=hq1-ac-301.room_c&from_us=1&to_us=1", 422),
        ("points=hq1-ac-301.room_c&from_us=0&to_us=1&aggregate=median", 422),
        ("points=hq1-ac-301.room_c&from_us=0&to_us=1&step_s=-1", 422),
        ("points=hq1-ac-301.room_c&from_us=0&to_us=1&step_s=nan", 422),
        ("points=hq1-ac-301.room_c&from_us=0&to_us=100000000000&step_s=1", 413),
        ("points=" + ",".join(f"hq1-ac-301.p{n}" for n in range(21)) + "&from_us=0&to_us=1", 422),
    ],
)
async def test_a_question_for_too_much_or_for_nothing_is_refused(
    viewer: Client, query: str, status: int
) -> None:
    assert (await viewer.get(f"/api/series?{query}")).status_code == status


async def test_gateways_are_those_of_the_site_file_and_whoever_else_spoke(
    viewer: Client, ports: Ports
) -> None:
    health = {
        "agent": {"version": "0.1.0", "rules": {"speeding": 1}},
        "outbox": {"alerts": 1, "live": 2, "backlog": 3, "bytes": 4, "epoch": 9, "dropped": {"live full": 5}},
        "source_modbus": {
            "links": {
                "hq1-ac": {"state": "up", "answered": 7, "timeouts": 2, "garbled": 0, "period_s": 10.0,
                           "silent_devices": ["hq1-ac-302"]},
            }
        },
        "source_mqtt": "nonsense",
    }  # fmt: skip
    await ports.db.write(lambda c: roster.came(c, "edge-hq1", Presence.ONLINE, START_US))
    await ports.db.write(lambda c: roster.said_health(c, "edge-hq1", health, START_US + 5))
    await ports.db.write(lambda c: roster.heard(c, {"history": START_US}))
    await ports.db.write(
        lambda c: quarantine.set_aside(c, "edge-x", "a/b", "no such agent", b"\0x", START_US)
    )
    answer = (await viewer.get("/api/gateways")).json()
    assert [row["agent"] for row in answer["rows"]] == ["edge-hq1", "edge-hall", "history"]
    hq1, hall, _ = answer["rows"]
    assert (hq1["state"], hq1["version"], hq1["epoch"], hq1["rules"]) == (
        "online",
        "0.1.0",
        9,
        {"speeding": 1},
    )
    assert hq1["outbox"]["backlog"] == 3
    assert hq1["outbox"]["dropped"] == {"live full": 5}
    links = {link["id"]: link for link in hq1["links"]}
    assert list(links) == ["hq1-ac", "hq1-pump", "hq1-field"]
    assert links["hq1-ac"]["errors"] == {"timeouts": 2}
    assert (links["hq1-ac"]["silent"], links["hq1-ac"]["devices"]) == (1, 2)
    assert links["hq1-pump"]["state"] == "unknown"
    assert (hall["state"], hall["seen_us"], hall["version"]) == ("never", None, None)
    assert answer["quarantine"]["count"] == 1
    assert answer["quarantine"]["newest"][0]["reason"] == "no such agent"
    assert answer["quarantine"]["newest"][0]["why"].keys() == {"zh", "en"}
    assert {"lag_s", "series_bytes", "pages", "ingest", "broker"} <= set(answer["hub"])


async def test_a_message_set_aside_is_given_as_bytes_to_save(engineer: Client, ports: Ports) -> None:
    await ports.db.write(lambda c: quarantine.set_aside(c, "edge-x", "a", "bad", b"<script>", START_US))
    rows = (await engineer.get("/api/quarantine")).json()["rows"]
    answer = await engineer.get(f"/api/quarantine/{rows[0]['id']}")
    assert answer.content == b"<script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "attachment" in answer.headers["content-disposition"]
    assert (await engineer.get("/api/quarantine/999")).status_code == 404
