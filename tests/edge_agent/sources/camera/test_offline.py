"""Attempts that fail, under the shipped rules: one alert for a camera, one for a host, however many stand behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind
from devices.model.codes import CameraLink
from devices.model.frames import FrameBatch
from devices.model.samples import SampleBatch
from devices.profiles.strict import read_yaml
from edge_agent.detect.detection import Detection
from edge_agent.sources.camera import CameraSettings, cameras_of
from edge_agent.sources.camera.decoding import Workers
from edge_agent.sources.camera.fetch import client
from edge_agent.sources.camera.newest import Newest
from edge_agent.sources.camera.roster import hosts_of
from edge_agent.sources.camera.together import WITHIN_S
from edge_agent.sources.camera.watch import Desk, Watch
from edge_agent.sources.capture.packets import Seen, Sight
from tests.edge_agent.pictures.conftest import RULES, campus_of

PERIOD_US = 30_000_000
NAMES = [f"{place}-{number}" for place in ("lobby", "corridor", "meeting") for number in (1, 2, 3)]
GREY = np.zeros((180, 320), np.uint8)
FAILURES = [link for link in CameraLink if link is not CameraLink.ONLINE]


class Judged:
    """A clock by hand, and a sink that judges what it is given by the shipped rules."""

    def __init__(self, campus: Campus) -> None:
        self.time_us = 1_790_000_000_000_000
        self.table = campus.points_of("edge")
        self.events: list[AlertEvent] = []
        self._names = cameras_of(campus, "edge")
        self._detection = Detection(campus, "edge", self.table, self.time_us)

    def now_us(self) -> int:
        return self.time_us

    def monotonic(self) -> float:
        return self.time_us / 1e6

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    async def samples(self, batch: SampleBatch) -> None:
        self.events += self._detection.step(batch, self.time_us).events

    async def frames(self, batch: FrameBatch) -> None:
        rows = [self.table.row[f"{self._names[row]}.mean_level"] for row in batch.camera]
        await self.samples(SampleBatch.of(rows, batch.time_us, 118.0))

    def told(self) -> list[tuple[str, str, EventKind]]:
        return [(event.rule, event.device, event.kind) for event in self.events]


@pytest.fixture
async def watched(tmp_path: Path) -> tuple[Judged, list[Watch]]:
    campus = campus_of(tmp_path, read_yaml(RULES), NAMES)
    judged = Judged(campus)
    [host] = hosts_of(campus, "edge", judged.table, CameraSettings())
    workers = Workers(1, 0, judged, 15)
    async with client() as http:
        desk = Desk(CameraSettings(), judged, lambda: 0.0, Newest(0), workers, http, judged)
    return judged, [Watch(desk, host, camera) for camera in host.cameras]


async def rounds(judged: Judged, watches: list[Watch], count: int, failed: dict[int, CameraLink]) -> None:
    """Look at every camera once a period, one after the other."""
    for _ in range(count):
        for number, watch in enumerate(watches):
            judged.time_us += PERIOD_US // len(watches)
            link = failed.get(number, CameraLink.ONLINE)
            sight = Sight(judged.time_us, Seen(GREY, 60.0), b"") if link is CameraLink.ONLINE else None
            await watch.tell(link, "", sight)


def both(rule: str, device: str) -> Iterator[tuple[str, str, EventKind]]:
    return ((rule, device, kind) for kind in (EventKind.RAISE, EventKind.CLEAR))


@pytest.mark.parametrize("link", FAILURES, ids=lambda link: link.name)
async def test_each_failure_of_a_camera_is_one_alert_within_three_attempts(
    watched: tuple[Judged, list[Watch]], link: CameraLink
) -> None:
    judged, watches = watched
    await rounds(judged, watches, 4, {})
    await rounds(judged, watches, 1, {4: link})
    await rounds(judged, watches, 3, {})  # once is no failure
    assert judged.told() == []
    await rounds(judged, watches, 3, {4: link})
    assert judged.told() == [("camera-offline", NAMES[4], EventKind.RAISE)]
    await rounds(judged, watches, 2, {})
    assert judged.told() == [*both("camera-offline", NAMES[4])]


async def test_a_recorder_of_which_all_cameras_fail_is_one_alert(watched: tuple[Judged, list[Watch]]) -> None:
    judged, watches = watched
    await rounds(judged, watches, 4, {})
    await rounds(judged, watches, 20, dict.fromkeys(range(len(NAMES)), CameraLink.HOST_DOWN))
    await rounds(judged, watches, 10, {})
    assert judged.told() == [*both("recorder-silent", "nvr")]


async def test_a_recorder_of_which_most_cameras_fail_is_one_alert_and_those_that_fail_on_speak_for_themselves(
    watched: tuple[Judged, list[Watch]],
) -> None:
    judged, watches = watched
    await rounds(judged, watches, 4, {})
    await rounds(judged, watches, 8, dict.fromkeys(range(1, 7), CameraLink.SESSION_LIMIT))
    assert judged.told() == [("camera-many-offline", NAMES[0], EventKind.RAISE)]
    await rounds(judged, watches, 4, {6: CameraLink.SILENT})
    assert judged.told()[1:] == [
        ("camera-many-offline", NAMES[0], EventKind.CLEAR),
        ("camera-offline", NAMES[6], EventKind.RAISE),
    ]


@pytest.fixture
async def alone(tmp_path: Path) -> tuple[Judged, list[Watch]]:
    """Ten cameras of one building and one of another, each a link of its own."""
    campus = campus_of(tmp_path, read_yaml(RULES), [*NAMES, "kitchen-1", "parking-1"])
    file = tmp_path / "site.yaml"
    site = json.loads(file.read_text("utf-8"))
    [recorder] = site["links"]
    site["links"] = [{**recorder, "id": f"to-{one['id']}"} for one in site["devices"]]
    for one in site["devices"]:
        one["link"] = f"to-{one['id']}"
    file.write_text(json.dumps(site), "utf-8")
    campus = load_campus(file)
    judged = Judged(campus)
    hosts = hosts_of(campus, "edge", judged.table, CameraSettings())
    workers = Workers(1, 0, judged, 15)
    async with client() as http:
        desk = Desk(CameraSettings(), judged, lambda: 0.0, Newest(0), workers, http, judged)
    return judged, [Watch(desk, host, host.cameras[0]) for host in hosts]


async def test_power_lost_to_most_cameras_of_a_building_is_one_alert_and_clears(
    alone: tuple[Judged, list[Watch]],
) -> None:
    judged, watches = alone
    names = [watch.camera.id for watch in watches]
    house = [number for number, name in enumerate(names) if name != "parking-1"]
    assert len(house) == 10
    await rounds(judged, watches, 4, {})
    lost = dict.fromkeys(house[3:9], CameraLink.HOST_DOWN)
    await rounds(judged, watches, 3, lost)
    assert judged.told() == [("camera-building-offline", names[0], EventKind.RAISE)]
    await rounds(judged, watches, 20, lost)
    await rounds(judged, watches, 3, {})
    assert judged.told() == [*both("camera-building-offline", names[0])]


async def test_single_cameras_that_are_links_of_their_own_have_one_alert_each(
    alone: tuple[Judged, list[Watch]],
) -> None:
    judged, watches = alone
    names = [watch.camera.id for watch in watches]
    await rounds(judged, watches, 4, {})
    await rounds(judged, watches, 10, {2: CameraLink.HOST_DOWN})
    assert judged.told() == [("camera-offline", names[2], EventKind.RAISE)]
    await rounds(judged, watches, 10, {2: CameraLink.HOST_DOWN, 10: CameraLink.PORT_CLOSED})
    assert judged.told()[1:] == [("camera-offline", "parking-1", EventKind.RAISE)]
    await rounds(judged, watches, 3, {})
    assert sorted(judged.told()[2:]) == [
        ("camera-offline", name, EventKind.CLEAR) for name in sorted((names[2], "parking-1"))
    ]


async def test_one_that_was_away_before_keeps_its_alert_when_the_building_loses_power(
    alone: tuple[Judged, list[Watch]],
) -> None:
    judged, watches = alone
    names = [watch.camera.id for watch in watches]
    await rounds(judged, watches, 4, {})
    await rounds(judged, watches, 10, {0: CameraLink.HOST_DOWN})
    await rounds(judged, watches, 10, dict.fromkeys((0, *range(4, 10)), CameraLink.HOST_DOWN))
    assert judged.told() == [
        ("camera-offline", names[0], EventKind.RAISE),
        ("camera-building-offline", names[0], EventKind.RAISE),
    ]
    await rounds(judged, watches, 4, {0: CameraLink.HOST_DOWN})
    assert judged.told()[2:] == [("camera-building-offline", names[0], EventKind.CLEAR)]


async def test_less_than_half_of_a_building_that_is_away_from_the_start_is_no_building(
    alone: tuple[Judged, list[Watch]],
) -> None:
    """Those that are asked first say nothing of those that have not been asked yet."""
    judged, watches = alone
    await rounds(judged, watches, 6, dict.fromkeys(range(4), CameraLink.HOST_DOWN))
    assert sorted(judged.told()) == [("camera-offline", name, EventKind.RAISE) for name in sorted(NAMES[:4])]


async def test_an_agent_that_starts_anew_says_nothing_of_a_building_before_it_has_asked_it(
    alone: tuple[Judged, list[Watch]],
) -> None:
    """Else an outage that goes on would be over for a moment, and its alert cleared and raised once more."""
    judged, watches = alone
    row, building = judged.table.row[f"{NAMES[0]}.many_unreached"], watches[0].host.building
    assert building is not None
    told: list[dict[int, float]] = []
    for number, watch in enumerate(watches[:10]):
        watch.camera.link = CameraLink.HOST_DOWN if number >= 4 else CameraLink.ONLINE
        building.note(watch.camera, float(number))
        told.append(building.news())
    assert [news[row] for news in told if row in news] == [30.0, 40.0, 50.0, 60.0]


async def test_a_camera_of_which_nothing_is_known_keeps_no_building_in_an_alert(
    alone: tuple[Judged, list[Watch]],
) -> None:
    judged, watches = alone
    row, building = judged.table.row[f"{NAMES[0]}.many_unreached"], watches[0].host.building
    assert building is not None
    watches[0].camera.link = CameraLink.ONLINE
    building.note(watches[0].camera, 0.0)
    assert row not in building.news()
    building.note(watches[0].camera, WITHIN_S + 1)
    assert building.news()[row] == 0.0
