"""The camera source against a real host: every bad answer has its state, and delays no other camera."""

from __future__ import annotations

import base64
import contextlib
import itertools
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.campus.site import Campus
from devices.model.codes import CameraLink
from devices.model.errors import ConfigRefused
from edge_agent.sources.camera import CameraSettings, CameraSource, cameras_of
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.camera.pictures import declaring, jpeg
from tests.edge_agent.sources.camera.watching import http_link, links, watching
from tests.edge_agent.sources.camera.web_host import Asked, Host, Reply, digest_answer, ok, serving, status
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device

SECRET = "s3cret-word"
PICTURE = jpeg()


def campus(folder: Path, port: int, cameras: int = 1, **settings: Any) -> Campus:
    devices = [
        device(f"cam-{n}", "campus-camera", "rec", parameters={"channel": n}) for n in range(1, cameras + 1)
    ]
    return campus_of(folder, [http_link(port, **settings)], devices)


async def test_a_good_picture_gives_a_frame_its_link_and_the_bytes_as_they_came(tmp_path: Path) -> None:
    host = Host({"/snapshot/1.jpg": lambda _: ok(PICTURE), "/snapshot/2.jpg": lambda _: ok(jpeg(level=30))})
    async with serving(host), watching(campus(tmp_path, host.port, 2)) as (sink, source):
        await sink.until(lambda: len(sink.pictures) >= 4)
        health = source.health()["links"]["rec"]
        newest = source.newest("cam-1")
    assert set(links(sink, "cam-1")) == {CameraLink.ONLINE}
    first, second = sink.pictures[0], sink.pictures[1]
    assert [first.camera.tolist(), second.camera.tolist()] == [[0], [1]]
    assert 140 < first.grey.mean() < 160
    assert 50 < second.grey.mean() < 70
    assert newest is not None
    assert newest.jpeg == PICTURE
    assert newest.time_us in np.concatenate([batch.time_us for batch in sink.pictures])
    assert (health["state"], health["cameras"], health["online"], health["garbled"]) == ("up", 2, 2, 0)
    assert source.newest("cam-9") is None


def endless(_: Asked) -> Reply:
    return itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n\xff\xd8"], itertools.repeat(bytes(65536)))


def trickling(_: Asked) -> Reply:
    return itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n\xff\xd8"], itertools.cycle([b"\0", 0.01]))


def endless_refusal(_: Asked) -> Reply:
    head = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n\r\n'
    return itertools.chain([head], itertools.repeat(bytes(65536)))


BAD = {
    "silent": (lambda _: [9.0], CameraLink.SILENT),
    "stalls within the body": (lambda _: [*list(ok(PICTURE))[:1], PICTURE[:500], 9.0], CameraLink.TIMED_OUT),
    "trickles without end": (trickling, CameraLink.TIMED_OUT),
    "sends without end": (endless, CameraLink.NOT_A_PICTURE),
    "declares too much": (
        lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"],
        CameraLink.NOT_A_PICTURE,
    ),
    "401": (lambda _: status(401), CameraLink.UNAUTHORISED),
    "403": (lambda _: status(403), CameraLink.REFUSED),
    "503": (lambda _: status(503), CameraLink.SESSION_LIMIT),
    "500": (lambda _: status(500), CameraLink.REFUSED),
    "453": (lambda _: status(453), CameraLink.SESSION_LIMIT),
    "429": (lambda _: status(429), CameraLink.SESSION_LIMIT),
    "404": (lambda _: status(404), CameraLink.NOT_A_PICTURE),
    "redirect to another host": (
        lambda _: status(302, Location="http://192.0.2.1/x.jpg"),
        CameraLink.REFUSED,
    ),
    "redirect to another scheme": (
        lambda a: status(302, Location=f"https://{a.headers['host']}/"),
        CameraLink.REFUSED,
    ),
    "redirect to nonsense": (lambda _: status(302, Location="http://[::1:::"), CameraLink.NOT_A_PICTURE),
    "redirect in circles": (lambda _: status(302, Location="/snapshot/1.jpg"), CameraLink.REFUSED),
    "not HTTP": (lambda _: [b"SSH-2.0-OpenSSH_9\r\n\r\n"], CameraLink.NOT_A_PICTURE),
    "endless headers": (
        lambda _: itertools.chain(
            [b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X-A: " + b"a" * 8000 + b"\r\n")
        ),
        CameraLink.NOT_A_PICTURE,
    ),
    "hangs up": (lambda _: [None], CameraLink.NOT_A_PICTURE),
    "hangs up within the body": (
        lambda _: [*list(ok(PICTURE))[:1], PICTURE[:500], None],
        CameraLink.NOT_A_PICTURE,
    ),
    "html": (lambda _: ok(b"<html>please sign in</html>", kind="text/html"), CameraLink.NOT_A_PICTURE),
    "a start and no picture": (lambda _: ok(b"\xff\xd8this is no picture"), CameraLink.NOT_A_PICTURE),
    "cut short": (lambda _: ok(PICTURE[:-100]), CameraLink.NOT_A_PICTURE),
    "200 megapixels": (lambda _: ok(declaring(20_000, 10_000, PICTURE)), CameraLink.NOT_A_PICTURE),
    "empty": (lambda _: ok(b""), CameraLink.NOT_A_PICTURE),
}


@pytest.mark.parametrize(("reply", "state"), BAD.values(), ids=BAD)
async def test_each_bad_answer_has_its_state_and_the_next_camera_its_picture(
    tmp_path: Path, reply: Any, state: CameraLink
) -> None:
    host = Host({"/snapshot/1.jpg": reply, "/snapshot/2.jpg": lambda _: ok(PICTURE)})
    # Only where time itself is the matter may it run out: what comes in part has to come before that.
    patience_s = {CameraLink.SILENT: 0.7, CameraLink.TIMED_OUT: 2.0}.get(state, 25.0)
    async with (
        serving(host),
        watching(campus(tmp_path, host.port, 2, poll_s=0.5, timeout_s=patience_s)) as (sink, source),
    ):
        await sink.until(
            lambda: bool(links(sink, "cam-1")) and links(sink, "cam-2")[-1:] == [CameraLink.ONLINE], 40
        )
        health = source.health()["links"]["rec"]
    assert links(sink, "cam-1")[0] is state
    assert {int(row) for batch in sink.pictures for row in batch.camera} == {1}
    assert health["faults"] == 0
    assert list(health["troubles"]) == ["cam-1"]
    assert health["state"] == "up"


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """A port at which connecting takes for ever, as at the address of a host that is switched off."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # the kernel's queue is full then, and it drops who comes next
            caller = held.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_nobody_at_the_port_and_nobody_at_the_address_are_told_apart(
    tmp_path: Path, free_port: Any
) -> None:
    with deaf_port() as deaf:
        links_ = [http_link(free_port(), "closed"), http_link(deaf, "absent", timeout_s=0.5)]
        devices = [device("cam-1", "campus-camera", "closed"), device("cam-2", "campus-camera", "absent")]
        async with watching(campus_of(tmp_path, links_, devices)) as (sink, source):
            await sink.until(lambda: bool(links(sink, "cam-1")) and bool(links(sink, "cam-2")))
            health = source.health()["links"]
    assert links(sink, "cam-1")[0] is CameraLink.PORT_CLOSED
    assert links(sink, "cam-2")[0] is CameraLink.HOST_DOWN
    assert (health["closed"]["state"], health["absent"]["state"]) == ("down", "down")


async def test_the_other_cameras_of_an_unreached_host_share_the_reason_without_a_try(
    tmp_path: Path, free_port: Any
) -> None:
    port = free_port()
    patient = CameraSettings(host_rest_s=30)
    async with watching(campus(tmp_path, port, 20, poll_s=0.5), patient) as (sink, source):
        await sink.until(lambda: all(links(sink, f"cam-{number}") for number in range(1, 21)), 40)
        health = source.health()["links"]["rec"]
    assert set(links(sink, "cam-20")) == {CameraLink.PORT_CLOSED}
    assert health["port_closed"] >= 20
    assert health["spared"] >= 15


async def test_a_redirect_within_the_host_is_followed(tmp_path: Path) -> None:
    host = Host(
        {
            "/snapshot/1.jpg": lambda _: status(302, Location="/cgi/now.jpg"),
            "/cgi/now.jpg": lambda _: ok(PICTURE),
        }
    )
    async with serving(host), watching(campus(tmp_path, host.port)) as (sink, _):
        await sink.until(lambda: bool(links(sink, "cam-1")))
    assert links(sink, "cam-1")[0] is CameraLink.ONLINE


def account(**more: Any) -> CameraSettings:
    return CameraSettings.model_validate(
        {"accounts": {"rec": {"username": "viewer", "password": SECRET, **more}}, "host_rest_s": 0}
    )


def asks_digest(asked: Asked) -> Reply:
    if digest_answer(asked, "viewer", SECRET, "recorder", "abc123"):
        return ok(PICTURE)
    return status(401, WWW_Authenticate='Digest realm="recorder", nonce="abc123", qop="auth"')


def asks_chinese(asked: Asked) -> Reply:
    if digest_answer(asked, "监控员", SECRET, "recorder", "abc123"):
        return ok(PICTURE)
    return status(401, WWW_Authenticate='Digest realm="recorder", nonce="abc123", qop="auth"')


def asks_basic(asked: Asked) -> Reply:
    wanted = "Basic " + base64.b64encode(f"viewer:{SECRET}".encode()).decode()
    right = asked.headers.get("authorization") == wanted
    return ok(PICTURE) if right else status(401, WWW_Authenticate='Basic realm="recorder"')


def asks_sha256(asked: Asked) -> Reply:
    if digest_answer(asked, "viewer", SECRET, "recorder", "abc123", "sha256"):
        return ok(PICTURE)
    return status(
        401, WWW_Authenticate='Digest realm="recorder", nonce="abc123", algorithm=SHA-256, qop="auth"'
    )


@pytest.mark.parametrize(
    ("scheme", "reply"), [("digest", asks_digest), ("digest", asks_sha256), ("basic", asks_basic)]
)
async def test_an_account_opens_its_host_and_is_written_nowhere(
    tmp_path: Path, scheme: str, reply: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host = Host({"/snapshot/1.jpg": reply})
    settings = account(scheme=scheme)
    async with serving(host), watching(campus(tmp_path, host.port), settings) as (sink, source):
        await sink.until(lambda: bool(links(sink, "cam-1")))
        told = f"{source.health()} {vars(source)} {source._hosts} {settings} {caplog.text}"
    assert links(sink, "cam-1")[0] is CameraLink.ONLINE
    assert SECRET not in told
    assert base64.b64encode(f"viewer:{SECRET}".encode()).decode() not in told


async def test_an_account_may_have_a_chinese_name(tmp_path: Path) -> None:
    host = Host({"/snapshot/1.jpg": asks_chinese})
    settings = account(username="监控员")
    async with serving(host), watching(campus(tmp_path, host.port), settings) as (sink, _):
        await sink.until(lambda: bool(links(sink, "cam-1")))
    assert links(sink, "cam-1")[0] is CameraLink.ONLINE


@pytest.mark.promise("P-camera-3")
async def test_a_host_that_asks_for_basic_does_not_learn_a_password_meant_for_digest(tmp_path: Path) -> None:
    host = Host({"/snapshot/1.jpg": asks_basic})
    async with serving(host), watching(campus(tmp_path, host.port), account()) as (sink, _):
        await sink.until(lambda: bool(links(sink, "cam-1")))
    assert links(sink, "cam-1")[0] is CameraLink.UNAUTHORISED
    assert all("authorization" not in asked.headers for asked in host.asked)


@pytest.mark.parametrize(("forgets", "link"), [(1, CameraLink.ONLINE), (2, CameraLink.UNAUTHORISED)])
async def test_a_word_to_sign_with_that_is_out_of_date_is_asked_for_once_more(
    tmp_path: Path, forgets: int, link: CameraLink
) -> None:
    words = itertools.count(1)
    given = {"nonce": "n0", "stale": 0}

    def forgetful(asked: Asked) -> Reply:
        if digest_answer(asked, "viewer", SECRET, "r", given["nonce"]):  # type: ignore[arg-type]
            given["stale"] = int(given["stale"]) + 1
            if int(given["stale"]) > forgets:
                return ok(PICTURE)
        given["nonce"] = f"n{next(words)}"
        stale = ", stale=true" if "authorization" in asked.headers else ""
        return status(401, WWW_Authenticate=f'Digest realm="r", nonce="{given["nonce"]}", qop="auth"{stale}')

    host = Host({"/snapshot/1.jpg": forgetful})
    async with serving(host), watching(campus(tmp_path, host.port), account()) as (sink, _):
        await sink.until(lambda: bool(links(sink, "cam-1")))
    assert links(sink, "cam-1")[0] is link


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="r"',
        "Digest nonsense",
        'Digest realm="r", nonce="n", algorithm=X',
        'Digest realm="r", nonce="n", qop="auth-int"',
    ],
)
async def test_a_challenge_without_sense_is_no_entry_and_no_fault(tmp_path: Path, challenge: str) -> None:
    good = itertools.chain([False], itertools.repeat(True))
    host = Host(
        {
            "/snapshot/1.jpg": lambda a: (
                asks_digest(a) if next(good) else status(401, WWW_Authenticate=challenge)
            )
        }
    )
    async with serving(host), watching(campus(tmp_path, host.port), account()) as (sink, source):
        await sink.until(lambda: CameraLink.ONLINE in links(sink, "cam-1"))
    assert links(sink, "cam-1")[0] is CameraLink.UNAUTHORISED
    assert source.health()["links"]["rec"]["faults"] == 0


async def test_an_endless_refusal_is_not_read(tmp_path: Path) -> None:
    host = Host({"/snapshot/1.jpg": endless_refusal})
    async with serving(host), watching(campus(tmp_path, host.port), account()) as (sink, _):
        await sink.until(lambda: bool(links(sink, "cam-1")))
    assert links(sink, "cam-1")[0] is CameraLink.UNAUTHORISED


@pytest.mark.promise("P-camera-3")
async def test_a_password_does_not_follow_a_redirect_to_another_host(tmp_path: Path) -> None:
    thief = Host({"/x.jpg": lambda _: ok(PICTURE)})
    async with serving(thief):
        host = Host(
            {"/snapshot/1.jpg": lambda _: status(302, Location=f"http://127.0.0.1:{thief.port}/x.jpg")}
        )
        async with serving(host), watching(campus(tmp_path, host.port), account(scheme="basic")) as (sink, _):
            await sink.until(lambda: len(links(sink, "cam-1")) >= 2)
    assert set(links(sink, "cam-1")) == {CameraLink.REFUSED}
    assert thief.asked == []


async def test_a_host_never_sees_more_requests_at_once_than_it_stands(tmp_path: Path) -> None:
    host = Host({f"/snapshot/{n}.jpg": lambda _: [0.05, *ok(PICTURE)] for n in range(1, 25)})
    async with serving(host), watching(campus(tmp_path, host.port, 24, sessions=3)) as (sink, source):
        await sink.until(lambda: len(sink.pictures) >= 40)
    assert host.most_busy == 3
    assert source.health()["links"]["rec"]["overruns"] > 0


async def test_cameras_are_spread_over_the_period(tmp_path: Path) -> None:
    host = Host({f"/snapshot/{n}.jpg": lambda _: ok(PICTURE) for n in range(1, 11)})
    async with serving(host), watching(campus(tmp_path, host.port, 10, poll_s=1.0)) as (sink, _):
        await sink.until(lambda: len(sink.pictures) >= 10)
    times = np.sort([int(sink.times_us(f"cam-{n}.link")[0]) for n in range(1, 11)])
    assert 0.6e6 < times[-1] - times[0] < 2e6


@pytest.mark.promise("P-camera-2")
async def test_a_silent_host_delays_no_camera_of_another(tmp_path: Path) -> None:
    silent = Host({f"/snapshot/{n}.jpg": lambda _: [9.0] for n in range(1, 31)})
    lively = Host({"/snapshot/1.jpg": lambda _: ok(PICTURE)})
    async with serving(silent), serving(lively):
        links_ = [http_link(silent.port, "dead", timeout_s=5), http_link(lively.port, "live", poll_s=0.2)]
        devices = [device(f"d-{n}", "campus-camera", "dead", parameters={"channel": n}) for n in range(1, 31)]
        devices.append(device("cam-1", "campus-camera", "live"))
        async with watching(campus_of(tmp_path, links_, devices)) as (sink, _):
            await sink.until(lambda: len(links(sink, "cam-1")) >= 6)
    periods = np.diff(sink.times_us("cam-1.link")) / 1e6
    assert (
        periods[1:].max() < 4
    )  # the first waits for the worker; whoever waited for a silent one would wait 5 s
    assert set(links(sink, "cam-1")) == {CameraLink.ONLINE}


def test_an_account_for_an_unknown_link_is_refused(tmp_path: Path) -> None:
    site = campus(tmp_path, 80)
    settings = CameraSettings.model_validate({"accounts": {"wrong": {"username": "u", "password": SECRET}}})
    with pytest.raises(ConfigRefused, match=r"sources\.camera\.accounts\.wrong") as refused:
        CameraSource(site, AGENT, settings, site.points_of(AGENT), SystemClock())
    assert SECRET not in str(refused.value)


def test_a_password_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    settings = CameraSettings.model_validate(
        {"accounts": {"rec": {"username": "u", "password_file": str(file)}}}
    )
    assert settings.accounts["rec"].secret() == SECRET
    file.unlink()
    with pytest.raises(ConfigRefused, match="password: -: found FileNotFoundError"):
        settings.accounts["rec"].secret()


def test_parameters_are_filled_into_the_path_as_people_write_them(tmp_path: Path) -> None:
    sheet = {
        "kind": "snapshot",
        "path": "/{place}/pic?size={size}",
        "parameters": {"place": "gate", "size": 1.5},
        "points": [{"name": "link", "codes": "camera_link"}],
    }
    devices = [
        device("a", "hikvision-camera", "rec", parameters={"channel": 101}),
        device("b", "own", "rec", parameters={"place": "hall-2"}),
        device("c", "campus-camera", "rec"),
    ]
    site = campus_of(tmp_path, [http_link(80)], devices, {"own": sheet})
    source = CameraSource(site, AGENT, CameraSettings(), site.points_of(AGENT), SystemClock())
    assert [str(camera.target.url) for camera in source._hosts[0].cameras] == [
        "http://127.0.0.1/ISAPI/Streaming/channels/101/picture",
        "http://127.0.0.1/hall-2/pic?size=1.5",
        "http://127.0.0.1/snapshot/1.jpg",
    ]
    assert cameras_of(site, AGENT) == ("a", "b", "c")
