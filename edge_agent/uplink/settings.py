"""How an agent sends to the hub."""

from __future__ import annotations

from pydantic import Field

from devices.profiles.strict import Strict


class UplinkSettings(Strict):
    """Windows, patience and the share of the backlog."""

    window: int = Field(
        32, ge=1, le=1000, description="Most telemetry records on their way without acknowledgement."
    )
    alert_window: int = Field(
        64, ge=1, le=1000, description="The same for alerts, which do not wait for telemetry."
    )
    ack_timeout_s: float = Field(
        15.0, gt=0, le=600, description="A record without acknowledgement is sent again."
    )
    late_after_s: float = Field(
        30.0, gt=0, le=3600, description="Telemetry older than this at connecting is backlog."
    )
    backlog_bytes_per_s: int = Field(
        2_000_000, ge=1000, description="Most backlog that goes beside live data."
    )
    health_s: float = Field(10.0, gt=0, le=600, description="How often the agent tells its counters.")
    first_wait_s: float = Field(1.0, gt=0, le=60, description="Wait before the second attempt to connect.")
    most_wait_s: float = Field(30.0, gt=0, le=3600, description="Longest wait between attempts.")
    refused_wait_s: float = Field(
        60.0, gt=0, le=3600, description="Wait after the broker has refused the agent."
    )
