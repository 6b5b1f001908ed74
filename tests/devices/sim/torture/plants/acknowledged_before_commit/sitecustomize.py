"""Planted: the agent acknowledges field messages when it has read them, not when it has kept them."""

from __future__ import annotations

from typing import Any

from edge_agent.sources.mqtt.source import MqttSource

judged = MqttSource._judged


def too_early(self: MqttSource, message: Any) -> Any:
    message.done()
    return judged(self, message)


MqttSource._judged = too_early
