"""DL/T 645-2007 meters: blocks read where a meter gives them, one worker per bus, digits decoded as arrays."""

from __future__ import annotations

from edge_agent.sources.dlt645.settings import Dlt645Settings
from edge_agent.sources.dlt645.source import Dlt645Source

__all__ = ["Dlt645Settings", "Dlt645Source"]
