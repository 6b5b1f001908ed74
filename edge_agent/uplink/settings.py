"""How an agent sends to the hub."""

from __future__ import annotations

from pydantic import Field

from devices.profiles.strict import Strict

KIB = 1024


class UplinkSettings(Strict):
    """Windows, patience and the share of what is late."""

    window: int = Field(
        32,
        ge=1,
        le=64,
        description="Most records on their way without acknowledgement; for alerts, live and late each.",
    )
    window_bytes: int = Field(
        512 * KIB,
        ge=1,
        description="The same in bytes; small, so that no alert is stuck behind much on a thin link.",
    )
    late_after_s: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="Telemetry that waited longer is late: throttled, beside what is live.",
    )
    backlog_bytes_per_s: int = Field(2_000_000, ge=1000, description="Most of what is late, per second.")
    thin_after_s: float = Field(
        5.0,
        gt=0,
        le=600,
        description="Live telemetry older than this, for as long, is behind: what no rule reads goes later.",
    )
    thin_calm_s: float = Field(
        30.0, gt=0, le=3600, description="So long the line must carry all again before all goes at once."
    )
    ack_timeout_s: float = Field(
        10.0,
        gt=0,
        le=60,
        description="A record without acknowledgement is sent again; each time after twice as long.",
    )
    probe_s: float = Field(
        5.0, gt=0, le=600, description="While the hub answers nothing, one record asks this often."
    )
    open_s: float = Field(
        600.0, gt=0, le=86400, description="How often the hub's open alerts are compared with the agent's."
    )
    health_s: float = Field(10.0, gt=0, le=600, description="How often the agent tells its counters.")
    first_wait_s: float = Field(1.0, gt=0, le=60, description="Wait before the second attempt to connect.")
    most_wait_s: float = Field(30.0, gt=0, le=3600, description="Longest wait between attempts.")
    refused_wait_s: float = Field(
        60.0, gt=0, le=3600, description="Wait after the broker has refused the agent."
    )
