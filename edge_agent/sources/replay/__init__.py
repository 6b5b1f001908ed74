"""Replay: recorded samples again, for trying out and for tests."""

from __future__ import annotations

from edge_agent.sources.replay.settings import ReplaySettings
from edge_agent.sources.replay.source import ReplaySource

__all__ = ["ReplaySettings", "ReplaySource"]
