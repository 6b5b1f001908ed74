"""What comes from a cache is told from what is new, and from a picture that is merely frozen."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.codes import CameraLink
from edge_agent.sources.camera.freshness import Fetched, Freshness
from edge_agent.sources.camera.watch import CLOCK_CHANGE_S
from edge_agent.sources.capture.failures import NoPicture
from tests.edge_agent.sources.camera.pictures import jpeg
from tests.edge_agent.sources.camera.watching import http_link, links, pictures, watching
from tests.edge_agent.sources.camera.web_host import Asked, Host, Reply, serving
from tests.edge_agent.sources.small_campus import campus_of, device

NOW_US = 1_790_000_000_000_000
POLL_US = 30_000_000


def date(time_us: int) -> str:
    return format_datetime(datetime.fromtimestamp(time_us // 1_000_000, UTC), usegmt=True)


def outcomes(*fetched: Fetched, apart_us: int = 0) -> list[CameraLink]:
    freshness, found = Freshness(), []
    for one in fetched:
        try:
            freshness.check(one, apart_us)
            found.append(CameraLink.ONLINE)
        except NoPicture as failure:
            found.append(failure.link)
    return found


def polls(count: int, **more: str) -> list[Fetched]:
    return [Fetched(b"same", NOW_US + n * POLL_US, NOW_US + n * POLL_US, **more) for n in range(count)]


@pytest.mark.parametrize(
    "head", [{"etag": '"1"'}, {"modified": date(NOW_US)}, {"date": date(NOW_US)}], ids=str
)
def test_the_third_equal_picture_that_its_host_says_is_old_comes_from_a_cache(head: dict[str, str]) -> None:
    fetched = [*polls(4, **head), Fetched(b"new", NOW_US, NOW_US, **head), *polls(1, **head)]
    online = CameraLink.ONLINE
    assert outcomes(*fetched) == [online, online, CameraLink.CACHED, CameraLink.CACHED, online, online]


def test_equal_pictures_behind_an_honest_clock_are_no_cache_and_neither_are_new_ones_under_an_old_tag() -> (
    None
):
    frozen = [Fetched(b"same", at, at, date(at)) for at in range(NOW_US, NOW_US + 9 * POLL_US, POLL_US)]
    fresh = [Fetched(bytes([n]), NOW_US, NOW_US + n * POLL_US, etag='"1"') for n in range(9)]
    assert {*outcomes(*frozen), *outcomes(*fresh), *outcomes(*polls(9))} == {CameraLink.ONLINE}


def test_a_still_that_is_asked_for_again_at_once_is_no_cache() -> None:
    hurried_us = [*range(0, 14_000_000, 2_000_000), 30_000_000, 32_000_000]
    old = [Fetched(b"same", NOW_US + at, NOW_US + at, etag='"1"') for at in hurried_us]
    online = [CameraLink.ONLINE] * len(old)
    assert outcomes(*old, apart_us=POLL_US // 2) == online
    later = Fetched(b"same", NOW_US + 2 * POLL_US, NOW_US + 2 * POLL_US, etag='"1"')
    assert outcomes(*old, later, apart_us=POLL_US // 2) == [*online, CameraLink.CACHED]


@pytest.mark.parametrize("head", [{"etag": '"1"'}, {"date": date(NOW_US)}], ids=str)
def test_a_cache_is_found_though_our_clock_is_set_back(head: dict[str, str]) -> None:
    before = Fetched(b"same", NOW_US, NOW_US, **head)
    hour_us = 3_600_000_000
    after_us = [NOW_US - hour_us + n * POLL_US for n in range(2)]
    later = [Fetched(b"same", at, at, **head) for at in after_us]
    assert outcomes(before, *later, apart_us=POLL_US // 2)[-1] is CameraLink.CACHED


@given(
    off_s=st.integers(-10_000, 10_000),
    asked_us=st.integers(NOW_US, NOW_US + 2_000_000),
    took_us=st.integers(0, 999_999),
)
def test_the_clock_error_is_found_to_the_second_and_never_invented(
    off_s: int, asked_us: int, took_us: int
) -> None:
    told = Fetched(
        b"", asked_us, asked_us + took_us, date(asked_us + took_us // 2 + off_s * 1_000_000)
    ).clock_off_s()
    assert abs(told - off_s) <= 1
    assert off_s != 0 or told == 0


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT", "Thu, 01 Jan 99999 00:00:00 GMT"]
)
def test_a_date_without_sense_is_no_clock(text: str) -> None:
    assert math.isnan(Fetched(b"", NOW_US, NOW_US, text).clock_off_s())


async def test_a_host_that_gives_the_same_old_picture_is_told_as_such_and_its_clock_too(
    tmp_path: Path,
) -> None:
    old = jpeg()

    def cached(_: Asked) -> Reply:
        head = f'HTTP/1.1 200 OK\r\nETag: "7"\r\nDate: {date(NOW_US)}\r\nContent-Length: {len(old)}\r\n\r\n'
        return [head.encode(), old]

    host = Host({"/snapshot/1.jpg": cached})
    async with serving(host):
        site = campus_of(tmp_path, [http_link(host.port)], [device("cam-1", "campus-camera", "rec")])
        async with watching(site) as (sink, source):
            await sink.until(lambda: len(links(sink, "cam-1")) >= 4, 20)
            health = source.health()["links"]["rec"]
    assert links(sink, "cam-1")[:4] == [CameraLink.ONLINE] * 2 + [CameraLink.CACHED] * 2
    assert pictures(sink, 0) == 2
    assert health["cached"] >= 2
    told = [value for value, _ in sink.of("cam-1.clock_off_s")]
    assert abs(told[0]) > 1000
    assert np.all(np.abs(np.diff(told)) >= CLOCK_CHANGE_S), (
        "its clock stands, so on a slow machine it falls behind"
    )
