"""Connecting to a broker for the time of an `async with`."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devices.model.errors import Refused, Unreachable
from devices.wire.messages import MAX_MESSAGE_BYTES
from devices.wire.mqtt.broker import Broker, Will
from devices.wire.mqtt.link import ANSWER_S, Link
from devices.wire.mqtt.paho_client import PahoClient, dialled


@asynccontextmanager
async def connect(
    broker: Broker,
    client_id: str,
    *,
    clean_session: bool = True,
    will: Will | None = None,
    max_queued: int = 1000,
    max_bytes: int = MAX_MESSAGE_BYTES,
    connect_s: float = ANSWER_S,
) -> AsyncIterator[Link]:
    """Connect to a broker for the time of an `async with`.

    Left in peace, the broker is told goodbye; left by an exception (a cancellation too), it is not, and so it
    speaks our last will. `max_queued` messages, or 16 MiB of them, wait at most for `Link.messages`.

    Raises:
        Unreachable: nothing answers at `broker` within `connect_s`.
        Refused: bad credentials, not authorised, a bad certificate, or something else than an MQTT broker.
    """
    try:
        async with asyncio.timeout(connect_s):
            ready = await _dialled(broker)
            client = PahoClient(ready, client_id, clean_session=clean_session, max_bytes=max_bytes)
            link = Link(client, broker, max_queued, max_bytes)
            await _open(link, will)
    except TimeoutError:
        raise Unreachable(f"{broker} did not answer within {connect_s:g} s") from None
    try:
        yield link
    except BaseException:  # boundary: raised again; the broker must see that this end was not planned
        link.drop()
        raise
    await link.leave()


async def _dialled(broker: Broker) -> socket.socket:
    try:
        tls = None if broker.tls_ca is None else ssl.create_default_context(cafile=broker.tls_ca)
        return await dialled(broker.host, broker.port, tls)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise Unreachable(f"{broker} ended the TLS handshake: {error}") from None
    except ssl.SSLError as error:
        raise Refused(f"{broker} and we do not agree on TLS: {error}") from None
    except OSError as error:
        raise Unreachable(f"{broker} cannot be reached: {error}") from None


async def _open(link: Link, will: Will | None) -> None:
    try:
        await link.open(will)
    except BaseException:  # boundary: raised again; a failed or cancelled attempt leaves no socket behind
        link.drop()
        raise
