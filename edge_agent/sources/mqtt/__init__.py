"""MQTT: messages of field devices, read by their data sheets, acknowledged when they are kept."""

from __future__ import annotations

from edge_agent.sources.mqtt.settings import MqttSettings
from edge_agent.sources.mqtt.source import MqttSource

__all__ = ["MqttSettings", "MqttSource"]
