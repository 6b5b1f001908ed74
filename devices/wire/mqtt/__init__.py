"""A thin asyncio client for MQTT 3.1.1: one connection for each `async with`, no threads, no reconnecting.

A message of QoS 1 is acknowledged to the broker when its consumer says so, after it has committed. What is
received is bounded in messages and in bytes: when nobody takes messages out, the socket is not read. Who
wants a connection for ever loops around `connect` and waits by a `Backoff`.
"""

from __future__ import annotations

from devices.wire.mqtt.backoff import Backoff
from devices.wire.mqtt.broker import Broker, Incoming, Will
from devices.wire.mqtt.connection import connect
from devices.wire.mqtt.link import Link, Ticket

__all__ = ["Backoff", "Broker", "Incoming", "Link", "Ticket", "Will", "connect"]
