"""Why there is no picture this time: what hosts and FFmpeg say, sorted by who can mend it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from devices.model.codes import CameraLink
from devices.model.errors import CampusError

OK: Final = 200
UNAUTHORISED: Final = 401
FORBIDDEN: Final = 403
NOT_OFFERED: Final = 461
#: Too many requests, not enough bandwidth (RTSP), service unavailable: what hosts say at their session limit.
AT_LIMIT: Final = frozenset({429, 453, 503})
REDIRECTS: Final = range(300, 400)
SERVER_ERRORS: Final = range(500, 600)
#: What is said of a stream that did not come back from a call of a C library.
HUNG: Final = "hung in a call, its worker was killed"
REDIRECTED: Final = "a redirect to another place"
#: How FFmpeg tells of a status in its own log.
STATUS_TOLD: Final = re.compile(r"(?:failed:|error|returned) (\d{3})\b")


class NoPicture(CampusError):  # noqa: N818 - the name says what the caller is told
    """No picture this time; `link` says why to machines, the text to people."""

    def __init__(self, link: CameraLink, why: str) -> None:
        super().__init__(why)
        self.link = link


def of_status(status: int) -> NoPicture:
    """What an answer other than 200 means, over HTTP as over RTSP."""
    if status == UNAUTHORISED:
        return NoPicture(CameraLink.UNAUTHORISED, "the host does not accept our account")
    if status in AT_LIMIT:
        return NoPicture(CameraLink.SESSION_LIMIT, f"status {status}, no session left at the host")
    if status == NOT_OFFERED:
        return NoPicture(CameraLink.REFUSED, "status 461, the host does not offer this transport")
    is_refusal = status == FORBIDDEN or status in REDIRECTS or status in SERVER_ERRORS
    return NoPicture(CameraLink.REFUSED if is_refusal else CameraLink.NOT_A_PICTURE, f"status {status}")


def told_status(messages: Iterable[str]) -> int | None:
    """The status of an answer, out of what FFmpeg logged about it; the last one counts."""
    found = [int(match[1]) for text in messages for match in STATUS_TOLD.finditer(text)]
    return found[-1] if found else None
