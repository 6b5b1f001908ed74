"""Pictures of a camera, from the album of a gateway to the hub, piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from devices.model.errors import Unreachable
from devices.wire.evidence import PIECE_BYTES, File
from edge_agent.evidence.answering import Answering
from hub.evidence.fetching import MOST_PICTURE_BYTES
from tests.hub.evidence.test_fetching import Wire, connected

NEWEST, DAY = bytes(range(256)) * 400, b"a small one"
SHOWN = {"newest-1700000000000000.jpg": NEWEST, "day-1600000000000000.png": DAY}


class Album:
    """Pictures of one camera; `gives` is what comes when one is asked for."""

    def __init__(self, shown: dict[str, bytes], camera: str = "cam") -> None:
        self.shown, self.camera = shown, camera
        self.gives: Callable[[bytes], bytes] = lambda data: data
        self.asked: list[str] = []

    async def files(self, camera: str) -> Sequence[File]:
        if camera != self.camera:
            return []
        return [File(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in self.shown.items()]

    def read(self, camera: str, name: str) -> bytes:
        assert camera == self.camera
        self.asked.append(name)
        return self.gives(self.shown[name])


def wired(folder: Path, album: Album | None, agent: str = "edge") -> Wire:
    wire = Wire(folder)
    wire.agent, wire.gateway = agent, Answering(agent, None, wire.orders, album)
    return wire


async def test_what_is_new_comes_whole_and_what_is_known_is_only_named(tmp_path: Path) -> None:
    album = Album(SHOWN)
    async with connected(wired(tmp_path, album)) as wire:
        assert await wire.hub.pictures("edge", "cam") == SHOWN
        pieces = len(album.asked)
        assert pieces == -(-len(NEWEST) // PIECE_BYTES) + 1
        assert await wire.hub.pictures("edge", "cam", list(SHOWN)) == dict.fromkeys(SHOWN)
        assert len(album.asked) == pieces
        assert await wire.hub.pictures("edge", "other") == {}
    assert not list((tmp_path / "hub").rglob("*.*")), "pictures are kept nowhere at the hub"


@pytest.mark.parametrize(
    "gives", [lambda data: data[:-1] + b"\0", lambda _: b"", lambda data: data + b"x" * 9]
)
async def test_a_picture_that_does_not_come_as_it_was_told_is_not_shown(
    tmp_path: Path, gives: Callable[[bytes], bytes]
) -> None:
    album = Album(SHOWN)
    album.gives = gives
    async with connected(wired(tmp_path, album)) as wire:
        with pytest.raises(Unreachable, match="not what it was"):
            await wire.hub.pictures("edge", "cam")


async def test_what_is_no_picture_or_too_large_is_left_out(tmp_path: Path) -> None:
    huge = b"\0" * (MOST_PICTURE_BYTES + 1)
    album = Album({"newest-2.jpg": huge, "clip.mp4": b"clip", **SHOWN})
    async with connected(wired(tmp_path, album)) as wire:
        assert await wire.hub.pictures("edge", "cam") == SHOWN
    assert not {"newest-2.jpg", "clip.mp4"} & set(album.asked)


async def test_a_gateway_without_cameras_or_without_evidence_says_that_there_is_none(tmp_path: Path) -> None:
    async with connected(wired(tmp_path, None)) as wire:
        assert await wire.hub.pictures("edge", "cam") == {}
        assert await wire.hub.files("edge", "ab" * 12) == ()
