"""What a link will be asked, and how long that takes, from the plan alone. Pure."""

from __future__ import annotations

from typing import Any

from edge_agent.sources.polling.connection import Link


def outlined(link: Link, cycle_s: float, requests: int, points: int) -> dict[str, Any]:
    """The plan of a link as plain values, as far as all protocols have them."""
    return {
        "link": link.id,
        "kind": link.kind,
        "poll_s": link.poll_s,
        "cycle_s": cycle_s,
        "with_one_silent_s": cycle_s + link.timeout_s,
        "keeps_period": cycle_s <= link.poll_s,
        "requests": requests,
        "points": points,
    }
