"""paho's client on a socket that is already connected, with bounded reads.

paho connects by blocking, reads packets of any announced size and closes a connection whose answers nobody
reads. These are put right here; every use of paho's private names is in this file, held by the contract
tests against real brokers.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import Final, Self

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

READ_BYTES: Final = 64 * 1024
#: Topic, its length and the packet id: what a PUBLISH packet holds beside its payload, at most.
PUBLISH_OVERHEAD: Final = 65535 + 4


class PahoClient(Client):
    """One MQTT 3.1.1 connection; the caller owns the event loop's side of the socket.

    Args:
        ready: connected socket, non-blocking, TLS done; owned by the client from now on.
        client_id: what the broker knows us by.
        clean_session: whether the broker forgets us when the connection ends.
        max_bytes: longest payload that is kept; the rest of a longer one is read and thrown away.
    """

    def __init__(self, ready: socket.socket, client_id: str, *, clean_session: bool, max_bytes: int) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            protocol=MQTTv311,
            reconnect_on_failure=False,  # else a refused version is asked for again, blocking, in a callback
            manual_ack=True,
        )
        self._ready = ready
        self._max_packet_bytes = max_bytes + PUBLISH_OVERHEAD
        self.drained = False  # the last read found nothing more

    def _create_socket(self) -> socket.socket:
        return self._ready

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._in_packet["remaining_length"] > self._max_packet_bytes:
            self._clip()
        try:
            return super()._sock_recv(min(bufsize, READ_BYTES))
        except BlockingIOError:
            self.drained = True
            raise

    def _clip(self) -> None:
        """Keep of an oversized packet only what says which topic it is and which id to acknowledge."""
        if not isinstance(self._in_packet["packet"], _Clipped):
            self._in_packet["packet"] = _Clipped(self._in_packet["packet"])

    @property
    def packet_bytes(self) -> int:
        """Announced length of the packet that is being handled."""
        return self._in_packet["remaining_length"]

    def ping_every(self, seconds: float) -> None:
        """Ping, and expect answers, at a shorter interval than the keepalive that the broker was told.

        Telling the broker the shorter one would not do: nats-server waits one and a half times as long in
        whole seconds, so a keepalive of 1 s leaves no time at all.
        """
        self._keepalive = seconds  # type: ignore[assignment] # only compared with differences of times

    def excuse_silence(self) -> None:
        """We chose not to read: do not hold the silence against the broker, but do keep pinging."""
        self._ping_t = 0.0
        self._last_bytes_received = time.monotonic()

    def drop(self) -> None:
        """Close the socket at once, without saying goodbye, so that the broker speaks our last will."""
        self._sock_close()
        self._ready.close()


class _Clipped(bytearray):
    """Grows to the longest start of a PUBLISH packet and no further."""

    def __iadd__(self, more: object) -> Self:
        assert isinstance(more, bytes)
        self.extend(more[: max(0, PUBLISH_OVERHEAD - len(self))])
        return self


async def dialled(host: str, port: int, tls: ssl.SSLContext | None) -> socket.socket:
    """Return a connected, non-blocking socket, TLS handshake done.

    Raises:
        OSError: nothing answers there, or the handshake failed (`ssl.SSLError`).
    """
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    last = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in answers:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.setblocking(False)
            await loop.sock_connect(plain, address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain if tls is None else await _wrapped(plain, host, tls)
        except OSError as error:
            plain.close()
            last = error
        except BaseException:  # boundary: a cancelled attempt must not leave its socket behind
            plain.close()
            raise
    raise last


async def _wrapped(plain: socket.socket, host: str, tls: ssl.SSLContext) -> ssl.SSLSocket:
    loop = asyncio.get_running_loop()
    wrapped = tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                wrapped.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(loop, wrapped.fileno(), for_writing=False)
            except ssl.SSLWantWriteError:
                await _ready(loop, wrapped.fileno(), for_writing=True)
            else:
                return wrapped
    except BaseException:  # boundary: as above; wrapping took the plain socket's descriptor over
        wrapped.close()
        raise


async def _ready(loop: asyncio.AbstractEventLoop, descriptor: int, *, for_writing: bool) -> None:
    turn = asyncio.Event()
    add, remove = (
        (loop.add_writer, loop.remove_writer) if for_writing else (loop.add_reader, loop.remove_reader)
    )
    add(descriptor, turn.set)
    try:
        await turn.wait()
    finally:
        remove(descriptor)
