"""Durable store-and-forward: what an agent has to say is on disk until the hub has it. See README.md."""

from __future__ import annotations

from edge_agent.outbox.ledger import Stored
from edge_agent.outbox.outbox import Outbox
from edge_agent.outbox.settings import OutboxSettings
from edge_agent.outbox.stats import Stats

__all__ = ["Outbox", "OutboxSettings", "Stats", "Stored"]
