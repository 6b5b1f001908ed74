"""Evidence, and pictures of cameras, on their way from a gateway to the hub: each piece is asked for by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from devices.model.errors import Garbled
from devices.model.points import is_id
from devices.wire.messages import TOPIC_ROOT, Kind, Message

#: Small enough that an alert never waits long behind one on a thin line.
PIECE_BYTES: Final = 32 * 1024
MOST_BYTES: Final = 1 << 31
MOST_FILES: Final = 32
_ALERT: Final = re.compile(r"[0-9a-f]{24}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}\.(jpg|mp4)")
#: What may be seen of a camera, and since when: its newest picture, and what it should see by which light.
_PICTURE: Final = re.compile(r"(newest|day|night)-([0-9]{1,18})\.(jpg|png)")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def evidence_topic(agent: str) -> str:
    """Topic on which an agent gives pieces of evidence."""
    return f"{TOPIC_ROOT}/{agent}/up/evidence"


def is_alert(text: str) -> bool:
    """Whether this may be the id of an alert."""
    return _ALERT.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether this may be the name of a file of evidence; it is safe as a file's name anywhere."""
    return _NAME.fullmatch(text) is not None


def picture_of(name: str) -> tuple[str, int] | None:
    """Of what the file of a camera is a picture, and its time in UTC microseconds; None where it is none."""
    found = _PICTURE.fullmatch(name)
    return None if found is None else (found[1], int(found[2]))


@dataclass(frozen=True, slots=True)
class Fetch:
    """What the hub asks of an agent: which files there are (no name), or a piece of one from `offset` on.

    Of an alert, or where that is empty of a camera.
    """

    agent: str
    number: int
    alert: str
    name: str = ""
    offset: int = 0
    camera: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of evidence as it was kept."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Piece:
    """An agent's answer. `files` where the question had no name, and none of them where there is no evidence.

    until_us: when the agent will remove what it tells of; 0 where it does not say.
    """

    agent: str
    number: int
    files: tuple[File, ...] = ()
    data: bytes = b""
    until_us: int = 0


def fetch_message(fetch: Fetch) -> Message:
    """Make a message of a question."""
    header = {
        "agent": fetch.agent,
        "number": fetch.number,
        "alert": fetch.alert,
        "name": fetch.name,
        "offset": fetch.offset,
    }
    return Message(Kind.FETCH, header | ({"camera": fetch.camera} if fetch.camera else {}))


def fetch_from(message: Message, agent: str) -> Fetch:
    """Read a question.

    Raises:
        Garbled: it is none, or for somebody else.
    """
    match message.kind, {"camera": "", **message.header}:
        case Kind.FETCH, {
            "agent": str(whose),
            "number": int(number),
            "alert": str(alert),
            "name": str(name),
            "offset": int(offset),
            "camera": str(camera),
        } if whose == agent and 0 <= offset <= MOST_BYTES:
            fetch = Fetch(whose, number, alert, name, offset, camera)
        case _:
            raise Garbled(f"no question for evidence of {agent}")
    if not _makes_sense(fetch):
        raise Garbled("a question for a file that cannot be")
    return fetch


def _makes_sense(fetch: Fetch) -> bool:
    if not fetch.camera:
        return is_alert(fetch.alert) and (not fetch.name or is_name(fetch.name))
    is_picture = not fetch.name or picture_of(fetch.name) is not None
    return is_picture and is_id(fetch.camera) and not fetch.alert


def piece_message(piece: Piece) -> Message:
    """Make a message of an answer."""
    files = [[file.name, file.bytes, file.sha256] for file in piece.files]
    header = {"agent": piece.agent, "number": piece.number, "files": files}
    header |= {"until_us": piece.until_us} if piece.until_us else {}
    return Message(Kind.PIECE, header, {"data": np.frombuffer(piece.data, np.uint8)})


def piece_from(message: Message, agent: str) -> Piece:
    """Read an answer.

    Raises:
        Garbled: it is none, or of another agent.
    """
    data = message.columns.get("data")
    match message.kind, {"until_us": 0, **message.header}:
        case Kind.PIECE, {
            "agent": str(whose),
            "number": int(number),
            "files": [*files],
            "until_us": int(until_us),
        } if whose == agent and len(files) <= MOST_FILES and data is not None and data.dtype == np.uint8:
            return Piece(whose, number, tuple(map(_file, files)), data.tobytes(), until_us)
        case _:
            raise Garbled(f"no evidence of {agent}")


def _file(row: Any) -> File:
    match row:
        case [str(name), int(size), str(sha256)] if (
            (is_name(name) or picture_of(name)) and 0 <= size <= MOST_BYTES and _SHA256.fullmatch(sha256)
        ):
            return File(name, size, sha256)
        case _:
            raise Garbled("a file of evidence without name, size or hash")
