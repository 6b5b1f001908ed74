"""Counters: raw readings in, a total that outlives rollover, reset, a new meter and a wrong reading out."""

from __future__ import annotations

from edge_agent.detect.counters.meters import STATE, Meters

__all__ = ["STATE", "Meters"]
