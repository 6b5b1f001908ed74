"""Planted: commits are not synced to the disk."""

from __future__ import annotations

from edge_agent.outbox import layout

layout.PRAGMAS = (*layout.PRAGMAS, "synchronous = OFF")
