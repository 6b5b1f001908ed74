"""Evidence on its way from a gateway to the hub, piece by piece, each asked for by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from devices.model.errors import Garbled
from devices.wire.messages import TOPIC_ROOT, Kind, Message

#: Small enough that an alert never waits long behind one on a thin line.
PIECE_BYTES: Final = 32 * 1024
MOST_BYTES: Final = 1 << 31
MOST_FILES: Final = 32
_ALERT: Final = re.compile(r"[0-9a-f]{24}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}\.(jpg|mp4)")
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


@dataclass(frozen=True, slots=True)
class Fetch:
    """What the hub asks of an agent: which files there are (no name), or a piece of one from `offset` on."""

    agent: str
    number: int
    alert: str
    name: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class File:
    """One file of evidence as it was kept."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Piece:
    """An agent's answer. `files` where the question had no name, and none of them where there is no evidence."""

    agent: str
    number: int
    files: tuple[File, ...] = ()
    data: bytes = b""


def fetch_message(fetch: Fetch) -> Message:
    """Make a message of a question."""
    header = {
        "agent": fetch.agent,
        "number": fetch.number,
        "alert": fetch.alert,
        "name": fetch.name,
        "offset": fetch.offset,
    }
    return Message(Kind.FETCH, header)


def fetch_from(message: Message, agent: str) -> Fetch:
    """Read a question.

    Raises:
        Garbled: it is none, or for somebody else.
    """
    match message.kind, message.header:
        case Kind.FETCH, {
            "agent": str(whose),
            "number": int(number),
            "alert": str(alert),
            "name": str(name),
            "offset": int(offset),
        } if whose == agent and is_alert(alert) and (not name or is_name(name)) and 0 <= offset <= MOST_BYTES:
            return Fetch(whose, number, alert, name, offset)
        case _:
            raise Garbled(f"no question for evidence of {agent}")


def piece_message(piece: Piece) -> Message:
    """Make a message of an answer."""
    files = [[file.name, file.bytes, file.sha256] for file in piece.files]
    header = {"agent": piece.agent, "number": piece.number, "files": files}
    return Message(Kind.PIECE, header, {"data": np.frombuffer(piece.data, np.uint8)})


def piece_from(message: Message, agent: str) -> Piece:
    """Read an answer.

    Raises:
        Garbled: it is none, or of another agent.
    """
    data = message.columns.get("data")
    match message.kind, message.header:
        case Kind.PIECE, {"agent": str(whose), "number": int(number), "files": [*files]} if (
            whose == agent and len(files) <= MOST_FILES and data is not None and data.dtype == np.uint8
        ):
            return Piece(whose, number, tuple(map(_file, files)), data.tobytes())
        case _:
            raise Garbled(f"no evidence of {agent}")


def _file(row: Any) -> File:
    match row:
        case [str(name), int(size), str(sha256)] if (
            is_name(name) and 0 <= size <= MOST_BYTES and _SHA256.fullmatch(sha256)
        ):
            return File(name, size, sha256)
        case _:
            raise Garbled("a file of evidence without name, size or hash")
