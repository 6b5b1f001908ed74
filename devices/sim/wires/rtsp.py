"""RTSP hosts of cameras, with the packets in the connection itself (RTSP over TCP); they answer ONVIF there, too."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from devices.campus.site import Campus, HttpLink
from devices.sim.wires.broadcast import Broadcast, Camera
from devices.sim.wires.encoder import parameter_sets
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.ledger import Ledger
from devices.sim.wires.listening import Listener
from devices.sim.wires.onvif import OnvifFace
from devices.sim.wires.recordings import Gaps, Search
from devices.sim.wires.rtp import description
from devices.sim.wires.signing import SignIn
from devices.sim.wires.snapshot import TAMPERS, paths_of
from devices.sim.wires.web import Request, read_request, write_response

METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
TRACK: Final = "/trackID=0"
#: Statuses that RTSP has and HTTP has not, or calls otherwise.
NOT_ENOUGH, TRANSPORT, NO_SESSION = 453, 461, 454
REASONS: Final = {
    NOT_ENOUGH: "Not Enough Bandwidth",
    TRANSPORT: "Unsupported Transport",
    NO_SESSION: "Session Not Found",
}
INTERLEAVED: Final = b"$"


@dataclass(slots=True)
class _Session:
    """One connection: its session's name, and the camera it has set up."""

    id: str
    camera: str = ""
    plays: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, more lines for the head, and a body."""

    status: int = HTTPStatus.OK
    headers: tuple[str, ...] = ()
    body: str = ""


class StreamHost:
    """One RTSP host and the cameras behind it; no more than `sessions` play at once.

    Args:
        link: from the site file; but for its port, 0 takes any.
        paths: path of each camera's stream, path to camera id.
        source: draws what they see.
        board: active faults.
        ledger: counts who looked.
        clock_us: UTC now.
        recordings: camera id of each recording, by its token.
        gaps: when what was not recorded.
        sign_in: who may look.
    """

    def __init__(
        self,
        link: HttpLink,
        paths: Mapping[str, str],
        source: Camera,
        board: FaultBoard,
        ledger: Ledger,
        clock_us: Callable[[], int],
        port: int,
        recordings: Mapping[str, str],
        gaps: Gaps,
        sign_in: SignIn,
    ) -> None:
        self.link = link
        self.listener = Listener(link.id, link.host, port, self._talk, ledger)
        self.broadcasts = {
            camera: Broadcast(camera, link.id, source, board, clock_us) for camera in paths.values()
        }
        self._paths = paths
        self._board = board
        self._ledger = ledger
        self._clock_us = clock_us
        self._sign_in = sign_in
        self._taken = 0
        search = Search(link.id, recordings, gaps, self._own_us)
        self._onvif = OnvifFace(lambda: self._address, paths, self._own_us, self._tampered, search)

    @property
    def _address(self) -> str:
        return f"{self.link.host}:{self.listener.port}"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(secrets.token_hex(4))
        async with AsyncExitStack() as stack:
            stack.callback(self._leave, session)
            while (asked := await _next(reader)) is not None:
                if not asked.is_rtsp:
                    await write_response(writer, await self._onvif.answer(asked), keep=False)
                    return
                camera = self._camera(asked.path)
                if self._board.find("silent", camera, self.link.id) is not None:
                    await reader.read()  # until the other side has had enough
                    return
                if (slow := self._board.find("slow", camera, self.link.id)) is not None:
                    await asyncio.sleep(slow.value)
                answer = self._answer(asked, camera, session)
                writer.write(_bytes(answer, asked.headers.get("cseq", "0"), session))
                await writer.drain()
                if asked.method == "TEARDOWN":
                    return
                if asked.method == "PLAY" and answer.status == HTTPStatus.OK and not session.plays:
                    session.plays = True
                    self._count(session.camera)
                    await stack.enter_async_context(self.broadcasts[session.camera].watched(writer))

    def _answer(self, asked: Request, camera: str, session: _Session) -> Answer:
        if asked.method == "OPTIONS":
            return Answer(headers=(f"Public: {METHODS}",))
        refused = self._refused(asked, camera)
        if refused is not None:
            self._ledger.event(f"{self.link.id}: RTSP {refused.status}")
            return refused
        if asked.method == "DESCRIBE":
            base = f"Content-Base: rtsp://{self._address}{asked.path.rstrip('/')}/"
            body = description(parameter_sets(), self.link.host)
            return Answer(headers=(base, "Content-Type: application/sdp"), body=body)
        if asked.method == "SETUP":
            return self._set_up(asked, camera, session)
        if asked.method in {"PLAY", "GET_PARAMETER", "TEARDOWN"}:
            known = session.camera and asked.headers.get("session", "").partition(";")[0] == session.id
            return Answer() if known else Answer(NO_SESSION)
        return Answer(HTTPStatus.NOT_IMPLEMENTED)

    def _refused(self, asked: Request, camera: str) -> Answer | None:
        """What goes wrong, or is not allowed."""
        locked = self._board.find("unauthorised", camera) is not None
        if locked or not self._sign_in.accepts(asked.method, asked.headers.get("authorization", "")):
            return Answer(HTTPStatus.UNAUTHORIZED, (f"WWW-Authenticate: {self._sign_in.question}",))
        if camera not in self.broadcasts:
            return Answer(HTTPStatus.NOT_FOUND)
        if self._board.find("offline", camera) is not None:
            return Answer(HTTPStatus.BAD_GATEWAY)
        return None

    def _set_up(self, asked: Request, camera: str, session: _Session) -> Answer:
        if "TCP" not in asked.headers.get("transport", ""):
            return Answer(TRANSPORT)
        limit = self._board.find("session-limit", camera, self.link.id)
        if limit is not None or (not session.camera and self._taken >= self.link.sessions):
            self._ledger.event(f"{self.link.id}: too many sessions")
            return Answer(NOT_ENOUGH)
        self._taken += not session.camera
        session.camera = camera
        return Answer(headers=("Transport: RTP/AVP/TCP;unicast;interleaved=0-1",))

    def _leave(self, session: _Session) -> None:
        self._taken -= bool(session.camera)

    def _camera(self, path: str) -> str:
        return self._paths.get(path.rstrip("/").removesuffix(TRACK).rstrip("/"), "")

    def _own_us(self) -> int:
        off = self._board.find("clock-off", self.link.id)
        return self._clock_us() + (0 if off is None else round(off.value * 1e6))

    def _tampered(self) -> list[str]:
        return sorted(
            name for name in self.broadcasts if any(self._board.find(kind, name) for kind in TAMPERS)
        )

    def _count(self, camera: str) -> None:
        count = self._ledger.device(camera)
        count.published += 1
        count.acked += 1
        count.readings += 1
        count.last_us = self._clock_us()


def stream_hosts(
    campus: Campus,
    source: Camera,
    board: FaultBoard,
    ledger: Ledger,
    clock_us: Callable[[], int],
    ports: Mapping[str, int] | None,
    gaps: Gaps,
    account: tuple[str, str],
) -> list[StreamHost]:
    """One host for each RTSP link; `ports` replaces those of the site file, `account` is who may look."""
    found: list[StreamHost] = []
    for link in campus.links.values():
        if isinstance(link, HttpLink) and link.kind == "rtsp":
            paths, _, recordings = paths_of(campus, link)
            wires = (board, ledger, clock_us, (ports or {}).get(link.id, link.port))
            found.append(StreamHost(link, paths, source, *wires, recordings, gaps, SignIn(*account)))
    return found


async def _next(reader: asyncio.StreamReader) -> Request | None:
    """The next request; what the other side reports of the packets it got is passed over."""
    while True:
        first = await reader.read(1)
        if first != INTERLEAVED:
            return await read_request(reader, first) if first else None
        head = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(head[1:], "big"))


def _bytes(answer: Answer, number: str, session: _Session) -> bytes:
    reason = REASONS.get(answer.status) or HTTPStatus(answer.status).phrase
    lines = [f"RTSP/1.0 {answer.status} {reason}", f"CSeq: {number}", *answer.headers]
    if session.camera:
        lines.append(f"Session: {session.id};timeout=60")
    if answer.body:
        lines.append(f"Content-Length: {len(answer.body.encode())}")
    return "\r\n".join([*lines, "", answer.body]).encode()
