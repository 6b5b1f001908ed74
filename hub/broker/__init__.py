"""The embedded broker: a nats-server that speaks MQTT, run by the hub. An external one is just an address."""

from __future__ import annotations

from hub.broker.embedded import EmbeddedBroker
from hub.broker.users import BrokerUser, agent_user, field_user, hashed, hub_user, new_password

__all__ = [
    "BrokerUser",
    "EmbeddedBroker",
    "agent_user",
    "field_user",
    "hashed",
    "hub_user",
    "new_password",
]
