"""Where values come from: each source is a folder that turns one kind of link into batches."""

from __future__ import annotations

from edge_agent.sources.port import Clock, Sink, Source, SystemClock

__all__ = ["Clock", "Sink", "Source", "SystemClock"]
