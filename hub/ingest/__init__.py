"""From the wire into the stores: committed first, acknowledged then, and every repeat without effect."""

from __future__ import annotations

from hub.ingest.inbox import Bounds
from hub.ingest.ingest import Ingest
from hub.ingest.scope import Scope
from hub.ingest.status import IngestStatus

__all__ = ["Bounds", "Ingest", "IngestStatus", "Scope"]
