"""Settings of the MQTT source; the broker's address stands in the agent's credentials, topics in the site file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from devices.profiles.strict import Strict


class MqttSettings(Strict):
    """How messages of field devices are taken."""

    kind: Literal["mqtt"] = "mqtt"
    client_id: str = Field(
        "",
        max_length=200,
        description="Name at the broker, which keeps messages for it; empty: made of the agent's id.",
    )
    max_bytes: int = Field(65_536, ge=256, le=1_000_000, description="A larger message is set aside unread.")
    ahead_s: float = Field(
        60.0, ge=0, description="A device's time this far in the future is wrong: the arrival counts."
    )
    behind_s: float = Field(
        259_200.0,
        ge=0,
        description="A device's time further back than this is wrong; the broker may have held the message.",
    )
    reconnect_first_s: float = Field(0.5, gt=0, le=60, description="First wait before connecting again.")
    reconnect_most_s: float = Field(30.0, gt=0, le=3600, description="Longest wait before connecting again.")
