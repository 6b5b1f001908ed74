"""HTTP hosts of cameras, usually recorders: one picture for each request, with the faults of each channel."""

from __future__ import annotations

import asyncio
import http
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, Protocol

from devices.campus.site import Campus, HttpLink
from devices.profiles.profile import SnapshotSheet
from devices.profiles.streams import StreamSheet
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.ledger import Ledger
from devices.sim.wires.listening import Listener
from devices.sim.wires.onvif import PATH as ONVIF
from devices.sim.wires.onvif import OnvifFace
from devices.sim.wires.pictures import TROUBLES, Trouble
from devices.sim.wires.recordings import Gaps, Search
from devices.sim.wires.streams import FPS, send_pictures
from devices.sim.wires.web import Response, read_request, write_response

#: Faults that a camera with a tamper detector reports by itself.
TAMPERS: Final = ("cover", "turn", "blur", "dark")
GARBAGE: Final = b"\xff\xd8this is no picture" + bytes(200)


class Camera(Protocol):
    """Where pictures come from."""

    def picture(self, camera: str, time_us: int, troubles: Mapping[str, Trouble]) -> bytes:
        """A JPEG of what the camera gives at this moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, and a body that is a picture when the status is OK, with more lines for the head."""

    status: http.HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


#: What a camera's fault gives instead of a picture.
INSTEAD: Final = {
    "unauthorised": Answer(http.HTTPStatus.UNAUTHORIZED),
    "session-limit": Answer(http.HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "30"}),
    "offline": Answer(http.HTTPStatus.BAD_GATEWAY),
    "garbled": Answer(http.HTTPStatus.OK, GARBAGE),
}


class Recorder:
    """One HTTP host and the cameras behind it; more than `sessions` requests at once are turned away.

    Args:
        link: from the site file; `port` may be replaced, 0 takes any.
        paths: path of each camera's picture or stream, path to camera id.
        streams: the cameras that are streams.
        camera: draws.
        board: active faults.
        ledger: counts what is served.
        clock_us: UTC now.
        recordings: camera id of each recording, by its token.
        gaps: when what was not recorded.
    """

    def __init__(
        self,
        link: HttpLink,
        paths: Mapping[str, str],
        streams: frozenset[str],
        camera: Camera,
        board: FaultBoard,
        ledger: Ledger,
        clock_us: Callable[[], int],
        port: int | None,
        recordings: Mapping[str, str],
        gaps: Gaps,
    ) -> None:
        self.link = link
        self.listener = Listener(link.id, link.host, link.port if port is None else port, self._talk, ledger)
        self._paths = paths
        self._streams = streams
        self._camera = camera
        self._board = board
        self._ledger = ledger
        self._clock_us = clock_us
        self._busy = 0
        self._onvif = OnvifFace(
            lambda: f"{link.host}:{self.listener.port}",
            paths,
            lambda: self._own_us(link.id),
            self._tampered,
            Search(link.id, recordings, gaps, lambda: self._own_us(link.id)),
        )
        self._frozen: dict[str, tuple[int, bytes]] = {}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = await read_request(reader)
            if asked is None:
                return
            path = asked.path
            if path.startswith(ONVIF) and asked.method == "POST":
                await write_response(writer, await self._onvif.answer(asked), keep=False)
                return
            if self._board.find("silent", self._paths.get(path, ""), self.link.id) is not None:
                await reader.read()  # until the other side has had enough
                return
            self._busy += 1
            try:
                answer = await self._answer(asked.method, path)
                self._count(path, answer)
                camera = self._paths.get(path, "")
                if answer.status is http.HTTPStatus.OK and camera in self._streams:
                    await self._stream(camera, reader, writer)
                    return
                if answer.status is http.HTTPStatus.OK and self._board.find("stall", camera, self.link.id):
                    await _stalled(reader, writer, answer)
                    return
                await write_response(writer, _response(answer), keep=asked.keep)
            finally:
                self._busy -= 1
            if not asked.keep:
                return

    async def _stream(self, camera: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await send_pictures(reader, writer, lambda: self._picture(camera), lambda: self._fps(camera))

    def _fps(self, camera: str) -> float:
        """Pictures a second of a stream just now; 0 while it stalls."""
        if self._board.find("stall", camera, self.link.id) is not None:
            return 0.0
        low = self._board.find("low-rate", camera)
        return FPS if low is None else low.value

    async def _answer(self, method: str, path: str) -> Answer:
        camera = self._paths.get(path)
        if camera is None or method != "GET":
            return Answer(http.HTTPStatus.NOT_FOUND)
        if self._busy > self.link.sessions:
            self._ledger.event(f"{self.link.id}: too many sessions")
            return Answer(http.HTTPStatus.SERVICE_UNAVAILABLE)
        self._ledger.device(camera).published += 1
        slow = self._board.find("slow", camera, self.link.id)
        if slow is not None:
            await asyncio.sleep(slow.value)
        for kind, answer in INSTEAD.items():
            if self._board.find(kind, camera, self.link.id) is not None:
                return answer
        return Answer(http.HTTPStatus.OK, self._picture(camera), self._marks(camera))

    def _marks(self, camera: str) -> dict[str, str]:
        """What the head says of the picture's age: the recorder's clock, and a tag where it comes from a cache."""
        cached = self._board.find("cached", camera)
        now_us = self._own_us(camera, self.link.id) if cached is None else cached.since_us
        tag = {} if cached is None else {"ETag": f'"{cached.since_us}"'}
        return {"Date": formatdate(now_us / 1e6, usegmt=True), **tag}

    def _own_us(self, *targets: str) -> int:
        """UTC as a camera, or the recorder, has it."""
        clock_off = self._board.find("clock-off", *targets)
        return self._clock_us() + (0 if clock_off is None else round(clock_off.value * 1e6))

    def _tampered(self) -> list[str]:
        return sorted(
            camera
            for camera in self._paths.values()
            if any(self._board.find(kind, camera) is not None for kind in TAMPERS)
        )

    def _picture(self, camera: str) -> bytes:
        now_us = self._clock_us()
        found = (self._board.find(kind, camera) for kind in ("cached", "frozen", "stuck"))
        frozen = next((fault for fault in found if fault is not None), None)
        if frozen is None:
            self._frozen.pop(camera, None)
            return self._draw(camera, now_us)
        since, picture = self._frozen.get(camera, (0, b""))
        if since != frozen.since_us:
            picture = self._draw(camera, now_us)
            self._frozen[camera] = (frozen.since_us, picture)
        return picture

    def _draw(self, camera: str, now_us: int) -> bytes:
        found = {kind: self._board.find(kind, camera, self.link.id) for kind in TROUBLES}
        troubles = {kind: Trouble(fault.value, fault.since_us) for kind, fault in found.items() if fault}
        return self._camera.picture(camera, now_us, troubles)

    def _count(self, path: str, answer: Answer) -> None:
        camera = self._paths.get(path)
        if camera is None or answer.status is not http.HTTPStatus.OK:
            self._ledger.event(f"{self.link.id}: HTTP {answer.status.value}")
            return
        count = self._ledger.device(camera)
        count.acked += 1
        count.readings += answer.body is not GARBAGE
        count.last_us = self._clock_us()


def recorders(
    campus: Campus,
    camera: Camera,
    board: FaultBoard,
    ledger: Ledger,
    clock_us: Callable[[], int],
    ports: Mapping[str, int] | None,
    gaps: Gaps,
) -> list[Recorder]:
    """One recorder for each HTTP link; `ports` replaces those of the site file, by link id."""
    found: list[Recorder] = []
    for link in campus.links.values():
        if isinstance(link, HttpLink) and link.kind == "http":
            port = (ports or {}).get(link.id, link.port)
            paths, streams, recordings = paths_of(campus, link)
            wires = (board, ledger, clock_us, port)
            found.append(Recorder(link, paths, streams, camera, *wires, recordings, gaps))
    return found


def paths_of(campus: Campus, link: HttpLink) -> tuple[dict[str, str], frozenset[str], dict[str, str]]:
    """The camera of each path, which of them are streams, and the camera of each recording."""
    paths: dict[str, str] = {}
    recordings: dict[str, str] = {}
    streams: set[str] = set()
    for device in campus.devices.values():
        sheet = campus.profile_of(device).sheet
        if device.link == link.id and isinstance(sheet, SnapshotSheet | StreamSheet):
            # 1.0 and 1 are the same channel; YAML gives one, CSV the other.
            parameters = {k: _plain(v) for k, v in {**sheet.parameters, **device.parameters}.items()}
            paths[sheet.path.format(**parameters)] = device.id
            if sheet.recording:
                recordings[sheet.recording.format(**parameters)] = device.id
            if isinstance(sheet, StreamSheet):
                streams.add(device.id)
    return paths, frozenset(streams), recordings


def _plain(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float | int) else value


async def _stalled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
    """Half of a picture, and then nothing until the other side has had enough."""
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer.body)}\r\n\r\n".encode())
    writer.write(answer.body[: len(answer.body) // 2])
    await writer.drain()
    await reader.read()


def _response(answer: Answer) -> Response:
    if answer.status is http.HTTPStatus.OK:
        return Response(answer.status, "image/jpeg", answer.body, answer.headers)
    wish = {"WWW-Authenticate": 'Basic realm="recorder"'}
    is_wish = answer.status is http.HTTPStatus.UNAUTHORIZED
    return Response(answer.status, "text/plain", b"", {**answer.headers, **(wish if is_wish else {})})
