"""How the ingest is, for people: values only."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.ingest.counts import Received


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """What the hub can say of one agent's messages since it started.

    samples_s: committed in a second, mean of the last minute.
    clock_offset_s: how far the agent's clock is ahead; None if nothing recent says.
    rival_us: when a second agent of this name was last turned away; None if none was.
    digest_ok: whether agent and hub have the same site file; None before its first hello.
    """

    received: Received
    samples_s: float
    clock_offset_s: float | None
    digest_ok: bool | None
    rival_us: int | None = None


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """How the ingest is just now.

    connected: to the broker.
    lag_s: age of the oldest message that is received and not yet stored.
    queue, queue_bytes: what is received and not yet stored.
    stalled: by store (`series`, `alerts`, `broker`), why it does not work just now.
    quarantined: messages, or parts of them, that were set aside since the start.
    unknown: messages of agents that are not enrolled, or of topics that are none.
    """

    connected: bool
    lag_s: float
    queue: int
    queue_bytes: int
    stalled: dict[str, str]
    quarantined: int
    unknown: int
    agents: dict[str, AgentStatus] = field(default_factory=dict)
