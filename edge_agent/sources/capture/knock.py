"""One question before a stream is opened: is the host there, does it answer, and how does it want us to sign in.

FFmpeg tells a silent host from an absent one badly. So the host is asked once without an account, on a connection of
its own, and only what makes sense is opened.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from devices.model.codes import CameraLink
from edge_agent.sources.capture.failures import (
    OK,
    REDIRECTED,
    REDIRECTS,
    UNAUTHORISED,
    NoPicture,
    of_status,
)
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.signing import offered

#: The part of the time-out that connecting may take, so that an absent host is told from a silent one.
CONNECT_SHARE: Final = 0.8
LONGEST_HEAD: Final = 16 * 1024
LookUp = Callable[..., list[Any]]
STATUS_LINE: Final = re.compile(r"(?:RTSP|HTTP)/1\.[01] (\d{3})\b")


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
        raise NoPicture(CameraLink.REFUSED, REDIRECTED)
    if status == UNAUTHORISED:
        _check_challenge(order.signs, offered(head))
    elif status != OK:
        raise of_status(status)


def _check_challenge(signs: str, schemes: set[str]) -> None:
    if not signs:
        raise NoPicture(CameraLink.UNAUTHORISED, "the host wants an account, and its link has none")
    if signs not in schemes:  # with basic it would learn a password that is meant for digest
        raise not_offered(signs)


def not_offered(signs: str) -> NoPicture:
    """What is said of a host that asks for another way of signing in than the one that was chosen."""
    return NoPicture(CameraLink.UNAUTHORISED, f"the host does not offer to sign in by {signs}")


def connected(order: Order) -> socket.socket:
    """A connection to the host, within a part of the time-out, its name included.

    Raises:
        NoPicture: there is none, and why.
    """
    until_s = time.monotonic() + order.timeout_s * CONNECT_SHARE
    family, kind, _, _, address = _resolved(order.host, order.port, until_s)
    connection = socket.socket(family, kind)
    connection.settimeout(max(0.01, until_s - time.monotonic()))
    try:
        connection.connect(address)
    except ConnectionRefusedError:
        connection.close()
        raise NoPicture(CameraLink.PORT_CLOSED, "nothing listens at that port") from None
    except OSError:
        connection.close()
        raise NoPicture(CameraLink.HOST_DOWN, "the host does not answer") from None
    connection.settimeout(order.timeout_s)
    return connection


def _resolved(host: str, port: int, until_s: float, look_up: LookUp = socket.getaddrinfo) -> Any:
    """Where a name leads. Looking it up knows no time-out of its own, so another thread does it."""
    found: list[Any] = []

    def ask() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.extend(look_up(host, port, 0, socket.SOCK_STREAM))

    thread = threading.Thread(target=ask, name="name", daemon=True)
    thread.start()
    thread.join(max(0.0, until_s - time.monotonic()))
    if not found:
        raise NoPicture(CameraLink.HOST_DOWN, "its name cannot be looked up")
    return found[0]


def _asked(order: Order) -> str:
    """The head of the host's answer."""
    with connected(order) as connection:
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
