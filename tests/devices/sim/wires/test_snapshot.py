"""Cameras over HTTP: pictures that live, and every way in which they fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import cv2
import httpx
import numpy as np
import pytest

from devices.campus.site import AreaKind, Campus
from devices.sim.plant.scenes import Sight
from devices.sim.simulation import Options, Simulation, running
from devices.sim.wires.faults import KINDS
from devices.sim.wires.pictures import TROUBLES, Trouble, View, render
from devices.sim.wires.scenery import HEIGHT, WIDTH

CAM = "/snapshot/1.jpg"
START = 1_795_350_960_123_456


@pytest.fixture
async def sim(small: Campus, any_port: dict[str, int]) -> AsyncIterator[Simulation]:
    async with running(small, Options(ports=any_port)) as simulation:
        yield simulation


@pytest.fixture
async def recorder(sim: Simulation) -> AsyncIterator[httpx.AsyncClient]:
    listener = sim.listeners["nvr"]
    address = f"http://{listener.host}:{listener.port}"
    async with httpx.AsyncClient(base_url=address, timeout=1.0, trust_env=False) as client:
        yield client


def grey(data: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


def put(sim: Simulation, target: str, kind: str, value: float | None = None) -> None:
    sim.board.put(target, kind, sim.clock_us(), value=value)


async def test_healthy_camera_gives_pictures_that_are_never_the_same(
    sim: Simulation, recorder: httpx.AsyncClient
) -> None:
    pictures = [grey((await recorder.get(CAM)).content) for _ in range(6)]
    assert {picture.shape for picture in pictures} == {(HEIGHT, WIDTH)}
    for number, picture in enumerate(pictures):
        assert picture.mean() > 30
        assert picture.std() > 12
        assert not any(np.array_equal(picture, other) for other in pictures[:number])
    count = sim.ledger.devices["cam-1"]
    assert (count.published, count.acked, count.readings) == (6, 6, 6)


async def test_each_channel_is_another_camera(recorder: httpx.AsyncClient) -> None:
    first, second = [grey((await recorder.get(f"/snapshot/{n}.jpg")).content) for n in (1, 2)]
    assert np.abs(first.astype(int) - second).mean() > 10


async def test_dark_camera_is_dark_and_flat_but_not_frozen(
    sim: Simulation, recorder: httpx.AsyncClient
) -> None:
    put(sim, "cam-1", "dark")
    pictures = [grey((await recorder.get(CAM)).content) for _ in range(3)]
    for picture in pictures:
        assert picture.mean() < 16
        assert picture.std() < 8
    assert not np.array_equal(pictures[0], pictures[1])


@pytest.mark.parametrize("kind", ["frozen", "stuck"])
async def test_frozen_camera_repeats_one_picture_until_it_is_cleared(
    sim: Simulation, recorder: httpx.AsyncClient, kind: str
) -> None:
    put(sim, "cam-1", kind)
    frozen = {(await recorder.get(CAM)).content for _ in range(4)}
    assert len(frozen) == 1
    sim.board.clear("cam-1")
    assert (await recorder.get(CAM)).content not in frozen


@pytest.mark.parametrize(
    ("kind", "status"), [("offline", 502), ("unauthorised", 401), ("session-limit", 503)]
)
async def test_camera_that_is_away_answers_with_its_status_and_its_neighbour_with_a_picture(
    sim: Simulation, recorder: httpx.AsyncClient, kind: str, status: int
) -> None:
    put(sim, "cam-1", kind)
    assert (await recorder.get(CAM)).status_code == status
    assert (await recorder.get("/snapshot/2.jpg")).status_code == 200
    assert (sim.ledger.devices["cam-1"].published, sim.ledger.devices["cam-1"].acked) == (1, 0)


async def test_garbled_camera_gives_no_picture(sim: Simulation, recorder: httpx.AsyncClient) -> None:
    put(sim, "cam-1", "garbled")
    answer = await recorder.get(CAM)
    assert answer.status_code == 200
    assert cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_GRAYSCALE) is None
    assert sim.ledger.devices["cam-1"].readings == 0


async def test_silent_camera_never_answers_and_holds_no_session(
    sim: Simulation, recorder: httpx.AsyncClient
) -> None:
    put(sim, "cam-1", "silent")
    for _ in range(3):
        with pytest.raises(httpx.ReadTimeout):
            await recorder.get(CAM, timeout=0.15)
    assert (await recorder.get("/snapshot/2.jpg")).status_code == 200


async def test_slow_camera_answers_after_its_delay(sim: Simulation, recorder: httpx.AsyncClient) -> None:
    put(sim, "cam-1", "slow", value=0.3)
    begun = time.monotonic()
    assert (await recorder.get(CAM)).status_code == 200
    assert time.monotonic() - begun >= 0.3


async def test_more_requests_at_once_than_sessions_are_turned_away(
    sim: Simulation, recorder: httpx.AsyncClient
) -> None:
    put(sim, "nvr", "slow", value=0.3)
    answers = await asyncio.gather(*(recorder.get(CAM) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503]
    assert (await recorder.get(CAM)).status_code == 200


async def test_dead_recorder_refuses_connections(sim: Simulation, recorder: httpx.AsyncClient) -> None:
    put(sim, "nvr", "dead-link")
    await asyncio.sleep(0.1)
    with pytest.raises(httpx.ConnectError):
        await recorder.get(CAM)


@pytest.mark.parametrize("path", ["/", "/snapshot/99.jpg", "/snapshot/1.png"])
async def test_unknown_path_is_not_found(recorder: httpx.AsyncClient, path: str) -> None:
    assert (await recorder.get(path)).status_code == 404


async def test_connection_is_closed_when_the_client_wishes(recorder: httpx.AsyncClient) -> None:
    answer = await recorder.get(CAM, headers={"Connection": "close"})
    assert answer.headers["connection"] == "close"
    assert grey(answer.content).shape == (HEIGHT, WIDTH)


def view(camera: str, sight: Sight, at_us: int, **troubles: float) -> View:
    found = {kind.replace("_", "-"): Trouble(value, START) for kind, value in troubles.items()}
    return View(camera, sight, at_us, ZoneInfo("Asia/Shanghai"), found)


@pytest.mark.parametrize("kind", list(AreaKind))
@pytest.mark.parametrize("camera", ["a-cam-1", "b-cam-22"])
def test_every_scene_keeps_to_its_light_and_is_no_dark_picture(kind: AreaKind, camera: str) -> None:
    for level, infrared in ((66.0, True), (128.0, False)):
        picture = grey(render(view(camera, Sight(kind, level, infrared=infrared), START)))
        assert picture.mean() == pytest.approx(level, abs=14)
        assert picture.std() > 12


@pytest.mark.parametrize("trouble", ["", "dark", "snow", "cover", "glare"])
def test_pictures_of_a_camera_differ_from_second_to_second(trouble: str) -> None:
    troubles = {trouble: 100.0} if trouble else {}
    seen = {
        small_grey(
            render(
                view("c", Sight(AreaKind.LOBBY, 100.0), START + 30_000_000 * number + 17 * number, **troubles)
            )
        )
        for number in range(40)
    }
    assert len(seen) == 40


def test_by_infrared_light_and_in_the_rain_nothing_has_colours() -> None:
    for troubles in ({}, {"snow": 90.0}, {"cover": 50.0}):
        data = render(view("c", Sight(AreaKind.ROAD, 66.0, infrared=True, rain=0.7), START, **troubles))
        blue, green, red = cv2.split(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        assert np.abs(blue.astype(int) - red).mean() < 1
        assert np.abs(green.astype(int) - red).mean() < 1


def test_a_frozen_picture_with_a_running_clock_changes_at_its_clock_only() -> None:
    sight = Sight(AreaKind.LOBBY, 100.0)
    first, second = (grey(render(view("c", sight, START + s, frozen_clock=0))) for s in (0, 61_000_000))
    assert np.array_equal(first[40:-40], second[40:-40])
    assert not np.array_equal(first[:40], second[:40])


def test_no_video_is_always_the_same_picture() -> None:
    pictures = [
        render(view(c, Sight(AreaKind.GATE, 90.0), START + s, no_video=0)) for c, s in (("a", 0), ("b", 5))
    ]
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("kind", sorted({*TROUBLES} - {"frozen-clock"}))
def test_every_fault_of_a_picture_is_seen_in_it(kind: str) -> None:
    sight, value = Sight(AreaKind.GATE, 110.0), KINDS[kind].usual
    healthy = grey(render(view("c", sight, START + 90_000_000))).astype(int)
    spoilt = grey(render(view("c", sight, START + 90_000_000, **{kind: value}))).astype(int)
    assert np.abs(healthy - spoilt).max() > 60


@pytest.mark.parametrize("kind", sorted({*TROUBLES} - {"frozen-clock"}))
async def test_a_fault_put_on_the_board_reaches_the_picture(
    kind: str, sim: Simulation, recorder: httpx.AsyncClient
) -> None:
    drawn: list[dict[str, Trouble]] = []

    class Drawn:
        def picture(self, _camera: str, _time_us: int, troubles: dict[str, Trouble]) -> bytes:
            drawn.append(troubles)
            return b"picture"

    sim._recorders[0]._camera = Drawn()
    put(sim, "cam-1", kind, 12.0)
    assert (await recorder.get(CAM)).content == b"picture"
    assert {name: trouble.value for name, trouble in drawn[0].items()} == {kind: 12.0}


def small_grey(data: bytes) -> bytes:
    """What an agent looks at: half the size, grey."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_2)
    assert picture is not None
    return picture.tobytes()
