"""Evidence of alerts: fetched from gateways when somebody asks for it, and kept for a while."""

from __future__ import annotations

from hub.evidence.fetching import Fetching

__all__ = ["Fetching"]
