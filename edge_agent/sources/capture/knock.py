"""One question before a stream is opened: is the host there, does it answer, and how does it want us to sign in.

FFmpeg tells a silent host from an absent one badly, answers any challenge and follows any redirect. So the host is
asked once without an account, on a connection of its own, and only what makes sense is opened.
"""

from __future__ import annotations

import re
import socket
import time
from typing import Final

from devices.model.codes import CameraLink
from edge_agent.sources.capture.failures import OK, REDIRECTS, UNAUTHORISED, NoPicture, of_status
from edge_agent.sources.capture.orders import Order

#: The part of the time-out that connecting may take, so that an absent host is told from a silent one.
CONNECT_SHARE: Final = 0.8
LONGEST_HEAD: Final = 16 * 1024
STATUS_LINE: Final = re.compile(r"(?:RTSP|HTTP)/1\.[01] (\d{3})\b")
CHALLENGE: Final = re.compile(r"^www-authenticate:\s*(\w+)", re.IGNORECASE | re.MULTILINE)


def knock(order: Order) -> None:
    """Ask.

    Raises:
        NoPicture: and why it makes no sense to open the stream.
    """
    head = _asked(order)
    line = STATUS_LINE.match(head)
    if line is None:
        raise NoPicture(CameraLink.NOT_A_PICTURE, f"an answer that is no {order.scheme.upper()}")
    status = int(line[1])
    if status in REDIRECTS:
        raise NoPicture(CameraLink.REFUSED, "a redirect to another place")
    if status == UNAUTHORISED:
        _check_challenge(order.signs, {scheme.lower() for scheme in CHALLENGE.findall(head)})
    elif status != OK:
        raise of_status(status)


def _check_challenge(signs: str, offered: set[str]) -> None:
    if not signs:
        raise NoPicture(CameraLink.UNAUTHORISED, "the host wants an account, and its link has none")
    if signs not in offered:  # with basic it would learn a password that is meant for digest
        raise NoPicture(CameraLink.UNAUTHORISED, f"the host does not offer to sign in by {signs}")


def _asked(order: Order) -> str:
    """The head of the host's answer."""
    try:
        connection = socket.create_connection((order.host, order.port), order.timeout_s * CONNECT_SHARE)
    except ConnectionRefusedError:
        raise NoPicture(CameraLink.PORT_CLOSED, "nothing listens at that port") from None
    except OSError:
        raise NoPicture(CameraLink.HOST_DOWN, "the host does not answer") from None
    with connection:
        try:
            connection.sendall(_question(order))
            return _head(connection, time.monotonic() + order.timeout_s)
        except TimeoutError:
            why = f"connected, and no answer within {order.timeout_s:g} s"
            raise NoPicture(CameraLink.SILENT, why) from None
        except OSError:
            raise NoPicture(CameraLink.REFUSED, "the host hung up") from None


def _question(order: Order) -> bytes:
    if order.scheme == "rtsp":
        address = f"rtsp://{order.host}:{order.port}{order.bare}"
        lines = [f"DESCRIBE {address} RTSP/1.0", "CSeq: 1", "Accept: application/sdp"]
    else:
        lines = [f"GET {order.bare} HTTP/1.1", f"Host: {order.host}:{order.port}", "Connection: close"]
    return "\r\n".join([*lines, "User-Agent: campuswatch", "", ""]).encode()


def _head(connection: socket.socket, until_s: float) -> str:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < LONGEST_HEAD:
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        piece = connection.recv(4096)
        if not piece:
            break
        head += piece
    whole, end, _ = head.partition(b"\r\n\r\n")
    if not end and len(head) < LONGEST_HEAD:
        raise NoPicture(CameraLink.REFUSED, "the host hung up")
    if not end:
        raise NoPicture(CameraLink.NOT_A_PICTURE, f"an answer whose head has more than {LONGEST_HEAD} bytes")
    return whole.decode("latin-1")
