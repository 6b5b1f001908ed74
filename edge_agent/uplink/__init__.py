"""From the outbox through the broker to the hub, until the hub says that it has committed. See README.md."""

from __future__ import annotations

from edge_agent.uplink.port import Clock
from edge_agent.uplink.sender import Store
from edge_agent.uplink.settings import UplinkSettings
from edge_agent.uplink.uplink import State, Uplink

__all__ = ["Clock", "State", "Store", "Uplink", "UplinkSettings"]
