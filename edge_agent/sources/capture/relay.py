"""A relay on this machine between FFmpeg and a host: it signs in, so that FFmpeg never has the account.

FFmpeg by itself answers a host that asks for basic with the password in clear, and takes the account along to where
a redirect leads. Here it sees a host without accounts: requests get their address and their sign-in, refused ones
are signed and asked again, redirects end it, and so does what FFmpeg could read as something else than we do.
Everything else passes as it is.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import select
import socket
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from devices.model.codes import CameraLink
from edge_agent.sources.capture.failures import REDIRECTED, REDIRECTS, UNAUTHORISED, NoPicture
from edge_agent.sources.capture.knock import LONGEST_HEAD, STATUS_LINE, connected, not_offered
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.signing import Signer

HERE: Final = "127.0.0.1"
#: What stands before the data of a stream that comes between messages, and how much of it says how long they are.
PACKET: Final = ord("$")
PACKET_HEAD: Final = 4
LONGEST_BODY: Final = 256 * 1024
BODY: Final = re.compile(r"^content-length:\s*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
#: What FFmpeg says of its own sign-in or of where it believes to be is replaced.
REPLACED: Final = re.compile(r"^(?:host|authorization):[^\r\n]*\r\n", re.IGNORECASE | re.MULTILINE)
#: A head that all read alike: whole lines, none of which is folded or begins as a packet does.
PLAIN: Final = re.compile(r"[!-#%-~][^\r\n\0]*\r\n(?:[!-#%-~][^\r\n\0]*\r\n)*\r\n")
#: Where FFmpeg is to send datagrams, as a host says: it says so to the host itself and to nobody else.
TRANSPORT: Final = re.compile(r"^(transport:[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
SOURCE: Final = re.compile(r";[ \t]*source[ \t]*=[^;,\r\n]*", re.IGNORECASE)
#: What a host may ask of us, and no status that FFmpeg would see in it.
REQUEST: Final = re.compile(r"[A-Z_]+ [!-~]+ RTSP/1\.0\r\n")
#: Bytes that may come before FFmpeg makes a picture, or sound, of them; it would keep them all in memory.
MOST_WAITING: Final = 32 * 1024 * 1024

TOO_LONG: Final = "an answer longer than any that makes sense"
SOME: Final = 1 << 16

#: A head, with the empty line behind it, and a body.
Message = tuple[str, bytes]


class Inbox:
    """What one side sent, cut into packets and messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        """Take in what came."""
        self._data += data

    def parts(self) -> Iterator[bytes | Message]:
        """Everything that is whole: packets, which pass as they are, and messages.

        Raises:
            NoPicture: a message has no end.
        """
        while True:
            if packets := self._packets():
                yield packets
            if (message := self._message()) is None:
                return
            yield message

    def _packets(self) -> bytes:
        data, at = self._data, 0
        while len(data) - at >= PACKET_HEAD and data[at] == PACKET:
            size = PACKET_HEAD + int.from_bytes(data[at + 2 : at + PACKET_HEAD], "big")
            if len(data) - at < size:
                break
            at += size
        return self._cut(at)

    def _message(self) -> Message | None:
        while self._data and self._data[0] in b"\r\n":
            del self._data[0]
        if not self._data or self._data[0] == PACKET:
            return None
        end = self._data.find(b"\r\n\r\n")
        if end < 0 and len(self._data) <= LONGEST_HEAD:
            return None
        head = bytes(self._data[: end + 4]).decode("latin-1")
        found = BODY.search(head)
        body = int(found[1]) if found else 0
        if end < 0 or end > LONGEST_HEAD or body > LONGEST_BODY:
            raise NoPicture(CameraLink.NOT_A_PICTURE, TOO_LONG)
        if len(self._data) < end + 4 + body:
            return None
        self._cut(end + 4)
        return head, self._cut(body)

    def head(self) -> str | None:
        """The head of the next message alone, where what follows it is nobody's business.

        Raises:
            NoPicture: it has no end.
        """
        end = self._data.find(b"\r\n\r\n")
        if end < 0 and len(self._data) <= LONGEST_HEAD:
            return None
        if end < 0 or end > LONGEST_HEAD:
            raise NoPicture(CameraLink.NOT_A_PICTURE, TOO_LONG)
        return self._cut(end + 4).decode("latin-1")

    def rest(self) -> bytes:
        """Everything that is there."""
        return self._cut(len(self._data))

    def _cut(self, size: int) -> bytes:
        cut = bytes(self._data[:size])
        del self._data[:size]
        return cut


class Relay:
    """Relays one connection for the time of a `with`; `url` is what FFmpeg opens.

    failure: why the relay ended it, where it did; set before FFmpeg can see the end.
    waiting: bytes of the host since somebody last set it to 0.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._place = f"{order.host}:{order.port}"
        self._signer = Signer(order.signs, order.username, order.password)
        self._asked = ("", b"")
        self._may_sign = bool(order.signs)
        self._word = (
            f"/{secrets.token_urlsafe(16)}"  # any program of this machine can connect; FFmpeg knows it
        )
        self._local_end: socket.socket | None = None
        self._is_over = False
        self.failure: NoPicture | None = None
        self.waiting = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server((HERE, 0))
        self._listener.settimeout(self._order.timeout_s)
        self._local = f"{self._order.scheme}://{HERE}:{self._listener.getsockname()[1]}{self._word}"
        self.url = f"{self._local}{self._order.bare}"
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(self._order.timeout_s)  # the host has been let go of

    def hang_up(self) -> None:
        """Let FFmpeg see the end at once; what it says to the host as a farewell still gets there."""
        self._is_over = True
        if self._local_end is not None:
            with contextlib.suppress(OSError):
                self._local_end.shutdown(socket.SHUT_WR)

    def _run(self) -> None:
        """Until either side hangs up; FFmpeg sees that and knows what it means."""
        with contextlib.suppress(OSError):
            local, asked = self._accepted()
            self._listener.close()  # nobody else
            self._local_end = local
            with local:
                try:
                    (self._messages if self._order.scheme == "rtsp" else self._pictures)(local, asked)
                except NoPicture as failure:
                    self.failure = failure

    def _accepted(self) -> tuple[socket.socket, Inbox]:
        """The connection of whoever knows the word, and what it has said."""
        while True:
            local, _ = self._listener.accept()
            local.settimeout(self._order.timeout_s)
            asked = Inbox()
            with contextlib.suppress(OSError):
                said = local.recv(SOME)  # FFmpeg gives its first question as a whole
                if f"{self._word}/".encode() in said.partition(b"\r\n")[0]:
                    local.settimeout(None)
                    asked.add(said)
                    return local, asked
            local.close()

    def _messages(self, local: socket.socket, asked: Inbox) -> None:
        """RTSP: questions, answers and packets on one connection."""
        told = Inbox()
        with connected(self._order) as host:
            self._requests(asked, host)
            while True:
                for ready in select.select([local, host], [], [])[0]:
                    data = ready.recv(SOME)
                    if not data:
                        return
                    if ready is local:
                        asked.add(data)
                        self._requests(asked, host)
                    else:
                        told.add(self._counted(data))
                        self._answers(told, host, local)

    def _requests(self, asked: Inbox, host: socket.socket) -> None:
        for part in asked.parts():
            if isinstance(part, bytes):
                host.sendall(part)
                continue
            self._asked, self._may_sign = part, bool(self._order.signs)
            host.sendall(self._signed())

    def _counted(self, data: bytes) -> bytes:
        """What came from the host.

        Raises:
            NoPicture: it gives more and more, and nothing comes of it.
        """
        self.waiting += len(data)
        if self.waiting > MOST_WAITING:
            why = f"no picture in {MOST_WAITING >> 20} MiB"
            raise NoPicture(CameraLink.UNDECODABLE, why)
        return data

    def _answers(self, told: Inbox, host: socket.socket, local: socket.socket) -> None:
        for part in told.parts():
            if self._is_over:
                continue
            if isinstance(part, bytes):
                local.sendall(part)
                continue
            _check(part[0])
            if self._is_challenge(part[0]):
                host.sendall(self._signed())
            else:
                head = _from_here(part[0], host.getpeername()[0])
                local.sendall(head.encode("latin-1") + part[1])

    def _pictures(self, local: socket.socket, asked: Inbox) -> None:
        """HTTP: one question, on a new connection where it has to be signed, and an answer without end."""
        while (head := asked.head()) is None:
            if not (data := local.recv(SOME)):
                return
            asked.add(data)
        self._asked = head, b""
        while True:
            with connected(self._order) as host:
                host.sendall(self._signed())
                told = Inbox()
                while (head := told.head()) is None:
                    if not (data := _next(host, local)):
                        return
                    told.add(data)
                if self._is_challenge(head):
                    continue
                local.sendall(head.encode("latin-1") + told.rest())
                while data := _next(host, local):
                    local.sendall(self._counted(data))
                return

    def _signed(self) -> bytes:
        """The question as it goes to the host: with its address, and with our sign-in once that was asked for."""
        head, body = self._asked
        first, _, lines = head.partition("\r\n")
        there = f"{self._order.scheme}://{self._place}"
        first = first.replace(self._local, there, 1).replace(f" {self._word}/", " /", 1)
        method, address, *_ = (*first.split(" "), "")
        host = f"Host: {self._place}\r\n" if self._order.scheme == "http" else ""
        signed = self._signer.line(method, address)
        return f"{first}\r\n{host}{signed}{REPLACED.sub('', lines)}".encode("latin-1") + body

    def _is_challenge(self, head: str) -> bool:
        """Whether the question is to be signed and asked again, which is done once.

        Raises:
            NoPicture: the host wants what it does not get.
        """
        line = STATUS_LINE.match(head)
        status = 0 if line is None else int(line[1])
        if status in REDIRECTS:
            raise NoPicture(CameraLink.REFUSED, REDIRECTED)
        if status != UNAUTHORISED or not self._may_sign:
            return False
        if not self._signer.hear(head):
            raise not_offered(self._order.signs)
        self._may_sign = False
        return True


def _next(host: socket.socket, local: socket.socket) -> bytes:
    """What the host says next; nothing once FFmpeg has gone, which is not to be seen by a host that says nothing."""
    ready, _, _ = select.select([local, host], [], [])
    return b"" if local in ready else host.recv(SOME)


def _from_here(head: str, address: str) -> str:
    """The answer of a host, with itself as the place from where its datagrams come."""
    return TRANSPORT.sub(lambda line: SOURCE.sub("", line[1]) + f";source={address}", head)


def _check(head: str) -> None:
    """Refuse a head that FFmpeg could cut or read otherwise than we did: it would follow a redirect that hides so.

    Raises:
        NoPicture: it is such a one.
    """
    lines = head.lower().split("\r\n")
    lengths = {line for line in lines if line.startswith("content-length")}
    is_known = STATUS_LINE.match(head) or REQUEST.match(head)
    if not (is_known and PLAIN.fullmatch(head) and len(lengths) == (BODY.search(head) is not None)):
        raise NoPicture(CameraLink.NOT_A_PICTURE, "an answer that is no RTSP")
