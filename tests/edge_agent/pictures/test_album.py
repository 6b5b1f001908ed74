"""What a person may see of a camera, as its gateway tells and gives it."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from devices.model.errors import Garbled, Unreachable
from edge_agent.pictures.album import MOST_BYTES, SMALL_BYTES, Album
from edge_agent.pictures.references import Light
from tests.edge_agent.detect.small_campus import small_campus
from tests.edge_agent.pictures.test_references import Eye

SMALL, LARGE = b"s" * SMALL_BYTES, b"l" * (SMALL_BYTES + 1)


class Shop:
    """The newest picture, and a tool that makes it smaller."""

    def __init__(self) -> None:
        self.newest: tuple[int, bytes] | None = None
        self.shrunk = 0
        self.trouble: Exception | None = None

    async def shrink(self, jpeg: bytes) -> bytes:
        self.shrunk += 1
        if self.trouble is not None:
            raise self.trouble
        return jpeg[:1000]


@pytest.fixture(scope="module")
def eye(tmp_path_factory: pytest.TempPathFactory) -> Eye:
    """One that has learnt its day."""
    eye = Eye(small_campus(tmp_path_factory.mktemp("site")))
    eye.learns()
    return eye


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def album(eye: Eye, shop: Shop) -> Album:
    return Album(eye.looking, lambda camera: shop.newest if camera == "cam" else None, shop.shrink)


async def test_newest_and_reference_are_told_with_their_times_and_given_whole(
    album: Album, shop: Shop, eye: Eye
) -> None:
    shop.newest = (7, SMALL)
    newest, day = await album.files("cam")
    assert (newest.name, newest.bytes) == ("newest-7.jpg", len(SMALL))
    assert day.name == f"day-{eye.looking.since_us('cam', Light.DAY)}.png"
    data = album.read("cam", day.name)
    assert hashlib.sha256(data).hexdigest() == day.sha256
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(seen, eye.looking.reference("cam", Light.DAY))
    assert shop.shrunk == 0


async def test_a_large_picture_is_made_smaller_once(album: Album, shop: Shop) -> None:
    shop.newest = (7, LARGE)
    for _ in range(2):
        assert (await album.files("cam"))[0].bytes == 1000
    shop.newest = (8, LARGE)
    assert (await album.files("cam"))[0].name == "newest-8.jpg"
    assert shop.shrunk == 2
    assert album.read("cam", "newest-7.jpg") == LARGE[:1000], "somebody may still be fetching it"


@pytest.mark.parametrize("trouble", [Garbled("no JPEG"), Unreachable("no worker"), TimeoutError()])
async def test_one_that_cannot_be_made_smaller_is_not_told_and_the_reference_is(
    album: Album, shop: Shop, trouble: Exception
) -> None:
    shop.newest, shop.trouble = (7, LARGE), trouble
    assert [file.name.partition("-")[0] for file in await album.files("cam")] == ["day"]


async def test_of_other_cameras_and_other_names_there_is_nothing(album: Album, shop: Shop) -> None:
    shop.newest = (7, SMALL)
    assert await album.files("cam-of-somebody-else") == []
    await album.files("cam")
    assert album.read("cam", "newest-6.jpg") == b""
    assert album.read("cam-of-somebody-else", "newest-7.jpg") == b""


async def test_what_was_told_long_ago_makes_room(album: Album, shop: Shop) -> None:
    for number in range(MOST_BYTES // SMALL_BYTES + 3):
        shop.newest = (number, SMALL)
        await album.files("cam")
    assert album.read("cam", "newest-0.jpg") == b""
    assert sum(map(len, album._told.values())) <= MOST_BYTES
